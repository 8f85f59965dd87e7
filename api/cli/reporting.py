"""``report``: the annual report, and whether a file is the issued one."""

from __future__ import annotations

from api.cli.command import Command

COMMANDS: tuple[Command, ...] = ()
