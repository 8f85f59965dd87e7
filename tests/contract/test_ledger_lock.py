"""What every lock of the ledger promises, whether the kernel or a database server keeps it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from adapters.disk.file_lock import LedgerLock
from adapters.ledger.postgres import ledger_lock
from adapters.postgres.database import Database
from adapters.postgres.faults import DatabaseUnreachable
from domain.ports.surroundings import Lock
from tests.postgres_world import LOCKS_HERE, administer, prepare


@pytest.fixture(params=["file", "postgres"])
def another(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Lock]]:
    """Makes the same lock, as another process has it."""
    with ExitStack() as stack:
        if request.param == "file":
            yield lambda: LedgerLock(tmp_path / "ledger.lock")
        else:
            address = prepare(request.getfixturevalue("postgres_database"))
            yield lambda: ledger_lock(stack.enter_context(closing(Database(address))))


def test_one_has_it_at_a_time(another: Callable[[], Lock]) -> None:
    """Another process is told so at once, or after the time it wants to wait; then it is free again."""
    one, other = another(), another()
    with one.held() as ours:
        assert ours
        for wait in (0.0, 0.1):
            with other.held(wait) as theirs:
                assert not theirs
    with other.held() as theirs:
        assert theirs


def test_threads_exclude_each_other(another: Callable[[], Lock]) -> None:
    """One lock object, eight threads that wait for it: never two inside."""
    lock, inside, most = another(), [0], [0]

    def work() -> None:
        for _ in range(5):
            with lock.held(-1) as ours:
                assert ours
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == ([0], [1])


def test_an_error_inside_frees_it(another: Callable[[], Lock]) -> None:
    """Whatever happens to the holder."""
    one, other = another(), another()
    with pytest.raises(ZeroDivisionError), one.held():
        raise ZeroDivisionError
    with other.held() as theirs:
        assert theirs


def test_whoever_waits_gets_it(another: Callable[[], Lock]) -> None:
    """As soon as the holder is done."""
    one, other, got = another(), another(), []

    def wait() -> None:
        with other.held(60) as theirs:
            got.append(theirs)

    with one.held():
        thread = threading.Thread(target=wait)
        thread.start()
    thread.join()
    assert got == [True]


def test_a_server_frees_the_lock_of_a_lost_connection(postgres_database: str) -> None:
    """The holder learns of it at the latest when it is done, and another may go on at once."""
    address = prepare(postgres_database)
    with closing(Database(address)) as database, closing(Database(address)) as another_one:
        with pytest.raises(DatabaseUnreachable), ledger_lock(database).held() as ours:
            assert ours
            administer(
                postgres_database,
                address,
                f"SELECT pg_terminate_backend(pid, 10000) FROM {LOCKS_HERE}",
            )
            with ledger_lock(another_one).held(10) as theirs:
                assert theirs
        with ledger_lock(database).held() as ours:
            assert ours
