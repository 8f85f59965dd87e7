"""Connections that break while both ends live: whoever held a lock by one has lost it, and works on without knowing."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import psycopg

from adapters.postgres.address import Address

MOST = 6
"""Connections cut at once."""

_ALL = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name = 'jianzheng' ORDER BY backend_start, pid"
)


class Cutter:
    """Works as whoever administers the database, on a connection of its own."""

    def __init__(self, url: str, spare: Callable[[int], bool]) -> None:
        """``spare``: those of the server's processes that are left alone."""
        self._address, self._spare = Address.parse(url), spare

    def __call__(self, chance: Random) -> int:
        with psycopg.connect(**self._address.parameters(), autocommit=True) as connection:  # type: ignore[arg-type]  # all of them text
            found = [pid for (pid,) in connection.execute(_ALL) if not self._spare(pid)]
            doomed = chance.sample(found, min(len(found), chance.randint(1, MOST)))
            connection.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::integer[]) AS pid", (doomed,))
        return len(doomed)
