"""PostgreSQL away: requests fail cleanly and soon, then work again; nothing is lost, stored twice or missed."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from uuid import uuid4

import psycopg
import pytest

from adapters.postgres.locks import APPEND_LOCK
from tests.faults.degraded import Archive, archive_on, checked, eventually, soon
from tests.faults.served import Reply
from tests.servers import own
from tests.servers.local import Server
from tests.servers.plugin import private_server

pytestmark = pytest.mark.nightly

DATA = "会议记录 一份".encode() * 100
LOST = frozenset({"database_unreachable", "outcome_unknown", "archive_busy"})
LISTENING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
FILED = "SELECT count(*) FROM jianzheng.stored_events WHERE topic = 'jianzheng:record.filed'"


@pytest.fixture(scope="module")
def database_server() -> Iterator[Server]:
    """One for these tests; each brings it back."""
    with private_server("postgres") as made:
        yield made


@pytest.fixture(scope="module")
def database(database_server: Server) -> Iterator[str]:
    """The archive's."""
    with own.own_database(database_server.url) as url:
        yield url


@pytest.fixture(scope="module")
def archive(
    database: str, s3_url: str, elasticsearch_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Archive]:
    """Its database server is the tests' own."""
    with own.own_bucket(s3_url) as bucket, own.own_prefix(elasticsearch_url) as prefix:
        settings = {"JIANZHENG_DATABASE": database, "JIANZHENG_BLOBS": bucket, "JIANZHENG_SEARCH": prefix}
        with archive_on(settings, tmp_path_factory.mktemp("office")) as made:
            yield made


def immediately(server: Server) -> None:
    """PostgreSQL's shutdown that waits for nothing: the next start has to recover."""
    keeper = server.process.keeper
    assert keeper is not None
    os.kill(server.process.pids[0], signal.SIGQUIT)
    keeper.wait()
    server.stop()


AWAY: dict[str, Callable[[Server], None]] = {
    "fast": Server.stop, "immediate": immediately, "kill": Server.kill, "pause": Server.pause
}  # fmt: skip


def back(server: Server) -> None:
    server.resume()
    server.start()


@pytest.mark.parametrize("fault", ["fast", "immediate", "pause"])
def test_requests_fail_cleanly_and_then_work(
    archive: Archive, database_server: Server, database: str, fault: str
) -> None:
    """503, the reason and when to come again, in both languages, for programs and in pages; then the next one works."""
    before = archive.filed(f"之前{fault}", DATA + fault.encode())
    eventually(lambda: archive.in_ledger(before))
    AWAY[fault](database_server)
    try:
        soon(archive.server.refuses, 503, "database_unreachable", "GET", f"/records/{before}")
        for method, path, body in (("GET", f"/records/{before}", None), ("GET", "/search?q=x", None),
                                   ("POST", "/records", {}), ("POST", "/uploads", b"x")):  # fmt: skip
            soon(archive.unavailable, "database_unreachable", method, path, body)
        fails_in_pages(archive)
        says_so(archive)
        codes = Counter(reply.json["code"] for reply in at_once(lambda: archive.file("不会存入"), 24))
        assert set(codes) <= LOST, codes
    finally:
        back(database_server)
    if fault == "pause":  # nobody is told that it goes on: whoever asks finds out, some moments later at most
        eventually(lambda: archive.page("/").status == 200)
    after = archive.filed(f"之后{fault}", DATA)  # else the first request
    assert archive.page("/").status == 200
    eventually(lambda: archive.in_ledger(after))
    eventually(lambda: archive.found(f"之后{fault}") == 1)
    eventually(lambda: archive.is_read(after))
    eventually(lambda: asked(database, LISTENING) == 1)
    assert archive.ready()[0] == 200


def fails_in_pages(archive: Archive) -> None:
    """A page without the archive's own surroundings, since nobody knows who is asking; the process itself is fine."""
    for path in ("/", "/sign-in", "/search?q=x", "/file"):
        for lang, title in (("zh", "暂时不可用"), ("en", "Not available just now")):
            page = soon(archive.page, path, lang)
            assert (page.status, (page.retry_after or "").isdecimal()) == (503, True), page
            assert title in page.text and "database_unreachable" in page.text
    assert soon(archive.page, "/healthz").status == 200
    assert soon(archive.page, "/static/css/look.css").status == 200
    assert soon(archive.page, "/ledger/checkpoint").status == 200


