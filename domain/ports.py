"""Protocols of everything outside the domain: what the use cases need, not how it is done.

Each port has one contract suite in ``tests/contract`` that every adapter passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, Literal, NamedTuple, Protocol, TypeVar
from uuid import UUID

from domain.errors import Lang
from domain.event import Event
from domain.ledger.tiles import Tile

Json = dict[str, Any]

# ── time, chance ────────────────────────────────────────────────────────────────────────────────────────────────


class Clock(Protocol):
    def __call__(self) -> datetime:
        """The present instant, timezone-aware, in UTC."""
        ...


class Entropy(Protocol):
    def uuid(self) -> UUID:
        """A random id (version 4), never given before."""
        ...

    def salt(self) -> str:
        """16 random bytes as 32 hex digits."""
        ...


# ── credentials ─────────────────────────────────────────────────────────────────────────────────────────────────


class Credentials(Protocol):
    """Passwords and sessions of accounts: never events. Whether an account exists is the directory's matter."""

    def prepare(self, username: str, password: str) -> str:
        """What is kept in its place; nothing is changed yet. Raises an `InputError` for a password too weak."""
        ...

    def keep(self, username: str, prepared: str) -> None:
        """From now on the password is the one prepared; every session of the account ends, a thief's too."""
        ...

    def has_password(self, username: str) -> bool:
        """Whether one was ever kept for it."""
        ...

    def end_all(self, username: str) -> None:
        """Every session of the account ends."""
        ...


# ── events ──────────────────────────────────────────────────────────────────────────────────────────────────────


class StoredRow(NamedTuple):
    """One event exactly as it lies in the store. ``position`` is the store's cursor (ascending, not dense)."""

    position: int
    id: UUID
    version: int
    topic: str
    state: bytes


NewEntry = tuple[int, bytes, int, bytes]
"""Position, id (16 bytes), version and entry (`domain.ledger.entry`) of an event."""

Act = tuple[int, str, str, Json]
"""Position, topic, stream (its key in the store: one for each stream, good for telling them apart) and attributes."""

Decided = TypeVar("Decided", bound=Sequence[Event])


class EventStore(Protocol):
    """Streams of events. A stream is an aggregate's id; versions in it are 1, 2, 3 …"""

    def append(self, events: Sequence[Event]) -> None:
        """Store all of them, or none, durably. Raises `VersionConflict` where a (stream, version) is taken."""
        ...

    def append_next(self, stream_id: UUID, decide: Callable[[int], Decided]) -> Decided:
        """Store, as `append` does, the events that ``decide`` makes of the stream's last version, and return them. For
        streams that many append to: nobody else appends between that version (0 for an unknown stream) and the events.

        ``decide`` continues the stream or returns nothing; where it raises, nothing is stored. Others wait for it, and
        it is asked again where somebody was quicker: it computes at once, and asks no store itself. Raises
        `VersionConflict` only where a place in *another* stream is taken, `ArchiveBusy` after waiting for too long.
        """
        ...

    def stream(self, stream_id: UUID, after: int = 0, limit: int | None = None) -> list[Event]:
        """The events of a stream with a version above ``after``, in order; empty for an unknown stream."""
        ...

    def last_version(self, stream_id: UUID) -> int:
        """The highest version in the stream, 0 for an unknown one."""
        ...

    def rows(self, after: int, limit: int) -> list[StoredRow]:
        """Rows behind position ``after``, in commit order: once a row was returned none will appear before it."""
        ...

    def entries(self, after: int, limit: int) -> list[NewEntry]:
        """Like `rows`, as what the ledger commits to; without the making of objects. Raises `InvalidEntry`."""
        ...

    def directory_rows(self, after: int, limit: int) -> list[StoredRow]:
        """Like `rows`, only those of the directory (`domain.organisations.events`)."""
        ...

    def rows_at(self, positions: Sequence[int]) -> list[StoredRow]:
        """The rows at these positions, in the order asked; those that are not there are left out."""
        ...

    def acts_at(self, positions: Sequence[int]) -> list[Act]:
        """Like `rows_at` and `attributes`, without the making of objects: for folds over very many events.

        Each position is asked for once. Raises `EventUnreadable`.
        """
        ...

    def stored(self, stream_id: UUID) -> list[StoredRow]:
        """The rows of a stream, in order."""
        ...

    def erasures(self, after: int, limit: int) -> list[StoredRow]:
        """Like `rows`, only proposals to erase, and their decisions (`domain.records.events.ERASURE_PREFIX`)."""
        ...

    def erase(self, stream_id: UUID, version: int, by: int) -> bool:
        """Put a tombstone in the place of an event's state, durably; False where there is one already.

        Raises `ErasureNotAnnounced` unless event ``by`` of the stream says that it erases this very state: so much
        the store itself sees to.
        """
        ...

    def head(self) -> int:
        """Position of the last row, 0 in an empty store."""
        ...

    def decode(self, row: StoredRow) -> Event:
        """The domain event of a stored row. Raises `EventUnreadable`."""
        ...

    def attributes(self, row: StoredRow) -> dict[str, Any]:
        """The attributes of a stored row's event as plain JSON, in the newest shape. Raises `EventUnreadable`."""
        ...


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────


