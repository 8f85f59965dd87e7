"""Completeness receipts: all the events of a stream, and the log's word that there are no more."""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.keys.signing import Ed25519Signer, verifier_of
from domain.ledger.checkpoint import Checkpoint, parse_checkpoint
from domain.ledger.completeness import (
    LABEL,
    Statement,
    check_completeness,
    convicts,
    encode_completeness,
    open_statement,
    parse_statement,
    read_completeness,
)
from domain.ledger.entry import entry
from domain.ledger.errors import InvalidNote, InvalidProof
from domain.ledger.policy import Known, Policy, of_one_log
from domain.ledger.receipt import encode_receipt, read_receipt
from domain.ledger.tree import inclusion_proof, leaf_hash, root_of

RECORD, OTHER = UUID(int=7), UUID(int=8)
STATE = b'{"salt":"00"}'
EVENTS = [(RECORD, 1), (OTHER, 1), (RECORD, 2), (OTHER, 2), (RECORD, 3)]
LEAVES = [leaf_hash(entry(stream, version, "t", STATE)) for stream, version in EVENTS]
LOG = Ed25519Signer("archive.example/log", Ed25519PrivateKey.from_private_bytes(bytes(32)))
SECOND = Ed25519Signer("archive.example/second", Ed25519PrivateKey.from_private_bytes(bytes([5]) * 32))
POLICY = of_one_log(LOG.vkey())


def receipt(index: int, size: int = 5, signer: Ed25519Signer = LOG) -> str:
    stream, version = EVENTS[index]
    note = signer.sign_note(Checkpoint(signer.name, size, root_of(LEAVES[:size])).text())
    hashes = inclusion_proof(index, size, lambda start, end: root_of(LEAVES[start:end]))
    return encode_receipt(stream, version, "t", STATE, index=index, hashes=hashes, checkpoint=note)


def statement(leaves: Sequence[int] = (0, 2, 4), size: int = 5, origin: str = LOG.name) -> Statement:
    return Statement(origin, RECORD, size, root_of(LEAVES[:size]), tuple(leaves))


def complete(said: Statement | None = None, indices: Sequence[int] = (0, 2, 4), size: int = 5) -> str:
    note = LOG.sign_note((said or statement()).text())
    return encode_completeness(note, [receipt(index, size) for index in indices])


def test_all_events_of_a_record_are_shown() -> None:
    """Read from its file alone, it says which events there are, and under which tree."""
    found = read_completeness(complete())
    trusted = check_completeness(found, POLICY, verifier_of)
    assert [each.version for each in found.receipts] == [1, 2, 3]
    assert (trusted.checkpoint.size, found.statement.leaves) == (5, (0, 2, 4))
    assert encode_completeness(found.note, [receipt(index) for index in (0, 2, 4)]) == complete()


def test_a_statement_is_no_checkpoint_and_a_checkpoint_no_statement() -> None:
    """The one signature can never be read as the other: their texts are apart."""
    with pytest.raises(InvalidNote):
        parse_checkpoint(statement().text())
    with pytest.raises(InvalidNote):
        parse_statement(Checkpoint(LOG.name, 5, root_of(LEAVES)).text())


@pytest.mark.parametrize(
    "said",
    [
        complete(indices=(0, 2)),
        complete(indices=(0, 2, 3)),
        complete(indices=(0, 4, 2)),
        complete(statement((0, 2)), (0, 2, 4)),
        complete(statement((0, 2), 3), (0, 2), 5),
        complete(statement((2, 4)), (2, 4)),
    ],
    ids=["one less", "another record's", "in another order", "one more than said", "another tree", "first missing"],
)
def test_what_does_not_fit_its_statement_shows_nothing(said: str) -> None:
    """The events are those that the log vouched for, from the first on, all below one checkpoint."""
    with pytest.raises(InvalidProof):
        check_completeness(read_completeness(said), POLICY, verifier_of)


def test_events_under_different_checkpoints_show_nothing() -> None:
    """One tree for all: otherwise what lies between two would be in neither."""
    note = LOG.sign_note(statement((0, 2), 3).text())
    mixed = encode_completeness(note, [receipt(0, 3), receipt(2, 5)])
    with pytest.raises(InvalidProof):
        check_completeness(read_completeness(mixed), POLICY, verifier_of)


def test_only_the_log_itself_speaks_for_its_streams() -> None:
    """A stranger's signature is not enough, nor that of another log that the policy trusts."""
    stranger = Ed25519Signer(LOG.name, Ed25519PrivateKey.from_private_bytes(bytes([9]) * 32))
    with pytest.raises(InvalidNote):
        open_statement(stranger.sign_note(statement().text()), POLICY, verifier_of)
    both = Policy("none", (*POLICY.logs, Known(SECOND.key)))
    with pytest.raises(InvalidNote):
        open_statement(SECOND.sign_note(statement().text()), both, verifier_of)


@pytest.mark.parametrize(
    "text",
    [
        "",
        statement().text().replace(LABEL, "jianzheng/other@v1"),
        statement().text() + "more\n",
        statement((2, 0, 4)).text(),
        statement((0, 0)).text(),
        statement((0, 5)).text(),
        statement(()).text(),
        statement().text().replace(str(RECORD), str(RECORD).replace("-", "")),
        statement().text().replace("\n5\n", "\n05\n"),
        statement().text().replace("0 2 4", "0  2 4"),
        Statement(LOG.name, RECORD, 5, bytes(31), (0,)).text(),
    ],
)
def test_a_malformed_statement_is_refused(text: str) -> None:
    """Another label, lines too many, leaves out of order or outside the tree, numbers and ids spelled otherwise."""
    with pytest.raises(InvalidNote):
        parse_statement(text)


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"\xff", b"null", json.dumps({"format": "x", "receipts": [], "statement": ""}).encode(),
     complete().replace('"receipts": [', '"receipts": [1, ').encode(),
     complete().replace('"format"', '"more": 1, "format"').encode()],
)  # fmt: skip
def test_a_malformed_file_is_refused(data: bytes) -> None:
    """What is no JSON, has other members, or holds something else than receipts."""
    with pytest.raises((InvalidProof, InvalidNote)):
        read_completeness(data)


def test_a_further_event_convicts_the_log() -> None:
    """The log said that there are two events and signed a tree with a third: both signatures are its own."""
    lie = LOG.sign_note(statement((0, 2)).text())
    assert convicts(lie, read_receipt(receipt(4)), POLICY, verifier_of)
    assert not convicts(lie, read_receipt(receipt(2)), POLICY, verifier_of)  # the statement names it
    assert not convicts(lie, read_receipt(receipt(3)), POLICY, verifier_of)  # another record
    honest = LOG.sign_note(statement((0, 2), 3).text())
    assert not convicts(honest, read_receipt(receipt(4)), POLICY, verifier_of)  # it was added later


def test_what_is_not_signed_convicts_nobody() -> None:
    """An altered statement or receipt is no evidence."""
    lie = LOG.sign_note(statement((0, 2)).text())
    with pytest.raises(InvalidNote):
        convicts(lie.replace("0 2", "0 3"), read_receipt(receipt(4)), POLICY, verifier_of)
    with pytest.raises((InvalidNote, InvalidProof)):
        convicts(lie, read_receipt(receipt(4).replace("index 4", "index 3")), POLICY, verifier_of)