def says_so(archive: Archive) -> None:
    """To operators: what is away, and what is not."""
    status, parts = soon(archive.ready)
    away = "database_unreachable"
    assert (status, parts) == (503, {"events": away, "ledger": away, "files": "ok", "search": "ok"})
    answer = soon(archive.office, "check", "--json")
    states = checked(answer.json)
    assert (answer.code, states["database"], states["ledger"]) == (3, "missing", "missing")
    assert states["files"] != "missing"
    for line in (("show", "school-01-2023-0001"), ("search", "x"), ("index", "status")):
        refused = soon(archive.office, *line, "--json")
        assert (refused.code, refused.json["error"]["code"]) == (3, away)


class Clerk(threading.Thread):
    """Files one record after another, each until it is acknowledged, as a program with an idempotency key does."""

    def __init__(self, archive: Archive, who: str, stop: threading.Event) -> None:
        super().__init__()
        self.archive, self.who, self.stop = archive, who, stop
        self.acknowledged: dict[str, str] = {}  # title → archival code
        self.refused: Counter[str] = Counter()
        self.wrong: list[Reply] = []

    def goes_on(self) -> None:
        """Waits for three more records."""
        enough = len(self.acknowledged) + 3
        eventually(lambda: len(self.acknowledged) >= enough or self.wrong)

    def is_refused(self) -> None:
        """Waits for another refusal."""
        so_far = self.refused.total()
        eventually(lambda: self.refused.total() > so_far or self.wrong)

    def run(self) -> None:
        while not self.stop.is_set():
            title, key = f"{self.who} 第 {len(self.acknowledged)} 次", uuid4().hex
            while (reply := self.archive.file(title, key=key)).status not in (200, 201):
                self.refused[reply.json["code"]] += 1
                if reply.status != 503 or reply.json["code"] not in LOST or reply.retry_after is None:
                    self.wrong.append(reply)
                    return
                if self.stop.wait(0.05):
                    break
            else:
                self.acknowledged[title] = reply.json["code"]


def test_nothing_is_lost_doubled_or_missed_under_load(archive: Archive, database_server: Server, database: str) -> None:
    """Four clerks file while the server is restarted in every way: each record is there once, and in the ledger."""
    filed, stop = asked(database, FILED), threading.Event()
    clerks = [Clerk(archive, f"{name}-{uuid4().hex[:6]}", stop) for name in ("甲", "乙", "丙", "丁")]
    for clerk in clerks:
        clerk.start()
    try:
        for fault in ("fast", "pause", "immediate", "kill"):
            for clerk in clerks:
                clerk.goes_on()
            AWAY[fault](database_server)
            try:
                for clerk in clerks:
                    clerk.is_refused()
            finally:
                back(database_server)
    finally:
        stop.set()
        for clerk in clerks:
            clerk.join()
    assert [clerk.wrong for clerk in clerks] == [[], [], [], []]
    acknowledged = {title: code for clerk in clerks for title, code in clerk.acknowledged.items()}
    assert len(set(acknowledged.values())) == len(acknowledged)
    for title, code in acknowledged.items():
        assert archive.shown(code)["title"] == title
    events = asked(database, "SELECT count(*) FROM jianzheng.stored_events")
    eventually(lambda: archive.published() == events)
    assert archive.verifies()["checked"]["events"] == events
    eventually(lambda: archive.found(f"“{clerks[0].who}”") >= len(clerks[0].acknowledged))
    stored = asked(database, FILED) - filed
    assert len(acknowledged) <= stored <= len(acknowledged) + len(clerks)  # each stopped in the middle of one at most


def test_a_lock_is_not_waited_for_for_ever(archive: Archive, database: str) -> None:
    """Somebody holds up every append: filing is told to come again, reading goes on, and nothing was stored."""
    key = uuid4().hex
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (APPEND_LOCK,))
        refused = soon(archive.file, "被锁住", key=key)
        assert (refused.status, refused.json["code"]) == (503, "archive_busy")
        assert (refused.retry_after or "").isdecimal()
        assert archive.page("/").status == 200
    done, again = archive.file("被锁住", key=key), archive.file("被锁住", key=key)
    assert (done.status, again.status) == (201, 200)
    eventually(lambda: archive.found("“被锁住”") == 1)


def at_once(call: Callable[[], Reply], count: int) -> list[Reply]:
    """From as many threads."""
    found: list[Reply] = []
    threads = [threading.Thread(target=lambda: found.append(soon(call))) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == count
    return found


def asked(url: str, statement: str) -> int:
    """One number, from the database itself."""
    with psycopg.connect(url, autocommit=True) as link:
        row = link.execute(statement.encode()).fetchone()
    assert row is not None
    return int(row[0])
