"""The verifier inside a package against what is known to be right: RFC 8032's vectors, and our own mathematics."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.keys.signing import create_key
from adapters.packages.single_file import MODULES, single_file
from adapters.packages.verifier.curve import L, P, ed25519, read_point
from adapters.packages.verifier.merkle import continues, hash_leaf, implied_root
from adapters.packages.verifier.stamped import said_by
from adapters.packages.verifier.trouble import Wrong
from adapters.packages.verifier.trusting import Trust
from domain.ledger.checkpoint import Checkpoint
from domain.ledger.policy import of_one_log
from domain.ledger.tree import consistency_proof, inclusion_proof, leaf_hash, root_of

# RFC 8032, 7.1: public key, message, signature
VECTORS = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2465"
        "5141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb0"
        "0d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc0"
        "27beceea1ec40a",
    ),
)

LEAVES = [leaf_hash(b"%d" % n) for n in range(70)]


def hash_of(start: int, end: int) -> bytes:
    return root_of(LEAVES[start:end])


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_the_vectors_of_the_rfc(key: str, message: str, signature: str) -> None:
    """Each holds; with one bit of anything changed it does not."""
    public, said, signed = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    assert ed25519(public, said, signed)
    assert not ed25519(public, said + b"x", signed)
    for at in (0, 31, 32, 63):
        assert not ed25519(public, said, signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :])
    assert not ed25519(bytes([public[0] ^ 1]) + public[1:], said, signed)


def test_signatures_of_another_library() -> None:
    """Whatever it signs verifies, of many keys and lengths."""
    random = Random(8032)
    for n in range(12):
        key = Ed25519PrivateKey.from_private_bytes(random.randbytes(32))
        message = random.randbytes(n * 7)
        assert ed25519(key.public_key().public_bytes_raw(), message, key.sign(message))


def test_other_spellings_of_a_signature_are_refused() -> None:
    """A scalar that is too large, points that are none or not in their one form, and wrong lengths (5.1.3, 5.1.7)."""
    public, signed = bytes.fromhex(VECTORS[0][0]), bytes.fromhex(VECTORS[0][2])
    larger = int.from_bytes(signed[32:], "little") + L
    assert not ed25519(public, b"", signed[:32] + larger.to_bytes(32, "little"))
    assert not ed25519(public, b"", signed[:-1])
    assert not ed25519(public, b"", signed + b"\0")
    assert not ed25519(public[:-1], b"", signed)
    assert read_point((P + 1).to_bytes(32, "little")) is None
    assert read_point((1 | 1 << 255).to_bytes(32, "little")) is None
    assert read_point((2).to_bytes(32, "little")) is None


def test_inclusion() -> None:
    """Proofs of every leaf in trees of many sizes lead to the root; altered, of other indices or sizes, they do not."""
    for size in (1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 70):
        root = hash_of(0, size)
        for index in range(size):
            proof = inclusion_proof(index, size, hash_of)
            assert implied_root(index, size, LEAVES[index], proof) == root
            assert implied_root(index, size, LEAVES[index], [*proof, bytes(32)]) != root
            if proof:
                assert implied_root(index, size, LEAVES[index], proof[:-1]) != root
                assert implied_root((index + 1) % size, size, LEAVES[index], proof) != root
    assert implied_root(5, 5, LEAVES[0], []) is None
    assert implied_root(-1, 5, LEAVES[0], []) is None
    assert hash_leaf(b"7") == LEAVES[7]


def test_consistency() -> None:
    """Every tree continues each smaller one by its proof, and by no other."""
    for old in range(1, 34):
        for new in range(old, 34):
            proof = consistency_proof(old, new, hash_of)
            one, other = hash_of(0, old), hash_of(0, new)
            assert continues(old, new, one, other, proof)
            assert not continues(old, new, bytes(32), other, proof)
            assert not continues(old, new, one, bytes(32), proof)
            assert not continues(old, new, one, other, [*proof, bytes(32)])
            if proof:
                assert not continues(old, new, one, other, proof[:-1])
    assert not continues(0, 5, bytes(32), hash_of(0, 5), [])
    assert not continues(6, 5, hash_of(0, 6), hash_of(0, 5), [])


def test_checkpoints_and_policies(tmp_path: Path) -> None:
    """A checkpoint that our signer signed is believed by its policy, and by no other; altered it is not."""
    signer, stranger = create_key(tmp_path / "a", "log.example"), create_key(tmp_path / "b", "log.example")
    note = signer.sign_note(Checkpoint("log.example", 7, bytes(32)).text()).encode()
    trust = Trust(of_one_log(signer.vkey()).encode())
    assert trust.opened(note) == ("log.example", 7, bytes(32), set())
    for altered in (note.replace(b"\n7\n", b"\n8\n"), note[:-2], b"", b"\n\n", note + b"x\n"):
        with pytest.raises(Wrong):
            trust.opened(altered)
    with pytest.raises(Wrong):
        Trust(of_one_log(stranger.vkey()).encode()).opened(note)
    with pytest.raises(Wrong):
        Trust(f"log {signer.vkey()}\nwitness w {stranger.vkey()}\nquorum w\n".encode()).opened(note)
    assert Trust(f"log {signer.vkey()}\nwitness w {stranger.vkey()}\nquorum w\n".encode()).opened(note, False)[1] == 7


@pytest.mark.parametrize(
    "text", ["", "quorum none\nquorum none\n", "log x\nquorum none\n", "logs\n", "quorum\n", "\xff"]
)
def test_policies_that_mean_nothing(text: str) -> None:
    """Each is an error of ours."""
    with pytest.raises(Wrong):
        Trust(text.encode("latin-1"))


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x80", b"\x30\x82\xff\xff", b"\x30\x03\x02\x01\x00", bytes(99)])
def test_time_stamps_that_are_none(data: bytes) -> None:
    """Each is an error of ours."""
    with pytest.raises(Wrong):
        said_by(data)


def test_the_single_file_stands_alone(tmp_path: Path) -> None:
    """It imports the standard library only, holds every definition of the modules once, and runs in isolation."""
    source = single_file().decode()
    tree = ast.parse(source, feature_version=(3, 9))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert len(names) == len(set(names))
    imported = {
        (alias.name if isinstance(node, ast.Import) else node.module or "").split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported <= sys.stdlib_module_names
    folder = Path(__file__).resolve().parents[2] / "adapters" / "packages" / "verifier"
    defined = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert defined == set(MODULES)
    file = tmp_path / "verify.py"
    file.write_text(source, "utf-8")
    ran = subprocess.run([sys.executable, "-I", "-S", file], capture_output=True, check=False, cwd=tmp_path)
    assert ran.returncode == 2
    assert "bagit.txt" in ran.stderr.decode()
