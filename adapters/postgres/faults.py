"""What PostgreSQL reports, as one of our errors: told apart by SQLSTATE, not by its sentences.

The class of a state (its first two characters) says most of it; see https://www.postgresql.org/docs/current/errcodes-appendix.html.
A connection that breaks has no state at all: libpq, not the server, noticed it. What the server writes into its
messages may quote values of the archive, so none of it is repeated except the name of the state.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from domain.errors import (
    ArchiveBusy,
    DatabaseDamaged,
    InputError,
    JianzhengError,
    ServerUnreachable,
    StorageFailed,
    StorageFull,
    Unavailable,
)


class DatabaseUnreachable(ServerUnreachable):
    """No connection to the database server, or the one that was used broke."""

    code = "database_unreachable"
    zh = "连不上数据库服务器（{reason}）。"
    en = "The database server cannot be reached ({reason})."
    next_zh = "没有留下半截数据，请稍后重试；如果一直这样，请管理员检查数据库服务器和连接设置。"
    next_en = (
        "Nothing was left half done; try again later. If it goes on, check the server and the connection settings."
    )


class OutcomeUnknown(DatabaseUnreachable):
    """The connection broke while the answer to a commit was awaited, and the server cannot be asked what became of it.

    All of it is stored, or nothing.
    """

    code = "outcome_unknown"
    zh = "保存时与数据库服务器的连接断了（{reason}），现在无法确认是否已经存入。"
    en = "The connection to the database server broke while saving ({reason}); whether it was stored is not known yet."
    next_zh = "不会只存一半。请稍后先查看是否已经存入，没有再重试。"
    next_en = "Either all of it is stored or nothing. Look later whether it is there, and try again if it is not."


class DatabaseRefuses(Unavailable):
    """The role lacks a right, or the server takes no writes (a standby, or set to read-only)."""

    code = "database_refuses"
    zh = "数据库不允许这个操作（{reason}）。"
    en = "The database does not permit this ({reason})."
    next_zh = "请管理员检查数据库角色的权限，以及连接的是否是主服务器。"
    next_en = "Check the rights of the database role, and that the connection goes to the primary server."

    def __init__(self, reason: str, **where: Any) -> None:
        super().__init__(reason=reason, **where)


class SchemaMissing(InputError):
    """The tables are not there, or older than this program needs."""

    code = "schema_missing"
    http_status = 503
    zh = "数据库里的表还没有准备好，或者版本太旧。"
    en = "The tables of the database are not prepared, or older than this program needs."
    next_zh = "请管理员运行 jianzheng migrate schema。"
    next_en = "Run jianzheng migrate schema."


class SchemaTooNew(InputError):
    """Forward only: an older program leaves a newer database alone."""

    code = "schema_too_new"
    http_status = 503
    zh = "数据库里的表是更新的程序建立的（版本 {found}，本程序只认到 {known}）。"
    en = "The tables of the database were made by a newer program (version {found}; this one knows {known})."
    next_zh = "请升级程序；没有改动任何内容。"
    next_en = "Upgrade the program; nothing was changed."

    def __init__(self, applied: int, known: int, **where: Any) -> None:
        super().__init__(found=applied, known=known, **where)


_BUSY = frozenset({"55P03", "40P01", "40001", "57014", "55006"})
"""lock_not_available, deadlock_detected, serialization_failure, query_canceled, object_in_use"""

_REFUSED = frozenset({"42501", "25006"})
"""insufficient_privilege, read_only_sql_transaction"""

_NO_TABLES = frozenset({"42P01", "3F000"})
"""undefined_table, invalid_schema_name"""


@contextmanager
def translated() -> Iterator[None]:
    """Errors of PostgreSQL as ours."""
    try:
        yield
    except psycopg.Error as error:
        fault = fault_of(error)
        if fault is None:
            raise
        raise fault from error


def fault_of(error: psycopg.Error) -> JianzhengError | None:
    """Our name for it; None where it is a mistake of the program."""
    state = error.sqlstate
    if state is None:
        # psycopg's own: a dead connection is one of these two; the rest are mistakes in a call.
        lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return DatabaseUnreachable(_said(error)) if lost else None
    name = _name(state)
    if state in _BUSY:
        return ArchiveBusy()
    if state in _REFUSED:
        return DatabaseRefuses(name)
    if state in _NO_TABLES:
        return SchemaMissing()
    match state[:2], state:
        case ("08" | "28" | "3D" | "57", _) | (_, "53300"):  # connection, password, database, shutdown, too many
            return DatabaseUnreachable(name)
        case _, "53100":
            return StorageFull()
        case ("53" | "58" | "54", _):  # resources, the server's system, its limits
            return StorageFailed(name)
        case ("23" | "XX" | "P0", _):
            return DatabaseDamaged(why=name)
        case _:
            return None


def is_lost(error: psycopg.Error) -> bool:
    """Whether the connection is gone, so that the answer to what was sent last never came."""
    return isinstance(fault_of(error), DatabaseUnreachable)


def _name(state: str) -> str:
    try:
        return f"{state} {psycopg.errors.lookup(state).__name__}"
    except KeyError:
        return state


def _said(error: psycopg.Error) -> str:
    """libpq's first line without the addresses in it: which host was tried is in the settings."""
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return first.rsplit(": ", 1)[-1][:120]
