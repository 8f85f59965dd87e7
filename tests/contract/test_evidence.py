"""What the forensic check reads of the databases: the same of every one that holds the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from adapters.events.postgres import PostgresEventStore
from adapters.events.rows import new_row
from adapters.events.sqlite import SQLiteEventStore
from adapters.evidence.postgres import PostgresEventRows, PostgresLedgerRows
from adapters.evidence.sqlite import EventRows, LedgerRows
from adapters.ledger.postgres import PostgresLedgerStore
from adapters.ledger.store import LedgerStore
from adapters.postgres.database import Database
from domain.errors import VersionConflict
from domain.ledger.tree import leaf_hash
from tests.contract.event_stores import signed
from tests.postgres_world import prepare

NOON = datetime(2024, 3, 1, 12, 0, 0, 120, tzinfo=UTC)
STREAM = UUID(int=7)


class Both(NamedTuple):
    """The stores that write, and what the check reads of them."""

    events: Any
    ledger: Any
    event_rows: Any
    ledger_rows: Any


@pytest.fixture(params=["sqlite", "postgres"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Both]:
    with ExitStack() as stack:
        made: Both
        if request.param == "sqlite":
            events, ledger = SQLiteEventStore(tmp_path / "events.sqlite"), LedgerStore(tmp_path / "ledger.sqlite")
            events.create()
            ledger.create()
            made = Both(events, ledger, EventRows(events.path), LedgerRows(ledger.path))
        else:
            address = prepare(request.getfixturevalue("postgres_database"))
            database = stack.enter_context(closing(Database(address)))
            stores = PostgresEventStore(database), PostgresLedgerStore(database)
            made = Both(*stores, PostgresEventRows(address), PostgresLedgerRows(address))
        for each in reversed(made):
            stack.enter_context(closing(each))
        yield made


def test_nothing_in_empty_tables(both: Both) -> None:
    """And no error."""
    events, ledger = both.event_rows, both.ledger_rows
    assert (events.rows(-(2**63), 10), events.row(1), events.count_after(0), events.counter()) == ([], None, 0, 0)
    assert (ledger.leaves(0, 10), ledger.size(), ledger.batches(), ledger.checkpoints()) == ([], 0, [], [])
    assert (list(ledger.nodes()), ledger.tracking()) == ([], 0)


def test_rows_of_events(both: Both) -> None:
    """Ids as hexadecimal digits, states as the bytes that were stored; positions given out are remembered."""
    stored = [signed(STREAM, n, f"第 {n} 次") for n in (1, 2, 3)]
    both.events.append(stored)
    wanted = [(n + 1, STREAM.hex, *new_row(event)[1:]) for n, event in enumerate(stored)]
    assert both.event_rows.rows(0, 10) == wanted
    assert both.event_rows.rows(1, 1) == wanted[1:2]
    assert tuple(both.event_rows.row(2)) == wanted[1]
    assert both.event_rows.row(9) is None
    assert (both.event_rows.count_after(1), both.event_rows.counter()) == (2, 3)
    with pytest.raises(VersionConflict):
        both.events.append(stored)
    assert both.event_rows.counter() >= 3
    both.event_rows.tolerant()
    assert both.event_rows.rows(0, 10) == wanted


def test_events_by_stream_and_by_position(both: Both) -> None:
    """A stream's events up to a position, by version; rows in the order asked, without those that are not there."""
    other = UUID(int=8)
    both.events.append([signed(STREAM, 1), signed(other, 1)])
    both.events.append([signed(STREAM, 2)])
    rows = both.event_rows.rows(0, 10)
    assert [tuple(row) for row in both.event_rows.stream(STREAM.hex, 3)] == [
        (row[0], *row[2:]) for row in (rows[0], rows[2])
    ]
    assert len(both.event_rows.stream(STREAM.hex, 2)) == 1
    assert [row.position for row in both.event_rows.rows_at([3, 9, 1, "1", None])] == [3, 1]
    for position in (1, 2, 3, 4, 1, 3):  # however they are asked for
        found = both.event_rows.row(position)
        assert (None if found is None else tuple(found)) == (None if position == 4 else rows[position - 1])


DERIVED, RANDOM, LATE, ONE = (UUID(int=(0x77 << 120) + (kind << 76) + n) for n, kind in enumerate((5, 4, 5, 4)))


