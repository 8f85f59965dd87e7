"""One authority over HTTP: its answers are verified before anybody keeps them, and nothing it does holds us up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.timestamps import http
from adapters.timestamps.address import AuthorityAddress
from adapters.timestamps.answers import Checker, RootsUnusable, require_imprint
from adapters.timestamps.http import HttpAuthority
from domain.errors import JianzhengError
from domain.ledger.timestamps import AuthorityUnreachable, InvalidTimestamp, TimestampRefused
from tests.authority import Authority, make, serving

NOTE = b"archive.example/test\n7\nAAAA\n\n\xe2\x80\x94 archive.example/test c2lnbmF0dXJl\n"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("tsa") / "one").folder


@pytest.fixture
def authority(keys: Path) -> Iterator[Authority]:
    (keys / "wanted").write_bytes(NOTE)
    with serving(Authority(keys)) as found:
        yield found


def client(authority: Authority, roots: Path | None = None, deadline: float = 20.0) -> HttpAuthority:
    return HttpAuthority(AuthorityAddress("tsa", authority.url), roots or authority.roots, deadline)


def test_a_stamp_and_an_independent_program(authority: Authority, tmp_path: Path) -> None:
    """The answer says when, over which bytes, and ``openssl ts -verify`` agrees; of other bytes neither does."""
    answer = client(authority).stamp(NOTE)
    said = Checker("tsa", authority.roots).check(answer)
    require_imprint(said, NOTE)
    assert abs(said.time - datetime.now(UTC)) < timedelta(minutes=5)
    assert said.policy == "1.2.3.4.1"
    stamp, note, other = tmp_path / "a.tsr", tmp_path / "a.note", tmp_path / "b.note"
    stamp.write_bytes(answer)
    note.write_bytes(NOTE)
    other.write_bytes(NOTE + b"x")
    assert authority.verifies(stamp, note)
    assert not authority.verifies(stamp, other)
    with pytest.raises(InvalidTimestamp):
        require_imprint(said, NOTE + b"x")


@pytest.mark.parametrize(
    ("mood", "error", "words"),
    [
        ("refusing", TimestampRefused, "rejection"),
        ("other nonce", InvalidTimestamp, "nonce"),
        ("other imprint", InvalidTimestamp, "something else"),
        ("expired", InvalidTimestamp, "expired"),
        ("garbage", InvalidTimestamp, "cannot be read"),
        ("nothing", InvalidTimestamp, "cannot be read"),
        ("truncated", InvalidTimestamp, "cannot be read"),
        ("huge", InvalidTimestamp, "too long"),
        ("broken", AuthorityUnreachable, "HTTP 503"),
        ("moved", AuthorityUnreachable, "HTTP 302"),
    ],
)
def test_odd_answers(authority: Authority, mood: str, error: type[JianzhengError], words: str) -> None:
    """A refusal, another request's answer, other bytes, an old certificate, garbage: each is named, none is kept."""
    authority.mood = mood
    with pytest.raises(error) as caught:
        client(authority).stamp(NOTE)
    assert words in caught.value.message("en")
    assert caught.value.message("zh") != caught.value.message("en")


@pytest.mark.parametrize("mood", ["silent", "dripping"])
def test_one_that_takes_its_time(authority: Authority, mood: str) -> None:
    """One that says nothing, and one that says a byte now and then, are given up at the deadline."""
    authority.mood = mood
    with pytest.raises(AuthorityUnreachable):
        client(authority, deadline=0.3).stamp(NOTE)
    assert http.DEADLINE <= 20


def test_nobody_there(authority: Authority) -> None:
    """No server at the address."""
    nobody = HttpAuthority(AuthorityAddress("tsa", "http://127.0.0.1:1/"), authority.roots)
    with pytest.raises(AuthorityUnreachable):
        nobody.stamp(NOTE)


def test_somebody_else(authority: Authority, tmp_path: Path) -> None:
    """An authority whose certificates do not lead to the root that is trusted here stamps nothing."""
    other = make(tmp_path / "other")
    with pytest.raises(InvalidTimestamp) as caught:
        client(authority, other.roots).stamp(NOTE)
    assert "certificate" in caught.value.message("en")


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_without_a_root(authority: Authority, tmp_path: Path, content: bytes | None) -> None:
    """Nobody is asked for what could not be checked."""
    roots = tmp_path / "tsa.pem"
    if content is not None:
        roots.write_bytes(content)
    with pytest.raises(RootsUnusable) as caught:
        client(authority, roots).stamp(NOTE)
    assert caught.value.file == str(roots)
    assert authority.asked == 0


def test_a_stamp_outlives_its_certificate(tmp_path: Path) -> None:
    """It is verified as of the time that it names."""
    old = make(tmp_path / "old", datetime.now(UTC) - timedelta(days=3650 - 1))
    assert Checker("old", old.roots).check(old.stamp(NOTE)).serial > 0


def test_every_flipped_byte_is_an_error_of_ours_or_harmless(authority: Authority) -> None:
    """Whatever is flipped, nothing but our error comes out, and what was stamped and when never changes."""
    answer, checker = authority.stamp(NOTE), Checker("tsa", authority.roots)
    true, passed = checker.check(answer), 0
    for at in range(len(answer)):
        flipped = answer[:at] + bytes([answer[at] ^ 1]) + answer[at + 1 :]
        try:
            assert checker.check(flipped) == true
            passed += 1
        except InvalidTimestamp:
            continue
    assert passed < 20  # bytes that no signature covers: versions, names of algorithms
