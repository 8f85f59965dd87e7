"""The search engine: documents, questions and results, whichever engine it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from domain.words import Words

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
        """``<record>:<revision>:<source>``, and ``:<page>`` where it has one: no two documents share it."""
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
ORDERS: dict[str, Words] = {
    "relevance": Words("按相关", "by relevance"),
    "newest": Words("从新到旧", "newest first"),
    "oldest": Words("从旧到新", "oldest first"),
}


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
    tags: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """What is meant by values typed in the query for fields that are no text, where they are no keys of the index."""


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
