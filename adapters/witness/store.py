"""What witnesses said of our checkpoints, and how each of them fares: in a file of the archive's, or on PostgreSQL.

Cosignatures are kept for the newest checkpoint, until it met the quorum or a newer one was cosigned; of those that met
it, the last of each day for ever. All of it can be asked for again but the past: nothing else depends on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString, NamedTuple

from adapters.disk.sqlite_tables import SQLiteTables
from adapters.disk.tables import Store
from adapters.work.log import Fault
from domain.ledger.note import Signature, parse_note


@dataclass(frozen=True)
class Asked:
    """How one witness, known by its address, fares. Times are seconds since 1970, 0 for never."""

    url: str
    size: int = 0  # of the checkpoint that it cosigned last, as far as we know
    cosigned: float = 0.0  # when it last cosigned one
    failures: int = 0  # since then
    not_before: float = 0.0  # when it may be asked again
    fault: Fault | None = None  # why it did not cosign the last time
    alarm: bool = False  # it saw a larger tree of ours, or another one


class Witnessed(NamedTuple):
    """A checkpoint that met the quorum of the policy: its size, when that was, and the note with its cosignatures."""

    size: int
    met: float
    note: str


_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS witnesses (url TEXT PRIMARY KEY, size INTEGER NOT NULL, cosigned REAL NOT NULL,"
    " failures INTEGER NOT NULL, not_before REAL NOT NULL, code TEXT NOT NULL, zh TEXT NOT NULL, en TEXT NOT NULL,"
    " alarm INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS cosignatures (size INTEGER NOT NULL, signer TEXT NOT NULL, line TEXT NOT NULL,"
    " PRIMARY KEY (size, signer))",
    "CREATE TABLE IF NOT EXISTS witnessed (size INTEGER PRIMARY KEY, day TEXT NOT NULL, met REAL NOT NULL,"
    " note TEXT NOT NULL)",
)


_REMEMBER = (
    "INSERT INTO witnesses VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (url) DO UPDATE SET size = excluded.size,"
    " cosigned = excluded.cosigned, failures = excluded.failures, not_before = excluded.not_before,"
    " code = excluded.code, zh = excluded.zh, en = excluded.en, alarm = excluded.alarm"
)

_ADD = "INSERT INTO cosignatures VALUES (?, ?, ?) ON CONFLICT (size, signer) DO UPDATE SET line = excluded.line"

_KEEP = (
    "INSERT INTO witnessed VALUES (?, ?, ?, ?) ON CONFLICT (size) DO UPDATE SET day = excluded.day, met = excluded.met,"
    " note = excluded.note"
)


class CosignatureStore(Store):
    """Written by the one process that asks witnesses, read by whoever wants to know."""

    def asked(self) -> dict[str, Asked]:
        """All witnesses that were ever asked, by their addresses."""
        rows = self._all(
            "SELECT url, size, cosigned, failures, not_before, code, zh, en, alarm FROM witnesses ORDER BY url"
        )
        return {row[0]: _asked(row) for row in rows}

    def remember(self, asked: Asked) -> None:
        """How a witness fares now."""
        self._run(_REMEMBER, *_row_of(asked))

    def add(self, size: int, signatures: Sequence[Signature]) -> None:
        """Keep cosignatures of the checkpoint of that size, and forget those of smaller ones. Durable."""
        with self._tables.writing(durable=True) as db:
            for each in signatures:
                db.execute(_ADD, (size, _signer(each), each.line()))
            db.execute("DELETE FROM cosignatures WHERE size < ?", (size,))

    def signatures(self, size: int) -> list[Signature]:
        """Those of one checkpoint, by name and key."""
        rows = self._all("SELECT line FROM cosignatures WHERE size = ? ORDER BY signer", size)
        return _parsed([line for (line,) in rows])

    def keep(self, witnessed: Witnessed) -> None:
        """Keep a checkpoint that met the quorum; of those of one day (UTC) the newest. Durable."""
        day = _day_of(witnessed.met)
        with self._tables.writing(durable=True) as db:
            db.execute(_KEEP, (witnessed.size, day, witnessed.met, witnessed.note))
            db.execute("DELETE FROM witnessed WHERE day = ? AND size < ?", (day, witnessed.size))

    def witnessed(self) -> Witnessed | None:
        """The newest that met the quorum."""
        rows = self._all("SELECT size, met, note FROM witnessed ORDER BY size DESC LIMIT 1")
        return Witnessed(*rows[0]) if rows else None

    def days(self) -> list[Witnessed]:
        """All that are kept, by ascending size."""
        return [Witnessed(*row) for row in self._all("SELECT size, met, note FROM witnessed ORDER BY size")]


class SQLiteCosignatures(CosignatureStore):
    """Of an archive on one machine. To ask makes no file where no witness ever was."""

    def __init__(self, path: Path) -> None:
        super().__init__(SQLiteTables(path, _SCHEMA))
        self._path = path

    def _all(self, statement: LiteralString, *values: Any) -> list[Any]:
        return super()._all(statement, *values) if self._path.exists() else []


def _asked(row: Sequence[Any]) -> Asked:
    """From a row of the table ``witnesses``."""
    url, size, cosigned, failures, not_before, code, zh, en, alarm = row
    return Asked(url, size, cosigned, failures, not_before, Fault(code, zh, en) if code else None, bool(alarm))


def _row_of(each: Asked) -> tuple[Any, ...]:
    fault = each.fault or Fault("", "", "")
    counts = each.size, each.cosigned, each.failures, each.not_before
    return (each.url, *counts, fault.code, fault.zh, fault.en, each.alarm)


def _signer(signature: Signature) -> str:
    return f"{signature.name}+{signature.key_id.hex()}"


def _parsed(lines: Sequence[str]) -> list[Signature]:
    return list(parse_note("-\n\n" + "".join(lines)).signatures) if lines else []


def _day_of(met: float) -> str:
    return datetime.fromtimestamp(met, UTC).date().isoformat()
