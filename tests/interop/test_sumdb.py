"""Go's `sumdb/note` and `sumdb/tlog` agree with us: on roots, proofs, tile paths, keys and notes.

The vectors are kept, so that no Go is needed; the command that made them stands in the file.
"""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from adapters.keys.signing import load_key, verifier
from domain.ledger.checkpoint import open_checkpoint
from domain.ledger.tiles import ENTRIES, Tile
from domain.ledger.tree import (
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
)

SIZE = 300
LEAVES = [leaf_hash(str(n).encode()) for n in range(SIZE)]


@pytest.fixture(scope="module")
def vectors() -> Any:
    return json.loads((Path(__file__).parent / "vectors" / "sumdb.json").read_text())


def hash_of(start: int, end: int) -> bytes:
    return root_of(LEAVES[start:end])


def test_roots(vectors: Any) -> None:
    """Of every size up to 300."""
    assert [root_of(LEAVES[: n + 1]).hex() for n in range(SIZE)] == vectors["roots"]


def test_inclusion_proofs(vectors: Any) -> None:
    """Go's proofs are ours to the byte, and hold."""
    for each in vectors["inclusion"]:
        index, size = each["index"], each["size"]
        proof = [b64decode(item) for item in each["proof"]]
        assert inclusion_proof(index, size, hash_of) == proof
        check_inclusion(index, size, LEAVES[index], proof, hash_of(0, size))


def test_consistency_proofs(vectors: Any) -> None:
    """Go's proofs are ours to the byte, and hold."""
    for each in vectors["consistency"]:
        old, new = each["old"], each["new"]
        proof = [b64decode(item) for item in each["proof"]]
        assert consistency_proof(old, new, hash_of) == proof
        check_consistency(old, new, proof, hash_of(0, old), hash_of(0, new))


def test_tile_paths(vectors: Any) -> None:
    """Go writes the height too and calls bundles data; number and width are written alike."""
    for key, path in vectors["tile_paths"].items():
        level, number, width = (int(part) for part in key.split("/"))
        ours = Tile(ENTRIES if level < 0 else level, number, width).path
        assert ours.replace("entries", "data").replace("tile/", "tile/8/") == path


def test_keys_and_notes(vectors: Any, tmp_path: Path) -> None:
    """A key and a checkpoint that Go made are read here, and our signer writes the same note."""
    key = tmp_path / "key"
    key.write_text(vectors["signer_key"] + "\n")
    key.chmod(0o600)
    signer = load_key(key)
    assert signer.vkey() == vectors["verifier_key"]
    checkpoint = open_checkpoint(vectors["note"], signer.name, [verifier(vectors["verifier_key"])])
    assert checkpoint.root.hex() == vectors["roots"][-1]
    assert signer.sign_note(checkpoint.text()) == vectors["note"]
