package main

import (
	"crypto/sha256"
	"fmt"
	"math/rand"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// tree is a Merkle tree of random entries, kept as sumdb/tlog keeps one.
type tree struct{ stored, leaves []tlog.Hash }

func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		out[i] = t.stored[index]
	}
	return out, nil
}

func newTree(random *rand.Rand, size int64) *tree {
	t := &tree{}
	for n := int64(0); n < size; n++ {
		data := make([]byte, 8)
		random.Read(data)
		hashes, err := tlog.StoredHashes(n, data, t)
		check(err)
		t.stored, t.leaves = append(t.stored, hashes...), append(t.leaves, hashes[0])
	}
	return t
}

func (t *tree) root(size int64) []byte {
	root, err := tlog.TreeHash(size, t)
	check(err)
	return root[:]
}

func (t *tree) inclusion(index, size int64) [][]byte {
	found, err := tlog.ProveRecord(size, index, t)
	check(err)
	return hashesOf(found)
}

func (t *tree) consistency(old, size int64) [][]byte {
	found, err := tlog.ProveTree(size, old, t)
	check(err)
	return hashesOf(found)
}

func hashesOf(hashes []tlog.Hash) [][]byte {
	out := make([][]byte, 0, len(hashes))
	for _, hash := range hashes {
		out = append(out, slices.Clone(hash[:]))
	}
	return out
}

// damaged: ways in which the hashes of a proof can be wrong.
func damaged(hashes [][]byte, other ...[]byte) map[string][][]byte {
	out := map[string][][]byte{
		"an empty hash behind": append(slices.Clone(hashes), []byte{}),
		"an empty hash before": append([][]byte{{}}, hashes...),
		"a zero hash behind":   append(slices.Clone(hashes), make([]byte, 32)),
		"reversed":             reversed(hashes),
		"nothing":              {},
		"every hash twice":     append(slices.Clone(hashes), hashes...),
	}
	for n, each := range other {
		out[fmt.Sprintf("root %d behind", n)] = append(slices.Clone(hashes), each)
		out[fmt.Sprintf("root %d before", n)] = append([][]byte{each}, hashes...)
	}
	for n := range hashes {
		flipped := slices.Clone(hashes)
		flipped[n] = slices.Clone(hashes[n])
		flipped[n][n%32] ^= 1 << (n % 8)
		out[fmt.Sprintf("a bit of hash %d", n)] = flipped
		out[fmt.Sprintf("without hash %d", n)] = slices.Delete(slices.Clone(hashes), n, n+1)
		short := slices.Clone(hashes)
		short[n] = hashes[n][:31]
		out[fmt.Sprintf("31 bytes of hash %d", n)] = short
		long := slices.Clone(hashes)
		long[n] = append(slices.Clone(hashes[n]), 0)
		out[fmt.Sprintf("33 bytes of hash %d", n)] = long
		if n > 0 {
			out[fmt.Sprintf("something before hash %d", n)] = slices.Insert(slices.Clone(hashes), n, make([]byte, 32))
		}
	}
	return out
}

func reversed(hashes [][]byte) [][]byte {
	out := slices.Clone(hashes)
	slices.Reverse(out)
	return out
}

// proofs: good ones, and the shapes in which the public suites for RFC 6962 verifiers spoil them.
func proofs(random *rand.Rand) []vector {
	t := newTree(random, 300)
	nothing, something := sha256.Sum256(nil), sha256.Sum256([]byte("something"))
	var out []vector
	for _, at := range [][2]int64{{0, 1}, {1, 2}, {2, 3}, {5, 8}, {4, 5}, {255, 256}, {256, 257}, {130, 300}} {
		index, size := at[0], at[1]
		good := question{Kind: "inclusion", Index: uint64(index), Size: uint64(size), Leaf: t.leaves[index][:], Root: t.root(size), Hashes: t.inclusion(index, size)}
		add := func(name string, change func(*question)) {
			q := good
			change(&q)
			out = append(out, ask(fmt.Sprintf("inclusion %d of %d: %s", index, size, name), q))
		}
		add("good", func(*question) {})
		for name, value := range map[string]uint64{"index - 1": uint64(index) - 1, "index + 1": uint64(index) + 1, "index ^ 2": uint64(index) ^ 2, "the size as index": uint64(size), "the largest index": 1<<64 - 1} {
			add(name, func(q *question) { q.Index = value })
		}
		for name, value := range map[string]uint64{"size * 2": uint64(size) * 2, "size / 2": uint64(size) / 2, "size 0": 0, "the largest size": 1<<64 - 1} {
			add(name, func(q *question) { q.Size = value })
		}
		for name, value := range map[string][]byte{"a short leaf": []byte("leaf"), "no leaf": {}, "another leaf": something[:], "the root as leaf": t.root(size)} {
			add(name, func(q *question) { q.Leaf = value })
		}
		for name, value := range map[string][]byte{"the empty tree's root": nothing[:], "another root": something[:], "no root": {}, "31 bytes of the root": t.root(size)[:31], "33 bytes of a root": append(t.root(size), 0)} {
			add(name, func(q *question) { q.Root = value })
		}
		for name, hashes := range damaged(good.Hashes, good.Root, good.Leaf) {
			add(name, func(q *question) { q.Hashes = hashes })
		}
	}
	for _, at := range [][2]int64{{1, 1}, {1, 2}, {6, 8}, {2, 5}, {6, 7}, {4, 8}, {256, 257}, {299, 300}} {
		old, size := at[0], at[1]
		good := question{Kind: "consistency", Index: uint64(old), Size: uint64(size), OldRoot: t.root(old), Root: t.root(size), Hashes: t.consistency(old, size)}
		add := func(name string, change func(*question)) {
			q := good
			change(&q)
			out = append(out, ask(fmt.Sprintf("consistency of %d and %d: %s", old, size, name), q))
		}
		add("good", func(*question) {})
		for name, value := range map[string]uint64{"old - 1": uint64(old) - 1, "old + 1": uint64(old) + 1, "old ^ 2": uint64(old) ^ 2, "old 0": 0} {
			add(name, func(q *question) { q.Index = value })
		}
		for name, value := range map[string]uint64{"size * 2": uint64(size) * 2, "size / 2": uint64(size) / 2, "size 0": 0, "the largest size": 1<<64 - 1} {
			add(name, func(q *question) { q.Size = value })
		}
		add("sizes swapped", func(q *question) { q.Index, q.Size = q.Size, q.Index })
		add("both sizes 0", func(q *question) { q.Index, q.Size = 0, 0 })
		add("both sizes 0, no hashes", func(q *question) { q.Index, q.Size, q.Hashes = 0, 0, nil })
		add("old 0, no hashes", func(q *question) { q.Index, q.Hashes = 0, nil })
		add("roots swapped", func(q *question) { q.OldRoot, q.Root = q.Root, q.OldRoot })
		add("short roots alike", func(q *question) { q.Index, q.OldRoot, q.Root, q.Hashes = q.Size, []byte("root"), []byte("root"), nil })
		for name, value := range map[string][]byte{"a short root": []byte("root"), "no root": {}, "another root": something[:]} {
			add("old: "+name, func(q *question) { q.OldRoot = value })
			add("new: "+name, func(q *question) { q.Root = value })
		}
		for name, hashes := range damaged(good.Hashes, good.OldRoot, good.Root) {
			add(name, func(q *question) { q.Hashes = hashes })
		}
	}
	return byName(out)
}
