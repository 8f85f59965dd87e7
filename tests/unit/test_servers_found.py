"""How servers for tests are found, and what is made of their addresses; no server is started."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.interop import programs
from tests.servers import cache, compose, find, local, runs
from tests.servers.__main__ import exports, main
from tests.servers.addresses import check, name_in, place, without_secret
from tests.servers.cache import Unavailable
from tests.servers.keeper import ENDED, state
from tests.servers.plugin import do_without
from tests.servers.processes import PORTS, Process, ServerFailed, free_port, moments
from tests.servers.runs import Outcome

ROOT = Path(__file__).resolve().parents[2]
POSTGRES = "postgresql://user:hidden@127.0.0.1:5432/postgres"
S3 = "s3://key:hidden@127.0.0.1:9000?secure=no"
ELASTICSEARCH = "http://elastic:hidden@127.0.0.1:9200"


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What each way of finding gives: an address, or what it lacks."""
    gives: dict[str, Any] = {"compose": "from compose", "local": "from packages"}

    def way(name: str) -> Any:
        def start(*_: object) -> Any:
            if isinstance(gives[name], Exception):
                raise gives[name]
            return gives[name]

        return start

    def started(*_: object) -> Any:
        return type("Started", (), {"url": way("local")()})

    monkeypatch.setattr(compose, "start", way("compose"))
    monkeypatch.setattr(local, "start", started)
    return gives


def look(environ: dict[str, str], tmp_path: Path) -> tuple[str, str]:
    return find.find("postgres", tmp_path, tmp_path / "log", None, environ)


def test_an_address_given_is_taken_first(ways: dict[str, Any], tmp_path: Path) -> None:
    """Neither containers nor packages are asked then, and it is said where the address is from."""
    assert look({"TEST_POSTGRES_URL": POSTGRES}, tmp_path) == (POSTGRES, "given in TEST_POSTGRES_URL")


def test_containers_come_before_packages(ways: dict[str, Any], tmp_path: Path) -> None:
    """Where a container engine answers, its servers are taken; otherwise those of local packages."""
    assert look({}, tmp_path) == ("from compose", "docker compose")
    ways["compose"] = Unavailable("no container engine answers")
    assert look({}, tmp_path) == ("from packages", "local packages")
    ways["compose"] = ServerFailed("the port is taken")
    assert look({}, tmp_path) == ("from packages", "local packages")


def test_without_any_server_every_reason_is_said(ways: dict[str, Any], tmp_path: Path) -> None:
    """The person learns what each way lacked."""
    ways["compose"] = Unavailable("no container engine answers")
    ways["local"] = Unavailable("PostgreSQL is not installed")
    with pytest.raises(Unavailable) as caught:
        look({}, tmp_path)
    for reason in ("TEST_POSTGRES_URL is not set", "no container engine answers", "PostgreSQL is not installed"):
        assert reason in str(caught.value)


def test_without_a_server_a_test_is_skipped_or_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's run goes on; where CI=true nothing may be left out."""
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no server for s3: no Go"):
        do_without("s3", "no Go")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no server for s3: no Go"):
        do_without("s3", "no Go")


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("postgres", "mysql://user:hidden@host:1/x"),
        ("postgres", "postgresql://user:hidden@:5432/x"),
        ("postgres", "postgresql://user:hidden@host:port/x"),
        ("s3", "s3://key:hidden@host"),
        ("elasticsearch", "elastic:hidden@host:9200"),
    ],
)
def test_an_address_that_cannot_be_one_is_refused(kind: str, url: str) -> None:
    """The form that is expected is named; the secret is not repeated."""
    with pytest.raises(Unavailable, match="user:secret@host:port") as caught:
        check(kind, url)
    assert "hidden" not in str(caught.value)


