package main

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// openBare reads a tlog-proof with golang.org/x/mod alone, which knows signed notes and trees; its lines may be of any
// length. Keys[0] is the log's; who else signed does not matter here.
func openBare(q question, found *verdict) error {
	head, checkpoint, ok := strings.Cut(string(q.Text), "\n\n")
	if !ok {
		return fmt.Errorf("no checkpoint")
	}
	lines := strings.Split(head, "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("no tlog-proof")
	}
	lines = lines[1:]
	if extra, ok := strings.CutPrefix(lines[0], "extra "); ok {
		data, err := base64.StdEncoding.DecodeString(extra)
		if err != nil {
			return err
		}
		found.Extra, lines = data, lines[1:]
	}
	number, ok := strings.CutPrefix(lines[0], "index ")
	if !ok {
		return fmt.Errorf("no index")
	}
	index, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return err
	}
	var hashes tlog.RecordProof
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		hashes = append(hashes, hash)
	}
	size, root, err := bareTree(checkpoint, q.Keys[0])
	if err != nil {
		return err
	}
	found.Index, found.Size, found.Root = uint64(index), uint64(size), root[:]
	return tlog.CheckRecord(hashes, size, root, index, tlog.Hash(q.Leaf))
}

// bareTree is what a checkpoint says, if the log signed it.
func bareTree(checkpoint, vkey string) (int64, tlog.Hash, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	opened, err := note.Open([]byte(checkpoint), note.VerifierList(verifier))
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 3 || lines[0] != verifier.Name() {
		return 0, tlog.Hash{}, fmt.Errorf("no checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return size, root, err
}
