"""What is left to be done of erasures, on PostgreSQL: as `adapters.erasures.SQLiteErasureLog` on SQLite."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.erasures import Left
from adapters.postgres.database import Database


class PostgresErasureLog:
    """`adapters.erasures.ErasureLog`. The database belongs to whoever passes it in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def position(self) -> int:
        return int(self._database.value("SELECT position FROM erasures_tracking") or 0)

    def take(self, position: int, new: Sequence[Left]) -> None:
        with self._database.transaction() as link:
            for each in new:
                link.execute(
                    "INSERT INTO erasures_left (position, stream, version) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                    each[:3],
                )
            link.execute("UPDATE erasures_tracking SET position = greatest(position, %s)", (position,))

    def left(self) -> list[Left]:
        rows = self._database.all("SELECT position, stream, version, zh, en FROM erasures_left ORDER BY position")
        return [Left(*row) for row in rows]

    def stays(self, position: int, zh: str, en: str) -> None:
        with self._database.transaction() as link:
            link.execute("UPDATE erasures_left SET zh = %s, en = %s WHERE position = %s", (zh, en, position))

    def done(self, position: int) -> None:
        with self._database.transaction() as link:
            link.execute("DELETE FROM erasures_left WHERE position = %s", (position,))
