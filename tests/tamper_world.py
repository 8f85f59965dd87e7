"""A sealed archive of several hundred events with files, to be copied and tampered with."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from adapters.blobs.folder import FolderBlobStore
from adapters.disk.file_lock import LedgerLock
from domain.ports.blobs import BlobStore
from domain.ports.events import StoredRow
from operations.verify import Refusal, Subject, Verification, verify
from tests.ledger_world import evidence, open_world

STEPS = (300, 1, 2, 260, 7, 30)
SIZE = sum(STEPS)
RECORDS = 150


Row = tuple[str, int, str, bytes]
"""stream (hex), version, topic, state"""


def build(home: Path) -> None:
    """An archive of `some_events` in six checkpoints."""
    world = open_world(home)
    rows = some_events(FolderBlobStore(home / "files", home / "staging"))
    for step in STEPS:
        world.events.add(rows[:step])
        del rows[:step]
        world.integrator().run_once()
    (home / "vkey").write_text(world.signer.signer.vkey())
    world.close()


def some_events(blobs: BlobStore) -> list[Row]:
    """600 events of 150 streams; every tenth event names one or two files, which are kept."""
    random = Random(2024)
    streams = [random.randbytes(16).hex() for _ in range(RECORDS)]
    rows: list[Row] = []
    for n in range(SIZE):
        facts: dict[str, Any] = {"salt": random.randbytes(16).hex(), "title": f"第{n}次学习", "n": n}
        if n % 10 == 0:
            facts["files"] = [_file(blobs, f"签到表{n}.txt", f"{n} 签到".encode())]
            if n % 20 == 0:  # the same bytes in many records
                facts["files"].append(_file(blobs, "通知.txt", "同一个通知".encode()))
        state = json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()
        rows.append((streams[n % RECORDS], n // RECORDS + 1, f"test:{['filed', 'corrected'][n % 2]}", state))
    return rows


def _file(blobs: BlobStore, name: str, data: bytes) -> dict[str, object]:
    staged = blobs.stage(iter([data]))
    staged.commit()
    return {"name": name, "sha256": staged.sha256, "size": staged.size, "media_type": "text/plain", "role": "other"}


@dataclass
class Tampered:
    """A copy of the archive, and the ways to lay hands on it."""

    home: Path

    def sql(self, database: str, *statements: str, params: Sequence[object] = ()) -> None:
        with closing(sqlite3.connect(self.home / f"{database}.sqlite", isolation_level=None)) as db:
            for statement in statements:
                db.execute(statement, params)

    def events(self, *statements: str) -> None:
        self.sql("events", *statements)

    def ledger(self, *statements: str) -> None:
        self.sql("ledger", *statements)

    def query(self, database: str, statement: str) -> list[Any]:
        with closing(sqlite3.connect(self.home / f"{database}.sqlite")) as db:
            return db.execute(statement).fetchall()

    def run(self, database: str, statement: str, values: Sequence[object]) -> list[Any]:
        """One statement, with whatever it answers."""
        with closing(sqlite3.connect(self.home / f"{database}.sqlite", isolation_level=None)) as db:
            return db.execute(statement, values).fetchall()

    def event(self, index: int) -> str:
        """The name of the event that was leaf ``index``."""
        [(stream, version)] = self.query(
            "events", f"SELECT originator_id, originator_version FROM stored_events WHERE position = {index + 1}"
        )
        return f"{UUID(stream)}/{version}"

    def public(self, name: str) -> Path:
        return self.home / "ledger" / name

    def flip(self, path: Path, at: int, change: int = 1) -> None:
        data = bytearray(path.read_bytes())
        data[at] ^= change
        self.write(path, bytes(data))

    def write(self, path: Path, data: bytes) -> None:
        """As an administrator of the disk would."""
        if path.exists():
            path.chmod(0o644)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o755)
        path.write_bytes(data)

    def swap(self, one: str, other: str) -> None:
        a, b = self.public(one), self.public(other)
        first, second = a.read_bytes(), b.read_bytes()
        self.write(a, second)
        self.write(b, first)

    def blob(self, index: int) -> Path:
        """The first file of the event that was leaf ``index``."""
        [(state,)] = self.query("events", f"SELECT state FROM stored_events WHERE position = {index + 1}")
        sha256 = json.loads(state)["files"][0]["sha256"]
        [found] = (self.home / "files").rglob(sha256)
        return found

    def integrate(self) -> None:
        world = open_world(self.home)
        world.integrator().run_once()
        world.close()

    def check(self, **options: Any) -> Verification:
        subject = Subject(
            evidence=evidence(self.home),
            last_signed=self.home / "keys" / "last-signed",
            vkey=(self.home / "vkey").read_text(),
            blobs=FolderBlobStore(self.home / "files", self.home / "staging"),
            describe=lambda stream: f"record-{stream.hex[:6]}",
            replay=options.pop("replay", in_order),
            pending=options.pop("pending", ()),
        )
        return verify(subject, lock=LedgerLock(self.home / "ledger.lock").held, **options)

    def addresses(self, **options: Any) -> set[tuple[str, str, object]]:
        return addresses(self.check(**options))


def addresses(found: Verification) -> set[tuple[str, str, object]]:
    """Class, subject and address of every finding."""
    return {
        (f.klass, f.subject, f.event if f.subject == "event" else f.file if f.file is not None else f.leaf_index)
        for f in found.findings
    }


def in_order(rows: Sequence[StoredRow]) -> Refusal | None:
    """The rule of this small domain: a record's numbers ascend."""
    numbers = [json.loads(row.state)["n"] for row in rows]
    for row, before, after in zip(rows[1:], numbers, numbers[1:], strict=False):
        if after <= before:
            return Refusal(row.version, "序号倒退", "its number goes back")
    return None


def copy(template: Path, home: Path) -> Tampered:
    shutil.copytree(template, home, symlinks=True)
    return Tampered(home)