class StagedFile(Protocol):
    """Bytes that arrived whole and are fsynced, hashed while they streamed, but not yet kept under a lasting name."""

    sha256: str
    size: int

    def open(self) -> IO[bytes]:
        """A seekable reader, also after `commit`. Raises `BlobMissing` when staging lost them."""
        ...

    def commit(self) -> None:
        """Keep them under their digest, durably; nothing happens when the digest is already kept.

        Raises `BlobDamaged` when other bytes lie under that digest, `BlobMissing` when staging lost it, and
        `BlobErased` when these bytes were erased: what is gone does not come back unnoticed.
        """
        ...

    def discard(self) -> None:
        """Forget them; what was committed stays kept."""
        ...


class FixityResult(NamedTuple):
    """One kept file hashed again. It is sound when ``found == sha256``."""

    sha256: str  # the digest it is kept under
    found: str | None  # the digest of its bytes; None when they cannot be read to the end
    size: int | None  # bytes; None when nothing is kept under that digest


class BlobStore(Protocol):
    """Files under their SHA-256 (64 lower-case hex digits). Never overwritten, never changed."""

    def stage(self, chunks: Iterator[bytes]) -> StagedFile:
        """Stream to staging with flat memory while hashing. Raises `StorageFull`; leaves nothing behind on error."""
        ...

    def find_staged(self, sha256: str) -> StagedFile | None:
        """What an earlier request staged and nobody has committed yet; None when there is none, or it expired."""
        ...

    def sweep(self) -> int:
        """Remove what killed processes and abandoned uploads left in staging; returns how many files."""
        ...

    def open(self, sha256: str) -> IO[bytes]:
        """A seekable reader. Raises `BlobMissing`, `BlobErased`."""
        ...

    def erase(self, sha256: str, unless: Callable[[], bool] = lambda: False) -> bool:
        """Make a kept file unreadable for good, durably.

        True: nothing of it can be read here any more; so also where it was not there. False: a lock holds a readable
        copy, and nothing was removed; repeat it when the lock has ended. Waits until no filing is under way, and asks
        then ``unless`` somebody needs it: nothing is removed, and the answer is False. After an error a repeat finishes
        what was begun.
        """
        ...

    def erased(self, digests: Iterable[str]) -> set[str]:
        """Those of them that were erased here."""
        ...

    def size(self, sha256: str) -> int | None:
        """Size in bytes, None when it is not kept."""
        ...

    def digests(self) -> Iterator[str]:
        """Every digest kept, in ascending order."""
        ...

    def fixity(self, digests: Iterable[str], workers: int = 2) -> Iterator[FixityResult]:
        """Hash kept files again, in the order asked, with flat memory; never raises for what it finds."""
        ...

    def pending(self, digests: Iterable[str]) -> AbstractContextManager[None]:
        """While the block runs, files of these digests may be kept without an event that names them.

        Should the process die or the block raise, they are `leftovers` from then on, not a sign of tampering.
        """
        ...

    def leftovers(self) -> set[str]:
        """Digests of filings under way, and of those that were interrupted."""
        ...

    def clean_up(self, referenced: Callable[[set[str]], set[str]]) -> list[str]:
        """Remove the leftovers that no event names: ``referenced`` gives those of its argument that one does.

        Waits until no filing is under way, and lets none begin meanwhile. Returns the digests removed.
        """
        ...

    def strays(self) -> Iterator[str]:
        """Names of things in the store that are not kept files (foreign names, leftovers)."""
        ...


# ── text ────────────────────────────────────────────────────────────────────────────────────────────────────────

TextStatus = Literal["extracted", "empty", "pending", "encrypted", "damaged", "too_large", "unsupported", "timed_out"]


@dataclass(frozen=True)
class ExtractedText:
    """What an extractor found. ``pages[i]`` is page (slide, sheet) i+1; a format without pages has one entry.

    ``crashed``: it did not get through; another attempt, on a machine that is less busy, may.
    """

    status: TextStatus
    pages: tuple[str, ...] = ()
    paged: bool = False
    detail: str = ""
    crashed: bool = False
    reader: str = ""  # who made it, as `TextExtractor.reader` says; empty from before readers had versions


