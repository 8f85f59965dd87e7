"""From a filing to its leaf, its text and its place in the index — in one process and between two."""

from __future__ import annotations

import threading
import time

import pytest

from adapters.home import settings
from adapters.home.founding import ArchiveExists, HalfMadeArchive, create_archive
from adapters.home.house import ArchiveMissing, open_archive
from adapters.home.identity import ArchiveTooNew, IdentityDamaged
from adapters.servers.bad_setting import BadSetting
from domain.errors import NotFound
from domain.ports.search import SearchRequest
from domain.records.filing import IncomingFile
from domain.search.errors import IndexLocked
from indexers.loop.backoff import BackOff
from indexers.pipeline import Pipeline
from tests.fakes import lecture


@pytest.fixture
def configured(tmp_path):
    return settings.read({"JIANZHENG_HOME": str(tmp_path / "archive")})


@pytest.fixture
def house(configured):
    made = create_archive(configured, name="青禾区教育局", origin="archive.example/test")
    yield made
    made.close()


def file(house, *texts, **more):
    files = [
        IncomingFile(f"附件{n}.txt", house.blobs.stage(iter([text.encode()])), "text/plain")
        for n, text in enumerate(texts)
    ]
    return house.archive.file(house.operator(), lecture(organisation="top", **more), files).record


def total(house, query, **more):
    return house.searching.search(house.operator(), SearchRequest(query=query, **more)).total


def test_a_record_is_found_by_its_own_words_and_by_those_of_its_files(house):
    """Title, body, names of people and files, contents of files."""
    file(house, "群众诉求快速响应")
    Pipeline(house).catch_up()
    for query in ("汲取力量", "三点要求", "张敏", "附件0", "诉求快速", "家访"):
        assert total(house, query) == (query != "家访"), query


def test_everything_can_be_asked_as_it_stood(house):
    """Before the filing, between filing and correction, after."""
    pipeline = Pipeline(house)
    before = (pipeline.integrate(), house.ledger.size())[1]
    code = file(house).code
    pipeline.catch_up()
    between = house.ledger.size()
    house.archive.correct(house.operator(), code, lecture(organisation="top", title="全新题名"), "题名有误")
    pipeline.catch_up()
    assert [total(house, "汲取力量", as_of=n) for n in (before, between, None)] == [0, 1, 0]
    assert [total(house, "全新题名", as_of=n) for n in (before, between, None)] == [0, 0, 1]


def test_a_rebuild_reads_each_text_once_a_record(house, monkeypatch):
    """However many revisions name the file: on a server each reading is a request."""
    pipeline, read, really = Pipeline(house), [], house.texts.get
    for n in range(3):
        code = file(house, f"第{n}份附件", f"第{n}份签到表").code
        for version in range(4):
            house.archive.correct(house.operator(), code, lecture(organisation="top", title=f"第{version}版"), "笔误")
    pipeline.catch_up()
    monkeypatch.setattr(house.texts, "get", lambda sha256: [read.append(sha256), really(sha256)][1])
    pipeline.rebuild()
    assert len(read) == len(set(read)) == 6
    assert total(house, "签到表") == 3


def test_an_index_that_was_lost_is_rebuilt_the_same(house):
    """The same answers, without reading a file again."""
    for n in range(5):
        file(house, f"第{n}份附件", title=f"第{n}次")
    pipeline = Pipeline(house)
    pipeline.catch_up()
    ask = SearchRequest(query="附件", limit=10)
    first = house.searching.search(house.operator(), ask)

    def unreadable(sha256):
        raise AssertionError("a cached text is not extracted again")

    house.blobs.open = unreadable
    assert pipeline.rebuild() == house.ledger.size()
    again = house.searching.search(house.operator(), ask)
    assert (again.total, again.facets) == (first.total, first.facets) == (5, again.facets)
    assert {f.hit for f in again.hits} == {f.hit for f in first.hits}


def test_the_old_index_serves_while_the_next_is_built_and_a_server_goes_over_to_it(house, configured):
    """Another process rebuilds; searching never stops; only one rebuilds at a time."""
    file(house, title="一直查得到")
    pipeline = Pipeline(house)
    pipeline.start()
    other = open_archive(configured)
    try:
        while total(house, "一直查得到") == 0:
            time.sleep(0.02)
        with other.engine.next():
            assert total(house, "一直查得到") == 1
            with pytest.raises(IndexLocked):
                Pipeline(house).rebuild()
        deadline = time.monotonic() + 30
        while total(house, "一直查得到") == 0:  # the empty generation serves now, and is filled by the server
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert Pipeline(other).rebuild() == house.ledger.size()
        assert total(house, "一直查得到") == total(other, "一直查得到") == 1
    finally:
        pipeline.stop()
        other.close()


def test_a_rebuild_that_fails_leaves_the_old_index_serving(house, configured):
    """Nothing is switched before it is complete."""
    file(house, title="一直查得到")
    Pipeline(house).catch_up()
    with pytest.raises(RuntimeError), house.engine.next():
        raise RuntimeError
    assert total(house, "一直查得到") == 1


