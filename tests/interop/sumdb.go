package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const size = 300

type inclusion struct {
	Index int64    `json:"index"`
	Size  int64    `json:"size"`
	Proof []string `json:"proof"`
}

type consistency struct {
	Old   int64    `json:"old"`
	New   int64    `json:"new"`
	Proof []string `json:"proof"`
}

type vectors struct {
	Command     string            `json:"command"`
	Roots       []string          `json:"roots"` // of the entries "0", "1", … ; roots[n] of the first n+1
	Inclusion   []inclusion       `json:"inclusion"`
	Consistency []consistency     `json:"consistency"`
	TilePaths   map[string]string `json:"tile_paths"` // "level/number/width" to path
	SignerKey   string            `json:"signer_key"`
	VerifierKey string            `json:"verifier_key"`
	Note        string            `json:"note"`
	TreeText    string            `json:"tree_text"`
}

func encode(hashes []tlog.Hash) []string {
	out := make([]string, 0, len(hashes))
	for _, hash := range hashes {
		out = append(out, base64.StdEncoding.EncodeToString(hash[:]))
	}
	return out
}

// sumdb is what golang.org/x/mod/sumdb/{note,tlog} make of fixed inputs.
func sumdb() vectors {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			out[i] = stored[index]
		}
		return out, nil
	})
	v := vectors{Command: "cd tests/interop && go run . vectors sumdb > vectors/sumdb.json", TilePaths: map[string]string{}}
	random := rand.New(rand.NewSource(1))
	for n := int64(0); n < size; n++ {
		hashes, err := tlog.StoredHashes(n, []byte(fmt.Sprint(n)), reader)
		check(err)
		stored = append(stored, hashes...)
		root, err := tlog.TreeHash(n+1, reader)
		check(err)
		v.Roots = append(v.Roots, hex.EncodeToString(root[:]))
		for _, index := range []int64{0, n, random.Int63n(n + 1)} {
			proof, err := tlog.ProveRecord(n+1, index, reader)
			check(err)
			v.Inclusion = append(v.Inclusion, inclusion{index, n + 1, encode(proof)})
		}
		for _, old := range []int64{1, n + 1, 1 + random.Int63n(n+1)} {
			proof, err := tlog.ProveTree(n+1, old, reader)
			check(err)
			v.Consistency = append(v.Consistency, consistency{old, n + 1, encode(proof)})
		}
	}
	for _, tile := range []tlog.Tile{{H: 8, L: 0, N: 0, W: 256}, {H: 8, L: 1, N: 999, W: 3}, {H: 8, L: 2, N: 1234067, W: 256}, {H: 8, L: -1, N: 1000, W: 77}} {
		v.TilePaths[fmt.Sprintf("%d/%d/%d", tile.L, tile.N, tile.W)] = tile.Path()
	}
	root, err := tlog.TreeHash(size, reader)
	check(err)
	v.TreeText = string(tlog.FormatTree(tlog.Tree{N: size, Hash: root}))
	key := newKey(rand.New(rand.NewSource(2)), "log.example/interop", algEd25519)
	signer, err := note.NewSigner(key.secret)
	check(err)
	text := fmt.Sprintf("log.example/interop\n%d\n%s\n", size, base64.StdEncoding.EncodeToString(root[:]))
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	check(err)
	v.SignerKey, v.VerifierKey, v.Note = key.secret, key.public, string(signed)
	return v
}
