"""A small archive with a search index of either kind, to lay hands on what the index holds, and to mend it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from elasticsearch import Elasticsearch

from adapters.home import parts, settings
from adapters.home.founding import create_archive
from adapters.home.house import House
from adapters.home.settings import Settings
from adapters.search.elastic.connection import Connection
from adapters.search.elastic.indices import Indices
from adapters.search.elastic.mapping import entry_id, to_entry
from domain.ports.search import SearchDocument
from domain.records.filing import IncomingFile
from indexers.pipeline import Pipeline
from operations.verification import verify_archive
from operations.verify import Verification
from tests.cli_world import servers
from tests.fakes import lecture
from tests.postgres_world import administer, prepare
from tests.servers.own import elasticsearch_client

RECORDS = 8

Address = tuple[str, str | None, str | None, str | None]
"""Class, archival code, event, and what the index calls it."""


@dataclass
class Indexed:
    """The archive. ``raw`` reaches the search server past our engine; None where the index is embedded."""

    house: House
    raw: Elasticsearch | None
    server: str = ""  # PostgreSQL, as its superuser
    codes: list[str] = field(default_factory=list)
    sealed: dict[str, SearchDocument] = field(default_factory=dict)  # by their ids, when nobody had touched them
    stored: dict[str, Any] = field(default_factory=dict)  # what the server has of each entry

    # ── filing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def file(self, *texts: str, **more: Any) -> str:
        """A record with these files; its code."""
        files = [
            IncomingFile(f"附件{n}.txt", self.house.blobs.stage(iter([text.encode()])), "text/plain")
            for n, text in enumerate(texts)
        ]
        raw = lecture(**{"organisation": "school-01", **more})
        return self.house.archive.file(self.house.operator(), raw, files).record.code

    def correct(self, code: str, title: str) -> None:
        raw = lecture(organisation="school-01", title=title)
        self.house.archive.correct(self.house.operator(), code, raw, "笔误")

    def catch_up(self) -> None:
        Pipeline(self.house).catch_up()

    def record(self, number: int) -> str:
        """The id of a record."""
        return str(self.house.archive.find(self.codes[number]).id)

    # ── laying hands on it ──────────────────────────────────────────────────────────────────────────────────────

    def document(self, number: int, source: str = "record", revision: int = 1) -> SearchDocument:
        return next(
            each
            for each in self.sealed.values()
            if (each.record, each.source, each.revision) == (self.record(number), source, revision)
        )

    def write(self, *documents: SearchDocument, without: tuple[SearchDocument, ...] = ()) -> None:
        """As our own engine would, if it were told wrong things."""
        if self.raw is None:
            self.house.engine.write(documents, [each.id for each in without], self.house.engine.position())
            return
        for name in {entry_id(each.record, each.revision) for each in (*documents, *without)}:
            members = {each.id: each for each in (*self.sealed.values(), *documents)}
            kept = [each for each in members.values() if entry_id(each.record, each.revision) == name]
            kept = [each for each in kept if each not in without]
            if kept:
                self.put(name, to_entry(kept))
            else:
                self.remove(name)

    def remove(self, name: str) -> None:
        assert self.raw is not None
        self.raw.delete(index=self.index, id=name, refresh=True)

    def put(self, name: str, source: Any) -> None:
        """As whoever can write to the server."""
        assert self.raw is not None
        self.raw.index(index=self.index, id=name, document=source, refresh=True)

    def rewrite(self, number: int, old: str, new: str) -> None:
        """Change what is stored of a record's first event."""
        stream = UUID(self.record(number))
        database = self.house.settings.database
        if database is None:
            with closing(sqlite3.connect(self.house.settings.events_file)) as db, db:
                db.execute(
                    "UPDATE stored_events SET state = CAST(replace(CAST(state AS TEXT), ?, ?) AS BLOB)"
                    " WHERE originator_id = ? AND originator_version = 1",
                    (old, new, stream.hex),
                )
            return
        administer(
            self.server,
            database,
            f"UPDATE stored_events SET state = convert_to(replace(convert_from(state, 'UTF8'), '{old}', '{new}'),"
            f" 'UTF8') WHERE originator_id = '{stream}' AND originator_version = 1",
        )

    @contextmanager
    def without_events(self, number: int) -> Iterator[None]:
        """All events of a record are deleted for a while."""
        stream = UUID(self.record(number))
        database = self.house.settings.database
        columns = "originator_id, originator_version, topic, state"
        if database is None:
            with closing(sqlite3.connect(self.house.settings.events_file, isolation_level=None)) as db:
                db.execute(f"CREATE TABLE apart AS SELECT * FROM stored_events WHERE originator_id = '{stream.hex}'")
                db.execute(f"DELETE FROM stored_events WHERE originator_id = '{stream.hex}'")
                yield
                db.execute(f"INSERT INTO stored_events (position, {columns}) SELECT position, {columns} FROM apart")
                db.execute("DROP TABLE apart")
            return
        where = f"WHERE originator_id = '{stream}'"
        administer(self.server, database, f"CREATE TABLE apart AS SELECT * FROM stored_events {where}")
        administer(self.server, database, f"DELETE FROM stored_events {where}")
        yield
        columns = f"{columns}, notification_id"
        administer(
            self.server,
            database,
            f"INSERT INTO stored_events ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM apart",
        )
        administer(self.server, database, "DROP TABLE apart")

    def entry(self, number: int, revision: int = 1) -> str:
        """The id of an entry on the server."""
        return f"{self.record(number)}:{revision}"

    @property
    def index(self) -> str:
        address = self.house.settings.search
        assert address is not None
        with closing(Connection(address)) as connection:
            return Indices(connection).alias

    # ── checking and mending ────────────────────────────────────────────────────────────────────────────────────

    def held(self) -> dict[str, SearchDocument]:
        with closing(parts.index(self.house.settings).open()) as index:
            names = {each.name for each in index.entries(0, 1)}
            return {document.id: document for each in index.named(names) for document in each.documents}

    def seal(self) -> None:
        self.sealed = self.held()
        if self.raw is not None:
            hits = self.raw.search(index=self.index, size=1000)["hits"]["hits"]
            self.stored = {hit["_id"]: hit["_source"] for hit in hits}

    def mend(self) -> None:
        if self.raw is not None:
            self.raw.indices.refresh(index=self.index)
            hits = self.raw.search(index=self.index, size=1000)["hits"]["hits"]
            there = {hit["_id"]: hit["_source"] for hit in hits}
            for name in there.keys() - self.stored.keys():
                self.remove(name)
            for name in self.stored:
                if there.get(name) != self.stored[name]:
                    self.put(name, self.stored[name])
            return
        held = self.held()
        wrong = [each for id_, each in self.sealed.items() if held.get(id_) != each]
        self.house.engine.write(wrong, [id_ for id_ in held if id_ not in self.sealed], self.house.ledger.size())

    def check(self, **options: Any) -> Verification:
        return verify_archive(self.house, **options)

    def named(self, **options: Any) -> set[Address]:
        """The addresses of what is found in the index; nothing else is found."""
        findings = self.check(**options).findings
        assert {each.subject for each in findings} <= {"index"}
        return {(each.klass, each.record, each.event, each.file) for each in findings}


