"""What we make of a witness's answer, whatever it is."""

from __future__ import annotations

import pytest

from adapters.keys.signing import verifier_of
from adapters.witness.asking import TRIES, Again, Ahead, Endpoint, Question, endpoints, understand
from adapters.witness.client import Reply
from adapters.witness.faults import WitnessAnswerInvalid, WitnessRefused, WitnessSawAnother
from domain.ledger.checkpoint import Checkpoint
from domain.ledger.policy import parse_policy
from domain.ledger.witness import parse_submission
from tests.witness_world import ORIGIN, Log, Witness, make_witness

LOG = Log()
CHECKPOINT = Checkpoint(ORIGIN, 8, LOG.root(8))


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Witness:
    return make_witness(tmp_path_factory.mktemp("witness") / "w", LOG)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Witness:
    return make_witness(tmp_path_factory.mktemp("other") / "w", LOG, name="witness.example/w2")


def question(witness: Witness, old: int = 5, told: int | None = None, tries: int = 1) -> Question:
    endpoint = Endpoint("http://w", ("w",), tuple(signer.key for signer in witness.signers))
    return Question(endpoint, LOG.note(8), CHECKPOINT, old, told, tries)


def reply(status: int, body: bytes = b"", after: float | None = None) -> Reply:
    return Reply(status, body, after)


def lines(witness: Witness, size: int = 8) -> bytes:
    text = Checkpoint(ORIGIN, size, LOG.root(size)).text()
    return "".join(signer.cosign(text, 1_700_000_000).line() for signer in witness.signers).encode()


def test_a_question_is_a_request_of_the_protocol(witness: Witness) -> None:
    """With the proof between the two sizes, and none from nothing or between equal sizes."""

    def hash_of(start: int, end: int) -> bytes:
        log = Log()
        log.leaves = log.leaves[start:end]
        return log.root(end - start)

    for old, hashes in ((0, 0), (5, 4), (8, 0)):
        sent = parse_submission(question(witness, old).body(hash_of))
        assert (sent.old, len(sent.proof), sent.note) == (old, hashes, LOG.note(8))
        assert sent.proof == LOG.proof(old, 8)


def test_cosignatures_are_verified(witness: Witness, other: Witness) -> None:
    """Those of the witness's keys are taken, those of unknown keys ignored, one that fails makes all worthless."""
    assert len(understand(question(witness), reply(200, lines(other) + lines(witness)), verifier_of)) == 2
    wrong = {
        "of another size": lines(witness, 7),
        "one of two fails": lines(witness).split(b"\n")[0] + b"\n" + lines(witness, 7).split(b"\n")[1] + b"\n",
        "only of another witness": lines(other),
        "nothing": b"",
        "a page": b"<html>\n",
        "not UTF-8": b"\xff\n",
        "no newline at the end": lines(witness)[:-1],
    }
    for body in wrong.values():
        with pytest.raises(WitnessAnswerInvalid):
            understand(question(witness), reply(200, body), verifier_of)


def test_a_conflict_corrects_the_size(witness: Witness) -> None:
    """The size of a 409 is asked with; an empty one is asked for by a size of zero."""
    assert understand(question(witness, 5), reply(409, b"3\n"), verifier_of) == Again(3, 3)
    assert understand(question(witness, 0), reply(409, b"8\n"), verifier_of) == Again(8, 8)
    assert understand(question(witness, 5), reply(409), verifier_of) == Again(0, None)
    assert understand(question(witness, 5), reply(409, b"<html>"), verifier_of) == Again(0, None)
    assert understand(question(witness, 5), reply(409, b"9\n"), verifier_of) == Ahead(9)


def test_another_tree_is_an_alarm(witness: Witness) -> None:
    """A proof refused, and a conflict at the very size that the witness named."""
    for asked, answered in (
        (question(witness, 5), reply(422)),
        (question(witness, 8), reply(422)),
        (question(witness, 5, told=5), reply(409)),
        (question(witness, 5, told=5), reply(409, b"5\n")),
    ):
        with pytest.raises(WitnessSawAnother):
            understand(asked, answered, verifier_of)


@pytest.mark.parametrize("status", [100, 204, 301, 302, 307, 400, 403, 404, 405, 413, 429, 500, 502, 503])
def test_anything_else_is_a_refusal(witness: Witness, status: int) -> None:
    """With the pause that it asks for; a size of zero that is refused is no alarm."""
    with pytest.raises(WitnessRefused) as caught:
        understand(question(witness), reply(status, b"whatever", 17.0), verifier_of)
    assert caught.value.after == 17.0
    for refused in (reply(422), reply(409)):
        with pytest.raises(WitnessRefused):
            understand(question(witness, 0), refused, verifier_of)


def test_no_conversation_goes_on_for_ever(witness: Witness) -> None:
    """A witness that names another size each time is asked a few times only."""
    with pytest.raises(WitnessRefused):
        understand(question(witness, 5, told=5, tries=TRIES), reply(409, b"4\n"), verifier_of)


def test_two_keys_at_one_address_are_one_witness(witness: Witness, other: Witness) -> None:
    """They are asked together; a witness without an address is not asked."""
    ed, ml = (signer.vkey() for signer in witness.signers)
    third = other.signers[0].vkey()
    text = f"log {LOG.signer.vkey()}\nwitness a {ed} http://w\nwitness b {ml} http://w\nwitness c {third}\nquorum a\n"
    [found] = endpoints(parse_policy(text.encode()))
    assert (found.url, found.names, len(found.keys)) == ("http://w", ("a", "b"), 2)
