"""What the forensic check asks of an archive, wherever its tables and its published files lie.

One set of questions and one set of answers: `adapters.evidence.sqlite` reads SQLite's files and a folder,
`adapters.evidence.postgres` and `adapters.evidence.published_s3` read the tables and the objects of servers. All of
them read what lies there as it lies there, and believe no column's type; so the check has no second way of going.

*Places* say where evidence is. They are plain values that other processes can be given, and open it there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from domain.errors import JianzhengError
from domain.ports.search import SearchDocument

Said = tuple[str, str]
"""The same in Chinese and in English."""


class EvidenceUnreadable(Exception):
    """The tables could not be read to their end.

    ``trouble`` is what ails the machine or the way to it at this moment, which says nothing about what is stored;
    None where it is damage, and so a finding.
    """

    def __init__(self, why: str, trouble: JianzhengError | None = None) -> None:
        super().__init__(why)
        self.trouble = trouble


class RawRow(NamedTuple):
    """A row of the event store. SQLite lets an edited row hold any type in any column."""

    position: int  # the table's key: SQLite holds nothing but integers in it
    id: Any  # 32 hexadecimal digits
    version: Any
    topic: Any
    state: Any


class EventEvidence(Protocol):
    """The rows of the event store. Everything raises `EvidenceUnreadable`."""

    def rows(self, after: int, limit: int) -> list[Any]:
        """Plain tuples in the order of `RawRow`, by ascending position: a million named ones cost a second."""
        ...

    def row(self, position: int) -> RawRow | None:
        """The row at this position; None where there is none."""
        ...

    def rows_at(self, positions: Iterable[Any]) -> list[RawRow]:
        """Those of the rows that are there, in the order asked; nothing lies at a position that is no integer."""
        ...

    def stream(self, stream: str, end: int) -> list[Any]:
        """Position, version, topic and state of a stream's events up to position ``end``, by ascending version."""
        ...

    def unsettled(self, first: int, end: int) -> Iterator[tuple[Any, Any, Any]]:
        """Id, version and topic of events up to position ``end``, of streams whose id begins with the byte ``first``.

        Of those streams only that do not count from one, and those of several events whose id is not derived (a UUID
        of version 5); the events of a stream together, by ascending version.
        """
        ...

    def of_streams(self, first: int, last: int, end: int) -> Iterator[tuple[Any, Any, int, Any, Any]]:
        """Id, version, position, topic and state of events up to position ``end``, of streams whose id begins with one
        of the bytes from ``first`` to ``last``; by ascending id and version."""
        ...

    def count_after(self, position: int) -> int:
        """How many rows lie behind this position."""
        ...

    def counter(self) -> int:
        """The highest position that was ever given out: deleting rows does not lower it, restoring a backup does."""
        ...

    def tolerant(self) -> None:
        """From now on text that is not UTF-8 is read as well (slower)."""
        ...

    def close(self) -> None:
        """Nothing is asked afterwards."""
        ...


class LedgerEvidence(Protocol):
    """The rows of the ledger's tables. Everything raises `EvidenceUnreadable`."""

    name: str  # how findings call the database: ``<name>:leaves/9``

    def leaves(self, start: int, end: int) -> list[Any]:
        """Plain tuples by ascending index: index, position, id (16 bytes), version, hash."""
        ...

    def size(self) -> int:
        """One more than the highest index of a leaf, whatever is missing below it; 0 without leaves."""
        ...

    def positions(self) -> Iterator[tuple[Any, Any]]:
        """Index and position of every leaf, in any order."""
        ...

    def by_position(self, size: int) -> Iterator[tuple[Any, Any]]:
        """Index and position of the leaves below ``size``, by ascending position."""
        ...

    def by_event(self, size: int) -> Iterator[tuple[Any, Any, Any, Any]]:
        """Id, version, position and index of the leaves below ``size``, by id and version: sorted anew, since an index
        that was tampered with must not make a stream look impossible."""
        ...

    def of_streams(self, first: int, last: int) -> Iterator[tuple[Any, Any, Any, int]]:
        """Id, version, position and index of the leaves of streams whose id begins with one of the bytes from ``first``
        to ``last``; by ascending id and version."""
        ...

    def of_stream(self, stream: UUID) -> list[tuple[Any, Any, int]]:
        """Version, position and index of its leaves, by ascending version."""
        ...

    def outside(self, end: int) -> Iterator[int]:
        """Indices of leaves below zero and from ``end`` on, ascending."""
        ...

    def nodes(self) -> Iterator[tuple[Any, Any, Any]]:
        """Level, index and hash, ascending."""
        ...

    def batches(self) -> list[tuple[Any, Any, Any]]:
        """First, size and time (text, ISO 8601 in UTC), ascending."""
        ...

    def tracking(self) -> Any:
        """The position of the last event that was integrated, as it stands there; 0 where nothing stands."""
        ...

    def checkpoints(self) -> list[tuple[Any, Any]]:
        """Size and note, ascending."""
        ...

    def timestamps(self) -> list[tuple[Any, Any, Any]]:
        """Size, authority and seal of every time stamp that was kept, ascending."""
        ...

    def tolerant(self) -> None:
        """From now on text that is not UTF-8 is read as well (slower)."""
        ...

    def close(self) -> None:
        """Nothing is asked afterwards."""
        ...


