package main

import (
	"crypto/ed25519"
	"fmt"
	"slices"

	"github.com/transparency-dev/formats/log"
	f_note "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/formats/witness"
	m_proof "github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
)

// question: bytes are base64 in JSON. Of a log's notes, Keys begins with the log's own key.
type question struct {
	Kind      string   `json:"kind"`
	Index     uint64   `json:"index"` // or the older size
	Size      uint64   `json:"size"`
	Leaf      []byte   `json:"leaf,omitempty"` // its hash
	OldRoot   []byte   `json:"old_root,omitempty"`
	Root      []byte   `json:"root,omitempty"`
	Hashes    [][]byte `json:"hashes,omitempty"`
	Text      []byte   `json:"text,omitempty"` // a note, a tlog-proof, a message
	Keys      []string `json:"keys,omitempty"`
	Policy    []byte   `json:"policy,omitempty"`
	Key       []byte   `json:"key,omitempty"`
	Signature []byte   `json:"signature,omitempty"`
}

type signer struct {
	Name string `json:"name"`
	ID   string `json:"id"`
	Time int64  `json:"time,omitempty"` // of a cosignature
}

type verdict struct {
	Ok      bool     `json:"ok"`
	Why     string   `json:"why,omitempty"`
	Origin  string   `json:"origin,omitempty"`
	Size    uint64   `json:"size,omitempty"`
	Root    []byte   `json:"root,omitempty"`
	Signers []signer `json:"signers,omitempty"`
	Index   uint64   `json:"index,omitempty"`
	Extra   []byte   `json:"extra,omitempty"`
}

// answer is what the packages say; one that panics has not accepted anything.
func answer(q question) (found verdict) {
	defer func() {
		if trouble := recover(); trouble != nil {
			found = verdict{Why: fmt.Sprint("panic: ", trouble)}
		}
	}()
	var err error
	switch q.Kind {
	case "inclusion":
		err = m_proof.VerifyInclusion(rfc6962.DefaultHasher, q.Index, q.Size, q.Leaf, q.Hashes, q.Root)
	case "consistency":
		err = m_proof.VerifyConsistency(rfc6962.DefaultHasher, q.Index, q.Size, q.Hashes, q.OldRoot, q.Root)
	case "note":
		err = openNote(q.Text, q.Keys, &found)
	case "tlog-proof":
		err = openProof(q, &found)
	case "bare tlog-proof":
		err = openBare(q, &found)
	case "policy":
		err = satisfied(q.Policy, q.Text)
	case "ed25519":
		if !ed25519.Verify(q.Key, q.Text, q.Signature) {
			err = fmt.Errorf("the signature does not verify")
		}
	default:
		err = fmt.Errorf("no such kind: %q", q.Kind)
	}
	if err != nil {
		return verdict{Why: err.Error()}
	}
	found.Ok = true
	return found
}

func openNote(text []byte, keys []string, found *verdict) error {
	var verifiers []note.Verifier
	for _, key := range keys {
		verifier, err := f_note.NewVerifier(key)
		if err != nil {
			return err
		}
		verifiers = append(verifiers, verifier)
	}
	if len(verifiers) == 0 {
		return fmt.Errorf("no keys")
	}
	checkpoint, _, opened, err := log.ParseCheckpoint(text, verifiers[0].Name(), verifiers[0], verifiers[1:]...)
	if err != nil {
		return err
	}
	found.Origin, found.Size, found.Root = checkpoint.Origin, checkpoint.Size, checkpoint.Hash
	for _, signature := range opened.Sigs {
		one := signer{Name: signature.Name, ID: fmt.Sprintf("%08x", signature.Hash)}
		if slices.ContainsFunc(verifiers[1:], func(v note.Verifier) bool { return v.KeyHash() == signature.Hash }) {
			at, err := f_note.CoSigV1Timestamp(signature)
			if err != nil {
				return err
			}
			one.Time = at.Unix()
		}
		found.Signers = append(found.Signers, one)
	}
	return nil
}

func openProof(q question, found *verdict) error {
	var parsed proof.TLogProof
	if err := parsed.Unmarshal(q.Text); err != nil {
		return err
	}
	if err := openNote(parsed.Checkpoint, q.Keys, found); err != nil {
		return err
	}
	found.Index, found.Extra = parsed.Index, parsed.ExtraData
	hashes := make([][]byte, 0, len(parsed.Hashes))
	for _, hash := range parsed.Hashes {
		hashes = append(hashes, hash[:])
	}
	if len(q.Policy) > 0 {
		if err := satisfied(q.Policy, parsed.Checkpoint); err != nil {
			return err
		}
	}
	return m_proof.VerifyInclusion(rfc6962.DefaultHasher, parsed.Index, found.Size, q.Leaf, hashes, found.Root)
}

func satisfied(policy, checkpoint []byte) error {
	group, err := witness.ParsePolicy(policy)
	if err != nil {
		return err
	}
	if !group.Satisfied(checkpoint) {
		return fmt.Errorf("the policy's quorum is not met")
	}
	return nil
}
