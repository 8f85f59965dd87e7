"""A sealed archive on real servers, to be tampered with as the administrators of the servers can, and to be mended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from adapters.blobs.s3 import S3BlobStore
from adapters.blobs.s3_inventory import key_of
from adapters.events.postgres import PostgresEventStore, insert
from adapters.evidence.postgres import PostgresTables
from adapters.evidence.published_s3 import PublishedBucket
from adapters.evidence.questions import Evidence
from adapters.keys.signing import create_key, load_key
from adapters.ledger.guard import GuardedSigner
from adapters.ledger.postgres import PostgresLedgerStore, ledger_lock
from adapters.ledger.publisher_s3 import S3Publisher
from adapters.postgres.address import Address
from adapters.postgres.database import Database
from adapters.s3.address import Address as BucketAddress
from adapters.s3.client import Client
from adapters.s3.places import LEDGER
from indexers.ledger import Integrator
from operations.verify import Subject, Verification, verify
from tests.ledger_world import ORIGIN, TestClock
from tests.postgres_world import administer, prepare
from tests.s3_world import QUICK
from tests.servers.addresses import name_in
from tests.servers.own import new_name, own_bucket, own_database, s3_client
from tests.tamper_world import STEPS, in_order, some_events

Version = tuple[str, str]
"""An object's name and the id of one of its versions."""


@dataclass
class OnServers:
    """The archive; ``tables`` is a copy of its database, or the database itself."""

    server: str  # PostgreSQL, as its superuser
    bucket: str
    home: Path  # key, what was signed last, spool
    tables: Address  # with the application's rights
    names: list[str]  # of the events
    sealed: dict[Version, bytes] = field(default_factory=dict)  # what the bucket holds when nobody touched it

    # ── laying hands on it ──────────────────────────────────────────────────────────────────────────────────────

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """By the server's superuser; any number of statements, in one transaction."""
        return administer(self.server, self.tables, statement)

    def read(self, name: str) -> bytes:
        with s3_client(self.bucket).get_object(name_in(self.bucket), name) as answer:
            return answer.read()

    def put(self, name: str, data: bytes) -> str:
        """A new version in front of whatever is there; its id."""
        made = s3_client(self.bucket).put_object(name_in(self.bucket), name, BytesIO(data), len(data))
        return str(made.version_id)

    def flip(self, name: str, at: int) -> None:
        data = bytearray(self.read(name))
        data[at] ^= 1
        self.put(name, bytes(data))

    def delete(self, name: str, version: str | None = None) -> None:
        """Without a version only a marker is made."""
        s3_client(self.bucket).remove_object(name_in(self.bucket), name, version)

    def file(self, index: int) -> str:
        """The name of the first file of the event at that leaf."""
        statement = f"SELECT state FROM stored_events JOIN leaves ON position = notification_id WHERE idx = {index}"
        [(state,)] = self.sql(statement)
        return key_of(json.loads(state)["files"][0]["sha256"])

    def version(self, name: str) -> str:
        return next(version for key, version in self.sealed if key == name)

    def mend(self) -> None:
        """Put the bucket back as it was."""
        there = self.versions()
        for name, version in there - set(self.sealed):
            self.delete(name, version)
        for name, version in set(self.sealed) - there:
            data = self.sealed.pop((name, version))
            self.sealed[name, self.put(name, data)] = data

    def versions(self) -> set[Version]:
        found = s3_client(self.bucket).list_objects(name_in(self.bucket), recursive=True, include_version=True)
        return {(str(each.object_name), str(each.version_id)) for each in found}

    def seal(self) -> None:
        self.sealed = {(name, version): self.read(name) for name, version in self.versions()}

    # ── checking it ─────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def evidence(self) -> Evidence:
        return Evidence(PostgresTables(self.tables), PublishedBucket(BucketAddress.parse(self.bucket), QUICK))

    def check(self, **options: Any) -> Verification:
        with closing(Client(BucketAddress.parse(self.bucket), QUICK)) as client:
            subject = Subject(
                evidence=options.pop("evidence", self.evidence),
                last_signed=self.home / "last-signed",
                vkey=load_key(self.home / "ledger.key").vkey(),
                blobs=S3BlobStore(client, self.home / "spool"),
                describe=lambda stream: f"record-{stream.hex[:6]}",
                replay=options.pop("replay", in_order),
                fits_alone=options.pop("fits_alone", None),
            )
            with closing(Database(self.tables)) as database:
                return verify(subject, lock=lambda: ledger_lock(database).held(-1), **options)


@contextmanager
def sealed_archive(server: str, s3: str, home: Path) -> Iterator[OnServers]:
    """The events of `tests.tamper_world` on servers of the run, with a hole among their positions."""
    with own_database(server) as url, own_bucket(s3) as bucket:
        address = prepare(url)
        signer = create_key(home / "ledger.key", ORIGIN)
        with closing(Client(BucketAddress.parse(bucket), QUICK)) as client, closing(Database(address)) as database:
            rows = some_events(S3BlobStore(client, home / "spool"))
            names = [f"{UUID(stream)}/{version}" for stream, version, *_ in rows]
            integrator = Integrator(
                PostgresEventStore(database),
                PostgresLedgerStore(database),
                S3Publisher(client),
                GuardedSigner(signer, home / "last-signed"),
                TestClock(),
                ledger_lock(database),
            )
            for step in STEPS:
                with database.connection() as link:
                    insert(link, [(UUID(stream), *rest) for stream, *rest in rows[:step]])
                administer(server, address, "SELECT nextval('stored_events_notification_id_seq')")
                del rows[:step]
                integrator.run_once()
        made = OnServers(server, bucket, home, address, names)
        made.seal()
        yield made


@contextmanager
def copied(archive: OnServers) -> Iterator[OnServers]:
    """The archive over a copy of its database, which is thrown away; its bucket is mended."""
    name = new_name()
    copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
    with psycopg.connect(archive.server, autocommit=True) as connection:
        connection.execute(copy.format(sql.Identifier(name), sql.Identifier(archive.tables.database)))
        try:
            yield replace(archive, tables=archive.tables.at(name))
        finally:
            connection.execute(drop.format(sql.Identifier(name)))
            archive.mend()


def public(name: str) -> str:
    """The object of a public file of the ledger."""
    return LEDGER + name
