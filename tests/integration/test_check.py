"""`jianzheng check`: where everything is, which version, how far behind, what is unsafe; embedded and on servers."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from adapters.postgres.roles import APP_ROLE
from domain.ledger.note import COSIGNATURE_ED25519, VerifierKey
from tests import forking
from tests.cli_world import BACK_ENDS, PASSWORD, Shell, servers
from tests.postgres_world import APP_PASSWORD
from tests.servers import own
from tests.servers.addresses import name_in, place
from tests.servers.local import Server
from tests.servers.plugin import MakeBucket

NAMES = ["program", "settings", "home", "timezone", "archive", "account", "database", "ledger", "files", "search",
         "texts", "figures", "background", "erasures", "locks", "sealing", "witnesses", "timestamps", "space",
         "fonts"]  # fmt: skip
APPEND_ONLY = """
from adapters.home.house import open_archive
from adapters.home.settings import read
house = open_archive(read())
house.administration.add_organisation(house.operator(), "school-09", "第九小学")
house.close()
"""
KEYS = {"name", "state", "detail", "address", "version", "behind", "unsafe", "facts"}


def parts_of(shell: Shell, *more: str, code: int = 0, **variables: str) -> dict[str, Any]:
    answer = shell("check", "--json", *more, **variables)
    assert (answer.code, answer.err) == (code, ""), answer
    return {each["name"]: each for each in answer.json["checks"]}


def codes(part: Any) -> list[str]:
    return [remark["code"] for remark in part["unsafe"]]


@pytest.fixture(scope="module", params=BACK_ENDS)
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A new archive of each kind."""
    with servers(request.param, request) as settings:
        run = Shell(tmp_path_factory.mktemp("office"), settings)
        assert run("init", "--name", "某区教育局", "--origin", "archive.example/2023").code == 0
        yield run


def test_every_part_is_told(shell: Shell) -> None:
    """The same questions with the same keys on either back end; versions and lags are there, secrets are not."""
    answer = shell("check", "--json")
    document = answer.json
    assert (answer.code, document["ok"]) == (0, True)
    assert [each["name"] for each in document["checks"]] == NAMES
    assert all(set(each) == KEYS for each in document["checks"])
    parts = {each["name"]: each for each in document["checks"]}
    assert {name for name, each in parts.items() if each["behind"] is not None} == {
        "ledger", "search", "texts", "figures", "locks"}  # fmt: skip
    assert [parts[name]["behind"] for name in ("ledger", "search", "texts", "figures", "locks")] == [0] * 5
    assert all(parts[name]["version"] for name in ("program", "database", "search"))
    assert all(parts[name]["address"] for name in ("database", "files", "search"))
    for url in shell.servers.values():
        assert url.partition("://")[2].partition("@")[0].partition(":")[2] not in answer.out
    said = shell("check", JIANZHENG_LANG="en").out
    assert [line.split()[1] for line in said.splitlines() if not line.startswith(" ")] == NAMES


def test_the_servers_are_named_with_their_versions(shell: Shell) -> None:
    """PostgreSQL, MinIO and Elasticsearch; SQLite, a folder and Tantivy where there are none."""
    parts = parts_of(shell)
    kinds = [parts[name]["facts"]["kind"] for name in ("database", "files", "search")]
    if not shell.servers:
        assert kinds == ["sqlite", "folder", "embedded"]
        assert {code for each in parts.values() for code in codes(each)} == {"password_left_in_environment"}
        return
    assert kinds == ["postgresql", "s3", "elasticsearch"]
    for name in ("database", "search"):
        assert int(parts[name]["version"].split(".")[0]) >= 8
    assert "MinIO" in parts["files"]["detail"]
    assert parts["search"]["facts"]["health"] in ("green", "yellow")


