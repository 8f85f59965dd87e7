"""What a witness is sent, and what it decides: every exchange of the protocol's text, the odd ones included."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from adapters.keys.signing import verifier_of
from adapters.witness.limit import RateLimit
from domain.ledger.note import COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44, Note, open_note, parse_note
from domain.ledger.tree import EMPTY_ROOT
from domain.ledger.witness import (
    SIZE,
    InvalidSubmission,
    Submission,
    origin_hash,
    parse_submission,
    size_answered,
)
from tests.witness_world import ORIGIN, Log, make_witness

LOG, FORK, OTHER = Log(), Log(branch="x", fork=3), Log("log.example/two", seed=2)
IMPOSTOR = Log(seed=9)
"""Signs for the same origin with a key that nobody knows."""

HASH = b64encode(bytes(32)).decode()


def by_hand(text: str) -> bytes:
    return (text + LOG.note(8)).encode()


def forged() -> str:
    """A checkpoint with the log's name and key id, and a signature that fails."""
    note = parse_note(LOG.note(8))
    [good] = note.signatures
    return Note(note.text, (good._replace(blob=bytes(64)),)).encode()


def with_stranger(note: str) -> str:
    parts = parse_note(note)
    return Note(parts.text, (*parse_note(IMPOSTOR.note(8)).signatures, *parts.signatures)).encode()


# The witness has cosigned LOG at 5 leaves before each of these.
EXCHANGES: dict[str, tuple[bytes, int, str | None]] = {
    "it grows": (LOG.submission(5, 8), 200, None),
    "the same again": (LOG.submission(5, 5), 200, None),
    "an unknown key besides": (Submission(5, LOG.proof(5, 8), with_stranger(LOG.note(8))).encode(), 200, None),
    "old size too small": (LOG.submission(3, 8), 409, "5\n"),
    "old size too large": (LOG.submission(6, 8), 409, "5\n"),
    "old size zero, to learn the right one": (LOG.submission(0, 8), 409, "5\n"),
    "old size zero and a proof": (Submission(0, LOG.proof(5, 8), LOG.note(8)).encode(), 409, "5\n"),
    "a smaller tree": (LOG.submission(2, 3), 409, "5\n"),
    "the empty tree": (LOG.submission(0, 0), 409, "5\n"),
    "old larger than the checkpoint": (Submission(5, (), LOG.note(4)).encode(), 400, None),
    "another history of the same size": (Submission(5, (), FORK.note(5)).encode(), 422, None),
    "another history with its own proof": (FORK.submission(5, 8), 422, None),
    "no proof": (Submission(5, (), LOG.note(8)).encode(), 422, None),
    "a proof too short": (Submission(5, LOG.proof(5, 8)[:-1], LOG.note(8)).encode(), 422, None),
    "a proof too long": (Submission(5, (*LOG.proof(5, 8), bytes(32)), LOG.note(8)).encode(), 422, None),
    "a proof between equal sizes": (Submission(5, (bytes(32),), LOG.note(5)).encode(), 422, None),
    "63 lines": (Submission(5, (bytes(32),) * 63, LOG.note(8)).encode(), 422, None),
    "64 lines": (Submission(5, (bytes(32),) * 64, LOG.note(8)).encode(), 400, None),
    "an unknown origin": (OTHER.submission(0, 4), 404, None),
    "only an unknown key": (IMPOSTOR.submission(5, 8), 403, None),
    "a known key that fails": (Submission(5, LOG.proof(5, 8), forged()).encode(), 403, None),
    "no signature at all": (Submission(5, LOG.proof(5, 8), parse_note(LOG.note(8)).text + "\n").encode(), 403, None),
    "nothing": (b"", 400, None),
    "no blank line": (by_hand("old 5\n"), 400, None),
    "no old": (by_hand("\n\n"), 400, None),
    "another word": (by_hand("new 5\n\n"), 400, None),
    "two blanks": (by_hand("old  5\n\n"), 400, None),
    "a leading zero": (by_hand("old 05\n\n"), 400, None),
    "a sign": (by_hand("old +5\n\n"), 400, None),
    "a negative size": (by_hand("old -5\n\n"), 400, None),
    "a size beyond 63 bits": (by_hand("old 9223372036854775808\n\n"), 400, None),
    "another script's digits": (by_hand("old ٥\n\n"), 400, None),
    "a carriage return": (by_hand("old 5\r\n\n"), 400, None),
    "no base64": (by_hand("old 5\n****\n\n"), 400, None),
    "base64 without padding": (by_hand(f"old 5\n{HASH[:-1]}\n\n"), 400, None),
    "a hash of 31 bytes": (by_hand(f"old 5\n{b64encode(bytes(31)).decode()}\n\n"), 400, None),
    "no UTF-8": (b"old 5\n\n\xff\xfe\n", 400, None),
    "no checkpoint": (b"old 5\n\n", 400, None),
    "a checkpoint of two lines": (b"old 5\n\n" + LOG.signer.sign_note(f"{ORIGIN}\n8\n").encode(), 400, None),
}  # fmt: skip


@pytest.mark.parametrize("name", EXCHANGES)
def test_an_exchange(name: str, tmp_path: Path) -> None:
    """Status and body are those of the specification, and only what was cosigned is remembered."""
    witness = make_witness(tmp_path / "w", LOG)
    assert witness.add_checkpoint(LOG.submission(0, 5)).status == 200
    request, status, body = EXCHANGES[name]
    answer = witness.add_checkpoint(request)
    assert answer.status == status, answer.body
    assert body is None or (answer.body, answer.media_type) == (body, SIZE)
    kept = witness.state.cosigned(ORIGIN)
    assert kept is not None and kept.seen.size == (8 if status == 200 and name != "the same again" else 5)
    assert len(witness.state.suspicious(ORIGIN)) == (status == 422)


