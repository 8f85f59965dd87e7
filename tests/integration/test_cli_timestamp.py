"""Time stamps as people meet them: the command, the check, the public folder, a server, a copy of the archive."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from adapters.home.house import open_archive
from adapters.home.settings import read
from api.app import create_app
from indexers.pipeline import Pipeline
from tests.authority import Authority, make, serving, wait_until
from tests.cli_world import BACK_ENDS, Shell, make_office, servers

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=BACK_ENDS)
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with servers(request.param, request) as found:
        yield make_office(tmp_path_factory.mktemp("office"), found)


@pytest.fixture
def tsa(office: Shell, tmp_path: Path) -> Iterator[Authority]:
    """An authority that the office knows as ``tsa``; its root lies where it is looked for."""
    with serving(_kept(office)) as found:
        yield found


def _kept(office: Shell) -> Authority:
    folder = office.folder / "tsa"
    found = Authority(folder) if folder.exists() else make(folder)
    roots = office.folder / "jianzheng-data" / "timestamp-roots"
    roots.mkdir(exist_ok=True)
    (roots / "tsa.pem").write_bytes(found.roots.read_bytes())
    return found


def named(tsa: Authority) -> dict[str, str]:
    return {"JIANZHENG_TIMESTAMP_AUTHORITIES": f"tsa={tsa.url}"}


def answer_of(office: Shell, tsa: Authority) -> Any:
    """What ``check`` says of time stamps."""
    checks = office("check", "--json", **named(tsa)).json["checks"]
    return next(each for each in checks if each["name"] == "timestamps")


def test_the_command(office: Shell, tsa: Authority, tmp_path: Path) -> None:
    """It stamps the newest checkpoint, lists what is kept, and ``verify`` and ``openssl`` find it good."""
    first = office("timestamp", "--json", **named(tsa))
    assert (first.code, first.err) == (0, "")
    [stamped] = first.json["timestamps"]
    assert stamped["authority"] == "tsa" and stamped["error"] is None and stamped["fresh"]
    size = stamped["tree_size"]
    again = office("timestamp", "--json", **named(tsa)).json["timestamps"][0]
    assert (again["tree_size"], again["fresh"], again["time"]) == (size, False, stamped["time"])
    listed = office("timestamp", "--list", "--json").json["timestamps"]
    assert [(each["tree_size"], each["time"], each["error"]) for each in listed] == [(size, stamped["time"], None)]
    assert "✓" in office("timestamp", "--list").out
    checked = office("verify", "--json", **named(tsa))
    assert (checked.json["findings"], checked.code) == ([], 0)
    assert not any("tsa" in remark for remark in checked.json["not_checked"])
    house = open_archive(read({**office.servers, "JIANZHENG_HOME": str(office.folder / "jianzheng-data")}))
    try:
        with TestClient(create_app(house), base_url="http://archive.example") as browser:
            said = browser.get("/ledger/timestamps").json()["timestamps"]
            assert said == [
                {
                    "authority": "tsa",
                    "tree_size": size,
                    "stamp": f"timestamps/{size}-tsa.tsr",
                    "note": f"timestamps/{size}-tsa.note",
                }
            ]
            reply, note = browser.get(f"/ledger/{said[0]['stamp']}"), browser.get(f"/ledger/{said[0]['note']}")
            assert reply.headers["content-type"] == "application/timestamp-reply"
            assert "immutable" in reply.headers["cache-control"]
            for name in ("9999-tsa.tsr", "x", "..%2Fvkey", f"{size}-tsa.txt"):
                assert browser.get(f"/ledger/timestamps/{name}").status_code == 404
    finally:
        house.close()
    (tmp_path / "a.tsr").write_bytes(reply.content)
    (tmp_path / "a.note").write_bytes(note.content)
    assert tsa.verifies(tmp_path / "a.tsr", tmp_path / "a.note")
    state = answer_of(office, tsa)
    assert state["state"] == "ok"
    assert state["facts"]["authorities"][0]["tree_size"] == size


def test_none_is_set(office: Shell) -> None:
    """The command says how to set one; for the check that is no fault; a misspelt setting is named."""
    answer = office("timestamp", "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "timestamp_none_configured")
    bad = office("timestamp", JIANZHENG_TIMESTAMP_AUTHORITIES="tsa", JIANZHENG_LANG="en")
    assert bad.code == 2 and "tsa=https://" in bad.err


def test_one_that_fails(office: Shell, tsa: Authority) -> None:
    """Exit code 3 with the reason; the check says since when; nothing else stands still; later it is well again."""
    office("org", "add", f"school-{tsa.url[-9:-4]}", "又一所")
    tsa.mood = "refusing"
    answer = office("timestamp", "--json", **named(tsa))
    assert answer.code == 3
    assert answer.json["timestamps"][0]["error"]["code"] == "timestamp_refused"
    state = answer_of(office, tsa)
    assert (state["state"], state["facts"]["authorities"][0]["error"]) == ("warning", "timestamp_refused")
    assert state["facts"]["authorities"][0]["failing_since"] is not None
    assert office("index", "status", "--json").json["faults"] == []
    assert office("verify", **named(tsa)).code == 0
    tsa.mood = "well"
    assert office("timestamp", **named(tsa)).code == 0
    assert answer_of(office, tsa)["state"] == "ok"


def test_filing_waits_for_no_authority(office: Shell, tsa: Authority) -> None:
    """While the authority says nothing at all, commands do their work and never ask it."""
    tsa.mood = "silent"
    assert office("org", "add", f"late-{tsa.url[-9:-4]}", "再一所", **named(tsa)).code == 0
    assert office("ingest", "材料", **named(tsa)).code == 0
    assert tsa.asked == 0


def test_a_server_asks_by_itself(office: Shell, tsa: Authority) -> None:
    """A process that serves has the checkpoint stamped without being told, and ends at once when it is stopped."""
    office("org", "add", f"more-{tsa.url[-9:-4]}", "第四所")
    home = str(office.folder / "jianzheng-data")
    house = open_archive(read({**office.servers, "JIANZHENG_HOME": home, **named(tsa)}))
    try:
        last = max((row[0] for row in house.ledger.timestamps()), default=0)
        # A day later: the stamp of today has been.
        pipeline = Pipeline(house, now=lambda: house.clock().timestamp() + 90_000)
        pipeline.start()
        try:
            assert wait_until(lambda: max((row[0] for row in house.ledger.timestamps()), default=0) > last)
        finally:
            pipeline.stop()
    finally:
        house.close()


def test_a_copy_has_them_too(office: Shell, tsa: Authority, tmp_path: Path) -> None:
    """An archive that is copied takes its stamps along, and they are good there."""
    assert office("timestamp", **named(tsa)).code == 0
    target = tmp_path / "copy"
    moved = office("migrate", "--to", f"file:{target}", "--json", **named(tsa))
    assert moved.code == 0, moved.out
    ours = json.loads(office("timestamp", "--list", "--json").out)["timestamps"]
    (target / "timestamp-roots").mkdir(exist_ok=True)
    (target / "timestamp-roots" / "tsa.pem").write_bytes(tsa.roots.read_bytes())
    there = Shell(office.folder, {"JIANZHENG_HOME": str(target)})
    assert json.loads(there("timestamp", "--list", "--json").out)["timestamps"] == ours
    assert there("verify", "--json").json["findings"] == []