def test_what_is_behind_is_counted(shell: Shell) -> None:
    """Events that nobody followed yet are a warning with their number, and no failure."""
    done = forking.run(
        [sys.executable, "-c", APPEND_ONLY], cwd=shell.folder, env=shell.environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    ledger = parts_of(shell)["ledger"]
    assert (ledger["state"], ledger["behind"]) == ("warning", 1)
    assert shell("index", "rebuild").code == 0
    assert parts_of(shell)["ledger"]["behind"] == 0


def test_a_quick_look(shell: Shell) -> None:
    """`--quick` says what can be reached, and no more."""
    quick = shell("check", "--quick", "--json")
    parts = dict.fromkeys(("events", "ledger", "files", "search"), "ok")
    assert (quick.code, quick.json) == (0, {"ok": True, "parts": parts})


def test_settings_that_do_nothing_are_named(shell: Shell) -> None:
    """A misspelt one, and a password that was for the first day only; their values are not shown."""
    settings = parts_of(shell, JIANZHENG_DATBASE="hush")["settings"]
    assert set(codes(settings)) == {"setting_unknown", "password_left_in_environment"}
    assert "hush" not in json.dumps(settings) and PASSWORD not in json.dumps(settings)
    assert codes(parts_of(shell, JIANZHENG_ADMIN_PASSWORD="")["settings"]) == []


def test_whoever_signs_for_us_is_asked_over_tls(shell: Shell) -> None:
    """A witness of the policy and a time-stamping authority of the settings that are asked in the clear over a network
    are called unsafe by their names; the others are not."""
    vkey = shell("checkpoint", "--json").json["vkey"]
    keys = [VerifierKey(f"w.example/{n}", COSIGNATURE_ED25519, bytes([n]) * 32).encode() for n in range(3)]
    policy = shell.folder / "clear-policy"
    policy.write_text(
        f"log {vkey}\nwitness far {keys[0]} http://w.example/0\nwitness near {keys[1]} http://127.0.0.1:9/1\n"
        f"witness safe {keys[2]} https://w.example/2\ngroup g any far near safe\nquorum g\n"
    )
    authorities = "far=http://tsa.example/ near=http://[::1]:9/ safe=https://tsa.example/"
    parts = parts_of(shell, JIANZHENG_POLICY=str(policy), JIANZHENG_TIMESTAMP_AUTHORITIES=authorities)
    for name, who in (("witnesses", "见证方 far"), ("timestamps", "时间戳机构 far")):
        assert [(each["code"], who in each["message"]) for each in parts[name]["unsafe"]] == [("no_tls", True)]
        assert parts[name]["state"] == "warning"


def test_a_second_start_finds_the_archive(shell: Shell) -> None:
    """`init --if-missing` leaves what is there alone, asks for no password, and calls it no error."""
    answer = shell("init", "--if-missing", "--name", "别的", "--json", JIANZHENG_ADMIN_PASSWORD="")
    assert (answer.code, answer.json["created"], answer.json["name"]) == (0, False, "某区教育局")


def test_an_open_folder_is_unsafe(tmp_path: Path) -> None:
    """Whoever may enter the folder may read the archive; a key that others may read opens nothing."""
    shell = Shell(tmp_path)
    assert shell("init", "--if-missing").code == 0
    home = tmp_path / "jianzheng-data"
    home.chmod(0o755)
    assert codes(parts_of(shell)["home"]) == ["folder_open_to_others"]
    home.chmod(0o700)
    (home / "keys" / "ledger.key").chmod(0o640)
    archive = parts_of(shell, code=3)["archive"]
    assert (archive["state"], archive["facts"]["error"]) == ("missing", "key_file_exposed")


# ── on servers ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def places(postgres_database: str, make_s3_bucket: MakeBucket, elasticsearch_prefix: str) -> dict[str, str]:
    return {
        "JIANZHENG_DATABASE": postgres_database,
        "JIANZHENG_BLOBS": make_s3_bucket(lock="governance", days=1),
        "JIANZHENG_SEARCH": elasticsearch_prefix,
    }


def as_application(database: str) -> str:
    return database.replace(database.partition("://")[2].partition("@")[0], f"{APP_ROLE}:{quote(APP_PASSWORD)}")


def test_servers_are_asked_before_there_is_an_archive(places: dict[str, str], tmp_path: Path) -> None:
    """Whoever sets them up sees which are ready; then the archive is made by the application's own role."""
    shell = Shell(tmp_path, places)
    before = parts_of(shell, code=3)
    assert {name: before[name]["state"] for name in ("archive", "database", "search")} == {
        "archive": "missing", "database": "missing", "search": "warning"}  # fmt: skip
    assert codes(before["search"]) == ["key_of_administrator"]
    assert before["database"]["facts"]["error"] == "schema_missing"
    assert before["search"]["version"]
    assert shell("migrate", "schema", JIANZHENG_APP_PASSWORD=APP_PASSWORD).code == 0
    ours = {**places, "JIANZHENG_DATABASE": as_application(places["JIANZHENG_DATABASE"])}
    shell = Shell(tmp_path, ours)
    assert parts_of(shell, code=3)["database"]["state"] in ("ok", "warning")
    assert shell("init", "--if-missing").code == 0
    after = parts_of(shell)
    assert "role_too_mighty" not in codes(after["database"])
    assert (after["files"]["facts"]["lock"], after["files"]["facts"]["days"]) == ("governance", 1)
    mighty = parts_of(shell, **places)
    assert "role_too_mighty" in codes(mighty["database"])


def test_an_unsafe_database_is_named(private_postgres: Server, tmp_path: Path) -> None:
    """No checksums, commits that are not flushed, a password that everybody knows: each by its word."""
    with psycopg.connect(private_postgres.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("ALTER ROLE postgres PASSWORD 'postgres'")
    private_postgres.url = private_postgres.url.replace(private_postgres.url.split(":")[2].split("@")[0], "postgres", 1)
    private_postgres.restart()
    shell = Shell(tmp_path, {"JIANZHENG_DATABASE": place(private_postgres.url, "postgres")})
    assert shell("migrate", "schema").code == 0
    database = parts_of(shell, code=3)["database"]
    assert set(codes(database)) == {"data_checksums", "fsync", "known_password", "role_too_mighty"}
    assert database["state"] == "warning"
    private_postgres.stop()
    gone = parts_of(shell, code=3)["database"]
    assert (gone["state"], gone["facts"]["error"]) == ("missing", "database_unreachable")
    assert gone["address"] == f"postgres@{private_postgres.url.rsplit('@')[1]}"


def test_an_unsafe_bucket_is_named(s3_url: str, places: dict[str, str], tmp_path: Path) -> None:
    """No lock, no versions, and the key of an administrator."""
    with own.own_bucket(s3_url, versions=False) as bucket:
        files = parts_of(Shell(tmp_path, {"JIANZHENG_BLOBS": bucket}), code=3)["files"]
    assert set(codes(files)) == {"no_versions", "no_object_lock", "key_of_administrator"}
    locked = places["JIANZHENG_BLOBS"]
    assert codes(parts_of(Shell(tmp_path, {"JIANZHENG_BLOBS": locked}), code=3)["files"]) == ["key_of_administrator"]
    missing = place(locked, "nowhere-at-all")
    answer = parts_of(Shell(tmp_path, {"JIANZHENG_BLOBS": missing}), code=3)["files"]
    assert (answer["state"], answer["facts"]["error"]) == ("missing", "bucket_missing")


def test_a_search_login_for_our_indices_alone(elasticsearch_prefix: str, tmp_path: Path) -> None:
    """It may not ask for the version; that is no fault. A read-only index is."""
    prefix = name_in(elasticsearch_prefix)
    with own.elasticsearch_client(elasticsearch_prefix) as client:
        role = {"indices": [{"names": [f"{prefix}*"], "privileges": ["all"]}]}
        key = client.security.create_api_key(name=prefix, expiration="1h", role_descriptors={"jianzheng": role})
        client.indices.create(index=f"{prefix}-x", settings={"index.blocks.read_only_allow_delete": True})
    address = elasticsearch_prefix.replace(elasticsearch_prefix.partition("://")[2].partition("@")[0] + "@", "")
    shell = Shell(tmp_path, {"JIANZHENG_SEARCH": address, "JIANZHENG_SEARCH_PASSWORD": key["encoded"]})
    search = parts_of(shell, code=3)["search"]
    assert (search["state"], search["version"], codes(search)) == ("warning", None, ["index_read_only"])


def test_a_damaged_archive_is_told_beside_its_servers(places: dict[str, str], tmp_path: Path) -> None:
    """An archive that does not open hides nothing of the servers."""
    shell = Shell(tmp_path, places)
    assert shell("init").code == 0
    shutil.copy(tmp_path / "jianzheng-data" / "archive.json", tmp_path / "kept")
    (tmp_path / "jianzheng-data" / "archive.json").write_text("{")
    parts = parts_of(shell, code=3)
    assert parts["archive"]["facts"]["error"] == "identity_damaged"
    assert {"database", "files", "search"} <= set(parts) and "ledger" not in parts
