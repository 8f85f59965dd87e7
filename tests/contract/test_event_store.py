"""What every event store promises.

What it promises to those who go on with a stream that many append to stands in ``test_append_next.py``, and what of
an erasure in ``test_event_erasure.py``.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from adapters.events.rows import new_row
from adapters.events.sqlite import SQLiteEventStore
from domain.errors import EventUnreadable, StorageNotWritable, VersionConflict
from domain.ledger.entry import entry
from domain.organisations.events import OrganisationAdded
from domain.ports.events import StoredRow
from domain.records.events import RecordSignedOff
from tests.contract import event_stores
from tests.contract.event_stores import signed
from tests.fakes import stamp

kept, opened, store = event_stores.kept, event_stores.opened, event_stores.store


def test_what_was_appended_is_read_back_in_order(store):
    """By stream, above a version, up to a limit."""
    stream = uuid4()
    events = [signed(stream, n) for n in (1, 2, 3)]
    store.append(events)
    assert store.stream(stream) == events
    assert store.stream(stream, after=1) == events[1:]
    assert store.stream(stream, after=1, limit=1) == events[1:2]
    assert store.stream(uuid4()) == []
    assert (store.last_version(stream), store.last_version(uuid4())) == (3, 0)


def test_an_append_is_all_or_nothing(store):
    """One conflicting event takes back the whole batch."""
    stream, other = uuid4(), uuid4()
    store.append([signed(stream)])
    with pytest.raises(VersionConflict):
        store.append([signed(other), signed(stream)])
    assert store.stream(other) == []
    assert store.head() == 1


def test_rows_come_in_commit_order_with_rising_positions(store):
    """And hold the stored bytes."""
    stream = uuid4()
    store.append([signed(stream, 1), signed(stream, 2)])
    store.append([signed(stream, 3)])
    rows = store.rows(0, 10)
    assert [r.version for r in rows] == [1, 2, 3]
    assert [r.position for r in rows] == sorted({r.position for r in rows})
    assert store.rows(rows[0].position, 1) == rows[1:2]
    assert store.rows(store.head(), 10) == []
    assert store.decode(rows[0]) == signed(stream, 1)
    assert rows[0].state.startswith(b'{"recorded_at"')


def test_entries_are_what_the_ledger_makes_of_rows(store):
    """Position, id and version beside them; an erased event's as before its erasure."""
    stream, other = uuid4(), uuid4()
    store.append([signed(stream, 1), signed(other, 1), signed(stream, 2)])
    rows = store.rows(0, 10)
    made = [(r.position, r.id.bytes, r.version, entry(r.id, r.version, r.topic, r.state)) for r in rows]
    assert store.entries(0, 10) == made
    assert store.entries(rows[0].position, 1) == made[1:2]
    assert store.entries(store.head(), 10) == []


def test_rows_are_read_by_position(store):
    """In the order asked, whatever lies between them."""
    stream = uuid4()
    store.append([signed(stream, n) for n in range(1, 8)])
    wanted = [row.position for row in store.rows(0, 10)][::3]
    assert [row.position for row in store.rows_at(wanted)] == wanted


def test_an_empty_store_is_empty(store):
    """Head 0, no rows."""
    assert store.head() == 0
    assert store.rows(0, 10) == []
    store.append([])
    assert store.head() == 0


def test_the_directory_is_read_without_the_rest(store):
    """Only events of the directory, in order."""
    store.append([signed(uuid4()) for _ in range(5)])
    added = OrganisationAdded(code="a", name="甲", kind="", parent=None, **stamp().header(uuid4(), 1))
    store.append([added])
    store.append([signed(uuid4())])
    rows = store.directory_rows(0, 10)
    assert [store.decode(row) for row in rows] == [added]
    assert store.directory_rows(rows[0].position, 10) == []


def test_positions_are_never_given_out_twice(store, kept):
    """Not even when somebody deletes the last row behind our back."""
    store.append([signed(uuid4()), signed(uuid4())])
    last = store.head()
    kept.delete(last)
    store.append([signed(uuid4())])
    assert store.head() > last


def test_another_opening_sees_what_was_appended(opened):
    """Two processes on one archive."""
    first, second = opened(), opened()
    stream = uuid4()
    first.append([signed(stream)])
    assert second.stream(stream) == [signed(stream)]
    with pytest.raises(VersionConflict):
        second.append([signed(stream)])


def test_whoever_wants_to_know_is_told_of_an_append(store):
    """Followers need not poll in the same process; a refused append wakes nobody."""
    woken = []
    store.on_append(lambda: woken.append(1))
    event = signed(uuid4())
    store.append([event])
    for again in (lambda: store.append([event]), lambda: store.append_next(uuid4(), lambda last: [event])):
        with pytest.raises(VersionConflict):
            again()
    assert woken == [1]
    store.append_next(event.originator_id, lambda last: [signed(event.originator_id, last + 1)])
    assert woken == [1, 1]


