package main

import (
	"encoding/base64"
	"fmt"
	"math/rand"
	"strings"
)

const origin = "log.example/interop"

func checkpointText(size int, root []byte) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root))
}

// notes: checkpoints with one signature and with many, and what goes wrong with them.
func notes(random *rand.Rand) []vector {
	log, rotated := newKey(random, origin, algEd25519), newKey(random, origin, algEd25519)
	east, west := newKey(random, "east.example/w", algCosignature), newKey(random, "west.example/w", algCosignature)
	lattice, stranger := newKey(random, "lattice.example/w", algMLDSA44), newKey(random, "stranger.example", algCosignature)
	root := make([]byte, 32)
	random.Read(root)
	text := checkpointText(300, root)
	var out []vector
	add := func(name, note string, keys ...key) {
		out = append(out, ask(name, question{Kind: "note", Text: []byte(note), Keys: vkeys(keys...)}))
	}
	good := signed(text, log, east)

	add("the log alone", signed(text, log), log)
	add("the log and a witness", good, log, east)
	add("the log and a witness of ML-DSA-44", signed(text, log, lattice), log, lattice)
	add("the log and three witnesses", signed(text, log, east, lattice, west), log, east, west, lattice)
	add("witnesses before the log", signed(text, west, east, log), log, east, west)
	add("a witness that nobody asked about", signed(text, log, stranger, east), log, east)
	add("a key that nobody asked about, of a kind that nobody knows", signed(text, log)+keyOf("x.example", 0xff, nil, []byte{0xff, 1}).line([]byte("anything")), log)
	add("an old and a new key of the log", signed(text, log, rotated), log)
	add("the new key of two", signed(text, log, rotated), rotated)
	add("the same signature twice", signed(text, log, log), log)
	add("extension lines", signed(text+"one\ntwo three\n", log, east), log, east)
	add("an empty tree", signed(checkpointText(0, root), log), log)
	add("15 witnesses that nobody asked about", signed(text, log)+strings.Repeat(stranger.line(stranger.sign(text)), 15), log)
	for size := range []int{1, 2, 3} {
		add(fmt.Sprintf("a checkpoint of size %d", size+1), signed(checkpointText(size+1, root), log, east), log, east)
	}

	add("not signed by the log", signed(text, east), log, east)
	add("signed by another log", signed(text, rotated), log)
	add("the text of another size", strings.Replace(good, "\n300\n", "\n301\n", 1), log, east)
	flipped := log.sign(text)
	flipped[10] ^= 1
	add("a bit of the log's signature", text+"\n"+log.line(flipped)+east.line(east.sign(text)), log, east)
	flipped = east.sign(text)
	flipped[20] ^= 1
	add("a bit of a witness's signature", text+"\n"+log.line(log.sign(text))+east.line(flipped), log, east)
	add("a bit of a stranger's signature", text+"\n"+log.line(log.sign(text))+east.line(flipped), log)
	later := east.cosign(text, 1700000000)
	later[7]++
	add("a witness's time put off by a second", text+"\n"+log.line(log.sign(text))+east.line(later), log, east)
	add("a cosignature of long ago", text+"\n"+log.line(log.sign(text))+east.line(east.cosign(text, 1)), log, east)
	add("a cosignature without a time", text+"\n"+log.line(log.sign(text))+east.line(east.cosign(text, 0)), log, east)
	add("a cosignature beyond all time", text+"\n"+log.line(log.sign(text))+east.line(east.cosign(text, 1<<63)), log, east)
	add("a plain signature in a witness's place", text+"\n"+log.line(log.sign(text))+east.line(log.sign(text)), log, east)
	add("a cosignature in the log's place", text+"\n"+log.line(east.cosign(text, 1700000000)), log)
	add("a cosignature cut short", text+"\n"+log.line(log.sign(text))+east.line(east.sign(text)[:71]), log, east)
	add("a cosignature with a byte too many", text+"\n"+log.line(log.sign(text))+east.line(append(east.sign(text), 0)), log, east)
	add("a signature cut short", text+"\n"+log.line(log.sign(text)[:63]), log)
	add("a signature of nothing but a key id", text+"\n"+log.line(nil), log)
	add("a cosignature of another checkpoint", text+"\n"+log.line(log.sign(text))+east.line(east.sign(checkpointText(299, root))), log, east)
	add("no witness of ML-DSA-44 but its name", text+"\n"+log.line(log.sign(text))+lattice.line(east.sign(text)), log, lattice)

	for name, change := range map[string]func(string) string{
		"no blank line":             func(n string) string { return strings.Replace(n, "\n\n", "\n", 1) },
		"no last newline":           func(n string) string { return strings.TrimSuffix(n, "\n") },
		"a blank line at the end":   func(n string) string { return n + "\n" },
		"text behind it":            func(n string) string { return n + "text\n" },
		"lines of another system":   func(n string) string { return strings.ReplaceAll(n, "\n", "\r\n") },
		"a hyphen for the dash":     func(n string) string { return strings.ReplaceAll(n, "—", "-") },
		"an en dash for the dash":   func(n string) string { return strings.ReplaceAll(n, "—", "–") },
		"two blanks":                func(n string) string { return strings.ReplaceAll(n, "— ", "—  ") },
		"a tab":                     func(n string) string { return strings.ReplaceAll(n, "— ", "—\t") },
		"a blank before the dash":   func(n string) string { return strings.ReplaceAll(n, "—", " —") },
		"a blank behind the line":   func(n string) string { return strings.TrimSuffix(n, "\n") + " \n" },
		"no padding":                func(n string) string { return strings.ReplaceAll(n, "=", "") },
		"base64 for web addresses":  func(n string) string { return strings.NewReplacer("+", "-", "/", "_").Replace(n) },
		"a byte that is no UTF-8":   func(n string) string { return n[:3] + "\xff" + n[3:] },
		"a control character":       func(n string) string { return n[:3] + "\x01" + n[3:] },
		"a byte order mark":         func(n string) string { return "\ufeff" + n },
		"nothing":                   func(string) string { return "" },
		"only newlines":             func(string) string { return "\n\n\n" },
		"only a signature":          func(n string) string { return n[strings.Index(n, "—"):] },
		"a signature without a key": func(n string) string { return n + "— \n" },
		"101 signatures":            func(n string) string { return n + strings.Repeat(stranger.line(stranger.cosign(text, 1)), 99) },
	} {
		add("written with "+name, change(good), log, east)
	}

	for name, text := range map[string]string{
		"a size with a zero before it":  strings.Replace(text, "\n300\n", "\n0300\n", 1),
		"a size with a sign":            strings.Replace(text, "\n300\n", "\n+300\n", 1),
		"a negative size":               strings.Replace(text, "\n300\n", "\n-300\n", 1),
		"a size in hexadecimal digits":  strings.Replace(text, "\n300\n", "\n0x12c\n", 1),
		"a size with a blank":           strings.Replace(text, "\n300\n", "\n300 \n", 1),
		"a size of 2**64":               strings.Replace(text, "\n300\n", "\n18446744073709551616\n", 1),
		"a size of 2**63":               strings.Replace(text, "\n300\n", "\n9223372036854775808\n", 1),
		"no size":                       strings.Replace(text, "\n300\n", "\n\n", 1),
		"a root of 31 bytes":            checkpointText(300, root[:31]),
		"a root of 33 bytes":            checkpointText(300, append(root, 0)),
		"no root":                       checkpointText(300, nil),
		"a root without padding":        strings.ReplaceAll(text, "=", ""),
		"a root that has loose bits":    strings.ReplaceAll(text, string(text[len(text)-3])+"=\n", string(text[len(text)-3]+1)+"=\n"),
		"only two lines":                origin + "\n300\n",
		"another origin":                strings.Replace(text, origin, "other.example/log", 1),
		"no origin":                     strings.Replace(text, origin, "", 1),
		"a blank line for an extension": text + "\n",
		"a blank line between":          text + "\nmore\n",
	} {
		add("signed with "+name, signed(text, log), log)
	}
	return byName(out)
}
