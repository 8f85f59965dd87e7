"""Receipts and the proofs they are made of: what they show, and that any altered byte shows nothing."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from adapters.keys.signing import Ed25519Signer, verifier_of
from domain.ledger.checkpoint import Checkpoint
from domain.ledger.cosignature import Cosignature, read_cosignature, signed_message
from domain.ledger.entry import entry
from domain.ledger.errors import InvalidNote, InvalidProof
from domain.ledger.note import COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44, Signature, VerifierKey
from domain.ledger.policy import Group, Known, Policy, of_one_log
from domain.ledger.proof import LogProof, parse_proof
from domain.ledger.receipt import check_receipt, encode_receipt, read_receipt
from domain.ledger.tree import inclusion_proof, leaf_hash, root_of
from domain.ledger.trust import QuorumNotMet, open_signed, open_trusted

ID = UUID(int=7)
STATE = '{"salt":"00","title":"专题党课"}'.encode()
LOG = Ed25519Signer("archive.example/log", Ed25519PrivateKey.from_private_bytes(bytes(32)))
POLICY = of_one_log(LOG.vkey())
LEAVES = [leaf_hash(entry(UUID(int=n), 1, "t", STATE)) for n in range(13)]
NOTE = LOG.sign_note(Checkpoint(LOG.name, 13, root_of(LEAVES)).text())
HASHES = inclusion_proof(7, 13, lambda start, end: root_of(LEAVES[start:end]))
RECEIPT = encode_receipt(ID, 1, "t", STATE, index=7, hashes=HASHES, checkpoint=NOTE)

ED = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
ED_KEY = VerifierKey("witness.example/e", COSIGNATURE_ED25519, ED.public_key().public_bytes_raw())
ML = MLDSA44PrivateKey.generate()
ML_KEY = VerifierKey("witness.example/m", COSIGNATURE_ML_DSA_44, ML.public_key().public_bytes_raw())


def cosign(note: str, key: VerifierKey, time: int = 1_700_000_000) -> str:
    text = note.rpartition("\n\n")[0] + "\n"
    private = ED if key is ED_KEY else ML
    signature = private.sign(signed_message(key, time, text))
    return note + Signature(key.name, key.key_id, Cosignature(time, signature).blob()).line()


def test_a_receipt_shows_its_event() -> None:
    """Read from its file alone, it says what was recorded, at which place, in which tree."""
    receipt = read_receipt(RECEIPT)
    trusted = check_receipt(receipt, POLICY, verifier_of)
    assert (receipt.id, receipt.version, receipt.topic, receipt.state) == (ID, 1, "t", STATE)
    assert (receipt.proof.index, trusted.checkpoint.size) == (7, 13)
    assert receipt.content()["title"] == "专题党课"
    assert parse_proof(RECEIPT).encode() == RECEIPT


@given(st.data())
def test_a_receipt_with_any_byte_altered_shows_nothing(data: st.DataObject) -> None:
    """Whichever it is: of the event, the proof, the checkpoint or the signature."""
    at = data.draw(st.integers(0, len(RECEIPT.encode()) - 1))
    by = data.draw(st.integers(1, 255))
    altered = bytearray(RECEIPT.encode())
    altered[at] ^= by
    with pytest.raises((InvalidNote, InvalidProof)):
        check_receipt(read_receipt(bytes(altered)), POLICY, verifier_of)


def test_another_log_or_another_name_for_it_is_not_trusted() -> None:
    """The key has to be the policy's, and the origin has to be that key's name."""
    other = Ed25519Signer("archive.example/log", Ed25519PrivateKey.from_private_bytes(bytes([9]) * 32))
    with pytest.raises(InvalidNote):
        check_receipt(read_receipt(RECEIPT), of_one_log(other.vkey()), verifier_of)
    foreign = LOG.sign_note(Checkpoint("elsewhere.example/log", 13, root_of(LEAVES)).text())
    with pytest.raises(InvalidNote):
        open_trusted(foreign, POLICY, verifier_of)


def test_witnesses_count_as_the_policy_says() -> None:
    """Cosignatures of both kinds; fewer than asked for are told, more do no harm, those of strangers are ignored."""
    witnesses = {"e": Known(ED_KEY), "m": Known(ML_KEY)}
    policy = Policy("both", POLICY.logs, witnesses, {"both": Group(2, ("e", "m"))})
    with pytest.raises(QuorumNotMet):
        open_trusted(NOTE, policy, verifier_of)
    one = cosign(NOTE, ED_KEY)
    with pytest.raises(QuorumNotMet):
        open_trusted(one, policy, verifier_of)
    assert open_signed(one, policy, verifier_of).cosigned == {"e": 1_700_000_000}
    both = cosign(one, ML_KEY, 1_800_000_000)
    assert open_trusted(both, policy, verifier_of).cosigned == {"e": 1_700_000_000, "m": 1_800_000_000}
    assert open_trusted(both, POLICY, verifier_of).cosigned == {}


@pytest.mark.parametrize("key", [ED_KEY, ML_KEY], ids=["Ed25519", "ML-DSA-44"])
def test_a_cosignature_binds_its_time_and_its_checkpoint(key: VerifierKey) -> None:
    """Moved to another checkpoint, or given another time, it makes the note worthless."""
    policy = Policy("w", POLICY.logs, {"w": Known(key)})
    sound = cosign(NOTE, key)
    open_trusted(sound, policy, verifier_of)
    line = sound.splitlines()[-1]
    moved = LOG.sign_note(Checkpoint(LOG.name, 12, root_of(LEAVES[:12])).text()) + line + "\n"
    with pytest.raises(InvalidNote):
        open_trusted(moved, policy, verifier_of)
    later = Cosignature(1_700_000_001, read_cosignature(key.kind, _blob(line)[4:]).signature)
    with pytest.raises(InvalidNote):
        open_trusted(NOTE + Signature(key.name, key.key_id, later.blob()).line(), policy, verifier_of)


def _blob(line: str) -> bytes:
    return b64decode(line.split(" ")[2])


@pytest.mark.parametrize("blob", [b"", bytes(71), bytes(73), bytes(72), b"\x80" + bytes(71)])
def test_a_cosignature_of_a_wrong_shape_is_refused(blob: bytes) -> None:
    """Another length, the time zero, a time beyond 2^63 - 1."""
    with pytest.raises(InvalidNote):
        read_cosignature(COSIGNATURE_ED25519, blob)


PROOF = LogProof(3, (bytes(32),), NOTE).encode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        PROOF.replace("@v1", "@v2"),
        PROOF.replace("index 3", "index 03"),
        PROOF.replace("index 3", "index -3"),
        PROOF.replace("index 3", "index 9223372036854775808"),
        PROOF.replace("index 3", "index"),
        PROOF.replace("index 3\n", ""),
        PROOF.replace("index 3", "extra\nindex 3"),
        PROOF.replace("index 3", "extra !\nindex 3"),
        PROOF.replace("index 3", "extra AA==\nextra AA==\nindex 3"),
        PROOF.replace("\n\n", "\n", 1),
        PROOF.replace(b64encode(bytes(32)).decode(), b64encode(bytes(31)).decode()),
        PROOF.replace(b64encode(bytes(32)).decode(), "\n".join([b64encode(bytes(32)).decode()] * 64)),
    ],
)
def test_a_malformed_proof_is_refused(text: str) -> None:
    """Another header, numbers spelled otherwise, lines missing or twice, hashes too short or too many."""
    with pytest.raises(InvalidProof):
        parse_proof(text)


def test_a_proof_of_something_else_is_no_receipt() -> None:
    """Without an event, or with one spelled otherwise: two files would say the same."""
    said = json.loads(read_receipt(RECEIPT).proof.extra or b"")
    spelled = [b"", json.dumps(said).encode(), b"[]", b"{}", json.dumps(said | {"more": 1}).encode()]
    for extra in [None, *filter(None, spelled)]:
        with pytest.raises(InvalidProof):
            read_receipt(LogProof(7, tuple(HASHES), NOTE, extra).encode())
