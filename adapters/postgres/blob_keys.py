"""The keys of sealed files on PostgreSQL: as `adapters.blobs.sealing.keys.SQLiteBlobKeys` on SQLite, for many machines.

The application's role may add keys and destroy them, and can do neither backwards: see the trigger of the table. What
of a destroyed key the server's own files hold until it tidies them up, docs/design/erasure.md says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapters.blobs.sealing.keys import PAGE, REMNANTS, Counts, Seal
from adapters.postgres.database import Database


class PostgresBlobKeys:
    """`adapters.blobs.sealing.keys.BlobKeys`. The database belongs to whoever passes it in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def any(self) -> bool:
        return bool(self._database.value("SELECT EXISTS (SELECT FROM blob_keys)"))

    def find(self, digests: Sequence[str]) -> dict[str, Seal]:
        rows = self._database.all(
            "SELECT sha256, key, sealed FROM blob_keys WHERE sha256 = ANY(%s::text[])", (list(digests),)
        )
        return {sha256: Seal(key, sealed) for sha256, key, sealed in rows}

    def destroyed(self, digests: Sequence[str]) -> set[str]:
        rows = self._database.all(
            "SELECT sha256 FROM blob_keys WHERE key IS NULL AND sha256 = ANY(%s::text[])", (list(digests),)
        )
        return {row[0] for row in rows}

    def names(self, sealed: Sequence[str]) -> dict[str, str]:
        rows = self._database.all(
            "SELECT sealed, sha256 FROM blob_keys WHERE sealed = ANY(%s::text[])", (list(sealed),)
        )
        return {row[0]: row[1] for row in rows}

    def agree(self, sha256: str, seal: Seal) -> Seal:
        with self._database.connection() as link:  # each statement by itself: the second sees what came meanwhile
            link.execute(
                "INSERT INTO blob_keys (sha256, sealed, key) VALUES (%s, %s, %s) ON CONFLICT (sha256) DO NOTHING",
                (sha256, seal.sealed, seal.key),
            )
            rows = link.execute("SELECT key, sealed FROM blob_keys WHERE sha256 = %s", (sha256,)).fetchall()
        [(key, sealed)] = rows
        return Seal(key, sealed)

    def destroy(self, sha256: str) -> None:
        with self._database.transaction() as link:
            link.execute(
                "INSERT INTO blob_keys (sha256) VALUES (%s)"
                " ON CONFLICT (sha256) DO UPDATE SET key = NULL WHERE blob_keys.key IS NOT NULL",
                (sha256,),
            )

    def pages(self) -> Iterator[dict[str, Seal]]:
        after = ""
        while page := self._database.all(
            "SELECT sha256, key, sealed FROM blob_keys WHERE sha256 > %s ORDER BY sha256 LIMIT %s", (after, PAGE)
        ):
            yield {sha256: Seal(key, sealed) for sha256, key, sealed in page}
            after = page[-1][0]

    def remnants(self) -> list[str]:
        return [row[0] for row in self._database.all(REMNANTS)]

    def counts(self) -> Counts:
        [(keys, destroyed)] = self._database.all("SELECT count(key), count(*) - count(key) FROM blob_keys")
        return Counts(keys, destroyed)

    def close(self) -> None:
        """Nothing of its own is open."""
