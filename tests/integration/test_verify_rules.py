"""Forged events, integrated and signed like any other: the fast check by the rules names what replaying does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from adapters.home import settings
from adapters.home.founding import create_archive
from adapters.home.house import House
from benchmarks.generate import Generator
from domain.event import Stamp
from domain.records.events import RecordReturned, RecordSignedOff, RecordWithdrawn
from operations import verification
from operations.verification import verify_archive
from operations.verify import run
from tests.forgeries import FORGERIES, Row

RECORDS = 40
INDEX_LEAF = 10
"""The first byte of a page of SQLite that holds entries of an index."""


@pytest.fixture(params=["alone", "fork"])
def house(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Forty records, some of them signed off, returned or withdrawn."""
    monkeypatch.setattr(run, "way_to_start", lambda _size: None if request.param == "alone" else request.param)
    made = create_archive(
        settings.read({"JIANZHENG_HOME": str(tmp_path / "archive")}),
        name="档案",
        origin="rules.example/log",
        password="four quiet words here",
    )
    generator = Generator(RECORDS)
    made.events.append(list(generator.directory("top")))
    filings = generator.filings()
    for n in range(RECORDS):
        filed, entered = next(filings)
        made.events.append([filed, entered])
        stamp = Stamp("secretary", made.clock(), lambda: "0" * 32)
        for version, kind in enumerate((RecordReturned, RecordWithdrawn)[: n % 3], 2):
            made.events.append([kind(reason="x", **stamp.header(filed.originator_id, version))])
        if n % 3 == 0:
            made.events.append([RecordSignedOff(remark="", **stamp.header(filed.originator_id, 2))])
    yield made
    made.close()


class Stored:
    """What the archive's table of events holds."""

    def __init__(self, house: House) -> None:
        self.house = house

    def rows(self, topic: str) -> list[Row]:
        with closing(sqlite3.connect(self.house.settings.events_file)) as db:
            return db.execute(
                "SELECT originator_id, MAX(originator_version), topic, state FROM stored_events"
                " WHERE topic = ? GROUP BY originator_id ORDER BY position",
                (f"jianzheng:{topic}",),
            ).fetchall()

    def end(self, stream: str) -> int:
        with closing(sqlite3.connect(self.house.settings.events_file)) as db:
            found = db.execute("SELECT MAX(originator_version) FROM stored_events WHERE originator_id = ?", (stream,))
            return int(found.fetchone()[0])


@pytest.mark.parametrize("forgery", FORGERIES)
def test_the_fast_check_and_replaying_agree(
    house: House, forgery: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Each forgery is unauthorised, by the same event and in the same words as when all streams are replayed."""
    forged = FORGERIES[forgery](Stored(house))
    with closing(sqlite3.connect(house.settings.events_file, isolation_level=None)) as db:
        db.executemany(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?,?,?,?)", forged
        )
    found = verify_archive(house).findings
    assert {(f.klass, f.event) for f in found} == {
        ("unauthorised", f"{UUID(stream)}/{version}") for stream, version, *_ in forged
    }
    monkeypatch.setattr(verification, "stored_event_fits", None)
    assert set(verify_archive(house).findings) == set(found)


def test_nothing_is_replayed_twice(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all is in order, one stream of each way of going is replayed."""
    seen: list[tuple[str, ...]] = []
    whole = verification.replay

    def counted(events: Any, keys: Any, rows: Any) -> Any:
        seen.append(tuple(row.topic for row in rows))
        return whole(events, keys, rows)

    monkeypatch.setattr(verification, "replay", counted)
    assert verify_archive(house).ok
    assert 0 < len(seen) == len(set(seen))


def test_an_index_that_leads_elsewhere_accuses_nobody(house: House) -> None:
    """A stream that an index lost an event of is not taken for one that lacks it."""
    verify_archive(house)
    path = house.settings.events_file
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    [stream, *_] = [row[0].encode() for row in Stored(house).rows("record.signed-off")]
    data, size = bytearray(path.read_bytes()), 4096
    [page, *_] = [at for at in range(0, len(data), size) if data[at] == INDEX_LEAF and stream in data[at : at + size]]
    at = data.index(stream, page)
    data[at + 1 : at + 3] = b"zz"
    path.write_bytes(bytes(data))
    assert {(f.klass, f.subject, f.file) for f in verify_archive(house).findings} == {
        ("altered", "database", "events.sqlite")
    }


ROWS_OF_LEAVES = {
    "deleted": "DELETE FROM leaves WHERE idx = {}",
    "id": "UPDATE leaves SET id = zeroblob(16) WHERE idx = {}",
    "version": "UPDATE leaves SET version = 77 WHERE idx = {}",
    "hash": "UPDATE leaves SET hash = zeroblob(32) WHERE idx = {}",
}


@pytest.mark.parametrize("case", ROWS_OF_LEAVES)
def test_a_leaf_that_is_wrong_accuses_no_event(house: House, case: str) -> None:
    """A register whose events are all there is not said to have a hole because the table of leaves has one."""
    verify_archive(house)
    stream, version, *_ = Stored(house).rows("register.entered")[0]
    leaf = house.ledger.leaf_of(UUID(stream), version // 2 or 1)
    assert leaf is not None
    with closing(sqlite3.connect(house.settings.ledger_file, isolation_level=None)) as db:
        db.execute(ROWS_OF_LEAVES[case].format(leaf.index))
    found = {(f.klass, f.subject, f.leaf_index) for f in verify_archive(house).findings}
    assert found == {("deleted" if case == "deleted" else "altered", "leaf", leaf.index)}


@pytest.mark.parametrize("case", ROWS_OF_LEAVES)
def test_a_forgery_whose_leaf_is_wrong(house: House, case: str) -> None:
    """An event that breaks the rules is not hidden by laying hands on its row in the table of leaves."""
    stored = Stored(house)
    [forged] = FORGERIES["an act after the withdrawal"](stored)
    with closing(sqlite3.connect(house.settings.events_file, isolation_level=None)) as db:
        db.execute(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?,?,?,?)", forged
        )
    verify_archive(house)
    leaf = house.ledger.leaf_of(UUID(forged[0]), forged[1])
    assert leaf is not None
    with closing(sqlite3.connect(house.settings.ledger_file, isolation_level=None)) as db:
        db.execute(ROWS_OF_LEAVES[case].format(leaf.index))
    found = {(f.klass, f.event) for f in verify_archive(house).findings if f.subject == "event"}
    assert found == {("unauthorised", f"{UUID(forged[0])}/{forged[1]}")}
