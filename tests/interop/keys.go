package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand"

	"filippo.io/mldsa"
	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

const (
	algEd25519     = 1
	algCosignature = 4
	algMLDSA44     = 6
)

// key of a log or a witness. The packages' own generators take no seed any more.
type key struct {
	name           string
	alg            byte
	seed           []byte
	secret, public string // in the notation of signed notes
	id             []byte // 4 bytes
}

func newKey(random *rand.Rand, name string, alg byte) key {
	seed := make([]byte, 32)
	random.Read(seed)
	public := []byte{alg}
	if alg == algMLDSA44 {
		private, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), seed)
		check(err)
		public = append(public, private.PublicKey().Bytes()...)
	} else {
		public = append(public, ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)...)
	}
	return keyOf(name, alg, seed, public)
}

func keyOf(name string, alg byte, seed, public []byte) key {
	sum := sha256.Sum256(append([]byte(name+"\n"), public...))
	write := func(data []byte) string {
		return fmt.Sprintf("%s+%x+%s", name, sum[:4], base64.StdEncoding.EncodeToString(data))
	}
	return key{name, alg, seed, "PRIVATE+KEY+" + write(append([]byte{alg}, seed...)), write(public), sum[:4]}
}

// sign makes the bytes of a signature, as the packages make them.
func (k key) sign(text string) []byte {
	var signer note.Signer
	var err error
	if k.alg == algEd25519 {
		signer, err = note.NewSigner(k.secret)
	} else {
		signer, err = f_note.NewSignerForCosignatureV1(k.secret)
	}
	check(err)
	found, err := signer.Sign([]byte(text))
	check(err)
	return found
}

// cosign makes the bytes of an Ed25519 cosignature of any time; the packages only make those of now.
func (k key) cosign(text string, time uint64) []byte {
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, text)
	return append(binary.BigEndian.AppendUint64(nil, time), ed25519.Sign(ed25519.NewKeyFromSeed(k.seed), []byte(message))...)
}

func (k key) line(signature []byte) string {
	return fmt.Sprintf("— %s %s\n", k.name, base64.StdEncoding.EncodeToString(append(append([]byte{}, k.id...), signature...)))
}

// signed is a note of the text with the signatures of these keys.
func signed(text string, keys ...key) string {
	out := text + "\n"
	for _, k := range keys {
		out += k.line(k.sign(text))
	}
	return out
}

func vkeys(keys ...key) []string {
	var out []string
	for _, k := range keys {
		out = append(out, k.public)
	}
	return out
}
