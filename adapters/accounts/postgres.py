"""Credentials on PostgreSQL: the rules of `adapters.accounts.store.Accounts` for servers on any number of machines.

Failed attempts are counted for all machines together, one attempt after another: guesses do not get cheaper by being
made at once, or at several servers. The lock is held for a few statements; the costly hashing happens outside.

Hashes that were replaced stay in the database's files until it clears them away, and in its backups: keep those as
private as the database itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import LiteralString

from pwdlib import PasswordHash

from adapters.accounts.store import Accounts
from adapters.disk.tables import Statements
from adapters.postgres.database import Database
from adapters.postgres.locks import key_of
from adapters.postgres.tables import LinkStatements


class PostgresAccountStore(Accounts):
    """The database belongs to whoever passes it in."""

    def __init__(self, database: Database, hasher: PasswordHash | None = None) -> None:
        super().__init__(hasher)
        self._database = database

    @contextmanager
    def _transaction(self, *, durable: bool = True) -> Iterator[Statements]:
        with self._database.transaction() as link:
            if not durable:
                link.execute("SET LOCAL synchronous_commit = off")
            yield LinkStatements(link)

    @contextmanager
    def _connection(self) -> Iterator[Statements]:
        with self._database.connection() as link:
            yield LinkStatements(link)

    def _note_upload(self, values: tuple[str, str, str, float]) -> None:
        # It says itself that nobody waits for its flush: one round trip in the place of four.
        with self._connection() as db:
            db.execute(
                "WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))"
                " INSERT INTO uploads SELECT ?, ?, ?, ? FROM relaxed"
                " ON CONFLICT (username, sha256) DO UPDATE SET media_type = excluded.media_type, at = excluded.at",
                values,
            )

    def _alone(self, db: Statements) -> None:
        db.execute("SELECT pg_advisory_xact_lock(?)", (key_of("attempts"),))

    def _forget(self, db: Statements, table: LiteralString, which: LiteralString, values: Sequence[float]) -> None:
        # Never waits for somebody who is at the same rows, so that two can never wait for each other.
        doomed = f"SELECT ctid FROM {table} WHERE {which} FOR UPDATE SKIP LOCKED"  # noqa: S608  (constants)
        db.execute(f"DELETE FROM {table} WHERE ctid = ANY(ARRAY({doomed}))", values)  # noqa: S608  (constants)