def test_streams_that_are_to_be_judged(both: Both) -> None:
    """Those of several events with a random id, and those that do not count from one, whatever their id."""
    both.events.append([signed(DERIVED, 1), signed(DERIVED, 2), signed(RANDOM, 1), signed(ONE, 1), signed(LATE, 2)])
    both.events.append([signed(RANDOM, 2), signed(UUID(int=0x78 << 120), 3)])
    topic = both.event_rows.row(1).topic
    found = [tuple(each) for each in both.event_rows.unsettled(0x77, 6)]
    assert found == [(RANDOM.hex, 1, topic), (RANDOM.hex, 2, topic), (LATE.hex, 2, topic)]
    assert [each[0] for each in both.event_rows.unsettled(0x77, 5)] == [LATE.hex]
    assert [each[1] for each in both.event_rows.unsettled(0x78, 9)] == [3]
    assert list(both.event_rows.unsettled(0xFF, 9)) == []


def test_events_and_leaves_by_stream(both: Both) -> None:
    """Those of the streams between two bytes, both included, by id and version, whatever came first."""
    low, middle, high = (UUID(int=(byte << 120) + 9) for byte in (0x00, 0x77, 0xFF))
    both.events.append([signed(high, 1), signed(middle, 1), signed(low, 1), signed(middle, 2)])
    both.ledger.append([(n, each.bytes, v, bytes(32)) for n, each, v in
                        ((1, high, 1), (2, middle, 1), (3, low, 1), (4, middle, 2))], NOON)  # fmt: skip
    rows = {row[0]: (row[1], row[2], row[0], *row[3:]) for row in both.event_rows.rows(0, 10)}
    assert list(map(tuple, both.event_rows.of_streams(0x00, 0xFF, 9))) == [rows[n] for n in (3, 2, 4, 1)]
    assert list(map(tuple, both.event_rows.of_streams(0x01, 0x77, 3))) == [rows[2]]
    assert list(both.event_rows.of_streams(0x78, 0xFE, 9)) == []
    leaves = [(low.bytes, 1, 3, 2), (middle.bytes, 1, 2, 1), (middle.bytes, 2, 4, 3), (high.bytes, 1, 1, 0)]
    assert list(map(tuple, both.ledger_rows.of_streams(0x00, 0xFF))) == leaves
    assert list(map(tuple, both.ledger_rows.of_streams(0x77, 0xFE))) == leaves[1:3]
    assert list(map(tuple, both.ledger_rows.of_stream(middle))) == [(1, 2, 1), (2, 4, 3)]
    assert both.ledger_rows.of_stream(STREAM) == []


def test_rows_of_the_ledger(both: Both) -> None:
    """Leaves, nodes, batches with their times as text, tracking and checkpoints."""
    hashes = [leaf_hash(b"%d" % n) for n in range(600)]
    leaves = [(2 * n + 1, STREAM.bytes, n + 1, each) for n, each in enumerate(hashes)]
    both.ledger.append(leaves[:300], NOON)
    both.ledger.append(leaves[300:], NOON + timedelta(seconds=1))
    both.ledger.record_checkpoint(600, "note")
    rows = both.ledger_rows
    assert rows.size() == 600
    assert rows.leaves(299, 301) == [(n, *leaves[n]) for n in (299, 300)]
    assert list(rows.nodes()) == [(1, n, both.ledger.range_hash(256 * n, 256 * n + 256)) for n in (0, 1)]
    times = ["2024-03-01T12:00:00.000120+00:00", "2024-03-01T12:00:01.000120+00:00"]
    assert rows.batches() == [(0, 300, times[0]), (300, 600, times[1])]
    assert (rows.tracking(), rows.checkpoints()) == (1199, [(600, "note")])
    places = [(n, 2 * n + 1) for n in range(600)]
    assert sorted(rows.positions()) == places
    assert list(rows.by_position(500)) == places[:500]
    assert list(rows.by_event(500)) == [(STREAM.bytes, n + 1, 2 * n + 1, n) for n in range(500)]
    assert list(rows.outside(598)) == [598, 599]
    walk = rows.by_position(600)
    assert [next(walk), *rows.leaves(0, 1), next(walk)] == [(0, 1), (0, *leaves[0]), (1, 3)]
    walk.close()  # an answer need not be read to its end
    assert rows.size() == 600
