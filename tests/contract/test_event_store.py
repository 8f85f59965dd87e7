"""What every event store promises. A later store joins by adding itself to `place` and the fixture.

What it promises to those who go on with a stream that many append to stands in ``test_append_next.py``.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters.events.postgres import PostgresEventStore
from adapters.events.rows import new_row
from adapters.events.sqlite import SQLiteEventStore
from adapters.postgres.address import Address
from adapters.postgres.database import Database
from domain.errors import EventUnreadable, StorageNotWritable, VersionConflict
from domain.ledger.entry import entry
from domain.ledger.tombstone import tombstone
from domain.organisations.events import OrganisationAdded
from domain.ports.events import StoredRow
from domain.records.erasure import ErasureNotAnnounced
from domain.records.events import RecordErased, RecordSignedOff, Tombstone
from tests.fakes import stamp
from tests.postgres_world import administer, archive_database


class OnSQLite:
    """One file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "events.sqlite"

    @property
    def opening(self) -> tuple[str, ...]:
        return "sqlite", str(self.path)

    def delete(self, position: int) -> None:
        with sqlite3.connect(self.path) as db:
            db.execute("DELETE FROM stored_events WHERE position = ?", (position,))
        db.close()


class OnPostgres:
    """A database of a real server, with the rights of the application."""

    def __init__(self, url: str, address: Address) -> None:
        self.url, self.address = url, address

    @property
    def opening(self) -> tuple[str, ...]:
        at = self.address
        return "postgres", at.host, str(at.port), at.database, at.user, at.password

    def delete(self, position: int) -> None:
        statement = f"DELETE FROM stored_events WHERE notification_id = {position}"
        administer(self.url, self.address, statement)


def open_store(kind: str, *where: str) -> Any:
    """Open it as any process would; `close` of what is returned closes everything below it."""
    if kind == "sqlite":
        store = SQLiteEventStore(Path(where[0]))
        store.create()
        return store
    host, port, *rest = where
    database = Database(Address(host, int(port), *rest))
    opened = PostgresEventStore(database)
    opened.create()
    close = opened.close
    opened.close = lambda: (close(), database.close())  # type: ignore[method-assign,assignment]
    return opened


@contextmanager
def place(request: pytest.FixtureRequest) -> Iterator[OnSQLite | OnPostgres]:
    """Of the kind that a fixture's parameter names."""
    if request.param == "sqlite":
        yield OnSQLite(request.getfixturevalue("tmp_path"))
        return
    url = request.getfixturevalue("postgres_url")
    with archive_database(url) as address:
        yield OnPostgres(url, address)


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request):
    """Where the events lie."""
    with place(request) as found:
        yield found


@pytest.fixture
def opened(kept):
    """A function that opens the same store again, as another process would."""
    stores = []

    def open_again():
        stores.append(open_store(*kept.opening))
        return stores[-1]

    yield open_again
    for store in stores:
        store.close()


@pytest.fixture
def store(opened):
    return opened()


def signed(stream: UUID, version: int = 1, remark: str = "同意") -> RecordSignedOff:
    return RecordSignedOff(remark=remark, **stamp().header(stream, version))


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
        "import os, sys; from uuid import UUID; from tests.contract.test_event_store import open_store, signed;"
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


def erasing(stream, states, version, **more):
    """An event that erases these states of its stream."""
    said = {
        "ground": "privacy", "basis": "教党〔2024〕7号", "proposer": "secretary", "digests": [], "code": "a-2023-0001",
        "organisation": "a", "family": "paper", "form": "publicity", "year": 2023, "years": [2023],
        "events": [{"version": n, "state": sha256(state).hexdigest(), "at": ""} for n, state in states.items()],
    }  # fmt: skip
    return RecordErased(**{**said, **more}, **stamp().header(stream, version))


def test_a_state_that_an_erasure_names_becomes_a_tombstone(store):
    """Its digest stays, nothing else does; a second time changes nothing. The row keeps its place."""
    stream = uuid4()
    store.append([signed(stream, 1), signed(stream, 2)])
    before = store.stored(stream)
    store.append([erasing(stream, {1: before[0].state}, 3)])
    assert [store.erase(stream, 1, 3), store.erase(stream, 1, 3)] == [True, False]
    digest = sha256(before[0].state).hexdigest()
    row, *others = store.stored(stream)
    assert row == before[0]._replace(state=tombstone(3, digest))
    assert store.entries(0, 1) == [(row.position, stream.bytes, 1, entry(*before[0][1:]))]
    assert others[0] == before[1]
    found = store.decode(row)
    assert isinstance(found, Tombstone)
    assert (found.topic, found.by, found.state) == (RecordSignedOff.TOPIC, 3, digest)
    assert store.stream(stream)[0] == found
    assert store.attributes(row) == {"erased": {"by": 3, "state": digest}}
    assert [each.version for each in store.erasures(0, 10)] == [3]
    assert store.erasures(store.head(), 10) == []


def test_nothing_is_erased_that_no_erasure_names(store):
    """Neither another event, nor another state, nor one of another stream, nor what came later, nor an erasure."""
    stream, other = uuid4(), uuid4()
    store.append([signed(stream, 1), signed(stream, 2), signed(other, 1)])
    store.append([erasing(stream, {1: b"other"}, 3)])
    own = store.stored(stream)[2].state
    store.append([erasing(stream, {3: own, 6: b"later"}, 4), signed(stream, 5), signed(stream, 6)])
    before = store.stored(stream)
    for version, by in ((1, 3), (2, 3), (3, 4), (6, 4), (5, 4), (9, 4), (1, 9), (1, 2)):
        with pytest.raises(ErasureNotAnnounced):
            store.erase(stream, version, by)
    with pytest.raises(ErasureNotAnnounced):
        store.erase(other, 1, 3)
    assert store.stored(stream) == before


def test_a_forged_erasure_without_a_list_erases_nothing(store):
    """Whatever stands in the place of the list of states."""
    stream = uuid4()
    store.append([signed(stream, 1), erasing(stream, {}, 2), erasing(stream, {}, 3, events=None)])
    for by in (2, 3):
        with pytest.raises(ErasureNotAnnounced):
            store.erase(stream, 1, by)