def test_places_on_a_server() -> None:
    """Database, bucket and prefix are the path; what the query says stays, and options join it."""
    assert place(POSTGRES, "mine") == "postgresql://user:hidden@127.0.0.1:5432/mine"
    assert place(S3, "mine", lock="off") == "s3://key:hidden@127.0.0.1:9000/mine?secure=no&lock=off"
    assert name_in(place(ELASTICSEARCH, "mine")) == "mine"
    assert without_secret(POSTGRES) == "postgresql://127.0.0.1:5432/postgres"


def test_exports_are_read_by_a_shell() -> None:
    """`env` gives the tests' addresses and the program's settings, quoted; what was not found is left out."""
    lines = exports({"postgres": Outcome(POSTGRES), "s3": Outcome(S3), "elasticsearch": Outcome(unavailable="no Java")})
    said = dict(shlex.split(line)[1].split("=", 1) for line in lines)
    assert said == {
        "TEST_POSTGRES_URL": POSTGRES,
        "JIANZHENG_DATABASE": place(POSTGRES, "jianzheng"),
        "TEST_S3_URL": S3,
        "JIANZHENG_BLOBS": place(S3, "jianzheng", lock="governance", days="1"),
    }


def test_an_unknown_server_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """`--only` names the servers that there are."""
    with pytest.raises(SystemExit):
        main(["up", "--only", "postgres,oracle"])
    assert "postgres, s3, elasticsearch" in capsys.readouterr().err


def test_what_cannot_be_fetched_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything else is fetched all the same, and the command ends with 1: whoever waits for it need not guess."""
    fetched: list[str] = []

    def fetch(name: str) -> None:
        fetched.append(name)
        if name == "s3":
            raise Unavailable("no Go")

    monkeypatch.setattr(find, "fetch", fetch)
    monkeypatch.setattr(cache, "compose_reader", lambda: fetch("compose-reader"))
    monkeypatch.setattr(programs, "fetch", lambda: fetch("programs"))
    assert main(["fetch"]) == 1
    assert sorted(fetched) == ["compose-reader", "elasticsearch", "postgres", "programs", "s3"]
    assert capsys.readouterr().err == "s3: no Go\n"
    assert main(["fetch", "--only", "postgres"]) == 0


def test_a_first_run_has_no_folder_yet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A program is asked something on a machine on which nothing was ever fetched."""
    monkeypatch.setenv("JIANZHENG_TEST_CACHE", str(tmp_path / "not" / "there"))
    assert cache.run([sys.executable, "-c", "print(7)"]) == "7\n"


def test_where_downloads_are_kept() -> None:
    """Outside the tree: as told, or below the cache folder of the XDG specification."""
    assert cache.folder({"JIANZHENG_TEST_CACHE": "/a"}) == Path("/a")
    assert cache.folder({"XDG_CACHE_HOME": "/b"}) == Path("/b/jianzheng/servers")
    assert cache.folder({"HOME": "/c"}) == Path("/c/.cache/jianzheng/servers")


CONFIG: dict[str, Any] = {
    "services": {
        "web": {"image": "jianzheng"},
        "db": {"image": "docker.io/library/postgres:17@sha256:00", "environment": {
            "POSTGRES_USER": "owner", "POSTGRES_PASSWORD_FILE": "/run/secrets/db"}},
        "blobs": {"image": "quay.io/minio/minio:latest", "environment": {"MINIO_ROOT_PASSWORD": "p/w"}},
    },
    "secrets": {},
}  # fmt: skip


def test_services_are_known_by_their_images() -> None:
    """Whatever the services are called."""
    assert compose.service_of("postgres", CONFIG) == "db"
    assert compose.service_of("s3", CONFIG) == "blobs"
    with pytest.raises(Unavailable, match="no service for elasticsearch"):
        compose.service_of("elasticsearch", CONFIG)


