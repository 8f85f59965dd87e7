"""What witnesses said, on PostgreSQL: as `adapters.witness.store.SQLiteCosignatures` on SQLite, for many machines."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.postgres.database import Database
from adapters.witness.store import Asked, Witnessed, asked, day_of, parsed, row_of, signer
from domain.ledger.note import Signature


class PostgresCosignatures:
    """`adapters.witness.store.CosignatureStore`. The database belongs to whoever passes it in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def asked(self) -> dict[str, Asked]:
        rows = self._database.all(
            "SELECT url, size, cosigned, failures, not_before, code, zh, en, alarm FROM witnesses ORDER BY url"
        )
        return {row[0]: asked(row) for row in rows}

    def remember(self, asked: Asked) -> None:
        with self._database.transaction() as link:
            link.execute(
                "INSERT INTO witnesses VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (url) DO UPDATE SET"
                " size = excluded.size, cosigned = excluded.cosigned, failures = excluded.failures,"
                " not_before = excluded.not_before, code = excluded.code, zh = excluded.zh, en = excluded.en,"
                " alarm = excluded.alarm",
                row_of(asked),
            )

    def add(self, size: int, signatures: Sequence[Signature]) -> None:
        with self._database.transaction() as link:
            for each in signatures:
                link.execute(
                    "INSERT INTO cosignatures VALUES (%s, %s, %s)"
                    " ON CONFLICT (size, signer) DO UPDATE SET line = excluded.line",
                    (size, signer(each), each.line()),
                )
            link.execute("DELETE FROM cosignatures WHERE size < %s", (size,))

    def signatures(self, size: int) -> list[Signature]:
        rows = self._database.all("SELECT line FROM cosignatures WHERE size = %s ORDER BY signer", (size,))
        return parsed([line for (line,) in rows])

    def keep(self, witnessed: Witnessed) -> None:
        day = day_of(witnessed.met)
        with self._database.transaction() as link:
            link.execute(
                "INSERT INTO witnessed VALUES (%s, %s, %s, %s) ON CONFLICT (size) DO UPDATE SET"
                " day = excluded.day, met = excluded.met, note = excluded.note",
                (witnessed.size, day, witnessed.met, witnessed.note),
            )
            link.execute("DELETE FROM witnessed WHERE day = %s AND size < %s", (day, witnessed.size))

    def witnessed(self) -> Witnessed | None:
        found = self._database.all("SELECT size, met, note FROM witnessed ORDER BY size DESC LIMIT 1")
        return Witnessed(*found[0]) if found else None

    def days(self) -> list[Witnessed]:
        return [Witnessed(*row) for row in self._database.all("SELECT size, met, note FROM witnessed ORDER BY size")]

    def close(self) -> None:
        """Nothing of its own is open."""
