"""What fails waits in quarantine and holds up nothing else; what strikes everything is nobody's fault; who sees it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.extraction.sandbox import ExtractorUnavailable
from adapters.home import settings
from adapters.home.founding import create_archive
from adapters.home.house import House, open_archive
from adapters.work.log import MAX_ATTEMPTS, Fault
from domain.ledger.errors import LedgerRolledBack
from domain.ports.search import SearchRequest
from domain.records.filing import IncomingFile
from domain.search.errors import DocumentRejected
from indexers.loop.backoff import BackOff
from indexers.loop.quarantine import EVERYTHING, happened
from indexers.loop.status import PARTS
from indexers.pipeline import Pipeline
from tests.cli_world import BACK_ENDS, servers
from tests.fakes import lecture
from tests.http_world import HERE, World, make_world, record

AT_ONCE = BackOff(first=0.0, longest=0.0)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails is tried again at once."""
    monkeypatch.setattr("indexers.loop.quarantine.PAUSES", AT_ONCE)
    monkeypatch.setattr("indexers.text.PAUSES", AT_ONCE)


def make(home: Path, environment: dict[str, str]) -> House:
    chosen = settings.read({"JIANZHENG_HOME": str(home / "archive"), **environment})
    return create_archive(chosen, name="青禾区教育局", origin="archive.example/test")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with closing(make(tmp_path, {})) as made:
        yield made


def file(house: House, title: str, *texts: str) -> Any:
    files = [
        IncomingFile(f"附件{n}.txt", house.blobs.stage(iter([text.encode()])), "text/plain")
        for n, text in enumerate(texts)
    ]
    return house.archive.file(house.operator(), lecture(organisation="top", title=title), files).record


def total(house: House, query: str) -> int:
    return house.searching.search(house.operator(), SearchRequest(query=query)).total


