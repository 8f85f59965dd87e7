"""An archive whose queue, figures and accounts are on a real PostgreSQL server: everything works with them as it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.accounts.postgres import PostgresAccountStore
from adapters.figures.index import FiguresIndex
from adapters.figures.postgres import PostgresFiguresIndex
from adapters.home import settings
from adapters.home.founding import create_archive
from adapters.home.house import House
from adapters.postgres.database import Database
from adapters.queue.postgres import PostgresTextQueue
from adapters.queue.text_queue import LEASE
from domain.ports.search import SearchRequest
from domain.records.filing import IncomingFile
from indexers.figures import Figures
from indexers.pipeline import Pipeline
from tests.fakes import lecture
from tests.postgres_world import prepare


@pytest.fixture
def house(postgres_database: str, tmp_path: Path) -> Iterator[House]:
    chosen = settings.read({"JIANZHENG_HOME": str(tmp_path / "archive")})
    with (
        closing(Database(prepare(postgres_database))) as database,
        closing(create_archive(chosen, name="青禾区教育局", origin="archive.example/test")) as made,
    ):
        made._queue = PostgresTextQueue(database)
        made._figures = PostgresFiguresIndex(database)
        made._accounts = PostgresAccountStore(database)
        yield made


def file(house: House, text: str) -> str:
    staged = house.blobs.stage(iter([text.encode()]))
    filed = house.archive.file(
        house.operator(), lecture(organisation="top"), [IncomingFile("附件.txt", staged, "text/plain")]
    )
    return filed.record.code


def found(house: House, query: str) -> int:
    return house.searching.search(house.operator(), SearchRequest(query=query)).total


def test_what_is_filed_is_found_counted_and_rebuilt(house: House, tmp_path: Path) -> None:
    """Texts of files by way of the queue; figures as the embedded index has them; both made again from nothing."""
    pipeline = Pipeline(house)
    codes = [file(house, f"第{n}份等待提取的正文") for n in range(3)]
    pipeline.catch_up()
    house.archive.correct(house.operator(), codes[0], lecture(organisation="top", title="全新题名"), "题名有误")
    pipeline.catch_up()
    assert found(house, "等待提取") == 3
    assert house.queue.counts() == {"done": 3}
    with closing(FiguresIndex(tmp_path / "other.sqlite")) as other:
        Figures(house.events, house.ledger, other).catch_up()
        rows = list(house.figures.rows())
        assert rows
        assert rows == list(other.rows())
    pipeline.rebuild()
    assert found(house, "等待提取") == 3
    assert list(house.figures.rows()) == rows


def test_a_file_whose_worker_was_lost_is_extracted_by_another(house: House) -> None:
    """When its lease is over."""
    pipeline = Pipeline(house)
    file(house, "等待提取的正文")
    pipeline.integrate()
    pipeline.search.run_once()
    text, now = pipeline._text_indexer(house.queue), time.time()
    assert len(house.queue.next(now, 9)) == 1  # by a worker of which nothing is heard again
    assert text.run_once() == 0
    text.now = lambda: now + LEASE
    assert text.run_once() == 1
    pipeline.catch_up()
    assert found(house, "等待提取") == 1


def test_people_sign_in(house: House) -> None:
    """With a password, a session and a token."""
    now = house.clock()
    house.accounts.set_password("admin", "four quiet words here")
    assert house.accounts.check_password("admin", "four quiet words here", now, "192.0.2.1")
    session = house.accounts.begin_session("admin", now)
    assert house.accounts.session_user(session, now + timedelta(hours=1)) == "admin"
    _, token = house.accounts.create_token("admin", "夜间归档", now)
    assert house.accounts.token_user(token, now) == "admin"
