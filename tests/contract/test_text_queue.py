"""What every text queue promises: a file waits once, goes to one worker at a time, and does not get lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest

from adapters.queue.text_queue import LEASE, LOST, QueueTables, TextQueue, WaitingText
from adapters.work.log import MAX_ATTEMPTS, MAX_REASON, Fault
from domain.errors import StorageFailed
from tests.queue_world import BACK_ENDS, new_queue, opened

NOW = 1_700_000_000.0
A, B, C = ("aa" * 32, "bb" * 32, "cc" * 32)
PDF = "application/pdf"
NO = Fault("no_room", "没有地方", "no room")


@pytest.fixture(params=BACK_ENDS)
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[QueueTables]:
    with opened(new_queue(request.param, request, tmp_path)) as made:
        yield made


def digests(found: list[WaitingText]) -> list[str]:
    return [each.sha256 for each in found]


def test_an_empty_queue(queue: QueueTables) -> None:
    """Nothing waits, nothing is ready, nothing was set aside; nothing to do is no error."""
    assert queue.next(NOW, 10) == []
    assert (queue.ready(10), queue.unfinished(), queue.aside(), queue.counts()) == ([], [], [], {})
    queue.wait([])
    queue.again([])
    queue.taken([])
    queue.done(A)
    queue.failed(A, NO, NOW, NOW)
    queue.renew("nobody", NOW)
    queue.lost(["nobody"])
    queue.lost([])
    queue.give_back("nobody")
    assert (queue.owners(), queue.failures()) == ([], [])
    assert (queue.retry(), queue.counts()) == (0, {})


def test_files_are_handed_out_in_the_order_of_their_coming(queue: QueueTables) -> None:
    """As many as asked for, with their media types; in a batch of several, any order."""
    for sha256 in (B, A, C):
        queue.wait([(sha256, PDF, "r1")])
    assert queue.next(NOW, 1) == [WaitingText(B, PDF, 0)]
    assert digests(queue.next(NOW, 5)) == [A, C]
    assert queue.next(NOW, 5) == []


def test_a_file_of_several_records_waits_once(queue: QueueTables) -> None:
    """Its text is taken in by each of them; asking again changes nothing."""
    for _ in range(2):
        queue.wait([(A, PDF, "r1"), (A, PDF, "r2"), (B, PDF, "r2")])
    assert queue.counts() == {"waiting": 2}
    assert sorted(queue.unfinished()) == [(A, PDF, "r1"), (A, PDF, "r2"), (B, PDF, "r2")]
    assert sorted(queue.waiting(["r2", "r3"])) == [("r2", A), ("r2", B)]
    assert queue.waiting([]) == []
    assert sorted(digests(queue.next(NOW, 9))) == [A, B]
    queue.done(A)
    assert queue.waiting(["r1"]) == [("r1", A)]  # until it is known to be taken in
    assert queue.ready(9) == [("r1", [A]), ("r2", [A])]
    assert queue.unfinished() == [(B, PDF, "r2")]


def test_a_text_is_ready_until_it_is_taken(queue: QueueTables) -> None:
    """A search indexer that dies between reading and writing finds it again."""
    queue.wait([(A, PDF, "r1"), (B, PDF, "r1"), (B, PDF, "r2")])
    queue.done(A)
    queue.done(B)
    assert [(record, sorted(texts)) for record, texts in queue.ready(9)] == [("r1", [A, B]), ("r2", [B])]
    queue.taken([("r1", A), ("r1", B)])
    assert queue.ready(9) == [("r2", [B])]
    queue.taken([("r2", B), ("nobody", A)])
    assert queue.ready(9) == []
    assert queue.counts() == {"done": 2}


def test_ready_gives_no_more_than_asked_for(queue: QueueTables) -> None:
    """A large import is taken in piece by piece."""
    queue.wait([(A, PDF, f"r{n}") for n in range(5)])
    queue.done(A)
    assert queue.ready(2) == [("r0", [A]), ("r1", [A])]


def test_a_text_that_is_gone_from_the_cache_waits_again(queue: QueueTables) -> None:
    """Only one that was done: what is being extracted, or was set aside, is not touched."""
    queue.wait([(A, PDF, "r1"), (B, PDF, "r1")])
    assert digests(queue.next(NOW, 1)) == [A]
    queue.again([A, B, C])
    assert digests(queue.next(NOW, 9)) == [B]
    queue.done(A)
    queue.again([A])
    assert queue.next(NOW, 9) == [WaitingText(A, PDF, 0)]
    assert queue.ready(9) == []


# ── failures ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_failed_file_is_tried_again_later(queue: QueueTables) -> None:
    """Not before it was told, and behind those that failed less."""
    queue.wait([(A, PDF, "r1")])
    queue.next(NOW, 1)
    queue.failed(A, NO, NOW, NOW + 60)
    assert queue.next(NOW + 59, 9) == []
    queue.wait([(B, PDF, "r1")])
    assert queue.next(NOW + 60, 9) == [WaitingText(B, PDF, 0), WaitingText(A, PDF, 1)]


def test_a_file_that_fails_too_often_is_set_aside(queue: QueueTables) -> None:
    """It is shown with the last reason, and waits again when somebody says so."""
    queue.wait([(A, PDF, "r1")])
    for attempt in range(MAX_ATTEMPTS):
        assert queue.next(NOW, 1) == [WaitingText(A, PDF, attempt)]
        queue.failed(A, Fault.of(StorageFailed(f"reason {attempt} \0 \ud800")), NOW + attempt, NOW)
    assert queue.next(NOW + 10 * LEASE, 1) == []
    [(sha256, why)] = queue.aside()
    assert (sha256, f"reason {MAX_ATTEMPTS - 1}" in why) == (A, True)
    assert (queue.counts(), queue.unfinished()) == ({"aside": 1}, [(A, PDF, "r1")])
    assert queue.retry() == 1
    assert queue.next(NOW, 1) == [WaitingText(A, PDF, 0)]


def test_a_long_reason_is_cut(queue: QueueTables) -> None:
    """What a file's own content provoked does not fill the table."""
    queue.wait([(A, PDF, "r1")])
    for _ in range(MAX_ATTEMPTS):
        queue.failed(A, Fault.of(StorageFailed("错" * 100_000)), NOW, NOW)
    [(_, why)] = queue.aside()
    assert len(why) == MAX_REASON