class Structure(Protocol):
    """Something whose build can be checked apart from the rows in it: a database file, a table of a server. A place."""

    @property
    def name(self) -> str:
        """How findings call it."""
        ...

    @property
    def kind(self) -> Said:
        """What it is, such as “database file”."""
        ...

    def there(self) -> bool:
        """Whether there is anything of that name."""
        ...

    def sound(self) -> bool:
        """Raises `EvidenceUnreadable` for the machine's trouble only."""
        ...


class TablesPlace(Protocol):
    """Where the tables of events and of the ledger are."""

    def events(self) -> EventEvidence:
        """Open them; whoever does closes them. Raises `EvidenceUnreadable`."""
        ...

    def ledger(self) -> LedgerEvidence:
        """As `events`, for the ledger's tables."""
        ...

    def structures(self) -> Sequence[Structure]:
        """Everything whose build is to be checked, for events and ledger."""
        ...

    def remarks(self) -> list[Said]:
        """What is worth knowing about how the tables are kept, though nothing is wrong."""
        ...


class PublishedFiles(Protocol):
    """The ledger's public files, by their names: ``checkpoint``, ``tile/0/000``.

    Where a server does not answer, its error is raised; that says nothing about any file.
    """

    def read(self, name: str) -> bytes | None:
        """None where there is no such file; raises `OSError` where there is one that cannot be read."""
        ...

    def holds(self, name: str, data: bytes) -> bool:
        """Whether the file is these bytes. Raises `OSError` where there is none."""
        ...

    def has(self, name: str) -> bool:
        """Whether there is a file of that name, be it readable or not."""
        ...

    def listing(self) -> Iterator[tuple[str, bool]]:
        """Everything that is there, by ascending name, and whether it is a plain file."""
        ...

    def expect(self, names: Iterable[str]) -> None:
        """These will be asked for next, in this order: a server may be asked ahead."""
        ...

    def close(self) -> None:
        """Nothing is asked afterwards."""
        ...


class PublishedPlace(Protocol):
    """Where the ledger's public files are."""

    def open(self) -> PublishedFiles:
        """Whoever opens them closes them."""
        ...


class IndexEntry(NamedTuple):
    """What an index holds under one name, as one thing that is right or wrong."""

    name: str  # begins with ``<record>:<revision>`` where it is an entry of ours
    content: bytes  # everything that can be searched in it and shown of it; any order of bytes, always the same one
    documents: tuple[SearchDocument, ...] = ()  # read back; none where it is not what its documents give


class IndexEvidence(Protocol):
    """A search index, read back to be held against the events. Raises what the engine is called when it is away, and
    `IndexDamaged` where it cannot be read."""

    @property
    def name(self) -> str:
        """How findings call it."""
        ...

    def position(self) -> int | None:
        """The tree size that it has taken in; 0 where there is no index, which is not made; None where somebody else
        wrote over it."""
        ...

    def entries(self, part: int, parts: int) -> Iterator[IndexEntry]:
        """One of so many parts of everything that is in it, in any order and without ``documents``; together they are
        all of it as of one moment, if nobody writes meanwhile."""
        ...

    def named(self, names: Collection[str]) -> Iterator[IndexEntry]:
        """Those of these that are there, as they are now."""
        ...

    def due(self, documents: Sequence[SearchDocument]) -> Iterator[IndexEntry]:
        """The entries that the index should hold for all documents of a record."""
        ...

    def renew(self) -> None:
        """From now on, what is there now."""
        ...

    def close(self) -> None:
        """Nothing is asked afterwards."""
        ...


class IndexPlace(Protocol):
    """Where the search index is."""

    def open(self) -> IndexEvidence:
        """Whoever opens it closes it."""
        ...


@dataclass(frozen=True)
class Evidence:
    """Where everything is that an archive's ledger can be checked by. Can be given to other processes."""

    tables: TablesPlace
    published: PublishedPlace
