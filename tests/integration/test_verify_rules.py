"""Forged events, integrated and signed like any other: the fast check by the rules names what replaying does."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from adapters import settings
from adapters.bootstrap import House, create_archive
from benchmarks.generate import Generator
from domain.event import Stamp
from domain.records.events import RecordReturned, RecordSignedOff, RecordWithdrawn
from indexers import verification
from indexers.verification import verify_archive
from indexers.verify import run

RECORDS = 40
INDEX_LEAF = 10
"""The first byte of a page of SQLite that holds entries of an index."""

Row = tuple[str, int, str, bytes]


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


def rows(house: House, topic: str) -> list[Row]:
    with closing(sqlite3.connect(house.settings.events_file)) as db:
        return db.execute(
            "SELECT originator_id, MAX(originator_version), topic, state FROM stored_events"
            " WHERE topic = ? GROUP BY originator_id ORDER BY position",
            (f"jianzheng:{topic}",),
        ).fetchall()


def changed(row: Row, *, stream: str | None = None, version: int | None = None, **attributes: Any) -> Row:
    state = json.dumps({**json.loads(row[3]), **attributes}).encode()
    return stream or row[0], version or row[1], row[2], state


def without(row: Row, name: str) -> Row:
    return *row[:3], json.dumps({k: v for k, v in json.loads(row[3]).items() if k != name}).encode()


NEW, OTHER = "0" * 12 + "4" + "0" * 19, "0" * 12 + "4" + "1" * 19

FORGERIES: dict[str, Callable[[House], list[Row]]] = {
    "an act after the withdrawal": lambda h: [changed(rows(h, "record.withdrawn")[0], version=4)],
    "the same act twice": lambda h: [changed(row, version=3) for row in rows(h, "record.signed-off")],
    "a record that begins with an act": lambda h: [changed(rows(h, "record.signed-off")[0], stream=NEW, version=1)],
    "a record that begins late": lambda h: [changed(rows(h, "record.filed")[0], stream=NEW, version=2)],
    "a hole": lambda h: [changed(rows(h, "register.entered")[0], version=900)],
    "a code of another year": lambda h: [changed(rows(h, "record.filed")[0], stream=NEW, code="school-0001-1999-0001")],
    "an entry in another register": lambda h: [changed(rows(h, "register.entered")[0], stream=NEW, version=1)],
    "a record in a register": lambda h: [
        changed(rows(h, "record.filed")[0], stream=entry[0], version=entry[1] + 1)
        for entry in rows(h, "register.entered")[:1]
    ],
    "an entry in a record": lambda h: [(rows(h, "record.filed")[1][0], 3, *rows(h, "register.entered")[0][2:])],
    "a person in a record": lambda h: [(rows(h, "record.filed")[0][0], 3, *rows(h, "directory.person-added")[0][2:])],
    "no event at all": lambda h: [(NEW, 1, "jianzheng:record.filed", b"\xff"), (OTHER, 1, "os:system", b"{}")],
    "no object": lambda h: [(NEW, 1, "jianzheng:record.filed", b"[1]")],
    "an attribute too few": lambda h: [without(changed(rows(h, "record.filed")[0], stream=NEW), "code")],
    "an attribute too many": lambda h: [changed(rows(h, "record.filed")[0], stream=NEW, more=1)],
    "an attribute of another type": lambda h: [changed(rows(h, "record.filed")[0], stream=NEW, content=[])],
    "files that are none": lambda h: [changed(rows(h, "record.filed")[0], stream=NEW, files=[{"sha256": "x"}])],
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_the_fast_check_and_replaying_agree(
    house: House, forgery: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Each forgery is unauthorised, by the same event and in the same words as when all streams are replayed."""
    forged = FORGERIES[forgery](house)
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

    def counted(house: House, rows: Any) -> Any:
        seen.append(tuple(row.topic for row in rows))
        return whole(house, rows)

    monkeypatch.setattr(verification, "replay", counted)
    assert verify_archive(house).ok
    assert 0 < len(seen) == len(set(seen))


def test_an_index_that_leads_elsewhere_accuses_nobody(house: House) -> None:
    """A stream that an index lost an event of is not taken for one that lacks it."""
    verify_archive(house)
    path = house.settings.events_file
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    [stream, *_] = [row[0].encode() for row in rows(house, "record.signed-off")]
    data, size = bytearray(path.read_bytes()), 4096
    [page, *_] = [at for at in range(0, len(data), size) if data[at] == INDEX_LEAF and stream in data[at : at + size]]
    at = data.index(stream, page)
    data[at + 1 : at + 3] = b"zz"
    path.write_bytes(bytes(data))
    assert {(f.klass, f.subject, f.file) for f in verify_archive(house).findings} == {
        ("altered", "database", "events.sqlite")
    }
