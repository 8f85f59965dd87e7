"""All commands, in the order in which help and the reference show them."""

from __future__ import annotations

from api.cli import acting, filing, finding, ledger, people, reporting, serving, setup
from api.cli.command import Command, Group

GROUPS: tuple[Group, ...] = (
    Group("org", "单位", "organisations"),
    Group("person", "人员", "people"),
    Group("user", "账号", "accounts"),
    Group("report", "年报", "annual reports"),
    Group("index", "检索索引", "the search index"),
)

COMMANDS: tuple[Command, ...] = (
    *setup.COMMANDS,
    *people.COMMANDS,
    *filing.COMMANDS,
    *finding.COMMANDS,
    *acting.COMMANDS,
    *reporting.COMMANDS,
    *ledger.COMMANDS,
    *serving.COMMANDS,
)
