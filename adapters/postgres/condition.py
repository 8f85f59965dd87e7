"""What `jianzheng check` tells of the database: which server it is, and what about it is unsafe."""

from __future__ import annotations

import time
from dataclasses import dataclass

from adapters.postgres import roles, schema
from adapters.postgres.database import Database
from adapters.servers.safety import Risk, is_local, of_line, of_secret

CLOCKS_APART = 5.0
"""Seconds by which two clocks may differ before anybody wonders which of two acts came first."""

CHECKED = frozenset({"verify-ca", "verify-full"})  # values of libpq's sslmode


@dataclass(frozen=True)
class Condition:
    server: str  # the server's version, such as "15.18"
    schema: int  # the last migration step that was taken
    known: int  # the newest that this program knows
    standby: bool  # takes no writes
    encrypted: bool
    unsafe: tuple[Risk, ...]


_DURABLE = {
    "fsync": ("断电时，答复过已经存好的内容会丢", "a power cut loses what was acknowledged"),
    "full_page_writes": ("断电可能损坏数据库", "a power cut may damage the database"),
    "data_checksums": (
        "磁盘上读错的字节数据库自己发现不了（停机后用 pg_checksums --enable 开启）",
        "the database does not notice wrong bytes from its disks (turn it on, stopped, with pg_checksums --enable)",
    ),
}
"""Settings that must be on. Commits are flushed by each connection itself, whatever the server's default is."""


def condition(database: Database) -> Condition:
    """Raises `DatabaseUnreachable` and its like."""
    before = time.time()
    [(version, standby, encrypted, server, encoding, clock)] = database.all(
        "SELECT current_setting('server_version'), pg_is_in_recovery(),"
        " coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false), host(inet_server_addr()),"
        " current_setting('server_encoding'), extract(epoch FROM clock_timestamp())::float8"
    )
    unsafe = _settings(database)
    if encoding != "UTF8":
        said = f"数据库的编码是 {encoding}，存不下所有汉字。", f"The database's encoding, {encoding}, lacks characters."
        unsafe.append(Risk("encoding", *said))
    unsafe += _clocks(clock, before, time.time())
    address = database.address
    if server is not None and not is_local(server):  # None: a socket in a folder
        checked = dict(address.options).get("sslmode") in CHECKED
        unsafe += of_line(server, encrypted=encrypted, checked=checked)
    if address.password:  # otherwise a certificate, a password file of libpq's or the socket's owner says who it is
        unsafe += of_secret(address.password, address.user)
    schema_version = schema.version(database)
    if schema_version:
        unsafe += _rights(roles.excess(database))
    return Condition(str(version).split()[0], schema_version, schema.newest(), standby, encrypted, tuple(unsafe))


def _settings(database: Database) -> list[Risk]:
    rows = database.all(
        "SELECT name, setting FROM pg_settings WHERE name = ANY(%s) AND setting <> 'on' ORDER BY name",
        (list(_DURABLE),),
    )
    risks = []
    for name, value in rows:
        zh, en = _DURABLE[name]
        risks.append(Risk(name, f"{name} = {value}：{zh}。", f"{name} = {value}: {en}."))
    return risks


def _clocks(server: float, before: float, after: float) -> list[Risk]:
    """The answer came somewhere between ``before`` and ``after``; what lies outside is the clocks' doing."""
    apart = max(before - server, server - after)
    if apart <= CLOCKS_APART:
        return []
    return [
        Risk(
            "clocks_differ",
            f"数据库服务器的时钟和本机差 {apart:.0f} 秒：请让两台机器都对时（NTP）。",
            f"The clocks of the database server and of this machine differ by {apart:.0f} s: let both keep time (NTP).",
        )
    ]


def _rights(excess: tuple[str, ...]) -> list[Risk]:
    if not excess:
        return []
    rights = ", ".join(excess)
    return [
        Risk(
            "role_too_mighty",
            f"程序连接数据库的角色可以改动或删除存证（{rights}）：请换成 {roles.APP_ROLE}。",
            f"The role as which the program connects could change or delete evidence ({rights}): use {roles.APP_ROLE}.",
        )
    ]
