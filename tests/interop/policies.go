package main

import (
	"fmt"
	"math/rand"
	"strings"
)

// policies: who must have cosigned, and checkpoints that some of them have.
func policies(random *rand.Rand) []vector {
	log := newKey(random, origin, algEd25519)
	root := make([]byte, 32)
	random.Read(root)
	text := checkpointText(300, root)
	var witnesses []key
	lines := "# who is trusted\nlog " + log.public + " https://log.example\n\n"
	for n := range 5 {
		witnesses = append(witnesses, newKey(random, fmt.Sprintf("w%d.example/w", n), algCosignature))
		lines += fmt.Sprintf("witness w%d %s https://w%d.example/\n", n, witnesses[n].public, n)
	}
	var out []vector
	cosigned := func(some ...int) string {
		keys := []key{log}
		for _, n := range some {
			keys = append(keys, witnesses[n])
		}
		return signed(text, keys...)
	}
	add := func(name, policy, note string) {
		out = append(out, ask(name, question{Kind: "policy", Policy: []byte(policy), Text: []byte(note), Keys: vkeys(append([]key{log}, witnesses...)...)}))
	}

	groups := map[string]string{
		"one":        "quorum w0\n",
		"none":       "quorum none\n",
		"any":        "group g any w0 w1 w2\nquorum g\n",
		"all":        "group g all w0 w1 w2\nquorum g\n",
		"2 of 3":     "group g 2 w0 w1 w2\nquorum g\n",
		"two levels": "group x 2 w0 w1 w2\ngroup y any w3 w4\ngroup both all x y\nquorum both\n",
		"mixed":      "group x all w0 w1\ngroup g 2 x w2 w3\nquorum g\n",
		"alone":      "group g 1 w4\nquorum g\n",
	}
	for name, group := range groups {
		for _, some := range [][]int{{}, {0}, {0, 1}, {1, 2}, {0, 2, 3}, {0, 1, 4}, {3, 4}, {0, 1, 2, 3, 4}, {0, 0}} {
			add(fmt.Sprintf("%s, cosigned by %v", name, some), lines+group, cosigned(some...))
		}
	}
	broken := cosigned(0) + witnesses[1].line(witnesses[1].cosign("another text\n", 1700000000))
	add("2 of 3, one cosignature being of something else", lines+groups["2 of 3"], broken)

	lattice := newKey(random, "lattice.example/w", algMLDSA44)
	both := lines + "witness lattice " + lattice.public + " https://lattice.example/\ngroup g all w0 lattice\nquorum g\n"
	add("with a witness of ML-DSA-44, who cosigned", both, signed(text, log, witnesses[0], lattice))
	add("with a witness of ML-DSA-44, who did not", both, cosigned(0))

	all := cosigned(0, 1, 2, 3, 4)
	for name, policy := range map[string]string{
		"tabs and blanks":                   lines + "group\tg  any \t w0 w1 \nquorum   g\t\n",
		"an empty line of blanks":           lines + " \t\nquorum w0\n",
		"an indented comment":               lines + "   # more\nquorum w0\n",
		"a comment behind a line":           lines + "quorum w0 # the only one\n",
		"no quorum":                         lines,
		"two quorums":                       lines + "quorum w0\nquorum w1\n",
		"a quorum that is not there":        lines + "quorum w9\n",
		"a quorum before its group":         lines + "quorum g\ngroup g any w0\n",
		"a group before its member":         lines + "group g any h\ngroup h any w0\nquorum g\n",
		"a group of itself":                 lines + "group g any g\nquorum g\n",
		"a group of nobody":                 lines + "group g any\nquorum g\n",
		"a group of none":                   lines + "group g any none\nquorum g\n",
		"a threshold of 0":                  lines + "group g 0 w0\nquorum g\n",
		"a threshold beyond its members":    lines + "group g 3 w0 w1\nquorum g\n",
		"a negative threshold":              lines + "group g -1 w0\nquorum g\n",
		"a threshold with a sign":           lines + "group g +1 w0\nquorum g\n",
		"a threshold with a zero before it": lines + "group g 01 w0\nquorum g\n",
		"a threshold in words":              lines + "group g two w0 w1\nquorum g\n",
		"a member twice":                    lines + "group g 2 w0 w0\nquorum g\n",
		"a member of two groups":            lines + "group g any w0\ngroup h any w0\nquorum g\n",
		"a group twice":                     lines + "group g any w0\ngroup g any w1\nquorum g\n",
		"a group with a witness's name":     lines + "group w1 any w0\nquorum w1\n",
		"a witness called none":             lines + strings.Replace(strings.Split(lines, "\n")[3], "w0", "none", 1) + "\nquorum none\n",
		"a witness twice":                   lines + strings.Split(lines, "\n")[3] + "\nquorum w0\n",
		"a witness's key twice":             lines + strings.Replace(strings.Split(lines, "\n")[3], "w0", "again", 1) + "\nquorum w0\n",
		"the log's key twice":               lines + strings.Split(lines, "\n")[1] + "\nquorum w0\n",
		"a witness with the key of a log":   lines + "witness z " + log.public + " https://z.example/\nquorum w0\n",
		"a log with the key of a witness":   lines + "log " + witnesses[0].public + "\nquorum w0\n",
		"a key whose id is wrong":           strings.Replace(lines, fmt.Sprintf("+%x+", witnesses[0].id), "+00000000+", 1) + "quorum w1\n",
		"a key cut short":                   strings.Replace(lines, witnesses[0].public, witnesses[0].public[:len(witnesses[0].public)-4], 1) + "quorum w1\n",
		"a word that means nothing":         lines + "believe w0\nquorum w0\n",
		"words in capitals":                 lines + "QUORUM w0\n",
		"a witness without an address":      lines + "witness z " + newKey(random, "z.example", algCosignature).public + "\nquorum w0\n",
		"a log of one word":                 lines + "log\nquorum w0\n",
		"lines of another system":           strings.ReplaceAll(lines+"quorum w0\n", "\n", "\r\n"),
		"no last newline":                   lines + "quorum w0",
		"a quorum of two words":             lines + "quorum w0 w1\n",
		"a control character":               lines + "\x01quorum w0\n",
		"nothing":                           "",
	} {
		add("written with "+name, policy, all)
	}
	return byName(out)
}
