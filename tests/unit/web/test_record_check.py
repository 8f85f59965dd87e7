"""Given a filed record, when an event or a file of it is changed or removed, then its check says which."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from adapters.home.house import House
from domain.records.filing import IncomingFile
from domain.records.record import Record
from indexers.pipeline import Pipeline
from operations.verify.record import RecordCheck, check_record
from tests.http_world import make_world


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An archive of its own."""
    return make_world(tmp_path / "home").house


def test_sound_and_pending(house: House) -> None:
    """A record is pending until its events have leaves, and then sound."""
    record = _filed(house)
    assert _check(house, record).pending == 1
    Pipeline(house).integrate()
    found = _check(house, record)
    assert (found.ok, found.events, found.files, found.pending, found.versions) == (True, 1, 1, 0, 1)


def test_an_altered_file_and_a_missing_one(house: House) -> None:
    """A changed file is altered, a removed one deleted; both are named as the clerk named them."""
    record = _filed(house)
    Pipeline(house).integrate()
    kept = next(house.settings.blobs_folder.rglob(record.files[0].sha256))
    kept.chmod(0o600)
    kept.write_bytes(b"other")
    assert [(f.klass, f.file) for f in _check(house, record).findings] == [("altered", "纪要.txt")]
    kept.unlink()
    assert [(f.klass, f.file) for f in _check(house, record).findings] == [("deleted", "纪要.txt")]


def test_an_altered_event_and_a_missing_one(house: House) -> None:
    """A changed event is altered, a removed one deleted, each with its leaf."""
    record = _filed(house)
    Pipeline(house).integrate()
    leaf = house.ledger.leaves_of(record.id)[0]
    rows = house.events.rows_at([leaf.position])
    _edit(house, "UPDATE stored_events SET state = ? WHERE position = ?", rows[0].state + b" ", leaf.position)
    assert [(f.klass, f.leaf_index) for f in _check(house, record).findings] == [("altered", leaf.index)]
    _edit(house, "DELETE FROM stored_events WHERE position = ?", leaf.position)
    assert [(f.klass, f.leaf_index) for f in _check(house, record).findings] == [("deleted", leaf.index)]


def _check(house: House, record: Record) -> RecordCheck:
    return check_record(record, events=house.events, ledger=house.ledger, blobs=house.blobs)


def _filed(house: House) -> Record:
    source = io.BytesIO("会议纪要".encode())
    staged = house.blobs.stage(iter(lambda: source.read(4), b""))
    raw = {
        "organisation": "top",
        "family": "paper",
        "form": "document",
        "title": "纪要",
        "occurred": {"from": "2023-05-01"},
    }
    return house.archive.file(house.operator(), raw, [IncomingFile("纪要.txt", staged, "text/plain")]).record


def _edit(house: House, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(house.settings.events_file)) as database, database:
        database.execute(statement, values)