def test_a_late_failure_changes_nothing(queue: QueueTables) -> None:
    """Another worker was done in the meantime: its text counts."""
    queue.wait([(A, PDF, "r1")])
    queue.next(NOW, 1)
    queue.done(A)
    queue.failed(A, NO, NOW, NOW)
    assert (queue.counts(), queue.aside()) == ({"done": 1}, [])


def test_a_late_success_counts(queue: QueueTables) -> None:
    """A text is a text, even of a file that was set aside by then."""
    queue.wait([(A, PDF, "r1")])
    for _ in range(MAX_ATTEMPTS):
        queue.failed(A, NO, NOW, NOW)
    queue.done(A)
    assert (queue.counts(), queue.ready(1)) == ({"done": 1}, [("r1", [A])])


def test_what_failed_is_told_with_its_reason_and_its_times(queue: QueueTables) -> None:
    """What is still tried by itself as well as what was set aside; who waits for it; what was done is not told."""
    queue.wait([(A, PDF, "r2"), (A, PDF, "r1"), (B, "text/plain", "r1"), (C, PDF, "r1")])
    queue.failed(B, NO, NOW, NOW + 5)
    for attempt in range(MAX_ATTEMPTS):
        queue.failed(A, NO, NOW + 1 + attempt, NOW + 9)
    first, second = queue.failures()
    assert (first.sha256, first.media_type, first.aside, first.fault) == (B, "text/plain", False, NO)
    assert (first.attempts, first.first, first.last, first.not_before) == (1, NOW, NOW, NOW + 5)
    assert (second.sha256, second.aside, second.attempts) == (A, True, MAX_ATTEMPTS)
    assert (second.first, second.last, second.records) == (NOW + 1, NOW + MAX_ATTEMPTS, ("r1", "r2"))
    queue.done(A)
    queue.done(B)
    assert queue.failures() == []


