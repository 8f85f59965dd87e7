"""What every work log promises: what could not be done is kept, counted, tried again when due, forgotten when done."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from adapters.postgres.database import Database
from adapters.work.log import FORGOTTEN, MAX_ATTEMPTS, Fault, Happened, SQLiteWorkLog, Stopped, Trouble, WorkLog
from adapters.work.postgres import PostgresWorkLog
from domain.errors import EventUnreadable
from tests.postgres_world import prepare
from tests.queue_world import BACK_ENDS

NOW = 1_700_000_000.0
FIRST, SECOND = Happened("a" * 36, 3, 17, 40), Happened("b" * 36, 1, 9, 21)
NO = Fault("event_failed", "处理不了", "it cannot be taken in")


@pytest.fixture(params=BACK_ENDS)
def work(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WorkLog]:
    if request.param == "sqlite":
        with closing(SQLiteWorkLog(tmp_path / "views.sqlite")) as made:
            yield made
        return
    with closing(Database(prepare(request.getfixturevalue("postgres_database")))) as database:
        yield PostgresWorkLog(database)


def test_an_empty_log(work: WorkLog) -> None:
    """Nothing is wrong; to mend, retry or forget nothing is no error."""
    assert (work.troubles(), work.standing(), work.jobs(), work.due("search", NOW, 9)) == ([], [], {}, [])
    assert (work.streams("search"), work.attempts("search", FIRST.stream)) == (set(), 0)
    work.mended("search", [])
    work.mended("search", [FIRST.stream])
    work.clear("search", NOW)
    work.goes("search")
    assert (work.retry("search", []), work.retry("search", [FIRST.stream])) == (0, 0)


def test_a_trouble_is_kept_whole(work: WorkLog) -> None:
    """Which indexer, which event, why, how often, since when and until when."""
    work.failed("search", FIRST, NO, NOW, NOW + 4)
    assert work.troubles() == [Trouble("search", FIRST, "failing", NO, 1, NOW, NOW, NOW + 4)]
    assert (work.streams("search"), work.attempts("search", FIRST.stream)) == ({FIRST.stream}, 1)
    assert (work.streams("figures"), work.attempts("figures", FIRST.stream)) == (set(), 0)


def test_what_fails_is_due_later_and_then_set_aside(work: WorkLog) -> None:
    """Not before its time, the longest overdue first; after `MAX_ATTEMPTS` it is due no more."""
    work.failed("search", FIRST, NO, NOW, NOW + 8)
    work.failed("search", SECOND, NO, NOW, NOW + 4)
    assert work.due("search", NOW + 3, 9) == []
    assert [each.event for each in work.due("search", NOW + 4, 9)] == [SECOND]
    assert [each.event for each in work.due("search", NOW + 9, 9)] == [SECOND, FIRST]
    assert [each.event for each in work.due("search", NOW + 9, 1)] == [SECOND]
    for attempt in range(1, MAX_ATTEMPTS):
        work.failed("search", FIRST, NO, NOW + attempt, NOW + 4)
    assert [each.event for each in work.due("search", NOW + 9, 9)] == [SECOND]
    [aside] = [each for each in work.troubles() if each.state == "aside"]
    assert (aside.event, aside.attempts, aside.first, aside.last) == (FIRST, MAX_ATTEMPTS, NOW, NOW + MAX_ATTEMPTS - 1)


def test_the_latest_failure_is_the_one_that_is_told(work: WorkLog) -> None:
    """A stream is there once, with the event and the reason of its last attempt; the first time stays."""
    work.failed("search", FIRST, NO, NOW, NOW)
    later = FIRST._replace(version=4, leaf=30, position=77)
    why = Fault.of(EventUnreadable(what="it\0", why="\ud800"))
    work.failed("search", later, why, NOW + 9, NOW + 10)
    assert work.troubles() == [Trouble("search", later, "failing", why, 2, NOW, NOW + 9, NOW + 10)]


def test_what_is_mended_is_gone(work: WorkLog) -> None:
    """For that part only."""
    work.failed("search", FIRST, NO, NOW, NOW)
    work.failed("figures", FIRST, NO, NOW, NOW)
    work.mended("search", [FIRST.stream, SECOND.stream])
    assert [each.part for each in work.troubles()] == ["figures"]
    work.failed("search", FIRST, NO, NOW, NOW)
    assert work.attempts("search", FIRST.stream) == 1


def test_what_was_set_aside_is_tried_again_when_somebody_says_so(work: WorkLog) -> None:
    """At once, and as often as at first; others stay aside."""
    for event in (FIRST, SECOND):
        for _ in range(MAX_ATTEMPTS):
            work.failed("search", event, NO, NOW, NOW + 60)
    assert work.retry("search", [FIRST.stream, "nobody"]) == 1
    assert [each.event for each in work.due("search", NOW, 9)] == [FIRST]
    work.failed("search", FIRST, NO, NOW, NOW + 60)
    assert {each.event: each.state for each in work.troubles()} == {FIRST: "failing", SECOND: "aside"}


def test_a_rebuild_forgets_what_was_before_it(work: WorkLog) -> None:
    """Trouble that came since stays, and that of other parts."""
    work.failed("search", FIRST, NO, NOW, NOW)
    work.failed("search", SECOND, NO, NOW + 2, NOW)
    work.failed("figures", FIRST, NO, NOW, NOW)
    work.clear("search", NOW + 1)
    assert [(each.part, each.event) for each in work.troubles()] == [("search", SECOND), ("figures", FIRST)]


def test_troubles_come_in_the_order_of_the_ledger(work: WorkLog) -> None:
    """As a person who looks for the cause reads them."""
    for event in (FIRST, SECOND):
        work.failed("search", event, NO, NOW, NOW)
    assert [each.event.leaf for each in work.troubles()] == [9, 17]


def test_many_indexers_may_write_at_once(work: WorkLog) -> None:
    """Each attempt counts."""
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work.failed, f"p{n % 3}", FIRST, NO, NOW, NOW) for n in range(24)]:
            done.result()
    assert [each.attempts for each in work.troubles()] == [8, 8, 8]


def test_a_part_that_stands_still_is_told_until_it_goes_on(work: WorkLog) -> None:
    """With the last reason, since when, and how often it tried."""
    work.stopped("ledger", NO, NOW)
    again = Fault("archive_busy", "正忙", "busy")
    work.stopped("ledger", again, NOW + 5)
    work.stopped("search", NO, NOW)
    assert work.standing() == [Stopped("ledger", again, 2, NOW, NOW + 5), Stopped("search", NO, 1, NOW, NOW)]
    work.goes("ledger")
    work.goes("figures")
    assert [each.part for each in work.standing()] == ["search"]


def test_jobs_are_remembered_and_old_ones_forgotten(work: WorkLog) -> None:
    """When each was done last; a machine that is there no more is not told for ever."""
    work.done("clean-up", NOW)
    work.done("sweep@old", NOW)
    work.done("clean-up", NOW + FORGOTTEN)
    assert work.jobs() == {"clean-up": NOW + FORGOTTEN, "sweep@old": NOW}
    work.done("clean-up", NOW + FORGOTTEN + 1)
    assert work.jobs() == {"clean-up": NOW + FORGOTTEN + 1}
