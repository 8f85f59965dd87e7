"""Who may do what in the database: the owner makes the tables, the application adds to them and reads.

The application's role cannot change or delete an event, a leaf, a node, a batch or a checkpoint; so neither can a
fault in the application, nor whoever gets hold of its password. The owner and the server's superusers can: what they
do is noticed by the ledger, not prevented.
"""

from __future__ import annotations

from typing import LiteralString

import psycopg
from psycopg import sql

from adapters.postgres.database import SCHEMA, Database, Link

_ATTEMPTS = 5

_ALL: tuple[LiteralString, ...] = ("SELECT", "INSERT", "UPDATE", "DELETE")

OWNER_ROLE = "jianzheng_owner"
APP_ROLE = "jianzheng_app"

PRIVILEGES: dict[str, tuple[LiteralString, ...]] = {
    "schema_version": ("SELECT",),
    # Whose database it is: bound by the program when an archive is made or copied here.
    "archive": ("SELECT", "INSERT", "UPDATE"),
    # Not the position: which one an event gets is the server's business.
    "stored_events": ("SELECT", "INSERT (originator_id, originator_version, topic, state)"),
    "leaves": ("SELECT", "INSERT"),
    "nodes": ("SELECT", "INSERT"),
    "batches": ("SELECT", "INSERT"),
    "checkpoints": ("SELECT", "INSERT"),
    "timestamps": ("SELECT", "INSERT"),
    "tracking": ("SELECT", "INSERT", "UPDATE"),
    # The keys of sealed files may be destroyed and nothing else: a trigger sees to it.
    "blob_keys": ("SELECT", "INSERT", "UPDATE (key)"),
    # No evidence: views that can be made again, and credentials, which must be forgotten.
    **dict.fromkeys(("texts", "text_waiters", "concerned", "concerned_records", "issued_reports"), _ALL),
    **dict.fromkeys(("troubles", "stopped", "jobs"), _ALL),
    # Signed by others, so that nobody can change them unnoticed; what is outdated goes.
    **dict.fromkeys(("witnesses", "cosignatures", "witnessed"), _ALL),
    "figures_tracking": ("SELECT", "UPDATE"),
    "erasures_left": _ALL,
    "erasures_tracking": ("SELECT", "UPDATE"),
    **dict.fromkeys(("passwords", "attempts", "sessions", "tokens", "uploads"), _ALL),
}
"""What the application's role may do with each table. Every table of the schema is named here."""

EVIDENCE = ("stored_events", "leaves", "nodes", "batches", "checkpoints", "timestamps")
"""Tables whose rows nobody may change once they are there."""


def excess(database: Database) -> tuple[str, ...]:
    """What the connected role could do to the evidence though it should not: for `verify` and `check`.

    Empty for a role that can only add and read. Otherwise the role's attributes and rights, in words of PostgreSQL:
    ``superuser``, ``createrole`` (it could make itself a member of the owner), ``owner of …``, ``UPDATE on …``.
    """
    powers: list[str] = []
    [(superuser, createrole)] = database.all(
        "SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = session_user"
    )
    if superuser:
        return ("superuser",)
    if createrole:
        powers.append("createrole")
    rows = database.all(
        "SELECT relname, pg_has_role(session_user, relowner, 'MEMBER'),"
        " has_any_column_privilege(session_user, c.oid, 'UPDATE'),"
        " has_table_privilege(session_user, c.oid, 'DELETE'), has_table_privilege(session_user, c.oid, 'TRUNCATE')"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname = %s AND relname = ANY(%s) ORDER BY array_position(%s, relname::text)",
        (SCHEMA, list(EVIDENCE), list(EVIDENCE)),
    )
    for table, owner, *rights in rows:
        if owner:
            powers.append(f"owner of {table}")
        words = zip(("UPDATE", "DELETE", "TRUNCATE"), rights, strict=True)
        powers += [f"{word} on {table}" for word, may in words if may]
    return tuple(powers)


def may_create(link: Link) -> bool:
    """Whether the connected role may create roles."""
    row = link.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user").fetchone()
    return bool(row and row[0])


def exists(link: Link, name: str) -> bool:
    """Whether the server has a role of that name."""
    return link.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone() is not None


def ensure(link: Link, name: str) -> bool:
    """Create the role, without a login, where it is missing; says whether it did.

    Roles belong to the whole server: another database's migration may be doing the same at this moment.
    """
    if exists(link, name):
        return False
    try:
        with link.transaction():
            link.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(name)))
    except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        return False
    return True


def set_password(link: Link, name: str, password: str) -> None:
    """Let the role log in. The password is hashed here: the server's log never sees it."""
    hashed = link.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    statement = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal(hashed))
    for attempt in range(_ATTEMPTS):
        try:
            with link.transaction():
                link.execute(statement)
            return
        except psycopg.errors.InternalError_:  # another database's migration changed the same role at this moment
            if attempt == _ATTEMPTS - 1:
                raise


def is_member(link: Link, name: str) -> bool:
    """Whether the connected role may act as that one."""
    row = link.execute(
        "SELECT pg_has_role(session_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = %s", (name,)
    ).fetchone()
    return bool(row and row[0])


def join(link: Link, name: str) -> None:
    """Make the connected role, which may create roles, a member of that one."""
    if not is_member(link, name):
        link.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(name)))


def grant(link: Link, app: str) -> None:
    """Give the application's role its rights, and take every other: also those that somebody gave it since."""
    role, schema = sql.Identifier(app), sql.Identifier(SCHEMA)
    link.execute(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA {} FROM {}, PUBLIC").format(schema, role))
    link.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, role))
    for table, privileges in PRIVILEGES.items():
        rights = sql.SQL(", ").join(sql.SQL(privilege) for privilege in privileges)
        link.execute(sql.SQL("GRANT {} ON {} TO {}").format(rights, sql.Identifier(SCHEMA, table), role))
    # The one thing that changes an event: it makes tombstones, where an event says that it erases that very state.
    erase = sql.SQL("FUNCTION {}(uuid, bigint, bigint)").format(sql.Identifier(SCHEMA, "erase_event"))
    link.execute(sql.SQL("REVOKE ALL ON {} FROM PUBLIC").format(erase))
    link.execute(sql.SQL("GRANT EXECUTE ON {} TO {}").format(erase, role))
    # How far positions were given out: the check asks for it. Drawing them needs no right of one's own.
    sequence = sql.Identifier(SCHEMA, "stored_events_notification_id_seq")
    link.execute(sql.SQL("GRANT SELECT ON SEQUENCE {} TO {}").format(sequence, role))