def test_only_what_is_named_is_tried_again(queue: QueueTables) -> None:
    """At once and as if for the first time; others stay aside; what a worker has in its hands is left to it."""
    queue.wait([(A, PDF, "r1"), (B, PDF, "r1"), (C, PDF, "r1")])
    for sha256 in (A, B):
        for _ in range(MAX_ATTEMPTS):
            queue.failed(sha256, NO, NOW, NOW + 60)
    queue.failed(C, NO, NOW, NOW)
    assert queue.next(NOW, 1, "worker") == [WaitingText(C, PDF, 1)]
    assert queue.retry([A, C, "dd" * 32]) == 1
    assert queue.next(NOW, 9) == [WaitingText(A, PDF, 0)]
    assert [sha256 for sha256, _ in queue.aside()] == [B]


# ── several workers ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_comes_back_after_its_lease(queue: QueueTables) -> None:
    """Its worker is gone, which counts as a failure."""
    queue.wait([(A, PDF, "r1")])
    assert queue.next(NOW, 1) == [WaitingText(A, PDF, 0)]
    assert queue.next(NOW + LEASE - 1, 1) == []
    assert queue.next(NOW + LEASE, 1) == [WaitingText(A, PDF, 1)]


def test_a_lease_is_renewed_while_work_goes_on(queue: QueueTables) -> None:
    """Only the owner's own, and only while it is the owner's."""
    queue.wait([(A, PDF, "r1"), (B, PDF, "r1")])
    queue.next(NOW, 1, "first")
    queue.next(NOW, 1, "second")
    assert sorted(queue.owners()) == ["first", "second"]
    queue.renew("first", NOW + LEASE - 1)
    assert queue.next(NOW + LEASE, 9, "third") == [WaitingText(B, PDF, 1)]
    queue.renew("second", NOW + LEASE)  # it woke up too late
    assert sorted(queue.owners()) == ["first", "third"]
    assert queue.next(NOW + 2 * LEASE - 1, 9, "fourth") == [WaitingText(A, PDF, 1)]


def test_the_files_of_an_owner_who_is_gone_are_handed_out_at_once(queue: QueueTables) -> None:
    """Nobody waits for the end of its lease; it counts as a failure, and is told as one."""
    queue.wait([(A, PDF, "r1"), (B, PDF, "r1")])
    queue.next(NOW, 1, "gone")
    queue.next(NOW, 1, "here")
    queue.lost(["gone"])
    assert queue.next(NOW + 1, 9, "here") == [WaitingText(A, PDF, 1)]
    [told] = queue.failures()
    assert (told.sha256, told.fault, told.attempts, told.first, told.last) == (A, LOST, 1, NOW + 1, NOW + 1)


def test_what_is_given_back_is_nobodys_failure(queue: QueueTables) -> None:
    """A worker that ends in order leaves its file to another one."""
    queue.wait([(A, PDF, "r1")])
    queue.next(NOW, 1, "first")
    queue.give_back("second")
    assert queue.next(NOW, 1, "third") == []
    queue.give_back("first", NOW + 5)
    assert (queue.next(NOW + 4, 1, "third"), queue.owners()) == ([], [])
    assert queue.next(NOW + 5, 1, "third") == [WaitingText(A, PDF, 0)]


def test_who_lost_a_file_has_no_say_in_it_any_more(queue: QueueTables) -> None:
    """Its failure is not counted a second time; the new owner's is."""
    queue.wait([(A, PDF, "r1")])
    queue.next(NOW, 1, "slow")
    assert queue.next(NOW + LEASE, 1, "quick") == [WaitingText(A, PDF, 1)]
    queue.failed(A, NO, NOW + LEASE, NOW + LEASE, "slow")
    assert queue.next(NOW + LEASE, 1, "slow") == []
    queue.failed(A, NO, NOW + LEASE, NOW + LEASE, "quick")
    assert queue.next(NOW + LEASE, 1, "slow") == [WaitingText(A, PDF, 2)]


