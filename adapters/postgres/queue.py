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

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import LiteralString

from adapters.postgres.database import Database, Link, Params
from adapters.views import LEASE, LOST, FailedText, Handed, WaitingText, failed_text, handed
from adapters.work import MAX_ATTEMPTS, Fault

# A file that is taken and may be handed out again is one whose worker was lost.
_NEXT = """
WITH found AS (
    SELECT sha256, attempts + taken::integer AS failed, taken AS lost FROM texts
    WHERE state = 'waiting' AND not_before <= %(now)s ORDER BY attempts, number LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED)
UPDATE texts SET attempts = failed, not_before = %(until)s, taken = failed < %(most)s,
    owner = CASE WHEN failed < %(most)s THEN %(owner)s ELSE '' END,
    state = CASE WHEN failed < %(most)s THEN 'waiting' ELSE 'aside' END,
    code = CASE WHEN lost THEN %(code)s ELSE code END, detail = CASE WHEN lost THEN %(en)s ELSE detail END,
    detail_zh = CASE WHEN lost THEN %(zh)s ELSE detail_zh END, last = CASE WHEN lost THEN %(now)s ELSE last END,
    first = CASE WHEN lost AND attempts = 0 THEN %(now)s ELSE first END
FROM found WHERE texts.sha256 = found.sha256
RETURNING attempts, number, texts.sha256, media_type, state
"""

_FAILED = """
UPDATE texts SET attempts = attempts + 1, taken = false, owner = '', not_before = %(not_before)s,
    code = %(code)s, detail = %(en)s, detail_zh = %(zh)s, last = %(now)s,
    first = CASE WHEN attempts = 0 THEN %(now)s ELSE first END,
    state = CASE WHEN attempts + 1 >= %(most)s THEN 'aside' ELSE 'waiting' END
WHERE sha256 = %(sha256)s AND state = 'waiting' AND owner = %(owner)s
"""

_AFRESH: LiteralString = "state = 'waiting', attempts = 0, not_before = 0, taken = false, owner = ''"
"""As if it had never been tried."""


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

    def next(self, now: float, limit: int, owner: str = "") -> list[WaitingText]:
        said = {"now": now, "until": now + LEASE, "limit": limit, "most": MAX_ATTEMPTS, "owner": owner, **vars(LOST)}
        return handed(lambda: self._hand_out(said))

    def _hand_out(self, said: dict[str, object]) -> list[Handed]:
        with self._passing() as link:
            return [Handed(*row) for row in link.execute(_NEXT, said)]

    def renew(self, owner: str, now: float) -> None:
        self._run("UPDATE texts SET not_before = %s WHERE taken AND owner = %s", (now + LEASE, owner))

    def owners(self) -> list[str]:
        return [owner for (owner,) in self._database.all("SELECT DISTINCT owner FROM texts WHERE taken")]

    def lost(self, owners: Sequence[str]) -> None:
        if owners:
            self._run("UPDATE texts SET not_before = 0 WHERE taken AND owner = ANY(%s::text[])", (list(owners),))

    def give_back(self, owner: str, not_before: float = 0.0) -> None:
        self._run(
            "UPDATE texts SET taken = false, owner = '', not_before = %s WHERE taken AND owner = %s",
            (not_before, owner),
        )

    def done(self, sha256: str) -> None:
        self._run(
            "UPDATE texts SET state = 'done', attempts = 0, taken = false, owner = '', code = '', detail = '',"
            " detail_zh = '' WHERE sha256 = %s",
            (sha256,),
        )

    def again(self, digests: Sequence[str]) -> None:
        self._run(
            f"UPDATE texts SET {_AFRESH} WHERE sha256 = ANY(%s::text[]) AND state = 'done'",  # noqa: S608  (constants)
            (list(digests),),
        )

    def forget(self, sha256: str) -> None:
        with self._database.transaction() as link:
            link.execute("DELETE FROM texts WHERE sha256 = %s", (sha256,))
            link.execute("DELETE FROM text_waiters WHERE sha256 = %s", (sha256,))

    def failed(self, sha256: str, fault: Fault, now: float, not_before: float, owner: str = "") -> None:
        said = {"sha256": sha256, "now": now, "not_before": not_before, "owner": owner, **vars(fault)}
        self._run(_FAILED, {**said, "most": MAX_ATTEMPTS})

    def retry(self, digests: Sequence[str] | None = None) -> int:
        which = None if digests is None else list(digests)
        return self._run(
            f"UPDATE texts SET {_AFRESH} WHERE state <> 'done' AND attempts > 0 AND NOT taken"  # noqa: S608  (constants)
            " AND (%(which)s::text[] IS NULL OR sha256 = ANY(%(which)s::text[]))",
            {"which": which},
        )

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

    def waiting(self, records: Collection[str]) -> list[tuple[str, str]]:
        found = self._database.all(
            "SELECT record, sha256 FROM text_waiters WHERE record = ANY(%s::text[])", (list(records),)
        )
        return [(record, sha256) for record, sha256 in found]

    def counts(self) -> dict[str, int]:
        return dict(self._database.all("SELECT state, count(*) FROM texts GROUP BY state"))

    def aside(self) -> list[tuple[str, str]]:
        rows = self._database.all("SELECT sha256, detail FROM texts WHERE state = 'aside' ORDER BY sha256")
        return [(sha256, detail) for sha256, detail in rows]

    def failures(self) -> list[FailedText]:
        rows = self._database.all(
            "SELECT sha256, media_type, state = 'aside', code, detail_zh, detail, attempts, first, last, not_before,"
            " ARRAY(SELECT record FROM text_waiters w WHERE w.sha256 = texts.sha256 ORDER BY record)"
            " FROM texts WHERE state <> 'done' AND attempts > 0 ORDER BY first, sha256"
        )
        return [failed_text(row[:-1], row[-1]) for row in rows]

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
