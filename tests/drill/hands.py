"""The ways to reach everything that an archive keeps, past the program: as administrators of disks and servers can."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from adapters.home.house import House
from domain.ports.search import SearchDocument
from tests.drill.world import Made, opened
from tests.index_world import Indexed
from tests.tamper_world import Tampered

Database = Literal["events", "ledger", "views"]


class Hands(ABC):
    """On one copy of the archive at ``home``. SQL has ``?`` for its values on both back ends."""

    position: str  # the column of stored_events that orders them
    ledger: str  # how `verify` calls the database of the ledger …
    views: str  # … and that of the figures
    on_servers: bool

    def __init__(self, made: Made, home: Path) -> None:
        self.made, self.home = made, home

    # ── databases ───────────────────────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def sql(self, database: Database, statement: str, *values: object) -> list[tuple[Any, ...]]: ...

    @abstractmethod
    def stream(self, stream: UUID) -> object:
        """An event's id as the table of events has it."""

    @abstractmethod
    def leaf_id(self, stream: UUID) -> object:
        """The same in the table of leaves."""

    def set_event(self, leaf: int, **columns: object) -> None:
        """Write over columns of the event of a leaf."""
        names = ", ".join(f"{name} = ?" for name in columns)
        self.sql(
            "events",
            f"UPDATE stored_events SET {names} WHERE {self.position} = ?",
            *columns.values(),
            self.made.rows[leaf].position,
        )

    def delete_event(self, leaf: int) -> None:
        self.sql("events", f"DELETE FROM stored_events WHERE {self.position} = ?", self.made.rows[leaf].position)

    def move_event(self, position: int, to: int) -> None:
        self.sql("events", f"UPDATE stored_events SET {self.position} = ? WHERE {self.position} = ?", to, position)

    @abstractmethod
    def insert_event(self, position: int | None, stream: UUID, version: int, topic: str, state: bytes) -> None:
        """``position`` None: behind all others, as the program would."""

    @abstractmethod
    def roll_back_events(self, size: int) -> None:
        """The event store as a backup of that size holds it."""

    def roll_back_ledger(self, size: int) -> None:
        """The ledger's tables as a backup of that size holds them; stamps were all made later."""
        self.sql("ledger", "DELETE FROM timestamps")
        self.sql("ledger", "DELETE FROM leaves WHERE idx >= ?", size)
        self.sql("ledger", "DELETE FROM batches WHERE size > ?", size)
        self.sql("ledger", "DELETE FROM checkpoints WHERE size > ?", size)
        self.sql("ledger", "DELETE FROM nodes WHERE (idx + 1) * 256 > ?", size)
        self.sql("ledger", "UPDATE tracking SET position = ?", self.made.rows[size - 1].position)

    # ── the ledger's public files ───────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def public(self) -> list[str]:
        """Their names."""

    @abstractmethod
    def read(self, name: str) -> bytes: ...

    @abstractmethod
    def write(self, name: str, data: bytes) -> None: ...

    @abstractmethod
    def remove(self, name: str) -> None: ...

    # ── kept files, by their digests ────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def read_file(self, sha256: str) -> bytes: ...

    @abstractmethod
    def write_file(self, sha256: str, data: bytes) -> None: ...

    @abstractmethod
    def remove_file(self, sha256: str) -> None: ...

    @abstractmethod
    def add_stray(self, name: str) -> str:
        """Something in the store of files that is none; gives how `verify` calls it."""

    # ── what never leaves the machine ───────────────────────────────────────────────────────────────────────────

    def key_file(self, name: str) -> Path:
        return self.home / "keys" / name

    # ── the search index ────────────────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def indexed(self, house: House) -> Indexed: ...

    def write_index(self, *documents: SearchDocument, without: tuple[SearchDocument, ...] = ()) -> None:
        with self.house() as house:
            self.indexed(house).write(*documents, without=without)

    def index_place(self, document: SearchDocument) -> str:
        """How `verify` calls the entry that a document lies in."""
        if self.on_servers:
            return f"elasticsearch:{document.record}:{document.revision}"
        return f"index:{document.id}"

    # ── opening it ──────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def house(self) -> Iterator[House]:
        with opened(self.made, self.home) as house:
            yield house

    @abstractmethod
    def mend_evidence(self) -> None:
        """Put back events, ledger and public files, as after restoring them from a good backup; nothing else."""


class Embedded(Hands):
    """A folder with SQLite."""

    position, ledger, views, on_servers = "position", "ledger.sqlite", "views.sqlite", False

    def __init__(self, made: Made, home: Path) -> None:
        super().__init__(made, home)
        self._archive = Tampered(home)

    def sql(self, database: Database, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self._archive.run(database, statement, values)

    def stream(self, stream: UUID) -> object:
        return stream.hex

    def leaf_id(self, stream: UUID) -> object:
        return stream.bytes

    def insert_event(self, position: int | None, stream: UUID, version: int, topic: str, state: bytes) -> None:
        self.sql(
            "events", "INSERT INTO stored_events VALUES (?, ?, ?, ?, ?)", position, stream.hex, version, topic, state
        )

    def roll_back_events(self, size: int) -> None:
        last = self.made.rows[size - 1].position
        self.sql("events", "DELETE FROM stored_events WHERE position > ?", last)
        self.sql("events", "UPDATE sqlite_sequence SET seq = ? WHERE name = 'stored_events'", last)

    def public(self) -> list[str]:
        folder = self.home / "ledger"
        return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())

    def read(self, name: str) -> bytes:
        return self._archive.public(name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        self._archive.write(self._archive.public(name), data)

    def remove(self, name: str) -> None:
        self._archive.public(name).unlink()

    def _file(self, sha256: str) -> Path:
        return self.home / "files" / "sha256" / sha256[:2] / sha256[2:4] / sha256

    def read_file(self, sha256: str) -> bytes:
        return self._file(sha256).read_bytes()

    def write_file(self, sha256: str, data: bytes) -> None:
        self._archive.write(self._file(sha256), data)

    def remove_file(self, sha256: str) -> None:
        self._file(sha256).parent.chmod(0o755)
        self._file(sha256).unlink()

    def add_stray(self, name: str) -> str:
        self._archive.write(self.home / "files" / name, b"x")
        return name

    def indexed(self, house: House) -> Indexed:
        return Indexed(house, None)

    def mend_evidence(self) -> None:
        for name in ("events.sqlite", "ledger.sqlite"):
            for suffix in ("", "-wal", "-shm"):
                (self.home / f"{name}{suffix}").unlink(missing_ok=True)
                if (sealed := self.made.home / f"{name}{suffix}").exists():
                    shutil.copy(sealed, self.home)
        for folder in ("ledger", "keys"):
            shutil.rmtree(self.home / folder)
            shutil.copytree(self.made.home / folder, self.home / folder)
