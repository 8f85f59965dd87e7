"""The text queue on PostgreSQL: as `adapters.views.TextQueue` on SQLite, for workers on any number of machines.

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

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import LiteralString

from adapters.postgres.database import Database, Link, Params
from adapters.views import LEASE, LOST, MAX_ATTEMPTS, Handed, WaitingText, handed, reason

# A file that is taken and may be handed out again is one whose worker was lost.
_NEXT = """
WITH found AS (
    SELECT sha256, attempts + taken::integer AS failed, taken AS lost FROM texts
    WHERE state = 'waiting' AND not_before <= %(now)s ORDER BY attempts, number LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED)
UPDATE texts SET attempts = failed, not_before = %(until)s, taken = failed < %(most)s,
    state = CASE WHEN failed < %(most)s THEN 'waiting' ELSE 'aside' END,
    detail = CASE WHEN lost THEN %(said)s ELSE detail END
FROM found WHERE texts.sha256 = found.sha256
RETURNING attempts, number, texts.sha256, media_type, state
"""


class PostgresTextQueue:
    """`adapters.views.QueueTables`. The database belongs to whoever passes it in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def wait(self, files: Sequence[tuple[str, str, str]]) -> None:
        # In one order, or two that wait for the same files could wait for each other.
        files = sorted(files)
        with self._database.transaction() as link:
            link.execute(
                "INSERT INTO texts (sha256, media_type) SELECT * FROM unnest(%s::text[], %s::text[])"
                " ON CONFLICT DO NOTHING",
                ([sha256 for sha256, _, _ in files], [media_type for _, media_type, _ in files]),
            )
            link.execute(
                "INSERT INTO text_waiters (sha256, record) SELECT * FROM unnest(%s::text[], %s::text[])"
                " ON CONFLICT DO NOTHING",
                ([sha256 for sha256, _, _ in files], [record for _, _, record in files]),
            )

    def next(self, now: float, limit: int) -> list[WaitingText]:
        said = {"now": now, "until": now + LEASE, "limit": limit, "most": MAX_ATTEMPTS, "said": LOST}
        return handed(lambda: self._hand_out(said))

    def _hand_out(self, said: dict[str, object]) -> list[Handed]:
        with self._passing() as link:
            return [Handed(*row) for row in link.execute(_NEXT, said)]

    def done(self, sha256: str) -> None:
        self._run("UPDATE texts SET state = 'done', taken = false, detail = '' WHERE sha256 = %s", (sha256,))

    def again(self, digests: Sequence[str]) -> None:
        self._run(
            "UPDATE texts SET state = 'waiting', attempts = 0, not_before = 0"
            " WHERE sha256 = ANY(%s::text[]) AND state = 'done'",
            (list(digests),),
        )

    def failed(self, sha256: str, detail: str, not_before: float) -> None:
        self._run(
            "UPDATE texts SET attempts = attempts + 1, taken = false, not_before = %s, detail = %s,"
            " state = CASE WHEN attempts + 1 >= %s THEN 'aside' ELSE 'waiting' END"
            " WHERE sha256 = %s AND state = 'waiting'",
            (not_before, reason(detail), MAX_ATTEMPTS, sha256),
        )

    def retry(self) -> int:
        return self._run("UPDATE texts SET state = 'waiting', attempts = 0, not_before = 0 WHERE state = 'aside'")

    def ready(self, limit: int) -> list[tuple[str, list[str]]]:
        rows = self._database.all(
            "SELECT record, sha256 FROM text_waiters JOIN texts USING (sha256) WHERE state = 'done'"
            " ORDER BY record, sha256 LIMIT %s",
            (limit,),
        )
        found: dict[str, list[str]] = {}
        for record, sha256 in rows:
            found.setdefault(record, []).append(sha256)
        return list(found.items())

    def taken(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._run(
            "DELETE FROM text_waiters WHERE (record, sha256) IN (SELECT * FROM unnest(%s::text[], %s::text[]))",
            ([record for record, _ in pairs], [sha256 for _, sha256 in pairs]),
        )

    def unfinished(self) -> list[tuple[str, str, str]]:
        rows = self._database.all(
            "SELECT sha256, media_type, record FROM texts JOIN text_waiters USING (sha256) WHERE state <> 'done'"
        )
        return [(sha256, media_type, record) for sha256, media_type, record in rows]

    def counts(self) -> dict[str, int]:
        return dict(self._database.all("SELECT state, count(*) FROM texts GROUP BY state"))

    def aside(self) -> list[tuple[str, str]]:
        rows = self._database.all("SELECT sha256, detail FROM texts WHERE state = 'aside' ORDER BY sha256")
        return [(sha256, detail) for sha256, detail in rows]

    def clear(self) -> None:
        with self._passing() as link:
            link.execute("DELETE FROM text_waiters")
            link.execute("DELETE FROM texts")

    def _run(self, statement: LiteralString, params: Params = ()) -> int:
        """A statement that writes, in a transaction of its own; the number of rows."""
        with self._passing() as link:
            return link.execute(statement, params).rowcount

    @contextmanager
    def _passing(self) -> Iterator[Link]:
        """A transaction whose commit is not waited for."""
        with self._database.transaction() as link:
            link.execute("SET LOCAL synchronous_commit = off")
            yield link