def test_credentials_are_those_of_the_services(tmp_path: Path) -> None:
    """From the environment or from a secret's file, quoted for an address."""
    (tmp_path / "db").write_text("se cret\n")
    config = {**CONFIG, "secrets": {"db": {"file": str(tmp_path / "db")}}}
    assert compose.credentials("postgres", "db", config) == ("owner", "se%20cret")
    assert compose.credentials("s3", "blobs", config) == ("minioadmin", "p%2Fw")
    with pytest.raises(Unavailable, match="POSTGRES_PASSWORD"):
        compose.credentials("postgres", "db", CONFIG)


def test_ports_are_not_those_of_outgoing_connections() -> None:
    """A stopped server's port must be free when the server comes back."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert PORTS.stop <= lowest
    assert free_port() in PORTS


SLEEPER = """
import subprocess, sys, time
subprocess.Popen(["sleep", "1000"], start_new_session=True)
print("ready", flush=True)
time.sleep(1000)
"""

OWNER = """
import os, sys, time
from pathlib import Path
from tests.servers.processes import Process
folder = Path(sys.argv[1])
process = Process("sleeper", folder, folder.parent / "log", [sys.executable, "-c", sys.argv[2]], as_ourselves=True)
process.start(lambda: "ready" in (folder.parent / "log").read_text())
print(*process.pids, flush=True)
time.sleep(1000)
"""


def gone(pid: int) -> bool:
    return state(pid) in ENDED


def test_servers_end_with_their_owner(tmp_path: Path) -> None:
    """After `kill -9` of the process that started a server, neither it, its children nor its data are there."""
    folder = tmp_path / "own"
    folder.mkdir()
    command = [sys.executable, "-c", OWNER, str(folder), SLEEPER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as owner:
        assert owner.stdout
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        assert len(pids) == 2
        owner.kill()
    wait_for(lambda: all(gone(pid) for pid in pids) and not folder.exists())


def test_a_server_that_ends_while_starting_shows_its_log(tmp_path: Path) -> None:
    """Its last words are in the error, and nothing of it goes on."""
    process = Process("liar", tmp_path, tmp_path / "log", ["sh", "-c", "echo no room; exit 3"], as_ourselves=True)
    with pytest.raises(ServerFailed, match="liar ended while starting; its log says:\nno room"):
        process.start(lambda: False)
    assert not process.pids


def test_stop_pause_and_resume(tmp_path: Path) -> None:
    """They reach the processes that a server started, too."""
    log = tmp_path / "log"
    process = Process("sleeper", tmp_path, log, [sys.executable, "-c", SLEEPER], as_ourselves=True)
    process.start(lambda: "ready" in log.read_text())
    pids = process.pids
    process.pause()
    assert [state(pid) for pid in pids] == ["T", "T"]
    process.resume()
    assert "T" not in [state(pid) for pid in pids]
    process.pause()
    process.stop()
    assert all(gone(pid) for pid in pids)
    assert not process.running


def test_what_a_crashed_run_left_is_swept_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its processes and data go; a run whose owner lives, and one that shall stay, are left alone."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("JIANZHENG_TEST_CACHE", str(tmp_path / "cache"))
    living, staying = runs.Run.begin(os.getpid()), runs.Run.begin(None)
    crashed = runs.Run.begin(os.getpid())
    (crashed.folder / "owner.json").write_text(json.dumps({"pid": os.getpid(), "since": "another process"}))
    own = crashed.folder / "own"
    own.mkdir()
    left = Process("sleeper", own, tmp_path / "log", [sys.executable, "-c", SLEEPER], as_ourselves=True, owner=None)
    left.start(lambda: "ready" in (tmp_path / "log").read_text())
    pids = left.pids
    runs.sweep()
    wait_for(lambda: all(gone(pid) for pid in pids))  # their parents have been told
    assert [run.folder.exists() for run in (living, staying, crashed)] == [True, True, False]


def wait_for(holds: Any) -> None:
    for _ in moments(60):
        if holds():
            return
    raise AssertionError("it did not come about")
