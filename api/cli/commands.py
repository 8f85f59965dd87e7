"""All commands, in the order in which help and the reference show them."""

from __future__ import annotations

from api.cli import (
    acting,
    checking,
    erasing,
    filing,
    finding,
    keys,
    ledger,
    migrating,
    packages,
    people,
    receipts,
    reporting,
    serving,
    setup,
    timestamps,
    witness,
)
from api.cli.command import Command, Group

GROUPS: tuple[Group, ...] = (
    Group("org", "单位", "organisations"),
    Group("person", "人员", "people"),
    Group("user", "账号", "accounts"),
    Group("report", "年报", "annual reports"),
    Group("index", "检索索引", "the search index"),
    Group("witness", "见证：请别人见证，或替别人见证", "witnesses: those that watch us, and one that we run"),
    Group("erasure", "依法销毁", "lawful erasure"),
    Group("key", "账本的密钥", "the keys of the ledger"),
    Group("migrate", "服务器上的表", "tables on servers"),
)

COMMANDS: tuple[Command, ...] = (
    *setup.COMMANDS,
    *checking.COMMANDS,
    *people.COMMANDS,
    *filing.COMMANDS,
    *finding.COMMANDS,
    *acting.COMMANDS,
    *erasing.COMMANDS,
    *reporting.COMMANDS,
    *ledger.COMMANDS,
    *receipts.COMMANDS,
    *witness.COMMANDS,
    *timestamps.COMMANDS,
    *packages.COMMANDS,
    *keys.COMMANDS,
    *migrating.COMMANDS,
    *serving.COMMANDS,
)
