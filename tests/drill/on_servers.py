"""The drill on PostgreSQL, an S3 bucket and Elasticsearch: what the administrators of these servers can do.

Each case has a copy of the database and of the folder; the bucket and the index are mended after it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from elasticsearch import Elasticsearch
from psycopg import sql as pieces

from adapters.blobs.s3_inventory import key_of
from adapters.home.house import House
from adapters.postgres.address import Address
from adapters.s3.places import LEDGER
from tests.drill.hands import Database, Hands
from tests.drill.world import Made, build, opened
from tests.index_world import Indexed
from tests.postgres_world import prepare
from tests.servers import own
from tests.servers.addresses import SETTINGS, name_in
from tests.tamper_servers import OnServers, public

DATABASE, BLOBS, SEARCH = (SETTINGS[kind] for kind in ("postgres", "s3", "elasticsearch"))


class OnReal(Hands):
    """``server`` is PostgreSQL as its superuser, ``files`` the bucket."""

    position, ledger, views, on_servers = "notification_id", "postgresql", "postgresql", True

    def __init__(self, made: Made, home: Path, server: str, files: OnServers, raw: Elasticsearch) -> None:
        super().__init__(made, home)
        self._server, self._files, self._raw = server, files, raw
        self.index_touched = False

    def sql(self, database: Database, statement: str, *values: object) -> list[tuple[Any, ...]]:
        at = Address.parse(self._server).at(self._files.tables.database)
        with psycopg.connect(**at.parameters(), autocommit=True) as connection:
            connection.execute("SET search_path = jianzheng")
            cursor = connection.execute(statement.replace("?", "%s").encode(), values)
            return cursor.fetchall() if cursor.description else []

    def stream(self, stream: UUID) -> object:
        return stream

    def leaf_id(self, stream: UUID) -> object:
        return stream

    def move_event(self, position: int, to: int) -> None:
        """And put back what had to be changed for it."""
        column = "ALTER TABLE stored_events ALTER notification_id SET GENERATED"
        self.sql("events", f"{column} BY DEFAULT")
        super().move_event(position, to)
        self.sql("events", f"{column} ALWAYS")

    def insert_event(self, position: int | None, stream: UUID, version: int, topic: str, state: bytes) -> None:
        columns = "originator_id, originator_version, topic, state"
        values = stream, version, topic, state
        if position is None:
            self.sql("events", f"INSERT INTO stored_events ({columns}) VALUES (?, ?, ?, ?)", *values)
            return
        statement = f"INSERT INTO stored_events ({columns}, notification_id) OVERRIDING SYSTEM VALUE"
        self.sql("events", f"{statement} VALUES (?, ?, ?, ?, ?)", *values, position)

    def roll_back_events(self, size: int) -> None:
        last = self.made.rows[size - 1].position
        self.sql("events", "DELETE FROM stored_events WHERE notification_id > ?", last)
        self.sql("events", "SELECT setval('stored_events_notification_id_seq', ?)", last)

    def public(self) -> list[str]:
        found = own.s3_client(self._files.bucket).list_objects(name_in(self._files.bucket), LEDGER, recursive=True)
        return sorted(str(each.object_name).removeprefix(LEDGER) for each in found)

    def read(self, name: str) -> bytes:
        return self._files.read(public(name))

    def write(self, name: str, data: bytes) -> None:
        self._files.put(public(name), data)

    def remove(self, name: str) -> None:
        self._files.delete(public(name))

    def read_file(self, sha256: str) -> bytes:
        return self._files.read(key_of(sha256))

    def write_file(self, sha256: str, data: bytes) -> None:
        self._files.put(key_of(sha256), data)

    def remove_file(self, sha256: str) -> None:
        self._files.delete(key_of(sha256))

    def add_stray(self, name: str) -> str:
        self._files.put(name, b"x")
        return name

    def indexed(self, house: House) -> Indexed:
        self.index_touched = True
        return Indexed(house, self._raw, self._server, sealed=self.made.documents, stored=self.made.stored)

    @contextmanager
    def house(self) -> Iterator[House]:
        with opened(self.made, self.home, **{DATABASE: self._files.tables.url()}) as house:
            yield house

    def mend_evidence(self) -> None:
        raise NotImplementedError


class Servers:
    """An archive on servers, and copies of it."""

    on_servers = True

    def __init__(self, made: Made, server: str, files: OnServers, raw: Elasticsearch) -> None:
        self.made, self._server, self._files, self._raw = made, server, files, raw

    @contextmanager
    def copy(self) -> Iterator[Hands]:
        home, name = self.made.folder / "copy", own.new_name()
        shutil.copytree(self.made.home, home)
        template, copied = self._files.tables, pieces.Identifier(name)
        statement = pieces.SQL("CREATE DATABASE {} TEMPLATE {}").format(copied, pieces.Identifier(template.database))
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(statement)
        self._files.tables = template.at(name)
        hands = OnReal(self.made, home, self._server, self._files, self._raw)
        try:
            yield hands
        finally:
            if hands.index_touched:
                with hands.house() as house:
                    hands.indexed(house).mend()
            self._files.tables = template
            own.drop_database(self._server, name)
            self._files.mend()
            shutil.rmtree(home)


@contextmanager
def archive_on(urls: Mapping[str, str], folder: Path) -> Iterator[Servers]:
    """``urls``: the servers of the run, by their kinds."""
    with ExitStack() as stack:
        database = prepare(stack.enter_context(own.own_database(urls["postgres"])))
        bucket = stack.enter_context(own.own_bucket(urls["s3"]))
        prefix = stack.enter_context(own.own_prefix(urls["elasticsearch"]))
        raw = stack.enter_context(own.elasticsearch_client(prefix))
        made = build(folder, {DATABASE: database.url(), BLOBS: bucket, SEARCH: prefix})
        files = OnServers(urls["postgres"], bucket, made.home, database, [])
        files.seal()
        with opened(made, made.home) as house:
            indexed = Indexed(house, raw)
            indexed.seal()
            made.stored = indexed.stored
        yield Servers(made, urls["postgres"], files, raw)