FIRST: dict[str, tuple[bytes, int, str | None]] = {
    "the empty tree": (LOG.submission(0, 0), 200, None),
    "the empty tree with a root": (Submission(0, (), LOG.note(0, bytes(32))).encode(), 422, None),
    "the empty tree with a proof": (Submission(0, (bytes(32),), LOG.note(0)).encode(), 422, None),
    "any tree": (LOG.submission(0, 5), 200, None),
    "a proof from nothing": (Submission(0, LOG.proof(3, 5), LOG.note(5)).encode(), 422, None),
    "an old size that was never seen": (LOG.submission(3, 5), 409, "0\n"),
}


@pytest.mark.parametrize("name", FIRST)
def test_the_first_exchange(name: str, tmp_path: Path) -> None:
    """Of a log that was never cosigned the size is zero, and a tree of size zero has one root only."""
    witness = make_witness(tmp_path / "w", LOG)
    request, status, body = FIRST[name]
    answer = witness.add_checkpoint(request)
    assert (answer.status, body or answer.body) == (status, answer.body)
    assert (witness.checkpoint(origin_hash(ORIGIN)) is None) == (status != 200)


def test_the_empty_tree_is_continued_by_any(tmp_path: Path) -> None:
    """A log may begin with a checkpoint of nothing."""
    witness = make_witness(tmp_path / "w", LOG)
    for old, size in ((0, 0), (0, 0), (0, 7), (7, 9)):
        assert witness.add_checkpoint(LOG.submission(old, size)).status == 200
    assert LOG.root(0) == EMPTY_ROOT


def test_both_keys_sign(tmp_path: Path) -> None:
    """One line of Ed25519 and one of ML-DSA-44, which verify over the checkpoint; monitors get them with the log's."""
    witness = make_witness(tmp_path / "w", LOG)
    answer = witness.add_checkpoint(LOG.submission(0, 5))
    keys = [signer.key for signer in witness.signers]
    assert [key.kind for key in keys] == [COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44]
    verifiers = [verifier_of(key) for key in (*keys, LOG.signer.key)]
    assert len(open_note(LOG.note(5) + answer.body, verifiers).signatures) == 3
    assert witness.checkpoint(origin_hash(ORIGIN)) == LOG.note(5) + answer.body
    assert witness.checkpoint(origin_hash("log.example/none")) is None


def test_a_clock_that_goes_back_unsays_nothing(tmp_path: Path) -> None:
    """A later cosignature never claims an earlier time."""
    witness = make_witness(tmp_path / "w", LOG)
    for now, size, expected in ((1000.9, 3, 1000), (10.0, 4, 1000), (2000.0, 5, 2000)):
        witness._now = lambda: now  # noqa: B023  (used up before the next round)
        last = witness.state.cosigned(ORIGIN)
        assert witness.add_checkpoint(LOG.submission(last.seen.size if last else 0, size)).status == 200
        kept = witness.state.cosigned(ORIGIN)
        assert kept is not None and kept.time == expected


def test_a_log_has_several_keys_while_it_rotates(tmp_path: Path) -> None:
    """Either key will do; a key that was removed will not."""
    new = Log(seed=7)
    witness = make_witness(tmp_path / "w", LOG, new)
    assert witness.add_checkpoint(LOG.submission(0, 5)).status == 200
    assert witness.add_checkpoint(new.submission(5, 6)).status == 200
    assert witness.state.remove_log(LOG.signer.key)
    assert witness.add_checkpoint(LOG.submission(6, 7)).status == 403


def test_a_log_that_asks_too_often_waits(tmp_path: Path) -> None:
    """The limit is each log's own, and strangers without its key cannot use it up."""
    clock = [0.0]
    witness = make_witness(tmp_path / "w", LOG, OTHER)
    witness._limit = RateLimit(0.5, 2, lambda: clock[0])
    for _ in range(5):
        assert witness.add_checkpoint(IMPOSTOR.submission(0, 5)).status == 403
    answers = [witness.add_checkpoint(LOG.submission(old, 5)) for old in (0, 5, 5)]
    assert [(each.status, each.retry_after) for each in answers] == [(200, None), (200, None), (429, 2)]
    assert witness.add_checkpoint(OTHER.submission(0, 5)).status == 200
    clock[0] = 2.0
    assert witness.add_checkpoint(LOG.submission(5, 6)).status == 200


def test_requests_are_read_as_they_were_written() -> None:
    """What a client writes is what a witness reads."""
    made = Submission(5, LOG.proof(5, 8), LOG.note(8))
    assert parse_submission(made.encode()) == made
    with pytest.raises(InvalidSubmission):
        parse_submission(made.encode().replace(b"old 5", b"old five"))


@pytest.mark.parametrize(
    ("body", "size"),
    [(b"5\n", 5), (b"0\n", 0), (b"5", 5), (b"", None), (b"\n", None), (b"05\n", None), (b"-1\n", None),
     (b"5\n\n", None), (b"<html>", None), ("٥\n".encode(), None), (b"9223372036854775808\n", None)],
)  # fmt: skip
def test_sizes_in_answers(body: bytes, size: int | None) -> None:
    """A size, or nothing that could be taken for one."""
    assert size_answered(body) == size
