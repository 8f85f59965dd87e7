"""Elasticsearch away: filing and reading go on, search says so, and catches up alone when the server is back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import forking
from tests.cli_world import LECTURE, make_office
from tests.faults.bad_input import Office
from tests.faults.degraded import QUICK, Archive, archive_on, checked, eventually, soon
from tests.faults.served import clerk, started
from tests.servers import own
from tests.servers.addresses import place
from tests.servers.local import Server
from tests.servers.plugin import private_server

pytestmark = pytest.mark.nightly

DATA = "会议纪要 一份".encode() * 100


@pytest.fixture(scope="module")
def search_server() -> Iterator[Server]:
    """One for these tests; each brings it back."""
    with private_server("elasticsearch") as made:
        yield made


@pytest.fixture(scope="module")
def archive(
    search_server: Server, postgres_url: str, s3_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Archive]:
    """Its search server is the tests' own."""
    with own.own_database(postgres_url) as database, own.own_bucket(s3_url) as bucket:
        settings = {
            "JIANZHENG_DATABASE": database,
            "JIANZHENG_BLOBS": bucket,
            "JIANZHENG_SEARCH": place(search_server.url, "away"),
        }
        with archive_on(settings, tmp_path_factory.mktemp("office")) as made:
            yield made


@pytest.mark.parametrize("fault", ["stop", "pause"])
def test_everything_but_search_goes_on(archive: Archive, search_server: Server, fault: str) -> None:
    """Filed, shown, downloaded, reported, in the ledger, on the desk: without search, and found when it is back."""
    before = archive.filed(f"之前{fault}甲")
    eventually(lambda: archive.found(f"之前{fault}甲") == 1)
    getattr(search_server, fault)()
    try:
        eventually(lambda: archive.found("之前") == -1)
        meanwhile = soon(archive.filed, f"期间{fault}乙", DATA + fault.encode())
        soon(archive.downloads, meanwhile, DATA + fault.encode())
        assert soon(archive.shown, before)["title"] == f"之前{fault}甲"
        eventually(lambda: archive.in_ledger(meanwhile))
        says_so(archive, before)
        pages_say_so(archive)
    finally:
        search_server.resume()
        search_server.start()
    eventually(lambda: archive.found(f"期间{fault}乙") == 1)
    assert archive.ready() == (200, dict.fromkeys(("events", "ledger", "files", "search"), "ok"))
    desk = archive.page("/")
    assert desk.status == 200 and "检索暂时用不了" not in desk.text
    assert archive.page(f"/search?q={meanwhile}").status == 200


def says_so(archive: Archive, code: str) -> None:
    """To programs and operators."""
    for path in ("/search?q=x", "/records"):
        soon(archive.unavailable, "search_unreachable", "GET", path)
    report = soon(archive.page, "/api/v1/reports/annual?organisation=school-01&year=2023")
    assert (report.status, '"figures"' in report.text) == (200, True)
    status, parts = soon(archive.ready)
    assert (status, parts) == (200, {"events": "ok", "ledger": "ok", "files": "ok", "search": "search_unreachable"})
    answer = soon(archive.office, "check", "--json")
    states = checked(answer.json)
    assert (answer.code, states.pop("search")) == (3, "missing")
    assert "missing" not in states.values()
    index = archive.office("index", "status", "--json").json["search"]
    assert (index["position"], index["fault"]["code"]) == (None, "search_unreachable")
    kept = soon(archive.office, "show", LECTURE, "--json")
    assert kept.code == 0
    signed = archive.office("sign-off", code, "--json")  # stored; the index follows later
    assert (signed.code, signed.json["status"]) == (0, "signed")


def pages_say_so(archive: Archive) -> None:
    """To people, in their language, without taking away what they came for."""
    for lang, away in (("zh", "检索暂时用不了"), ("en", "Search is not available just now")):
        desk = soon(archive.page, "/", lang)
        assert desk.status == 200
        assert away in desk.text and "期间" in desk.text  # what was filed last comes from the ledger
        search = soon(archive.page, f"/search?q={LECTURE}", lang)
        assert (search.status, (search.retry_after or "").isdecimal()) == (503, True)
        assert away in search.text and f'href="/records/{LECTURE}"' in search.text
        assert 'name="q"' in search.text  # what was typed can be sent again
        assert away in soon(archive.page, "/admin/index", lang).text
    for path in (f"/records/{LECTURE}", f"/records/{LECTURE}/stamp", "/reports", "/verify", "/file"):
        assert soon(archive.page, path).status == 200, path


def test_started_before_its_servers(
    private_postgres: Server, private_s3: Server, search_server: Server, tmp_path: Path
) -> None:
    """After a power cut machines come up in any order: `serve` and `work` wait, say what is missing, and then work."""
    away = {"events": "database_unreachable", "ledger": "database_unreachable", "files": "file_store_unreachable",
            "search": "search_unreachable"}  # fmt: skip
    servers = (private_postgres, private_s3, search_server)
    with own.own_database(private_postgres.url) as database, own.own_bucket(private_s3.url) as bucket:
        settings = {
            "JIANZHENG_DATABASE": database,
            "JIANZHENG_BLOBS": bucket,
            "JIANZHENG_SEARCH": place(search_server.url, "later"),
        }
        office = Office(make_office(tmp_path, settings).folder, settings)
        token = clerk(office)
        for server in servers:
            server.stop()
        try:
            with started(office, token, QUICK) as running:
                archive = Archive(running)
                assert soon(archive.ready) == (503, away)
                answer = soon(office, "check", "--json")
                states = checked(answer.json)
                assert (answer.code, [states[name] for name in PARTS]) == (3, ["missing"] * len(PARTS))
                refused = soon(office, "init", "--json", JIANZHENG_HOME="another")
                assert (refused.code, refused.json["error"]["code"]) == (3, "database_unreachable")
                assert not (office.folder / "another").exists()
                works_in_the_background(office)
                for server in servers:
                    server.start()
                code = archive.filed("断电以后", DATA)
                eventually(lambda: archive.in_ledger(code))
                eventually(lambda: archive.found("断电以后") == 1)
                assert archive.ready() == (200, dict.fromkeys(away, "ok"))
        finally:
            for server in servers:
                server.start()


PARTS = ("database", "ledger", "files", "search")


def works_in_the_background(office: Office) -> None:
    """`work` starts all the same, and ends when it is told to."""
    command = [sys.executable, "-m", "api.cli", "work"]
    environment = office.environment(JIANZHENG_LANG="en")
    with forking.Popen(command, cwd=office.folder, env=environment, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Working in the background")
        process.terminate()
        assert process.wait(60) == 0