def test_a_reader_misses_nothing_while_many_write(opened):
    """8 writers, one follower that only ever looks upwards."""
    store = opened()
    threads = [
        threading.Thread(target=lambda: [store.append([signed(uuid4()), signed(uuid4())]) for _ in range(50)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    seen: list[StoredRow] = []
    follower = opened()
    writing, rows = True, []
    while writing or rows:
        writing = any(thread.is_alive() for thread in threads)  # asked before reading: the last rows are read after
        rows = follower.rows(seen[-1].position if seen else 0, 64)
        seen += rows
    for thread in threads:
        thread.join()
    assert len({(r.id, r.version) for r in seen}) == 800


def test_an_unreadable_event_says_which_one(store):
    """Whatever was done to its bytes or its topic."""
    good = store.append([signed(UUID(int=1))]) or store.rows(0, 1)[0]
    for broken in (
        good._replace(state=b"{"),
        good._replace(state=b"[]"),
        good._replace(state=b"\xff"),
        good._replace(topic="jianzheng:nothing.here"),
        good._replace(topic="os:system"),
        good._replace(topic=""),
    ):
        with pytest.raises(EventUnreadable, match="00000000-0000-0000-0000-000000000001/1"):
            store.decode(broken)


@pytest.mark.parametrize(
    ("column", "value"),
    [("originator_id", "upper(originator_id)"), ("state", "CAST(state AS TEXT)"), ("originator_version", "1.5")],
)
def test_an_edited_row_is_the_entry_that_it_was_read_as(tmp_path, column, value):
    """Whatever type or spelling somebody gave a column: by way of its row, or refused as its row is."""
    store = SQLiteEventStore(tmp_path / "events.sqlite")
    store.create()
    store.append([signed(UUID(int=0xABCDEF)), signed(UUID(int=0xABCDEE))])
    with closing(sqlite3.connect(tmp_path / "events.sqlite")) as db, db:
        db.execute(f"UPDATE stored_events SET {column} = {value} WHERE position = 1")
    rows = store.rows(0, 10)

    def by_rows() -> list[tuple[int, bytes, int, bytes]]:
        return [(r.position, r.id.bytes, r.version, entry(r.id, r.version, r.topic, r.state)) for r in rows]

    try:
        expected = by_rows()
    except (TypeError, AttributeError) as error:
        with pytest.raises(type(error)):
            store.entries(0, 10)
    else:
        assert store.entries(0, 10) == expected
    store.close()


def test_an_acknowledged_append_survives_the_death_of_the_process(kept, opened):
    """`kill -9` right after append returned: the events are there."""
    program = (
        "import os, sys; from uuid import UUID; from tests.contract.event_stores import open_store, signed;"
        "open_store(*sys.argv[1:]).append([signed(UUID(int=9))]); os.kill(os.getpid(), 9)"
    )
    root = Path(__file__).parent.parent.parent
    assert subprocess.run([sys.executable, "-c", program, *kept.opening], cwd=root, check=False).returncode == -9
    assert opened().stream(UUID(int=9)) == [signed(UUID(int=9))]


def test_the_same_event_is_the_same_bytes_wherever_it_lies(store):
    """The ledger's entries are made of id, version, topic and state: they move between databases unchanged."""
    event = signed(UUID(int=3), 1, "同意 ✓ \u0001")
    store.append([event])
    row = store.rows(0, 1)[0]
    assert (row.id, row.version, row.topic, row.state) == (*new_row(event),)


def test_a_file_that_cannot_be_opened_says_so(tmp_path):
    """A folder that is not there."""
    store = SQLiteEventStore(tmp_path / "nowhere" / "events.sqlite")
    with pytest.raises(StorageNotWritable):
        store.create()
    store.close()


def test_acts_are_rows_and_attributes_in_one(store):
    """In the order asked, without those that are not there; the streams are told apart."""
    one, other = uuid4(), uuid4()
    store.append([signed(one, 1, "甲"), signed(other, 1, "乙"), signed(one, 2, "丙")])
    positions = [row.position for row in store.rows(0, 10)]
    acts = store.acts_at([positions[2], 10**9, positions[0], positions[1]])
    assert [position for position, _, _, _ in acts] == [positions[2], positions[0], positions[1]]
    assert [topic for _, topic, _, _ in acts] == [RecordSignedOff.TOPIC] * 3
    assert acts[0][2] == acts[1][2] != acts[2][2]
    assert [attributes for _, _, _, attributes in acts] == [
        store.attributes(row) for row in store.rows_at([positions[2], positions[0], positions[1]])
    ]
    assert store.acts_at([]) == []


def test_closing_while_others_read_and_write(opened):
    """Whoever is in the midst of it ends as if by an error, or ends well; the process lives."""
    for _ in range(20):
        store = opened()
        started = threading.Barrier(4)

        def work(store=store, started=started):
            started.wait()
            try:
                while True:
                    store.append([signed(uuid4())])
                    store.rows(0, 100)
            except Exception:
                return

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        started.wait()
        store.close()
        for thread in threads:
            thread.join()
    fresh = opened()
    fresh.append([signed(uuid4())])
    assert fresh.rows(0, 1)
