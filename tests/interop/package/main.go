// Command package checks an evidence package with golang.org/x/mod/sumdb/{note,tlog} and Go's standard library alone:
// the bag's digests, the signature of the checkpoint, that every event is in the ledger, that every file is one that an
// event names, and that the events of a record are all those that the log's statement names. It knows nothing of the
// program that made the package.
//
//	go run ./package PACKAGE.zip VKEY
package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type bag struct {
	files   map[string]*zip.File
	digests map[string]string
}

type event struct {
	ID      string `json:"id"`
	State   string `json:"state"`
	Topic   string `json:"topic"`
	Format  int    `json:"v"`
	Version int64  `json:"version"`
}

func open(path string) (*zip.ReadCloser, *bag, error) {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return nil, nil, err
	}
	found := &bag{map[string]*zip.File{}, map[string]string{}}
	for _, file := range archive.File {
		_, inside, ok := strings.Cut(file.Name, "/")
		if !ok || strings.Contains(file.Name, "..") {
			return nil, nil, fmt.Errorf("bad name %q", file.Name)
		}
		if _, twice := found.files[inside]; twice {
			return nil, nil, fmt.Errorf("%s is there twice", inside)
		}
		found.files[inside] = file
	}
	return archive, found, nil
}

func (b *bag) read(name string) ([]byte, error) {
	file, ok := b.files[name]
	if !ok {
		return nil, fmt.Errorf("%s is missing", name)
	}
	reader, err := file.Open()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	return io.ReadAll(reader)
}

// whole compares every file with the manifests, and the manifests with the files.
func (b *bag) whole() error {
	for _, manifest := range []string{"tagmanifest-sha256.txt", "manifest-sha256.txt"} {
		data, err := b.read(manifest)
		if err != nil {
			return err
		}
		for _, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
			digest, name, ok := strings.Cut(line, "  ")
			if !ok {
				return fmt.Errorf("%s is malformed", manifest)
			}
			b.digests[strings.NewReplacer("%25", "%", "%0A", "\n", "%0D", "\r").Replace(name)] = digest
		}
	}
	for name := range b.files {
		if name == "tagmanifest-sha256.txt" {
			continue
		}
		data, err := b.read(name)
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(data); b.digests[name] != hex.EncodeToString(sum[:]) {
			return fmt.Errorf("%s is not what the manifest says", name)
		}
	}
	for name := range b.digests {
		if _, ok := b.files[name]; !ok {
			return fmt.Errorf("%s is missing", name)
		}
	}
	return nil
}

func tree(text string) (int64, tlog.Hash, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 {
		return 0, tlog.Hash{}, errors.New("no checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return size, root, err
}

// receipt checks one proof, and returns what the event says.
func receipt(data, checkpoint []byte, size int64, root tlog.Hash) (event, []byte, int64, error) {
	var said event
	head, note, ok := bytes.Cut(data, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !ok || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" || !bytes.Equal(note, checkpoint) {
		return said, nil, 0, errors.New("malformed receipt")
	}
	extra, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return said, nil, 0, err
	}
	if err := json.Unmarshal(extra, &said); err != nil {
		return said, nil, 0, err
	}
	state, err := base64.StdEncoding.DecodeString(said.State)
	if err != nil {
		return said, nil, 0, err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return said, nil, 0, err
	}
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return said, nil, 0, err
		}
		proof = append(proof, hash)
	}
	sum := sha256.Sum256(state)
	var topic bytes.Buffer
	encoder := json.NewEncoder(&topic)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(said.Topic); err != nil {
		return said, nil, 0, err
	}
	entry := fmt.Sprintf(`{"id":"%s","state":"%x","topic":%s,"v":%d,"version":%d}`,
		said.ID, sum, strings.TrimSuffix(topic.String(), "\n"), said.Format, said.Version)
	return said, state, index, tlog.CheckRecord(proof, size, root, index, tlog.RecordHash([]byte(entry)))
}

// complete compares the leaves of a record's events with those that the log's statement names.
func complete(data []byte, verifiers note.Verifiers, origin, stream string, size int64, root tlog.Hash, leaves []string) error {
	opened, err := note.Open(data, verifiers)
	if err != nil {
		return err
	}
	lines := []string{"jianzheng/complete-stream@v1", origin, stream, strconv.FormatInt(size, 10), root.String(), strings.Join(leaves, " ")}
	if opened.Text != strings.Join(lines, "\n")+"\n" {
		return errors.New("the statement names other events")
	}
	return nil
}

func run(path, vkey string) error {
	archive, found, err := open(path)
	if err != nil {
		return err
	}
	defer archive.Close()
	if err := found.whole(); err != nil {
		return err
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	checkpoint, err := found.read("data/checkpoint")
	if err != nil {
		return err
	}
	verifiers := note.VerifierList(verifier)
	opened, err := note.Open(checkpoint, verifiers)
	if err != nil {
		return err
	}
	size, root, err := tree(opened.Text)
	if err != nil {
		return err
	}
	var names []string
	for name := range found.files {
		names = append(names, name)
	}
	sort.Strings(names)
	events, files, named := 0, 0, map[string]bool{}
	streams, leaves := map[string]string{}, map[string][]string{}
	for _, name := range names {
		if !strings.HasSuffix(name, ".tlog-proof") {
			continue
		}
		data, err := found.read(name)
		if err != nil {
			return err
		}
		said, state, index, err := receipt(data, checkpoint, size, root)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		stored, err := found.read(strings.Replace(strings.Replace(name, "/receipts/", "/events/", 1), ".tlog-proof", ".json", 1))
		if err != nil || !bytes.Equal(stored, state) || !strings.HasSuffix(name, fmt.Sprintf("/%04d.tlog-proof", said.Version)) {
			return fmt.Errorf("%s is of another event", name)
		}
		record := strings.Split(name, "/receipts/")[0]
		if streams[record] != "" && streams[record] != said.ID {
			return fmt.Errorf("%s is of another record", name)
		}
		streams[record] = said.ID
		leaves[record] = append(leaves[record], strconv.FormatInt(index, 10))
		var content struct {
			Files []struct {
				SHA256 string `json:"sha256"`
			} `json:"files"`
		}
		if err := json.Unmarshal(state, &content); err != nil {
			return err
		}
		for _, file := range content.Files {
			named[file.SHA256] = true
		}
		events++
	}
	for _, name := range names {
		if parts := strings.Split(name, "/"); len(parts) == 5 && parts[1] == "records" && parts[3] == "files" {
			if !named[found.digests[name]] {
				return fmt.Errorf("no event names %s", name)
			}
			files++
		}
	}
	origin, _, _ := strings.Cut(opened.Text, "\n")
	for record, stream := range streams {
		data, err := found.read(record + "/complete")
		if err != nil {
			return err
		}
		if err := complete(data, verifiers, origin, stream, size, root, leaves[record]); err != nil {
			return fmt.Errorf("%s: %w", record, err)
		}
	}
	if events == 0 {
		return errors.New("it holds no event")
	}
	fmt.Printf("ok: %d events, %d files under a checkpoint of %d leaves\n", events, files, size)
	return nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: package PACKAGE.zip VKEY")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