@contextmanager
def indexed(kind: str, request: pytest.FixtureRequest, home: Path) -> Iterator[Indexed]:
    """Records of two schools, with and without files, one corrected, one withdrawn, one confidential; all indexed."""
    with ExitStack() as stack:
        named = stack.enter_context(servers(kind, request))
        if named:  # with the rights of the application
            named["JIANZHENG_DATABASE"] = prepare(named["JIANZHENG_DATABASE"]).url()
        chosen: Settings = settings.read({"JIANZHENG_HOME": str(home), **named})
        house = stack.enter_context(closing(create_archive(chosen, name="教育局", origin="archive.example/index")))
        raw = stack.enter_context(elasticsearch_client(named["JIANZHENG_SEARCH"])) if named else None
        made = Indexed(house, raw, request.getfixturevalue("postgres_url") if named else "")
        admin = house.operator()
        for code in ("school-01", "school-02"):
            house.administration.add_organisation(admin, code, f"学校{code[-1]}")
        for number in range(RECORDS):
            texts = [f"第{number}份签到表，共{n}页" for n in range(number % 3)]
            made.codes.append(made.file(*texts, title=f"第{number}次学习", organisation=f"school-0{1 + number % 2}"))
        made.correct(made.codes[2], "改过的标题")
        house.archive.withdraw(admin, made.codes[3], "重复")
        made.catch_up()
        made.seal()
        yield made


def other(document: SearchDocument, **fields: Any) -> SearchDocument:
    return replace(document, **fields)
