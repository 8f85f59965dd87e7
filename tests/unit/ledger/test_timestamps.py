"""Time stamps: what is stamped, how it is called, and when the next one is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from adapters.timestamps.address import AuthorityAddress, BadAuthority, parse
from domain.ledger.checkpoint import Checkpoint
from domain.ledger.errors import InvalidNote
from domain.ledger.note import Note, Signature
from domain.ledger.timestamps import (
    StampName,
    as_log_signed,
    is_due,
    is_seal,
    parse_label,
    parse_name,
    seal_of,
    year_end,
)

ZONE = ZoneInfo("Asia/Shanghai")
ORIGIN = "archive.example/test"
TEXT = Checkpoint(ORIGIN, 7, bytes(32)).text()


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZONE)  # type: ignore[arg-type,misc]  # year, month, day, hour, minute


def test_what_is_stamped_is_what_the_log_signed() -> None:
    """Cosignatures that are added to a note later do not change the bytes that were stamped; all the log's lines do."""
    ours = (Signature(ORIGIN, b"\x01\x02\x03\x04", b"one"), Signature(ORIGIN, b"\x05\x06\x07\x08", b"rotated"))
    witness = Signature("witness.example", b"abcd", b"later")
    signed = Note(TEXT, ours).encode()
    assert as_log_signed(signed) == signed.encode()
    assert as_log_signed(Note(TEXT, (ours[0], witness, ours[1])).encode()) == signed.encode()
    assert as_log_signed(Note(TEXT, ours[:1]).encode()) != signed.encode()


def test_only_checkpoints_are_stamped() -> None:
    """A note that is none has no bytes to stamp."""
    with pytest.raises(InvalidNote):
        as_log_signed("hello\n\n— archive.example/test AAAAAAA=\n")


@pytest.mark.parametrize("path", ["timestamps/12-tsa.tsr", "timestamps/0-a.note", "timestamps/9-free-tsa-2.tsr"])
def test_names_of_files(path: str) -> None:
    """Size, authority and kind can be read from a name, and give it again."""
    found = parse_name(path)
    assert found is not None
    assert found[0].file(found[1]) == path


@pytest.mark.parametrize(
    "path",
    [
        "timestamps/012-tsa.tsr", "timestamps/12-.tsr", "timestamps/12-TSA.tsr", "timestamps/12-tsa.txt",
        "timestamps/tsa.tsr", "12-tsa.tsr", "timestamps/12-tsa/../x.tsr", f"timestamps/{2**63}-tsa.tsr",
        "timestamps/12--a.tsr", "timestamps/x", "timestamps/12-tsa.tsr\n", "timestamps/timestamps/1-a.tsr",
        "timestamps/12-tsa.note.tsr", "timestamps/-1-tsa.tsr",
    ],
)  # fmt: skip
def test_other_names(path: str) -> None:
    """What is no name of ours is none, however near it comes."""
    assert parse_name(path) is None


def test_seals() -> None:
    """A seal is of one name and one answer; whatever is changed in it shows that it was the seal."""
    name = StampName(7, "tsa")
    seal = seal_of(name, b"answer")
    assert is_seal(name, seal)
    assert seal_of(name, b"other") != seal
    assert not is_seal(StampName(8, "tsa"), seal)
    assert not any(is_seal(name, seal[:n] + bytes([seal[n] ^ 1]) + seal[n + 1 :]) for n in range(len(seal)))
    assert not is_seal(name, b"")
    assert parse_label("7-tsa") == name


def test_a_tree_that_did_not_grow_is_not_stamped_again() -> None:
    """However long ago its stamp is; an empty tree has none."""
    now = local(2024, 5, 1, 12, 0)
    assert not is_due(0, None, now, ZONE)
    assert is_due(1, None, now, ZONE)
    assert not is_due(5, (5, now - timedelta(days=400)), now, ZONE)


def test_daily() -> None:
    """A tree that grew is stamped a day after its last stamp, and at once where the clock was set back."""
    now = local(2024, 5, 1, 12, 0)
    assert not is_due(6, (5, now - timedelta(hours=23)), now, ZONE)
    assert is_due(6, (5, now - timedelta(hours=24)), now, ZONE)
    assert is_due(6, (5, now + timedelta(hours=1)), now, ZONE)


def test_the_end_of_the_year() -> None:
    """On 31 December in the archive's zone there is one more, and in January where nobody was there to ask for it."""
    before = local(2024, 12, 31, 20, 0)
    assert not is_due(6, (5, before), local(2024, 12, 31, 23, 29), ZONE)
    assert is_due(6, (5, before), local(2024, 12, 31, 23, 30), ZONE)
    assert is_due(6, (5, before.astimezone(UTC)), datetime(2024, 12, 31, 15, 30, tzinfo=UTC), ZONE)
    assert is_due(6, (5, before), local(2025, 1, 1, 9, 0), ZONE)
    assert not is_due(7, (6, local(2024, 12, 31, 23, 31)), local(2025, 1, 1, 9, 0), ZONE)
    assert year_end(local(2025, 1, 1, 0, 0), ZONE) == local(2024, 12, 31, 23, 30)


def test_authorities_are_named_in_a_line() -> None:
    """Names and addresses, in their order."""
    said = parse(" tsa=https://tsa.example/tsr  b-2=http://[::1]:8080/?a=b\n")
    assert said == (
        AuthorityAddress("tsa", "https://tsa.example/tsr"),
        AuthorityAddress("b-2", "http://[::1]:8080/?a=b"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "https://tsa.example/", "TSA=https://tsa.example/", "a/b=https://tsa.example/", "a=ftp://tsa.example/",
        "a=https://", "a=https://tsa.example:0/", "a=http://x b=http://y a=http://z", "a=https://[/",
        "a=https://tsa.example/#x", "=http://x",
    ],
)  # fmt: skip
def test_bad_authorities(text: str) -> None:
    """Each is refused with the part that is wrong."""
    with pytest.raises(BadAuthority):
        parse(text)


def test_a_password_in_an_address_is_never_shown() -> None:
    """It is refused, and the message does not repeat it."""
    with pytest.raises(BadAuthority) as caught:
        parse("a=https://user:geheim@tsa.example/")
    assert "geheim" not in caught.value.message("zh") + caught.value.message("en")