# ── an event that cannot be read ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("back_end", BACK_ENDS)
def test_an_event_that_cannot_be_read_is_set_aside(
    back_end: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """By each indexer that needs it, with its place; the record is found no more, what comes later is."""
    with servers(back_end, request) as environment, closing(make(tmp_path, environment)) as house:
        pipeline = Pipeline(house)
        bad = file(house, "读得出的开头")
        pipeline.catch_up()
        append_garbage(house, str(bad.id))
        file(house, "后来的记录")
        pipeline.catch_up()
        now = pipeline.status("en", lambda stream: f"code of {stream}")
        leaf = house.ledger.leaf_of(bad.id, 2)
        assert leaf is not None
        place = {"id": str(bad.id), "version": 2, "leaf_index": leaf.index, "position": leaf.position}
        assert {item["part"]: item["event"] for item in now["aside"]} == {"figures": place, "search": place}
        assert {item["error"]["code"] for item in now["aside"]} == {"event_unreadable"}
        assert {tuple(item["records"]) for item in now["aside"]} == {(f"code of {bad.id}",)}
        assert [each["leaf_index"] for each in now["search"]["unreadable"]] == [leaf.index]
        assert (now["ledger"]["behind"], now["search"]["behind"], now["figures"]["behind"]) == (0, 0, 0)
        assert (total(house, "读得出的开头"), total(house, "后来的记录")) == (0, 1)
        pipeline.rebuild()
        again = pipeline.status()
        assert {item["part"] for item in again["aside"] + again["failing"]} == {"figures", "search"}
        assert total(house, "后来的记录") == 1


def append_garbage(house: House, stream: str) -> None:
    """A second version of a record that no program can read."""
    columns = "originator_id, originator_version, topic, state"
    if house.servers.database is not None:
        with house.servers.database.transaction() as link:
            link.execute(
                f"INSERT INTO stored_events ({columns}) VALUES (%s, 2, 'jianzheng:record.corrected', '\\x7b')",
                (stream,),
            )
        return
    with closing(sqlite3.connect(house.settings.events_file)) as db, db:
        [(written,)] = db.execute(
            "SELECT originator_id FROM stored_events WHERE replace(originator_id, '-', '') = ?",
            (stream.replace("-", ""),),
        )
        db.execute(
            f"INSERT INTO stored_events ({columns}) VALUES (?, 2, 'jianzheng:record.corrected', x'7b')", (written,)
        )


# ── whose fault it is ───────────────────────────────────────────────────────────────────────────────────────────────


def test_what_strikes_everything_sets_nothing_aside(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that cannot make any document is at fault itself: the follower stops, and goes on when it is mended."""
    for n in range(EVERYTHING):
        file(house, f"第{n}次党课")
    pipeline = Pipeline(house)
    pipeline.integrate()
    with monkeypatch.context() as broken:
        broken.setattr("indexers.search.of_stream", lambda *_: {}["nothing works"])
        with pytest.raises(KeyError):
            pipeline.search.run_once()
    assert (house.engine.position(), house.work.troubles()) == (0, [])
    pipeline.catch_up()
    assert total(house, "党课") == EVERYTHING


def test_a_document_that_the_engine_refuses_is_found_among_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch is taken apart until the one stands alone; the others are in the index, and later it is too."""
    for n in range(7):
        file(house, "有毒的记录" if n == 4 else f"第{n}次好记录")
    pipeline = Pipeline(house)
    write = house.engine.write

    def refuse(upserts: Any, deletes: Any, position: int) -> None:
        if bad := [document.id for document in upserts if "有毒" in document.text]:
            raise DocumentRejected(bad[0], "mapper_parsing_exception")
        write(upserts, deletes, position)

    with monkeypatch.context() as picky:
        picky.setattr(house.engine, "write", refuse)
        pipeline.catch_up()
    [trouble] = house.work.troubles()
    assert (trouble.part, trouble.state, trouble.fault.code) == ("search", "aside", "search_document_rejected")
    assert (total(house, "好记录"), total(house, "有毒"), house.engine.position()) == (6, 0, house.ledger.size())
    assert house.work.retry("search", [trouble.event.stream]) == 1
    pipeline.catch_up()
    assert (total(house, "有毒"), house.work.troubles()) == (1, [])


def test_the_event_at_which_a_record_fails_is_named(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the last one of the record: the first from which on it cannot be taken in. A later event mends it."""
    pipeline, operator = Pipeline(house), house.operator()
    code = file(house, "起初").code
    pipeline.catch_up()
    house.archive.correct(operator, code, lecture(organisation="top", title="有毒的更正"), "题名有误")
    house.archive.sign_off(operator, code)
    from indexers.documents import of_stream as works

    def of_record(history: Any, *more: Any) -> Any:
        if any("有毒" in str(getattr(each.event, "content", "")) for each in history):
            raise LookupError
        return works(history, *more)

    with monkeypatch.context() as broken:
        broken.setattr("indexers.search.of_stream", of_record)
        pipeline.catch_up()
    [trouble] = house.work.troubles()
    assert (trouble.event.version, trouble.fault.code, total(house, "起初")) == (2, "event_failed", 1)
    house.archive.correct(operator, code, lecture(organisation="top", title="改好了"), "又有误")
    pipeline.catch_up()
    assert (total(house, "改好了"), total(house, "起初"), house.work.troubles()) == (1, 0, [])


def test_an_outage_is_no_files_failure(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is tried: the file is given back uncounted, the follower says why, and goes on."""
    file(house, "带附件", "等待提取的正文")
    pipeline = Pipeline(house)
    pipeline.integrate()
    pipeline.search.run_once()

    def unavailable(*_: object) -> None:
        raise ExtractorUnavailable

    with monkeypatch.context() as away:
        away.setattr(house.extractor, "extract", unavailable)
        for _ in range(2 * MAX_ATTEMPTS):
            with pytest.raises(ExtractorUnavailable):
                pipeline.text.run_once()
    assert (house.queue.counts(), house.queue.failures(), house.queue.owners()) == ({"waiting": 1}, [], [])
    pipeline.catch_up()
    assert total(house, "等待提取的正文") == 1


# ── a part that stands still ────────────────────────────────────────────────────────────────────────────────────────


def test_the_ledger_stops_and_every_process_can_see_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It sets nothing aside; the others go on; when the cause is gone it goes on by itself."""
    monkeypatch.setattr("indexers.loop.follower.PAUSES", BackOff(first=0.01, longest=0.01))
    pipeline, works = Pipeline(house), True

    def integrate(run: Any = pipeline.ledger.run_once) -> int:
        if not works:
            raise LedgerRolledBack(9, 8)
        return int(run())

    pipeline.ledger.run_once = integrate
    works = False
    with closing(open_archive(house.settings)) as elsewhere:
        pipeline.start()
        try:
            file(house, "等账本")
            until(lambda: elsewhere.work.standing())
            [fault] = Pipeline(elsewhere).status("en")["faults"]
            assert (fault["part"], fault["code"]) == ("ledger", "ledger_rolled_back")
            assert elsewhere.work.troubles() == []
            works = True
            until(lambda: elsewhere.ledger.size() == elsewhere.events.head() and not elsewhere.work.standing())
        finally:
            pipeline.stop()
        assert Pipeline(elsewhere).status()["faults"] == []


def until(true: Any) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# ── who may see it and have it tried again ──────────────────────────────────────────────────────────────────────────


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An archive with one record set aside that anyone may read, one that is confidential, and a file."""
    made = make_world(tmp_path / "home")
    house = made.house
    clerk = made.signed_in("clerk-here")
    for said in (record(), record(HERE, family="self_analysis", form="party_spirit_analysis", title="自我剖析")):
        assert clerk.post("/api/v1/records", json=said).status_code == 201
    made.catch_up()
    now = time.time()
    for code in (OPEN, CONFIDENTIAL):
        leaf = house.ledger.leaves_of(house.archive.find(code).id)[0]
        for _ in range(MAX_ATTEMPTS):
            house.work.failed("search", happened(leaf), Fault("event_failed", "处理不了。", "It failed."), now, now)
    house.queue.wait([("ab" * 32, "application/pdf", str(house.archive.find(OPEN).id))])
    house.queue.failed("ab" * 32, Fault("reader_crashed", "没有读完。", "It crashed."), now, now + 3600)
    yield made
    house.close()


OPEN, CONFIDENTIAL = f"{HERE}-2023-0001", f"{HERE}-2023-0002"
PAGE = "/admin/index"


def test_the_page_shows_what_was_set_aside(world: World) -> None:
    """To an administrator of the whole archive, in both languages; a record that may not be read is not named."""
    admin = world.signed_in("admin")
    for lang, words in (("zh", ("处理不了。", "全部再试一次", "没有读完。")), ("en", ("It failed.", "Try all again"))):
        page = admin.get(PAGE, headers={"accept": "text/html", "accept-language": lang}).text
        assert [word for word in words if word not in page] == []
        assert (OPEN in page, CONFIDENTIAL in page, "自我剖析" in page) == (True, False, False)
    items = admin.get("/api/v1/index/status").json()
    assert sorted(item["records"] for item in items["aside"]) == [[], [OPEN]]
    assert [item["file"] for item in items["failing"]] == ["ab" * 32]


def test_the_page_names_whatever_part_stands_still(world: World) -> None:
    """Each of them, in both languages; one of another version is named as the work log has it."""
    away = Fault("file_server_unreachable", "够不着。", "It is away.")
    for part in (*PARTS, "Former"):
        world.house.work.stopped(part, away, time.time())
    admin = world.signed_in("admin")
    for lang, names in (("zh", [each.zh for each in PARTS.values()]), ("en", [each.en for each in PARTS.values()])):
        page = admin.get(PAGE, headers={"accept": "text/html", "accept-language": lang}).text
        shown = [name for name in (*names, "Former") if f"<li>{name[:1].upper()}{name[1:]}" in page]
        assert shown == [*names, "Former"]


def test_an_administrator_of_one_school_sees_how_far_things_are_and_no_more(world: World) -> None:
    """Neither the items nor the button; what is asked for all the same is refused."""
    client = world.signed_in("administrator-here")
    page = client.get(PAGE, headers={"accept": "text/html"})
    assert (page.status_code, OPEN in page.text, "index/retry" in page.text) == (200, False, False)
    token = client.headers["x-csrf-token"]
    refused = client.post("/admin/index/retry", data={"csrf": token, "item": "all"})
    assert refused.status_code == 403
    assert client.post("/api/v1/index/retry", json={"all": True}).json()["code"] == "not_allowed"
    assert {each.state for each in world.house.work.troubles()} == {"aside"}


def test_the_button_has_it_tried_again(world: World) -> None:
    """One, or all; only from our own page; an item that is there no more is told to be gone."""
    admin = world.signed_in("admin")
    token = admin.headers.pop("x-csrf-token")
    stream = str(world.house.archive.find(OPEN).id)
    assert admin.post("/admin/index/retry", data={"item": "all"}).status_code == 403
    one = admin.post("/admin/index/retry", data={"csrf": token, "item": f"search:{stream}"})
    assert (one.status_code, "已经安排再试" in one.text) == (200, True)
    assert [each.event.stream for each in world.house.work.due("search", time.time(), 9)] == [stream]
    gone = admin.post("/admin/index/retry", data={"csrf": token, "item": "search:nothing"})
    assert gone.status_code == 404
    assert admin.post("/admin/index/retry", data={"csrf": token, "item": "all"}).status_code == 200
    assert len(world.house.work.due("search", time.time(), 9)) == 2
    world.catch_up()
    assert world.house.work.troubles() == []


def test_items_are_named_in_several_ways(world: World) -> None:
    """By id, by the beginning of a digest, by an archival code one may read; what fits nothing is refused."""
    admin = world.signed_in("admin")

    def retry(*names: str) -> Any:
        return admin.post("/api/v1/index/retry", json={"items": names})

    assert retry("abababab").json() == {"retried": 1}
    assert retry(OPEN).json() == {"retried": 1}
    assert retry().json() == {"retried": 0}
    for unknown in ("abab", "cdcdcdcd", CONFIDENTIAL, "x:y", ""):
        assert retry(unknown).json()["code"] == "not_found", unknown