def test_a_server_takes_in_what_another_process_files(house, configured):
    """Within the poll, without being told."""
    other = open_archive(configured)
    pipeline = Pipeline(house)
    pipeline.start()
    try:
        file(other, title="别处存入的记录")
        deadline = time.monotonic() + 30
        while total(house, "别处存入") == 0:
            assert time.monotonic() < deadline, "it was never taken in"
            time.sleep(0.02)
    finally:
        pipeline.stop()
        other.close()


def test_a_command_waits_for_the_server_that_holds_the_index(house, configured):
    """Both use the archive at once; the command sees its own filing."""
    pipeline = Pipeline(house)
    pipeline.start()
    other = open_archive(configured)
    try:
        file(house, title="先由服务存入")
        file(other, title="命令行存入的记录")
        Pipeline(other).catch_up()
        assert total(other, "命令行存入") == 1
    finally:
        pipeline.stop()
        other.close()


def test_filing_from_many_threads_gives_codes_without_gaps_or_clashes(house):
    """Eight clerks at once."""
    codes = []
    threads = [
        threading.Thread(target=lambda: codes.extend(file(house, title=f"{n}").code for n in range(6)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [f"top-2023-{n:04d}" for n in range(1, 49)]


def test_a_text_that_cannot_be_read_now_is_set_aside_and_can_be_retried(house, monkeypatch):
    """A blob that is gone: tried again, shown, and taken in when it is back."""
    record = file(house, "等一会儿才读得到")
    digest = record.files[0].sha256
    path = house.settings.blobs_folder / "sha256" / digest[:2] / digest[2:4] / digest
    hidden = path.with_name("hidden")
    path.parent.chmod(0o700)
    path.rename(hidden)
    pipeline = Pipeline(house)
    text = next(f for f in pipeline.followers if f.name == "text")
    monkeypatch.setattr("indexers.text.PAUSES", BackOff(first=0.0, longest=0.0))
    pipeline.catch_up()
    while text.run_once():
        pass
    assert pipeline.status()["text"]["aside"][0]["sha256"] == digest
    hidden.rename(path)
    assert house.queue.retry() == 1
    pipeline.catch_up()
    assert total(house, "才读得到") == 1
    assert pipeline.status()["text"]["aside"] == []


def test_a_follower_that_stumbles_goes_on_and_says_so(house):
    """Whatever goes wrong once is shown, and tried again."""
    pipeline = Pipeline(house)
    stumbled = threading.Event()
    works = pipeline.ledger.run_once

    def stumble():
        if not stumbled.is_set():
            stumbled.set()
            raise RuntimeError("once")
        return works()

    pipeline.ledger.run_once = stumble
    pipeline.start()
    try:
        file(house)
        deadline = time.monotonic() + 30
        while house.ledger.size() < house.events.head():
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        pipeline.stop()
    assert stumbled.is_set()


def test_an_archive_is_created_once(configured, house):
    """The second time it says what is there; it never overwrites."""
    with pytest.raises(ArchiveExists, match="青禾区教育局"):
        create_archive(configured, name="另一个", origin="other.example/x")


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    """Somebody's documents."""
    (tmp_path / "letter.txt").write_text("x")
    with pytest.raises(HalfMadeArchive, match=r"letter\.txt"):
        create_archive(settings.read({"JIANZHENG_HOME": str(tmp_path)}), name="甲", origin="a.example/a")
    assert [p.name for p in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("written", "error"),
    [(None, ArchiveMissing), ("{", IdentityDamaged), ("{}", IdentityDamaged),
     ('{"name":"a","origin":"b","created":"c","format":99}', ArchiveTooNew)],
)  # fmt: skip
def test_what_is_no_archive_of_ours_is_not_opened(tmp_path, written, error):
    """Nothing there, damaged, or made by a newer program."""
    if written is not None:
        (tmp_path / "archive.json").write_text(written)
    with pytest.raises(error):
        open_archive(settings.read({"JIANZHENG_HOME": str(tmp_path)}))


def test_a_command_acts_as_whom_it_is_told(configured, house):
    """The first administrator, else the named account; nobody else."""
    from dataclasses import replace

    assert house.operator().username == "admin"
    house.settings = replace(configured, user="ghost")
    with pytest.raises(NotFound):
        house.operator()


@pytest.mark.parametrize(
    "environment",
    [{"JIANZHENG_TIMEZONE": "Mars/Base"}, {"JIANZHENG_TIMEZONE": "../x"}, {"JIANZHENG_LATE_AFTER": "soon"}],
)
def test_a_setting_that_cannot_be_used_is_named(environment):
    """Which one, and why."""
    with pytest.raises(BadSetting, match=next(iter(environment))):
        settings.read(environment)


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({}, "zh"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "JIANZHENG_LANG": "zh"}, "zh"),
        ({"LANG": "C"}, "zh"),
    ],
)
def test_the_language_is_said_or_that_of_the_surroundings(environment, lang):
    """Chinese where nothing says English."""
    assert settings.language(environment) == lang
