"""A small world for tests of the ledger: an event store in memory or on SQLite, a key, a ledger, an integrator."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

from adapters.disk.file_lock import LedgerLock
from adapters.events.rows import entries_in
from adapters.evidence.questions import Evidence
from adapters.evidence.sqlite import PublishedFolder, SQLiteTables
from adapters.keys.signing import create_key, load_key
from adapters.ledger.guard import GuardedSigner
from adapters.ledger.publisher import Publisher
from adapters.ledger.store import LedgerStore
from domain.event import Event
from domain.ports.events import NewEntry, StoredRow
from indexers.ledger import BATCH, Integrator, no_fault

ORIGIN = "archive.example/test"

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS stored_events (position INTEGER PRIMARY KEY AUTOINCREMENT,"
    " originator_id TEXT NOT NULL, originator_version INTEGER NOT NULL, topic TEXT NOT NULL, state BLOB NOT NULL,"
    " UNIQUE (originator_id, originator_version))"
)


class RowStore:
    """Rows in the table of the real event store, without events: what the ledger sees of it, quick to fill."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # The integrator reads ahead in a thread of its own, one reading at a time.
        self.db = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute(_SCHEMA)

    def add(self, rows: Iterable[tuple[str, int, str, bytes]]) -> None:
        self.db.execute("BEGIN")
        self.db.executemany(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?,?,?,?)", rows
        )
        self.db.execute("COMMIT")

    def rows(self, after: int, limit: int) -> list[StoredRow]:
        found = self.db.execute(
            "SELECT position, originator_id, originator_version, topic, state FROM stored_events"
            " WHERE position > ? ORDER BY position LIMIT ?",
            (after, limit),
        )
        return [StoredRow(p, UUID(i), v, t, s) for p, i, v, t, s in found]

    def entries(self, after: int, limit: int) -> list[NewEntry]:
        return entries_in(self.rows(after, limit))

    def head(self) -> int:
        return int(self.db.execute("SELECT MAX(position) FROM stored_events").fetchone()[0] or 0)

    def append(self, events: Sequence[Event]) -> None:
        raise NotImplementedError

    def stream(self, stream_id: UUID, after: int = 0, limit: int | None = None) -> list[Event]:
        raise NotImplementedError

    def last_version(self, stream_id: UUID) -> int:
        raise NotImplementedError

    def decode(self, row: StoredRow) -> Event:
        raise NotImplementedError

    def close(self) -> None:
        self.db.close()


@dataclass
class TestClock:
    """Each reading is a second later; `set` steps it."""

    now: datetime = datetime(2024, 3, 1, 8, 0, tzinfo=UTC)
    step: timedelta = timedelta(seconds=1)
    __test__ = False

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now


@dataclass
class World:
    """Everything of one archive that the ledger touches, below ``home``."""

    home: Path
    events: RowStore
    ledger: LedgerStore
    publisher: Publisher
    signer: GuardedSigner
    lock: LedgerLock
    clock: TestClock = field(default_factory=TestClock)

    @property
    def public(self) -> Path:
        return self.publisher.folder

    @property
    def last_signed(self) -> Path:
        return self.signer.path

    def integrator(self, fault: Callable[[str], None] = no_fault, batch: int = BATCH) -> Integrator:
        return Integrator(
            self.events, self.ledger, self.publisher, self.signer, self.clock, self.lock, batch=batch, fault=fault
        )

    def close(self) -> None:
        self.events.close()
        self.ledger.close()


def open_world(home: Path) -> World:
    """The world at ``home``, made where it is missing."""
    (home / "keys").mkdir(parents=True, exist_ok=True)
    key = home / "keys" / "ledger.key"
    signer = load_key(key) if key.exists() else create_key(key, ORIGIN)
    ledger = LedgerStore(home / "ledger.sqlite")
    ledger.create()
    publisher = Publisher(home / "ledger", home / "staging-ledger")
    publisher.create()
    guard = GuardedSigner(signer, home / "keys" / "last-signed")
    return World(home, RowStore(home / "events.sqlite"), ledger, publisher, guard, LedgerLock(home / "ledger.lock"))


def evidence(home: Path) -> Evidence:
    """Where the world at ``home`` can be checked by."""
    return Evidence(SQLiteTables(home / "events.sqlite", home / "ledger.sqlite"), PublishedFolder(home / "ledger"))


def some_rows(count: int, seed: int = 1, streams: int = 40, size: int = 200) -> list[tuple[str, int, str, bytes]]:
    """Rows of ``count`` events spread over streams, reproducibly."""
    random = Random(seed)
    versions: dict[str, int] = {}
    names = [random.randbytes(16).hex() for _ in range(streams)]
    rows = []
    for _ in range(count):
        name = random.choice(names)
        versions[name] = versions.get(name, 0) + 1
        state = b'{"salt":"%s","title":"%s"}' % (
            random.randbytes(16).hex().encode(),
            random.randbytes(size // 2).hex().encode(),
        )
        rows.append((name, versions[name], f"record.{random.choice(['filed', 'corrected', 'signed-off'])}", state))
    return rows