class TextExtractor(Protocol):
    """Reads the text of files, a reader for each format."""

    def reader(self, media_type: str) -> str:
        """Which reader, in which version, reads such a file now: another one might give another text."""
        ...

    def is_current(self, text: ExtractedText, media_type: str) -> bool:
        """Whether reading the file again would be done by the reader that made the text."""
        ...

    def extract(self, blob: IO[bytes], media_type: str) -> ExtractedText:
        """Never raises for what is in the file: a hostile or damaged file is an outcome."""
        ...


# ── search ──────────────────────────────────────────────────────────────────────────────────────────────────────

FOREVER = 2**62
"""``until`` of a document whose version is still the current one."""


@dataclass(frozen=True)
class SearchDocument:
    """One searchable text: the record's own fields, or one page group of one file, in one revision of a record.

    It is the current one for tree sizes ``n`` with ``from_leaf < n <= until_leaf`` — that is, the event at leaf
    index ``from_leaf`` made it and the event at leaf index ``until_leaf`` ended it.
    """

    record: str
    revision: int
    source: str  # "title", "body", …, or "file:<n>"
    source_name: str  # "title", "body" or the file's name, as shown
    page: int | None  # first page of the group, 1-based
    text: str  # original text
    from_leaf: int
    until_leaf: int
    organisation: str
    organisation_path: tuple[str, ...]  # codes from the top down to `organisation`
    family: str
    form: str
    occurred_on: str  # YYYY-MM-DD
    recorded_on: str  # YYYY-MM-DD, local date of the archive
    status: str
    confidential: bool
    readers: tuple[str, ...] = ()  # person codes that may read it although it is confidential
    filed_by: str = ""  # user name: who filed a confidential record may find it again
    people: tuple[str, ...] = ()  # names and codes of everyone taking part
    plan: str = ""
    phase: str = ""
    file_type: str = ""
    late: bool = False
    gaps: bool = False
    due: str = ""  # YYYY-MM-DD: the deadline of a rectification item that is not closed

    @property
    def id(self) -> str:
        page = "" if self.page is None else f":{self.page}"
        return f"{self.record}:{self.revision}:{self.source}{page}"


@dataclass(frozen=True)
class Scope:
    """What the searcher may see: everything below ``organisations``; of the confidential, only below
    ``confidential``, where ``person`` is among the readers, or what ``username`` filed. ``everything``
    skips the filter."""

    everything: bool = False
    organisations: frozenset[str] = frozenset()
    confidential: frozenset[str] = frozenset()
    person: str | None = None
    username: str | None = None


Sort = Literal["relevance", "newest", "oldest"]


@dataclass(frozen=True)
class SearchRequest:
    query: str = ""
    scope: Scope = field(default_factory=Scope)
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """facet name → accepted values (any of them): organisation (includes those below) family form plan phase
    person year status file_type late gaps"""
    occurred_from: str | None = None
    occurred_to: str | None = None
    recorded_from: str | None = None
    recorded_to: str | None = None
    due_before: str | None = None  # of rectification items not closed
    as_of: int | None = None  # tree size; None: now
    sort: Sort = "relevance"
    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True)
class Snippet:
    source: str
    page: int | None
    text: str  # a slice of the original text
    marks: tuple[tuple[int, int], ...]  # character offsets into `text`


@dataclass(frozen=True)
class Hit:
    record: str
    revision: int
    score: float
    snippets: tuple[Snippet, ...]


@dataclass(frozen=True)
class SearchResult:
    total: int  # records, not documents
    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[tuple[str, int], ...]]  # records by value, most first
    next: str | None  # cursor of the next page


class SearchEngine(Protocol):
    """The index of search documents, with the position up to which it has followed the ledger."""

    def write(self, upserts: Sequence[SearchDocument], deletes: Sequence[str], position: int) -> None:
        """Replace documents by id, delete those named, and note ``position`` (leaf index + 1), all in one commit."""
        ...

    def position(self) -> int:
        """The tree size the index has taken in, 0 for an empty one."""
        ...

    def search(self, request: SearchRequest) -> SearchResult:
        """Raises `InvalidQuery`, `InvalidCursor`; never anything else for whatever is typed."""
        ...

    def documents(self, record: str) -> list[str]:
        """Ids of the documents of a record."""
        ...

    def clear(self) -> None:
        """Remove every document; the position is 0 again."""
        ...

    def close(self) -> None:
        """Let go of files and connections; nothing is asked afterwards."""
        ...


# ── figures ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Concerned(NamedTuple):
    """One event that a report must read."""

    leaf: int
    position: int  # of the row in the event store


