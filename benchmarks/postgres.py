"""Rows 1 and 2 on PostgreSQL: appends, one by one and in batches, against the library's own and raw COPY.

``python -m benchmarks.postgres URL [--records N] [--rounds N]``; URL is an empty database of a server, as its
administrator. Both sides write to that server: ours as the application's role and the library in a schema of its own.
"""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from eventsourcing.application import Application
from psycopg import sql

from adapters.bootstrap import utc_now
from adapters.events.postgres import PostgresEventStore
from adapters.events.rows import new_row
from adapters.ledger.guard import GuardedSigner
from adapters.ledger.postgres import PostgresLedgerStore, ledger_lock
from adapters.ledger.publisher import Publisher
from adapters.postgres.address import Address
from adapters.postgres.database import SCHEMA, Database
from adapters.postgres.roles import APP_ROLE
from adapters.postgres.schema import migrate
from adapters.signing import create_key
from benchmarks.append import APPENDS, LibraryApplication, one_by_one
from benchmarks.batch import BATCH, ROUND
from benchmarks.generate import Generator
from benchmarks.measure import Comparison, Result, Target, each, paired, seconds
from domain.event import Event
from indexers.ledger import Integrator
from indexers.pipeline import GATHER

PASSWORD = "for this benchmark"


class Side:
    """Where both write: the archive's tables, the library's, and a bare copy of the archive's."""

    def __init__(self, stack: ExitStack, url: str, records: int) -> None:
        # The same events for each, and each event once: the generator repeats itself.
        self.ours, self.theirs, self.ready = (one_by_one(Generator(records)) for _ in range(3))
        at = Address.parse(url)
        self.admin = stack.enter_context(psycopg.connect(**at.parameters(), autocommit=True))
        with closing(Database(at)) as database:
            migrate(database, app_password=PASSWORD)
        self.database = stack.enter_context(closing(Database(at.login(APP_ROLE, PASSWORD))))
        self.store = stack.enter_context(closing(PostgresEventStore(self.database)))
        self.library = self._library(at)
        stack.callback(self.library.close)
        self.admin.execute(
            sql.SQL("CREATE TABLE bare (LIKE {} INCLUDING ALL)").format(sql.Identifier(SCHEMA, "stored_events"))
        )

    def _library(self, at: Address) -> Application:
        self.admin.execute("CREATE SCHEMA library")
        return LibraryApplication(
            env={
                "PERSISTENCE_MODULE": "eventsourcing.postgres",
                "POSTGRES_HOST": at.host,
                "POSTGRES_PORT": str(at.port),
                "POSTGRES_DBNAME": at.database,
                "POSTGRES_USER": at.user,
                "POSTGRES_PASSWORD": at.password,
                "POSTGRES_SCHEMA": "library",
            }
        )

    def copy(self, batch: list[tuple[object, ...]]) -> None:
        """Rows that are ready, in binary, one transaction: what PostgreSQL itself needs."""
        statement = "COPY bare (originator_id, originator_version, topic, state) FROM STDIN (FORMAT BINARY)"
        with self.admin.transaction(), self.admin.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(["uuid", "int8", "text", "bytea"])
            for row in batch:
                copy.write_row(row)


@contextmanager
def following(side: Side, folder: Path) -> Iterator[None]:
    """The integrator in a thread, woken by appends as it is inside ``serve``."""
    signer = create_key(folder / "key", "benchmark.example/log")
    publisher = Publisher(folder / "ledger", folder / "staging")
    publisher.create()
    ledger = PostgresLedgerStore(side.database)
    guard = GuardedSigner(signer, folder / "last-signed")
    integrator = Integrator(side.store, ledger, publisher, guard, utc_now, ledger_lock(side.database))
    wake, stop = threading.Event(), threading.Event()
    side.store.on_append(wake.set)

    def follow() -> None:
        while not stop.is_set():
            wake.clear()
            if integrator.run_once():
                stop.wait(GATHER)
            else:
                wake.wait(1)

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        wake.set()
        thread.join()


def single(side: Side, records: int, rounds: int, folder: Path) -> Result:
    def ours(_: int) -> float:
        events = list(islice(side.ours, APPENDS))
        return APPENDS / seconds(lambda: each(lambda event: side.store.append([event]), events))

    def theirs(_: int) -> float:
        events = list(islice(side.theirs, APPENDS))
        return APPENDS / seconds(lambda: each(side.library.save, events))

    ours_off, theirs_off = paired(rounds, ours, theirs)
    with following(side, folder):
        while PostgresLedgerStore(side.database).tracking() < side.store.head():
            threading.Event().wait(0.1)
        ours_on, theirs_on = paired(rounds, ours, theirs)
    against = "the library's `app.save`, same server"
    return Result(1, "append-single-postgres", records, [
        Comparison("append single, ledger on", against, "events/s", ours_on, theirs_on, Target("at least", 0.95)),
        Comparison("append single, ledger off", against, "events/s", ours_off, theirs_off),
    ])  # fmt: skip


def batches(side: Side, records: int, rounds: int) -> Result:
    def some(source: Iterator[Event]) -> list[list[Event]]:
        return [list(islice(source, BATCH)) for _ in range(ROUND // BATCH)]

    def ours(_: int) -> float:
        events = some(side.ours)
        return ROUND / seconds(lambda: each(side.store.append, events))

    def theirs(_: int) -> float:
        events = some(side.theirs)
        return ROUND / seconds(lambda: each(lambda batch: side.library.save(*batch), events))

    def limit(_: int) -> float:
        ready: list[list[tuple[object, ...]]] = [[new_row(event) for event in batch] for batch in some(side.ready)]
        return ROUND / seconds(lambda: each(side.copy, ready))

    mine, library, limits = paired(rounds, ours, theirs, limit)
    return Result(2, "append-batch-postgres", records, [
        Comparison("append in batches", "the library's `app.save`", "events/s", mine, library, Target("at least", 3)),
        Comparison("append in batches", "raw COPY of rows that are ready", "events/s", mine, limits,
                   Target("at least", 0.6)),
    ], {"batch": BATCH})  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with ExitStack() as stack:
        side = Side(stack, given.url, given.records)
        folder = Path(stack.enter_context(TemporaryDirectory()))
        found = [batches(side, given.records, given.rounds), single(side, given.records, given.rounds, folder)]
    print(json.dumps([each.as_json() for each in found], ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
