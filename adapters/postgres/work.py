"""How background work fares, on PostgreSQL: as `adapters.work.SQLiteWorkLog` on SQLite, for many machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import LiteralString

from adapters.postgres.database import Database, Link, Params
from adapters.work import FORGOTTEN, MAX_ATTEMPTS, Fault, Happened, Stopped, Trouble, standing, trouble

_COLUMNS: LiteralString = (
    "part, stream, version, leaf, position, state, code, zh, en, attempts, first, last, not_before"
)

_FAILED: LiteralString = f"""
INSERT INTO troubles ({_COLUMNS})
VALUES (%(part)s, %(stream)s, %(version)s, %(leaf)s, %(position)s,
    CASE WHEN 1 >= %(most)s THEN 'aside' ELSE 'failing' END,
    %(code)s, %(zh)s, %(en)s, 1, %(now)s, %(now)s, %(not_before)s)
ON CONFLICT (part, stream) DO UPDATE SET version = excluded.version, leaf = excluded.leaf,
    position = excluded.position, code = excluded.code, zh = excluded.zh, en = excluded.en,
    attempts = troubles.attempts + 1, last = excluded.last, not_before = excluded.not_before,
    state = CASE WHEN troubles.attempts + 1 >= %(most)s THEN 'aside' ELSE 'failing' END
"""  # noqa: S608  (constants)

_STOPPED = """
INSERT INTO stopped (part, code, zh, en, attempts, first, last)
VALUES (%(part)s, %(code)s, %(zh)s, %(en)s, 1, %(now)s, %(now)s)
ON CONFLICT (part) DO UPDATE SET code = excluded.code, zh = excluded.zh, en = excluded.en,
    attempts = stopped.attempts + 1, last = excluded.last
"""


class PostgresWorkLog:
    """`adapters.work.WorkLog`. The database belongs to whoever passes it in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def failed(self, part: str, event: Happened, fault: Fault, now: float, not_before: float) -> None:
        said = {"part": part, **event._asdict(), **vars(fault), "now": now, "not_before": not_before}
        with self._database.transaction() as link:
            link.execute(_FAILED, {**said, "most": MAX_ATTEMPTS})

    def attempts(self, part: str, stream: str) -> int:
        statement = "SELECT attempts FROM troubles WHERE part = %s AND stream = %s"
        return int(self._database.value(statement, (part, stream)) or 0)

    def mended(self, part: str, streams: Sequence[str]) -> None:
        self._run("DELETE FROM troubles WHERE part = %s AND stream = ANY(%s::text[])", (part, list(streams)))

    def streams(self, part: str) -> set[str]:
        return {stream for (stream,) in self._database.all("SELECT stream FROM troubles WHERE part = %s", (part,))}

    def due(self, part: str, now: float, limit: int) -> list[Trouble]:
        rows = self._database.all(
            f"SELECT {_COLUMNS} FROM troubles WHERE part = %s AND state = 'failing' AND not_before <= %s"  # noqa: S608  (constants)
            " ORDER BY not_before, leaf LIMIT %s",
            (part, now, limit),
        )
        return [trouble(row) for row in rows]

    def troubles(self) -> list[Trouble]:
        rows = self._database.all(f"SELECT {_COLUMNS} FROM troubles ORDER BY leaf, part, stream")  # noqa: S608  (constants)
        return [trouble(row) for row in rows]

    def retry(self, part: str, streams: Sequence[str]) -> int:
        return self._run(
            "UPDATE troubles SET state = 'failing', attempts = 0, not_before = 0"
            " WHERE part = %s AND stream = ANY(%s::text[])",
            (part, list(streams)),
        )

    def clear(self, part: str, before: float) -> None:
        self._run("DELETE FROM troubles WHERE part = %s AND last < %s", (part, before))

    def stopped(self, part: str, fault: Fault, now: float) -> None:
        self._run(_STOPPED, {"part": part, **vars(fault), "now": now})

    def goes(self, part: str) -> None:
        if self._database.value("SELECT 1 FROM stopped WHERE part = %s", (part,)):
            self._run("DELETE FROM stopped WHERE part = %s", (part,))

    def standing(self) -> list[Stopped]:
        rows = self._database.all("SELECT part, code, zh, en, attempts, first, last FROM stopped ORDER BY part")
        return [standing(row) for row in rows]

    def done(self, job: str, now: float) -> None:
        with self._passing() as link:
            link.execute(
                "INSERT INTO jobs (name, last) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET last = excluded.last",
                (job, now),
            )
            link.execute("DELETE FROM jobs WHERE last < %s", (now - FORGOTTEN,))

    def jobs(self) -> dict[str, float]:
        return dict(self._database.all("SELECT name, last FROM jobs"))

    def close(self) -> None:
        """Nothing of its own is open."""

    def _run(self, statement: LiteralString, params: Params = ()) -> int:
        with self._passing() as link:
            return link.execute(statement, params).rowcount

    @contextmanager
    def _passing(self) -> Iterator[Link]:
        """A transaction whose commit is not waited for: what the power takes is noted again."""
        with self._database.transaction() as link:
            link.execute("SET LOCAL synchronous_commit = off")
            yield link
