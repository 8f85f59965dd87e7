package main

import (
	"encoding/base64"
	"fmt"
	"math/rand"
	"slices"
	"strings"

	"github.com/transparency-dev/formats/proof"
)

func byName(out []vector) []vector {
	slices.SortFunc(out, func(a, b vector) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// tlogProofs: proofs that something is logged, with all that may be wrong in such a file.
func tlogProofs(random *rand.Rand) []vector {
	log, east := newKey(random, origin, algEd25519), newKey(random, "east.example/w", algCosignature)
	t := newTree(random, 300)
	policy := fmt.Sprintf("log %s\nwitness east %s https://east.example/w\nquorum east\n", log.public, east.public)
	var out []vector
	made := func(index, size int64, extra []byte, keys ...key) proof.TLogProof {
		p := proof.TLogProof{Index: uint64(index), ExtraData: extra, Checkpoint: []byte(signed(checkpointText(int(size), t.root(size)), keys...))}
		for _, hash := range t.inclusion(index, size) {
			p.Hashes = append(p.Hashes, [32]byte(hash))
		}
		return p
	}
	add := func(name string, index int64, data []byte, policy string, keys ...key) {
		out = append(out, ask(name, question{Kind: "tlog-proof", Text: data, Leaf: t.leaves[index][:], Keys: vkeys(keys...), Policy: []byte(policy)}))
	}
	for _, at := range [][2]int64{{0, 1}, {0, 2}, {1, 2}, {4, 5}, {255, 256}, {256, 257}, {130, 300}} {
		p := made(at[0], at[1], nil, log)
		add(fmt.Sprintf("leaf %d of %d", at[0], at[1]), at[0], p.Marshal(), "", log)
	}
	whole := made(130, 300, []byte(`{"anything":1}`), log, east)
	good := string(whole.Marshal())
	add("with anything extra", 130, []byte(good), "", log, east)
	add("with a witness that the policy asks for", 130, []byte(good), policy, log, east)
	alone := made(130, 300, nil, log)
	add("without a witness that the policy asks for", 130, alone.Marshal(), policy, log, east)
	add("of another leaf", 131, []byte(good), "", log)
	foreign := made(130, 300, nil, newKey(random, origin, algEd25519))
	add("of another log", 130, foreign.Marshal(), "", log)
	large := made(130, 300, slices.Repeat([]byte("a long event "), 6000), log)
	add("with 78 kilobytes extra", 130, large.Marshal(), "", log)

	first := base64.StdEncoding.EncodeToString(whole.Hashes[0][:])
	for name, change := range map[string]func(string) string{
		"another header":               func(p string) string { return strings.Replace(p, "@v1", "@v2", 1) },
		"no header":                    func(p string) string { return p[strings.Index(p, "\n")+1:] },
		"a blank before the header":    func(p string) string { return " " + p },
		"no index":                     func(p string) string { return strings.Replace(p, "index 130\n", "", 1) },
		"an index with a sign":         func(p string) string { return strings.Replace(p, "index 130", "index +130", 1) },
		"an index with a zero before":  func(p string) string { return strings.Replace(p, "index 130", "index 0130", 1) },
		"an index with a blank":        func(p string) string { return strings.Replace(p, "index 130", "index 130 ", 1) },
		"a negative index":             func(p string) string { return strings.Replace(p, "index 130", "index -1", 1) },
		"an index of 2**64":            func(p string) string { return strings.Replace(p, "index 130", "index 18446744073709551616", 1) },
		"another index":                func(p string) string { return strings.Replace(p, "index 130", "index 131", 1) },
		"an index beyond the tree":     func(p string) string { return strings.Replace(p, "index 130", "index 300", 1) },
		"the index before extra":       func(p string) string { return swapped(p, 1, 2) },
		"extra twice":                  func(p string) string { return twice(p, 1) },
		"extra that is no base64":      func(p string) string { return strings.Replace(p, "extra ", "extra !", 1) },
		"extra of nothing":             func(p string) string { return strings.Replace(p, "extra eyJhbnl0aGluZyI6MX0=", "extra ", 1) },
		"extra without padding":        func(p string) string { return strings.Replace(p, "eyJhbnl0aGluZyI6MX0=", "eyJhbnl0aGluZyI6MX0", 1) },
		"extra with loose bits":        func(p string) string { return strings.Replace(p, "eyJhbnl0aGluZyI6MX0=", "eyJhbnl0aGluZyI6MX1=", 1) },
		"a hash less":                  func(p string) string { return strings.Replace(p, first+"\n", "", 1) },
		"a hash twice":                 func(p string) string { return strings.Replace(p, first+"\n", first+"\n"+first+"\n", 1) },
		"a hash cut short":             func(p string) string { return strings.Replace(p, first, first[4:], 1) },
		"a hash that is no base64":     func(p string) string { return strings.Replace(p, first, "!"+first[1:], 1) },
		"a blank behind a hash":        func(p string) string { return strings.Replace(p, first, first+" ", 1) },
		"two hashes swapped":           func(p string) string { return swapped(p, 3, 4) },
		"64 hashes":                    func(p string) string { return strings.Replace(p, first+"\n", strings.Repeat(first+"\n", 64), 1) },
		"no blank line":                func(p string) string { return strings.Replace(p, "\n\n", "\n", 1) },
		"a blank line too many":        func(p string) string { return strings.Replace(p, "\n\n", "\n\n\n", 1) },
		"no checkpoint":                func(p string) string { return p[:strings.Index(p, "\n\n")+2] },
		"a checkpoint of another size": func(p string) string { return strings.Replace(p, "\n300\n", "\n301\n", 1) },
		"lines of another system":      func(p string) string { return strings.ReplaceAll(p, "\n", "\r\n") },
		"one line of another system":   func(p string) string { return strings.Replace(p, "index 130\n", "index 130\r\n", 1) },
		"no last newline":              func(p string) string { return strings.TrimSuffix(p, "\n") },
		"something behind it":          func(p string) string { return p + "more\n" },
		"nothing":                      func(string) string { return "" },
		"a byte that is no UTF-8":      func(p string) string { return strings.Replace(p, "\n\n", "\n\n\xff", 1) },
	} {
		add("written with "+name, 130, []byte(change(good)), "", log, east)
	}
	return byName(out)
}

func swapped(text string, one, other int) string {
	lines := strings.Split(text, "\n")
	lines[one], lines[other] = lines[other], lines[one]
	return strings.Join(lines, "\n")
}

func twice(text string, line int) string {
	lines := strings.Split(text, "\n")
	return strings.Join(slices.Insert(lines, line, lines[line]), "\n")
}