class FiguresReader(Protocol):
    """Which events concern an organisation's year: a view, rebuilt from the ledger and the events at any time."""

    def size(self) -> int:
        """The tree size it has taken in."""
        ...

    def concerned(self, organisations: Iterable[str], year: int, below: int) -> list[Concerned]:
        """The events, with leaf indices under ``below``, of all records that at any time belonged to the year.

        More than a checkpoint's report counts where a correction moved a record from one year to another: the fold
        decides by the content that was current.
        """
        ...

    def issued(self, digest: str) -> list[int]:
        """Leaf indices of the events that issued a file of that SHA-256, oldest first."""
        ...


class ReportRenderer(Protocol):
    """Makes a file of a report. The same report and language give the same bytes."""

    def __call__(self, report: Json, lang: Lang) -> bytes:
        """``report`` is `domain.reports.annual.Report.as_json`."""
        ...


# ── ledger ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Signer(Protocol):
    """A key that signs notes (C2SP ``signed-note``), wherever it lies. ``name`` is the origin."""

    name: str

    def vkey(self) -> str:
        """Its public part: name, key hash and key, in one line without an end."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature."""
        ...


@dataclass(frozen=True, slots=True)
class Leaf:
    index: int
    position: int  # of the row in the event store
    id: UUID
    version: int
    hash: bytes


class LedgerReader(Protocol):
    """What everything but the integrator needs of the ledger."""

    def size(self) -> int:
        """Number of leaves integrated."""
        ...

    def leaves(self, start: int, limit: int) -> list[Leaf]:
        """At most ``limit`` leaves from index ``start`` on, in order; fewer only at the end."""
        ...

    def leaf_of(self, stream_id: UUID, version: int) -> Leaf | None:
        """The leaf of an event, None while it is not integrated."""
        ...

    def leaves_of(self, stream_id: UUID) -> list[Leaf]:
        """Those of a stream's events that are integrated, in order of the versions."""
        ...

    def size_at(self, instant: datetime) -> int:
        """Tree size of the last batch integrated at or before the instant."""
        ...

    def batch_time(self, index: int) -> datetime | None:
        """When the batch that holds leaf ``index`` was integrated."""
        ...

    def root(self, size: int) -> bytes:
        """MTH (RFC 6962, 32 bytes) of the first ``size`` leaves; ``size`` is at most `size`."""
        ...

    def checkpoint(self) -> str:
        """The latest signed checkpoint, as published; raises `NotFound` before the first one."""
        ...


NewLeaf = tuple[int, bytes, int, bytes]
"""position, id (16 bytes), version, leaf hash"""


class LedgerTables(LedgerReader, Protocol):
    """What the integrator needs besides: only the holder of the ledger's lock writes."""

    def nodes(self, level: int, start: int, end: int) -> list[bytes]:
        """Hashes of a level, ``end`` excluded; level 0 are the leaves. Raises `DatabaseDamaged` if one is missing."""
        ...

    def range_hash(self, start: int, end: int) -> bytes:
        """MTH of the leaves ``start`` to ``end`` (excluded), as proofs need it."""
        ...

    def tracking(self) -> int:
        """The position in the event store up to which events are leaves."""
        ...

    def published(self) -> int:
        """The size of the last tree whose publication was completed."""
        ...

    def append(self, leaves: Sequence[NewLeaf], at: datetime) -> int:
        """Add a batch of leaves behind the last, in one durable transaction; returns the new size."""
        ...

    def record_checkpoint(self, size: int, note: str) -> None:
        """Keep a checkpoint for ever; its being here says that its publication was completed."""
        ...


class LedgerPublisher(Protocol):
    """The ledger's public files: tiles and bundles are created once, only the checkpoint is replaced."""

    def checkpoint(self) -> bytes:
        """The published checkpoint's bytes. Raises `NotFound` before the first one."""
        ...

    def read(self, tile: Tile) -> bytes | None:
        """A published tile or bundle, None where it is not there."""
        ...

    def write(self, files: Iterable[tuple[Tile, bytes]], fault: Callable[[str], None]) -> None:
        """Create them, durably; ``fault`` is called between steps. Those that are there already must be the same, or
        `PublishedBytesDiffer`."""
        ...

    def publish(self, note: str) -> None:
        """Replace the checkpoint: the moment at which the new leaves are public."""
        ...

    def drop_partials(self, full: Iterable[Tile]) -> None:
        """Remove the partial tiles of tiles that are full now."""
        ...


class Lock(Protocol):
    """Exclusive among all threads and processes; free again when its holder dies."""

    def held(self, wait: float = 0.0) -> AbstractContextManager[bool]:
        """Try for ``wait`` seconds (-1: for ever); says whether the lock is ours for the length of the block."""
        ...