def test_a_file_that_costs_every_worker_its_life_is_set_aside(queue: QueueTables) -> None:
    """And does not keep the next one from being handed out."""
    queue.wait([(A, PDF, "r1")])
    at = NOW
    for _ in range(MAX_ATTEMPTS):
        assert digests(queue.next(at, 1)) == [A]
        at += LEASE
    queue.wait([(B, PDF, "r2")])
    queue.next(at, 1)
    queue.done(B)
    assert queue.next(at, 1) == []
    assert queue.aside() == [(A, LOST.en)]


def test_what_is_set_aside_in_a_turn_is_not_the_end_of_the_queue(queue: QueueTables) -> None:
    """A worker that asks for one file gets the one behind A, whose last worker was lost, not an empty answer."""
    queue.wait([(A, PDF, "r1")])
    for _ in range(MAX_ATTEMPTS - 1):
        queue.failed(A, NO, NOW, NOW)
    assert digests(queue.next(NOW, 1)) == [A]
    queue.wait([(B, PDF, "r2")])
    for _ in range(MAX_ATTEMPTS - 1):
        queue.failed(B, NO, NOW, NOW + LEASE)
    assert digests(queue.next(NOW + LEASE, 1)) == [B]


def test_workers_at_once_never_have_the_same_file(queue: QueueTables) -> None:
    """Each file goes to one of them, and all are handed out."""
    queue.wait([(f"{n:064x}", PDF, "r1") for n in range(120)])

    def work(_: int) -> list[str]:
        mine: list[str] = []
        while found := queue.next(NOW, 2):
            mine += digests(found)
        return mine

    with ThreadPoolExecutor(4) as pool:
        handed = [sha256 for mine in pool.map(work, range(4)) for sha256 in mine]
    assert sorted(handed) == [f"{n:064x}" for n in range(120)]


def test_the_same_files_may_be_put_there_at_once(queue: QueueTables) -> None:
    """In any order: nobody waits for ever, and each waits once."""
    files = [(f"{n:064x}", PDF, f"r{n % 7}") for n in range(2000)]
    start = Barrier(4)

    def put(turn: int) -> None:
        queue.counts()  # whatever a connection needs at first is done before
        start.wait()
        queue.wait(files if turn % 2 else files[::-1])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, range(4)))
    assert queue.counts() == {"waiting": 2000}
    assert sorted(queue.unfinished()) == sorted(files)


def test_it_can_be_cleared_and_filled_again(queue: QueueTables) -> None:
    """Nothing in it is needed to make it again."""
    queue.wait([(A, PDF, "r1"), (B, PDF, "r1")])
    queue.done(A)
    queue.clear()
    assert (queue.counts(), queue.ready(9), queue.next(NOW, 9)) == ({}, [], [])
    queue.wait([(A, PDF, "r1")])
    assert queue.next(NOW, 9) == [WaitingText(A, PDF, 0)]


def test_a_file_of_a_version_without_leases_is_used_on(tmp_path: Path) -> None:
    """The embedded queue of an older program keeps what it holds."""
    path = tmp_path / "views.sqlite"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "CREATE TABLE texts (sha256 TEXT PRIMARY KEY, media_type TEXT NOT NULL, state TEXT NOT NULL,"
            " attempts INTEGER NOT NULL DEFAULT 0, not_before REAL NOT NULL DEFAULT 0, detail TEXT NOT NULL DEFAULT '')"
        )
        db.execute("INSERT INTO texts (sha256, media_type, state) VALUES (?, ?, 'waiting')", (A, PDF))
    queue = TextQueue(path)
    assert TextQueue(path).next(NOW, 1) == [WaitingText(A, PDF, 0)]
    assert queue.next(NOW, 1) == []


def test_nothing_waits_for_an_erased_file(queue: QueueTables) -> None:
    """Whether it waited, was handed out or done; other files wait on."""
    queue.wait([(A, PDF, "r1"), (B, PDF, "r1"), (C, PDF, "r2")])
    assert digests(queue.next(NOW, 1, "one")) == [A]
    queue.done(B)
    for digest in (A, B, A):
        queue.forget(digest)
    assert (queue.unfinished(), queue.ready(9), queue.owners()) == ([(C, PDF, "r2")], [], [])
