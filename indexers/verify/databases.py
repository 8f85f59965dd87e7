"""The database files as files: bytes of theirs that hold no row, and files that cannot be read to their end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from adapters.ledger.evidence import Database
from indexers.verify.findings import Verification


class File(NamedTuple):
    """A database, and a table that must be in it."""

    path: Path
    table: str


Databases = dict[File, bool | None]
"""Whether the structure of each is sound; None where that is not known yet."""


def check_databases(found: Verification, databases: Databases) -> None:
    """Bytes of the database files that hold no row: an index that leads elsewhere, a page that nothing uses.

    Only where the rows are as they should be: a changed row disagrees with its index too, and is told by its name.
    """
    for file, sound in databases.items():
        path = file.path
        if not (readable(*file) if sound is None else sound):
            found.add(
                "altered",
                "database",
                f"数据库文件 {path.name} 的结构已损坏，其中的记录还完好。",
                f"The structure of the database file {path.name} is damaged; the rows in it are sound.",
                file=path.name,
            )


def report_damage(found: Verification, databases: Iterable[File], error: sqlite3.Error) -> None:
    """Always a finding: a check that could not be made is not a check that was passed."""
    told = len(found.findings)
    for path, table in databases:
        if not path.exists():
            found.add("deleted", "database", f"{path.name} 不见了。", f"{path.name} is missing.", file=path.name)
        elif not readable(path, table):
            found.add(
                "altered",
                "database",
                f"数据库文件 {path.name} 已损坏：{error}。",
                f"The database file {path.name} is damaged: {error}.",
                file=path.name,
            )
    if len(found.findings) == told:
        found.add("altered", "database", f"数据库读不下去：{error}。", f"A database cannot be read: {error}.")
    found.remark(
        "数据库读不下去，账本没有查完。", "A database cannot be read to its end; the ledger was not checked whole."
    )


def readable(path: Path, table: str) -> bool:
    """Whether every page and every index of the file is as it should be."""
    try:
        with closing(Database(path)) as database:
            tables = database.all("SELECT name FROM sqlite_master WHERE name = ?", table)
            return bool(tables) and database.all("PRAGMA integrity_check(1)") == [("ok",)]
    except sqlite3.Error:
        return False
