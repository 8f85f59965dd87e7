"""The tables, in numbered steps that only go forward: ``migrations/NNNN_name.sql``.

Each step is one transaction together with its row in ``schema_version``. Any number of processes may migrate at once:
an advisory lock lets one go first, and whoever comes after finds the step done. Neither a migration nor the archive
touches a database that a newer program has migrated.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import NamedTuple

from psycopg import sql

from adapters.postgres import roles
from adapters.postgres.database import SCHEMA, Database, Link
from adapters.postgres.faults import DatabaseRefuses, SchemaMissing, SchemaTooNew
from adapters.postgres.locks import key_of


class Step(NamedTuple):
    number: int
    name: str
    statements: str


@dataclass(frozen=True)
class Migrated:
    """What a migration did, for people."""

    before: int
    after: int
    owner: str  # the role that owns the tables
    app: str | None  # the role that may add and read; None where there is none
    created: tuple[str, ...]  # roles that were created


def steps() -> list[Step]:
    """All there are, in order."""
    migrations = []
    for file in files("adapters.postgres").joinpath("migrations").iterdir():
        if file.name.endswith(".sql"):
            number, name = file.name.removesuffix(".sql").split("_", 1)
            migrations.append(Step(int(number), name, file.read_text("utf-8")))
    return sorted(migrations, key=lambda step: step.number)


def newest() -> int:
    """The number of the last step that this program knows."""
    return steps()[-1].number


def version(database: Database) -> int:
    """The last step that was taken, 0 where none was."""
    with database.connection() as link:
        return _version(link)


def unused(database: Database) -> bool:
    """Whether no event was ever stored in tables of whatever version; the first step makes theirs."""
    return not database.value("SELECT EXISTS (SELECT FROM stored_events)")


def require(database: Database) -> None:
    """Raises `SchemaMissing` or `SchemaTooNew` unless the tables are those that this program knows."""
    with database.connection() as link:
        require_on(link)


def require_on(link: Link) -> None:
    """The same by a connection that somebody holds."""
    applied, known = _version(link), newest()
    if applied < known:
        raise SchemaMissing
    if applied > known:
        raise SchemaTooNew(applied, known)


def migrate(
    database: Database,
    *,
    owner: str = roles.OWNER_ROLE,
    app: str = roles.APP_ROLE,
    app_password: str | None = None,
) -> Migrated:
    """Bring the tables up to date, and give the roles their rights.

    A connection that may create roles makes those that are missing; ``app_password`` lets the application's role log
    in (without one, `GRANT` it to the role that does). Any other connection makes the tables its own, and gives rights
    to ``app`` only where that exists. Raises `SchemaTooNew`, `DatabaseRefuses`.
    """
    with database.connection() as link:
        # Building an index over a large table takes its time: the server is not lost.
        patience, link.patience = link.patience, None
        try:
            with _alone(link):
                before = _version(link)
                if before > newest():
                    raise SchemaTooNew(before, newest())
                created = _make_roles(link, owner, app, app_password)
                _make_room(link, owner)
            for step in steps():
                with _alone(link):
                    _become_owner(link)
                    if _version(link) < step.number:
                        link.execute(sql.SQL(step.statements))  # a file of this package
                        link.execute("INSERT INTO schema_version (version, name) VALUES (%s, %s)", step[:2])
            with _alone(link):
                holder = _become_owner(link)
                granted = app if app != holder and roles.exists(link, app) else None
                if granted is not None:
                    roles.grant(link, granted)
        finally:
            link.patience = patience
    return Migrated(before, newest(), holder, granted, created)


@contextmanager
def _alone(link: Link) -> Iterator[None]:
    """A transaction, while no other process migrates this database."""
    with link.transaction():
        link.execute("SELECT pg_advisory_xact_lock(%s)", (key_of("schema"),))
        yield


def _version(link: Link) -> int:
    there = link.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.schema_version",)).fetchone()
    if there is None or there[0] is None:
        return 0
    row = link.execute("SELECT max(version) FROM schema_version").fetchone()
    return int(row[0] or 0) if row else 0


def _make_roles(link: Link, owner: str, app: str, app_password: str | None) -> tuple[str, ...]:
    if not roles.may_create(link):
        return ()
    created = [name for name in (owner, app) if roles.ensure(link, name)]
    if app_password is not None:
        roles.set_password(link, app, app_password)
    roles.join(link, owner)
    return tuple(created)


def _make_room(link: Link, owner: str) -> None:
    """The schema and the table that counts the steps, of the owner's where the connected role may act for it."""
    if link.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (SCHEMA,)).fetchone() is None:
        schema, role = sql.Identifier(SCHEMA), sql.Identifier(owner)
        if roles.is_member(link, owner):
            link.execute(sql.SQL("CREATE SCHEMA {} AUTHORIZATION {}").format(schema, role))
        else:
            link.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
    _become_owner(link)
    link.execute(
        "CREATE TABLE IF NOT EXISTS schema_version ("
        "version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )


def _become_owner(link: Link) -> str:
    """Act, for the rest of the transaction, as the role that owns the schema, so that it owns what is made."""
    row = link.execute(
        "SELECT rolname FROM pg_namespace JOIN pg_roles r ON r.oid = nspowner WHERE nspname = %s", (SCHEMA,)
    ).fetchone()
    holder = str(row[0]) if row else ""
    if not roles.is_member(link, holder):
        raise DatabaseRefuses(f"the schema belongs to {holder}")
    link.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(holder)))
    return holder
