package main

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"math/rand"
	"slices"

	"filippo.io/edwards25519"
)

// The encodings of the eight points of small order, the canonical one first: the same point may be written with a y
// that is not reduced, or with a sign where x is 0.
var smallOrder = []struct {
	name      string
	encodings []string
}{
	{"order 1", []string{
		"0100000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000080",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	}},
	{"order 2", []string{
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	}},
	{"order 4", []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	}},
	{"order 4, the other", []string{
		"0000000000000000000000000000000000000000000000000000000000000080",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	}},
	{"order 8, first", []string{"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"}},
	{"order 8, second", []string{"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"}},
	{"order 8, third", []string{"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"}},
	{"order 8, fourth", []string{"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"}},
}

// l is the order of the group, little-endian.
var l = unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")

func unhex(text string) []byte {
	out, err := hex.DecodeString(text)
	check(err)
	return out
}

func challenge(r, a, message []byte) *edwards25519.Scalar {
	sum := sha512.Sum512(slices.Concat(r, a, message))
	k, err := new(edwards25519.Scalar).SetUniformBytes(sum[:])
	check(err)
	return k
}

func plusL(s []byte) []byte {
	out, carry := make([]byte, 32), 0
	for n := range out {
		carry += int(s[n]) + int(l[n])
		out[n] = byte(carry)
		carry >>= 8
	}
	return out
}

func scalar(random *rand.Rand) *edwards25519.Scalar {
	wide := make([]byte, 64)
	random.Read(wide)
	s, err := new(edwards25519.Scalar).SetUniformBytes(wide)
	check(err)
	return s
}

// signatures: where verifiers of Ed25519 are known to differ. RFC 8032 leaves open with which of two equations one
// checks, and how strictly points are read.
func signatures(random *rand.Rand) []vector {
	var out []vector
	add := func(name string, public, message, r, s []byte) {
		out = append(out, ask(name, question{Kind: "ed25519", Key: public, Text: message, Signature: slices.Concat(r, s)}))
	}
	a := scalar(random)
	public := new(edwards25519.Point).ScalarBaseMult(a).Bytes()
	sign := func(r *edwards25519.Scalar, rBytes, aBytes, message []byte) []byte {
		return edwards25519.NewScalar().MultiplyAdd(challenge(rBytes, aBytes, message), a, r).Bytes()
	}
	message, r := []byte("a message"), scalar(random)
	point := new(edwards25519.Point).ScalarBaseMult(r).Bytes()
	s := sign(r, point, public, message)
	add("good", public, message, point, s)
	add("S + L", public, message, point, plusL(s))
	add("S = L", public, message, point, l)
	add("S of all ones", public, message, point, bytes.Repeat([]byte{0xff}, 32))
	add("S with its highest bit", public, message, point, append(slices.Clone(s[:31]), s[31]|0x80))
	add("S = 0", public, message, point, make([]byte, 32))
	add("R that is no point", public, message, append([]byte{2}, make([]byte, 31)...), s)
	add("R with the other sign", public, message, append(slices.Clone(point[:31]), point[31]^0x80), s)
	add("another message", public, []byte("a massage"), point, s)
	add("cut short", public, message, point, s[:31])
	add("a byte too many", public, message, point, append(slices.Clone(s), 0))
	add("nothing", public, message, nil, nil)
	add("a key that is no point", append([]byte{2}, make([]byte, 31)...), message, point, s)
	zero := make([]byte, 32)
	for _, group := range smallOrder {
		for n, encoding := range group.encodings {
			spelling := "canonical"
			if n > 0 {
				spelling = fmt.Sprintf("spelling %d", n)
			}
			torsion, low := new(edwards25519.Point), unhex(encoding)
			if _, err := torsion.SetBytes(low); err != nil {
				add(fmt.Sprintf("A of %s, %s, that is refused", group.name, spelling), low, message, low, zero)
				continue
			}
			// A of small order, R whatever fits, S = 0: a signature that anyone can make, of some messages.
			for try := range 64 {
				m := fmt.Appendf(nil, "message %d", try)
				for _, other := range smallOrder {
					rest := unhex(other.encodings[0])
					wanted := new(edwards25519.Point).Negate(new(edwards25519.Point).ScalarMult(challenge(rest, low, m), torsion)).Bytes()
					if bytes.Equal(wanted, rest) && try < 8 {
						add(fmt.Sprintf("A of %s, %s; R of %s; S = 0; message %d", group.name, spelling, other.name, try), low, m, rest, zero)
					}
				}
			}
			// R of small order, in each spelling, S made for it.
			add(fmt.Sprintf("R of %s, %s; S = k a", group.name, spelling), public, message, low, sign(edwards25519.NewScalar(), low, public, message))
			// A with a part of small order; R honest, and R with the part that the stricter equation asks for.
			mixed := new(edwards25519.Point).Add(new(edwards25519.Point).ScalarBaseMult(a), torsion).Bytes()
			for try := range 3 {
				m := fmt.Appendf(nil, "message %d of mixed order", try)
				add(fmt.Sprintf("A with a part of %s, %s; message %d", group.name, spelling, try), mixed, m, point, sign(r, point, mixed, m))
			}
			// R with a part of small order: holds only by the equation with the cofactor.
			mixedR := new(edwards25519.Point).Add(new(edwards25519.Point).ScalarBaseMult(r), torsion).Bytes()
			add(fmt.Sprintf("R with a part of %s, %s", group.name, spelling), public, message, mixedR, sign(r, mixedR, public, message))
		}
	}
	return byName(out)
}
