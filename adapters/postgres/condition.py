"""What `jianzheng check` tells of the database: which server it is, and what about it is unsafe."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from adapters.postgres import roles, schema
from adapters.postgres.database import Database


@dataclass(frozen=True)
class Condition:
    server: str  # the server's version, such as "15.18"
    schema: int  # the last migration step that was taken
    known: int  # the newest that this program knows
    standby: bool  # takes no writes
    encrypted: bool
    unsafe: tuple[str, ...]
    """In words of PostgreSQL: settings under which what was acknowledged may be lost (``fsync = off``), ``ssl = off``
    where the server is another machine, and what `roles.excess` says."""


DURABLE = ("fsync", "full_page_writes")
"""Settings that must be on. Commits are flushed by each connection itself, whatever the server's default is."""


def condition(database: Database) -> Condition:
    """Raises `DatabaseUnreachable` and its like."""
    [(version, standby, encrypted, address)] = database.all(
        "SELECT current_setting('server_version'), pg_is_in_recovery(),"
        " coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false), host(inet_server_addr())"
    )
    settings = database.all(
        "SELECT name, setting FROM pg_settings WHERE name = ANY(%s) AND setting <> 'on' ORDER BY name", (list(DURABLE),)
    )
    unsafe = [f"{name} = {value}" for name, value in settings]
    if not encrypted and address is not None and not ip_address(address).is_loopback:
        unsafe.append("ssl = off")
    found = schema.version(database)
    if found:
        unsafe += roles.excess(database)
    return Condition(str(version).split()[0], found, schema.newest(), standby, encrypted, tuple(unsafe))
