"""Time stamps (RFC 3161) over checkpoints: what is stamped, how it is called, and when the next one is due.

Stamped is the note *as the log signed it*: the text, the blank line, and the signature lines of the log's own keys
(those whose name is the origin) in their order. Witnesses add cosignature lines to a published note later; without them
the bytes stay what they were. With the log's line the stamp says when the log had signed this root, so that it convicts
whoever rewrites the history and signs it again with the real key: both signatures are the log's, and one has a date.

Beside each answer lies the note that it is about, so that a pair can be checked by itself, with any program.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from domain.errors import InputError, ServerUnreachable, Unavailable
from domain.ledger.checkpoint import parse_checkpoint
from domain.ledger.note import Note, parse_note

FOLDER = "timestamps/"
"""Below the ledger's public folder, beside the checkpoint."""

STAMP, NOTE = ".tsr", ".note"
"""The authority's whole answer (``TimeStampResp``, DER), and the bytes that it stamped."""

DAILY = timedelta(days=1)

YEAR_ENDS = (12, 31, 23, 30)
"""Month, day, hour, minute in the archive's zone: late enough to cover the year, early enough to try more than once."""

CLOCKS_DIFFER = timedelta(minutes=5)
"""An authority's time that is further than this from ours is told: one of the two clocks is wrong."""

SEAL_SIZE = 40

