"""Having our checkpoints cosigned: by our own witness, by several, and by servers that answer oddly."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from adapters.keys.signing import verifier_of
from adapters.ledger.policy import read_policy
from adapters.witness.service import Witness
from adapters.witness.store import Asked, SQLiteCosignatures
from domain.ledger.note import parse_note
from domain.ledger.trust import QuorumNotMet, open_trusted
from domain.ledger.witness import parse_submission
from tests.ledger_world import open_world
from tests.watched_world import Watched, line, of, witness_of
from tests.witness_world import says, scripted, served


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    world = open_world(tmp_path / "home")
    yield Watched(world)
    world.close()


@pytest.fixture
def witness(watched: Watched, tmp_path: Path) -> Witness:
    return witness_of(watched, tmp_path / "w1", "witness.example/w1")


def test_what_is_published_gets_cosigned(watched: Watched, witness: Witness) -> None:
    """Line by line of a growing ledger; its own text and signature stay, and each cosigned one meets the quorum."""
    with served(witness, "/w1") as url:
        watched.trust(line("w", witness, url) + "quorum w\n")
        assert watched.asking.run_once() == 0  # nothing is published yet
        for count in (1, 5, 300):
            size = watched.grow(count)
            before = watched.published()
            with pytest.raises(QuorumNotMet):
                open_trusted(before, watched._policy(), verifier_of)
            assert watched.asking.run_once() == 1
            assert watched.published().startswith(before)
            assert open_trusted(watched.published(), watched._policy(), verifier_of).checkpoint.size == size
            last = watched.store.witnessed()
            assert last is not None and (last.size, last.note.encode()) == (size, watched.published())
            assert watched.asking.run_once() == 0  # nobody is asked twice
    assert watched.store.days() == [last]


def test_both_keys_of_one_witness_are_taken_in_one_answer(watched: Watched, witness: Witness) -> None:
    """A witness with two keys is asked once, and each key counts under its own name."""
    with served(witness) as url:
        ed, ml = (signer.vkey() for signer in witness.signers)
        watched.trust(f"witness ed {ed} {url}\nwitness ml {ml} {url}\ngroup g all ed ml\nquorum g\n")
        watched.grow()
        assert watched.asking.run_once() == 2
        assert watched.cosigned() == {"ed", "ml"}
        assert watched.store.witnessed() is not None


def test_a_quorum_of_several(watched: Watched, witness: Witness, tmp_path: Path) -> None:
    """Two of three are enough; the one that does not answer is shown, is left alone for longer each time, and the
    cosignatures of those that do are published."""
    second = witness_of(watched, tmp_path / "w2", "witness.example/w2")
    with served(witness) as one, served(second) as two:
        away = "http://127.0.0.1:9/"
        watched.trust(
            line("a", witness, one) + line("b", second, two)
            + "witness c " + witness_of(watched, tmp_path / "w3", "witness.example/w3").signers[0].vkey() + f" {away}\n"
            + "group two 2 a b c\nquorum two\n"
        )  # fmt: skip
        watched.grow()
        assert watched.asking.run_once() == 2
        assert watched.cosigned() == {"a", "b"}
        assert watched.store.witnessed() is not None
        pauses = []
        for _ in range(6):
            found = watched.store.asked()[away]
            pauses.append(found.not_before - watched.now())
            assert watched.asking.run_once() == 0 and watched.store.asked()[away] == found  # not yet
            watched.now.at = found.not_before
            watched.asking.run_once()
        assert watched.code(away) == "witness_unreachable"
        assert pauses == [2.0, 8.0, 32.0, 128.0, 300.0, 300.0]


def test_too_few_leave_it_unwitnessed(watched: Watched, witness: Witness) -> None:
    """What came is published all the same; the last checkpoint that met the quorum is another matter."""
    with served(witness) as url:
        other = "http://127.0.0.1:9/"
        ml = witness.signers[1].vkey()
        watched.trust(line("a", witness, url) + f"witness b {ml} {other}\ngroup all all a b\nquorum all\n")
        watched.grow()
        assert watched.asking.run_once() == 1
        assert watched.cosigned() == {"a"}
        assert watched.store.witnessed() is None


def test_a_memory_that_is_lost_is_no_harm(watched: Watched, witness: Witness) -> None:
    """The witness says in its 409 which size it had; a new process adds what an old one kept and did not publish."""
    with served(witness) as url:
        watched.trust(line("w", witness, url) + "quorum w\n")
        watched.grow()
        assert watched.asking.run_once() == 1
        bare = parse_note(watched.published()).text
        (watched.world.home / "witnesses.sqlite").unlink()
        for rest in watched.world.home.glob("witnesses.sqlite-*"):
            rest.unlink()
        watched.store = SQLiteCosignatures(watched.world.home / "witnesses.sqlite")
        watched.grow()
        assert watched.fresh().run_once() == 1
        assert watched.cosigned() == {"w"}
        assert parse_note(watched.published()).text != bare
        kept = watched.published()
        ours = parse_note(kept)
        watched.world.publisher.publish(type(ours)(ours.text, ours.signatures[:1]).encode())
        watched.fresh().run_once()
        assert watched.published().startswith(kept.rpartition("— ".encode())[0]) and watched.cosigned() == {"w"}


def test_a_checkpoint_that_is_outdated_is_never_published_again(watched: Watched, witness: Witness) -> None:
    """A cosignature that comes when a larger tree is public is kept, and not published."""
    with scripted(says(404)) as script:
        ready: list[bytes] = []

        def slow(handler: BaseHTTPRequestHandler, body: bytes) -> None:
            if not ready:
                watched_size.append(watched.grow())  # while the witness thinks
                ready.append(body)
            answer = witness.add_checkpoint(body)
            says(answer.status, answer.body.encode())(handler, body)

        watched_size: list[int] = []
        script.answers = [slow]
        watched.trust(line("w", witness, script.url) + "quorum w\n")
        first = watched.grow()
        assert watched.asking.run_once(10.0) == 1
        assert parse_submission(ready[0]).note.split("\n")[1] == str(first)
        assert watched.published().split(b"\n")[1] == str(watched_size[0]).encode()
        assert watched.cosigned() == set()
        last = watched.store.witnessed()
        assert last is not None and last.size == first
        assert watched.asking.run_once() == 1 and watched.cosigned() == {"w"}


ODD: dict[str, tuple[list[Callable[[BaseHTTPRequestHandler, bytes], None]], str]] = {
    "unknown log": ([says(404, b"unknown log\n")], "witness_refused"),
    "forbidden": ([says(403)], "witness_refused"),
    "a fault": ([says(500, b"oops")], "witness_refused"),
    "elsewhere": ([says(302, Location="http://127.0.0.1:9/add-checkpoint")], "witness_refused"),
    "elsewhere for good": ([says(308, Location="http://127.0.0.1:9/add-checkpoint")], "witness_refused"),
    "garbage": ([says(200, b"<html>thank you</html>\n")], "witness_answer_invalid"),
    "nothing": ([says(200)], "witness_answer_invalid"),
    "bytes": ([says(200, bytes(range(256)))], "witness_answer_invalid"),
    "too much": ([says(200, b"x" * 200_000)], "witness_unreachable"),
    "empty conflicts": ([says(409)], "witness_refused"),
    "conflicts without end": ([says(409, b"1\n"), says(409, b"2\n"), says(409, b"1\n")], "witness_refused"),
    "a page as conflict": ([says(409, b"<html>\n")], "witness_refused"),
    "a size that is ahead": ([says(409, b"1000000\n")], "witness_saw_another"),
}


def cut_off(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write("— witness".encode())
    handler.close_connection = True


def in_pieces(body: bytes) -> Callable[[BaseHTTPRequestHandler, bytes], None]:
    """The same in chunks of one byte, without a length."""

    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(409)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for byte in body:
            handler.wfile.write(b"1\r\n" + bytes([byte]) + b"\r\n")
        handler.wfile.write(b"0\r\n\r\n")

    return answer


def hang_up(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.close_connection = True
    handler.connection.close()


@pytest.mark.parametrize("what", [*ODD, "cut off", "no answer"])
def test_odd_answers(watched: Watched, witness: Witness, what: str) -> None:
    """Each is a fault of that witness, told and tried again later; nothing published changes, and nothing raises."""
    answers, code = ODD.get(what, ([cut_off if what == "cut off" else hang_up], "witness_unreachable"))
    with scripted(*answers) as script:
        watched.trust(line("w", witness, script.url) + "quorum w\n")
        watched.grow(5)
        before = watched.published()
        assert watched.asking.run_once() == 0
        assert (watched.published(), watched.code(script.url)) == (before, code)
        assert len(script.asked) <= 4
        assert watched.store.asked()[script.url].alarm == (code == "witness_saw_another")
        watched.grow(5)  # the ledger goes on
        assert watched.published() != before


def test_a_wrong_cosignature_is_refused(watched: Watched, witness: Witness, tmp_path: Path) -> None:
    """One of the right key over another checkpoint; one of a key that the policy does not name; and of both."""
    stranger = witness_of(watched, tmp_path / "w2", "witness.example/w2")
    older: list[str] = []

    def yesterday(body: str) -> str:
        older.append(body)
        return older[0]

    with scripted(of(witness, yesterday)) as script, scripted(of(stranger)) as unknown:
        watched.trust(line("w", witness, script.url) + "quorum w\n")
        watched.grow()
        assert watched.asking.run_once() == 1
        watched.grow()
        assert watched.asking.run_once() == 0
        assert watched.code(script.url) == "witness_answer_invalid" and watched.cosigned() == set()
        watched.trust(line("w", witness, unknown.url) + "quorum w\n")
        assert watched.asking.run_once() == 0
        assert watched.code(unknown.url) == "witness_answer_invalid"
        script.answers = [of(witness, lambda body: stranger_line + body)]
        stranger_line = f"— witness.example/w9 {'A' * 100}\n"
        watched.trust(line("w", witness, script.url) + "quorum w\n")
        watched.now.at += 1000
        assert watched.asking.run_once() == 1
        assert watched.cosigned() == {"w"} and b"witness.example/w9" not in watched.published()


def test_push_back_is_heeded(watched: Watched, witness: Witness) -> None:
    """A 429 says when; the witness is not asked before, and then it is."""
    with scripted(says(429, b"later\n", Retry_After="120"), of(witness)) as script:
        watched.trust(line("w", witness, script.url) + "quorum w\n")
        watched.grow()
        assert watched.asking.run_once() == 0
        watched.now.at += 119
        assert watched.asking.run_once() == 0 and len(script.asked) == 1
        watched.now.at += 1
        assert watched.asking.run_once() == 1
        assert watched.cosigned() == {"w"}


def test_an_empty_conflict_is_asked_about(watched: Watched, witness: Witness) -> None:
    """A witness that answers 409 without a size is asked with zero, says the size, and cosigns."""
    with scripted(of(witness)) as script:
        watched.trust(line("w", witness, script.url) + "quorum w\n")
        watched.grow(4)
        assert watched.asking.run_once() == 1
        watched.grow(4)
        script.answers = [says(409), of(witness)]
        script.asked.clear()
        assert watched.asking.run_once() == 1
        assert [parse_submission(body).old for body in script.asked] == [4, 0, 4]
        watched.grow(4)
        watched.store.remember(Asked(script.url, 2))
        script.answers = [in_pieces(b"8\n"), of(witness)]
        assert watched.asking.run_once() == 1


def test_a_slow_witness_holds_up_no_other(watched: Watched, witness: Witness, tmp_path: Path) -> None:
    """The quick one's cosignature is published while the slow one thinks; the slow one's is added when it comes."""
    second = witness_of(watched, tmp_path / "w2", "witness.example/w2")
    thinking = [True]

    def slow(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        while thinking[0]:
            time.sleep(0.01)
        of(second)(handler, body)

    with served(witness) as url, scripted(slow) as script:
        watched.trust(line("a", witness, url) + line("b", second, script.url) + "group g all a b\nquorum g\n")
        watched.grow()
        assert next(filter(None, (watched.asking.run_once(0.5) for _ in range(40))), 0) == 1
        assert watched.cosigned() == {"a"}
        assert watched.asking.run_once(0.01) == 0  # it is not asked again while it thinks
        thinking[0] = False
        assert watched.asking.run_once(10.0) == 1
        assert watched.cosigned() == {"a", "b"} and len(script.asked) == 1
        assert watched.store.witnessed() is not None


def test_the_policy_of_the_archive(watched: Watched, tmp_path: Path) -> None:
    """Without a file it asks for nobody; a file must list this ledger's key, and is published to the byte."""
    key = watched.world.signer.signer.vkey()
    assert read_policy(None, key).data == f"log {key}\nquorum none\n".encode()
    file = tmp_path / "policy"
    file.write_text(f"# ours\nlog {key}\nquorum none\n")
    assert read_policy(file, key).data == file.read_bytes()
