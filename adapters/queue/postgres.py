"""The text queue on PostgreSQL: for workers on any number of machines.

The library ``procrastinate`` would bring a worker loop, periodic tasks and wake-ups, but keeps one row for each job
that was ever deferred, in tables, functions and a pool of connections of its own, beside which we would still need
these two tables to say which records wait for which file. Our queue is one row for each file, put there any number of
times, looked up by what it holds, taken and finished with one statement each, and made again from the events where it
is lost: so the small table is the better fit, and the only thing to keep right is the hand-out below.

``FOR UPDATE SKIP LOCKED`` gives each worker another file, without one waiting for the other; the lease is in the row,
not in a connection, so that a worker holds no transaction open while it extracts. It runs by the workers' clocks, which
must agree to much less than `LEASE`.

Only `wait` is flushed to the disk before it returns. What happens to a file later may be lost with the server's power
(the last fraction of a second of it, in order): then a text is looked for again, which is in the cache.
"""

from __future__ import annotations

from collections.abc import Sequence

from adapters.postgres.database import Database
from adapters.postgres.tables import DatabaseTables
from adapters.queue.text_queue import QueueTables, hand_out


class PostgresTextQueue(QueueTables):
    """The database belongs to whoever passes it in."""

    _hand_out = hand_out("number", "FOR UPDATE SKIP LOCKED")

    def __init__(self, database: Database) -> None:
        super().__init__(DatabaseTables(database))

    def wait(self, files: Sequence[tuple[str, str, str]]) -> None:
        # Two statements for any number; in one order, or two that wait for the same files could wait for each other.
        files = sorted(files)
        with self._tables.writing(durable=True) as db:
            db.execute(
                "INSERT INTO texts (sha256, media_type) SELECT * FROM unnest(?::text[], ?::text[])"
                " ON CONFLICT DO NOTHING",
                ([sha256 for sha256, _, _ in files], [media_type for _, media_type, _ in files]),
            )
            db.execute(
                "INSERT INTO text_waiters (sha256, record) SELECT * FROM unnest(?::text[], ?::text[])"
                " ON CONFLICT DO NOTHING",
                ([sha256 for sha256, _, _ in files], [record for _, _, record in files]),
            )

    def taken(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._run(
            "DELETE FROM text_waiters WHERE (record, sha256) IN (SELECT * FROM unnest(?::text[], ?::text[]))",
            [record for record, _ in pairs],
            [sha256 for _, sha256 in pairs],
        )