_NAME = re.compile("[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_LABEL = re.compile(rf"(0|[1-9][0-9]{{0,18}})-({_NAME.pattern})")


class InvalidTimestamp(InputError):
    """An answer of an authority that cannot be read, or that does not show what was asked for."""

    code = "timestamp_invalid"
    zh = "时间戳无效：{problem_zh}。"
    en = "The time stamp is not valid: {problem_en}."
    next_zh = "请核对时间戳机构的地址和根证书。"
    next_en = "Check the address of the time-stamping authority and its root certificates."

    def __init__(self, problem_zh: str, problem_en: str, **where: Any) -> None:
        super().__init__(problem_zh=problem_zh, problem_en=problem_en, **where)


class AuthorityUnreachable(ServerUnreachable):
    code = "timestamp_authority_unreachable"
    zh = "时间戳机构 {authority} 没有应答（{reason}）。"
    en = "The time-stamping authority {authority} does not answer ({reason})."

    def __init__(self, authority: str, reason: str, **where: Any) -> None:
        super().__init__(reason, authority=authority, **where)


class TimestampRefused(Unavailable):
    """The authority answered that it will not stamp (RFC 3161, 2.4.2: ``PKIStatus`` and its text)."""

    code = "timestamp_refused"
    zh = "时间戳机构 {authority} 拒绝了请求（{reason}）。"
    en = "The time-stamping authority {authority} refused the request ({reason})."

    def __init__(self, authority: str, reason: str, **where: Any) -> None:
        super().__init__(authority=authority, reason=reason, **where)


class StampName(NamedTuple):
    """Of the tree that was stamped, and who did it."""

    size: int
    authority: str

    @property
    def label(self) -> str:
        """``<size>-<authority>``, which `parse_label` reads."""
        return f"{self.size}-{self.authority}"

    def file(self, kind: str) -> str:
        """The path of one of its files below the ledger's public folder; ``kind`` is `STAMP` or `NOTE`."""
        return f"{FOLDER}{self.label}{kind}"


@dataclass(frozen=True)
class Stamped:
    """What a sound answer says. ``imprint``: the SHA-256 that was stamped; ``time``: the authority's ``genTime``."""

    time: datetime
    imprint: bytes
    serial: int
    policy: str


class TimestampAuthority(Protocol):
    """Who stamps, as the settings name them."""

    @property
    def name(self) -> str:
        """A name by `is_authority_name`: it stands in the names of the stamps' files."""
        ...

    def stamp(self, message: bytes) -> bytes:
        """Ask for a time stamp of these bytes; returns the whole answer, verified.

        Raises `AuthorityUnreachable`, `TimestampRefused`, `InvalidTimestamp`.
        """
        ...

    def check(self, answer: bytes) -> Stamped:
        """What an answer says, its signature verified up to a root of this authority. Raises `InvalidTimestamp`."""
        ...


class TimestampStore(Protocol):
    """Where stamps are kept for everybody to read: write-once files beside the ledger's checkpoint."""

    def keep(self, name: str, data: bytes) -> bool:
        """Create a file, durably and all at once; False where the name is taken, and stays as it is."""
        ...

    def read(self, name: str) -> bytes | None:
        """The file's bytes, by a name that begins with `FOLDER`; None where there is none."""
        ...

    def names(self) -> list[str]:
        """Everything below `FOLDER`, in any order."""
        ...

    def begin(self, what: StampName) -> None:
        """Note, durably, that its files are about to be made: until `end` some of them may be missing."""
        ...

    def end(self, what: StampName) -> None:
        """Its files are there: forget that they were begun. Nothing happens where they never were."""
        ...

    def unfinished(self) -> list[StampName]:
        """Those that were begun and not ended: under way, or interrupted."""
        ...


class TimestampRegister(Protocol):
    """What the ledger's database remembers of the stamps that were kept; nothing in it is ever changed."""

    def record_timestamp(self, size: int, authority: str, seal: bytes) -> None:
        """``seal`` as `seal_of` makes it. Nothing happens where there is one already."""
        ...

    def timestamps(self) -> list[tuple[int, str, bytes]]:
        """Size, authority and seal, ascending."""
        ...


def is_authority_name(text: str) -> bool:
    """Small letters, digits and hyphens: it becomes part of a file's name and of an address."""
    return _NAME.fullmatch(text) is not None


def parse_name(path: str) -> tuple[StampName, str] | None:
    """The name and kind of a file below `FOLDER`; None for what is no such name."""
    for kind in (STAMP, NOTE):
        label = parse_label(path.removeprefix(FOLDER).removesuffix(kind))
        if label is not None and path == label.file(kind):
            return label, kind
    return None


def parse_label(text: str) -> StampName | None:
    """What `StampName.label` wrote; None for anything else, a size of 2^63 or more included."""
    match = _LABEL.fullmatch(text)
    return None if match is None or int(match[1]) >= 2**63 else StampName(int(match[1]), match[2])


def seal_of(name: StampName, answer: bytes) -> bytes:
    """What the ledger's database remembers of an answer: its SHA-256, and a sum over that and the stamp's name.

    A signature does not cover every byte of an answer (versions, names of algorithms); the digest does. By the sum one
    can tell whether it was the file or the memory of it that was altered.
    """
    digest = sha256(answer).digest()
    return digest + _sum(name, digest)


def is_seal(name: StampName, seal: bytes) -> bool:
    """Whether it is one of that name, of whatever answer."""
    return len(seal) == SEAL_SIZE and seal[32:] == _sum(name, seal[:32])


def _sum(name: StampName, digest: bytes) -> bytes:
    return sha256(name.label.encode() + b"\n" + digest).digest()[: SEAL_SIZE - 32]


def as_log_signed(note: bytes | str) -> bytes:
    """The bytes that are stamped of a checkpoint's note, with whatever cosignatures. Raises `InvalidNote`."""
    cosigned = parse_note(note)
    origin = parse_checkpoint(cosigned.text).origin
    return Note(cosigned.text, tuple(each for each in cosigned.signatures if each.name == origin)).encode().encode()


def is_due(size: int, last: tuple[int, datetime] | None, now: datetime, zone: ZoneInfo) -> bool:
    """Whether a tree of ``size`` leaves is to be stamped now; ``last``: size and time of the authority's last stamp.

    Once a day when the tree grew, and once more at the end of the year — or, where nobody was there to do it, as soon
    as somebody is.
    """
    if size == 0 or last is None:
        return size > 0
    stamped, at = last
    if size <= stamped:
        return False
    return (
        at < year_end(now, zone) or not timedelta() <= now - at < DAILY
    )  # a clock that was set back keeps nothing back


def year_end(now: datetime, zone: ZoneInfo) -> datetime:
    """The last time, at or before ``now``, that a year was about to end."""
    local = now.astimezone(zone)
    end = datetime(local.year, *YEAR_ENDS, tzinfo=zone)
    return end if end <= local else end.replace(year=local.year - 1)
