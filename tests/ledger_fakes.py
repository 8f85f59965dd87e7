"""A ledger in memory over `tests.fakes.School`: leaves, signed checkpoints, an index of figures."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.keys.signing import Ed25519Signer
from domain.errors import NotFound
from domain.ledger.checkpoint import Checkpoint
from domain.ledger.entry import entry
from domain.ledger.tree import leaf_hash, root_of
from domain.organisations.directory import Directory
from domain.organisations.events import DirectoryEvent
from domain.ports.ledger import Leaf
from domain.ports.reports import Concerned
from domain.records.events import RecordFiled
from domain.reports.events import ReportIssued
from tests.fakes import School

ORIGIN = "archive.example/test"


class MemoryLedger:
    """A `LedgerReader` with the hashes that proofs need. `integrate` takes in what was recorded, and publishes."""

    def __init__(self, school: School) -> None:
        self.school = school
        self.signer = Ed25519Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))
        self.taken: list[Leaf] = []
        self.batches: list[tuple[int, datetime]] = []
        self.notes: list[str] = []

    def integrate(self) -> int:
        """The new size."""
        for row in self.school.events.rows(len(self.taken), self.school.events.head()):
            hashed = leaf_hash(entry(row.id, row.version, row.topic, row.state))
            self.taken.append(Leaf(len(self.taken), row.position, row.id, row.version, hashed))
        self.batches.append((self.size(), self.school.now))
        checkpoint = Checkpoint(ORIGIN, self.size(), self.root(self.size()))
        self.notes.append(self.signer.sign_note(checkpoint.text()))
        return self.size()

    def size(self) -> int:
        return len(self.taken)

    def leaves(self, start: int, limit: int) -> list[Leaf]:
        return self.taken[start : start + limit]

    def leaf_of(self, stream_id: UUID, version: int) -> Leaf | None:
        return next((leaf for leaf in self.leaves_of(stream_id) if leaf.version == version), None)

    def leaves_of(self, stream_id: UUID) -> list[Leaf]:
        return [leaf for leaf in self.taken if leaf.id == stream_id]

    def size_at(self, instant: datetime) -> int:
        return max((size for size, time in self.batches if time <= instant), default=0)

    def batch_time(self, index: int) -> datetime | None:
        return next((time for size, time in self.batches if size > index), None)

    def root(self, size: int) -> bytes:
        return self.range_hash(0, size)

    def range_hash(self, start: int, end: int) -> bytes:
        return root_of([leaf.hash for leaf in self.taken[start:end]])

    def checkpoint(self) -> str:
        if not self.notes:
            raise NotFound("检查点", "checkpoint", "checkpoint")
        return self.notes[-1]


class MemoryFigures:
    """A `FiguresReader` that knows of each record where and when it was, also after it was erased."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self.ledger = ledger
        self.taken = 0
        self._filed: dict[UUID, tuple[str, int]] = {}
        self._issued: list[tuple[int, ReportIssued]] = []

    def catch_up(self) -> None:
        for leaf in self.ledger.leaves(self.taken, self.ledger.size()):
            event = self.ledger.school.events.events[leaf.position - 1]
            if isinstance(event, RecordFiled):
                self._filed[leaf.id] = event.organisation, int(event.content["occurred"]["from"][:4])
            elif isinstance(event, ReportIssued):
                self._issued.append((leaf.index, event))
        self.taken = self.ledger.size()

    def size(self) -> int:
        return self.taken

    def concerned(self, organisations: Iterable[str], year: int, below: int) -> list[Concerned]:
        wanted = {(organisation, year) for organisation in organisations}
        return [
            Concerned(leaf.index, leaf.position)
            for leaf in self.ledger.leaves(0, below)
            if self._filed.get(leaf.id) in wanted
        ]

    def issued(self, digest: str) -> list[int]:
        return [index for index, event in self._issued if digest in event.digests.values()]


def directory_at(school: School, position: int) -> Directory:
    """The directory as it stood at a position of the event store."""
    return Directory().fold(each for each in school.events.events[:position] if isinstance(each, DirectoryEvent))
