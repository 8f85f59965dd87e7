"""The services of docker-compose.yml at work, without a container engine: what it would start is started here.

The servers' services by the code that `tests/servers` uses with an engine, where a stub of `docker` stands in the
engine's place; Elasticsearch by the service's own command; the S3 key with the rights that the guide gives it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from minio import MinioAdmin
from minio.credentials.providers import StaticProvider

from adapters.s3.places import FILES
from tests import compose_world, doc_pages
from tests.cli_world import Shell, make_office
from tests.compose_world import FILE, ROOT
from tests.servers import cache, compose, local, own
from tests.servers.addresses import name_in, place
from tests.servers.cache import Unavailable
from tests.servers.local import Server
from tests.servers.plugin import do_without
from tests.servers.processes import Process, ServerFailed, free_port, give

DOCKER = """\
#!/usr/bin/env bash
echo "$*" >> "$STUB/calls"
case "$*" in version | "compose version") exit "$(cat "$STUB/status")" ;; esac
files=()
shift
while [[ $1 == -* ]]; do
    case $1 in -f) files+=("$2") ;; --env-file) set -a; . "$2"; set +a ;; esac
    shift 2
done
case $1 in
config) exec "$STUB/reader" "${files[@]}" ;;
port) cat "$STUB/port" ;;
up) trap 'exit 0' TERM; echo "${@: -1} is up"; while :; do sleep 0.1; done ;;
esac
"""


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A container engine that starts nothing: its servers are those that run already."""
    try:
        reader = cache.compose_reader()
    except Unavailable as error:
        do_without("docker-compose.yml", str(error))
    stub = tmp_path / "stub"
    stub.mkdir()
    (stub / "docker").write_text(DOCKER)
    (stub / "docker").chmod(0o755)
    (stub / "reader").symlink_to(reader)
    (stub / "status").write_text("0")
    monkeypatch.setenv("STUB", str(stub))
    monkeypatch.setenv("PATH", f"{stub}{os.pathsep}{os.environ['PATH']}")
    compose.engine.cache_clear()
    yield stub
    compose.engine.cache_clear()


def calls(stub: Path) -> list[str]:
    return (stub / "calls").read_text("utf-8").splitlines()


@pytest.mark.parametrize("kind", local.KINDS)
def test_an_engine_starts_the_services_of_the_file(
    docker: Path, tmp_path: Path, kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where an engine answers, tests use this very file, with a port, a network and secrets of their own."""
    running = urlsplit(request.getfixturevalue({"s3": "s3_url"}.get(kind, f"{kind}_url")))
    (docker / "port").write_text(f"127.0.0.1:{running.port}\n")
    service = compose_world.SERVERS[kind]
    if running.password != cache.PASSWORD:  # one that was given: its login is not what the file's servers have
        monkeypatch.setattr(local, "answers", lambda kind, url: urlsplit(url).port == running.port)
    url = compose.start(kind, tmp_path, tmp_path / "log", os.getpid())
    try:
        assert local.answers(kind, url)
        assert urlsplit(url).port == running.port
        override = (tmp_path / f"compose-{kind}" / "override.yml").read_text("utf-8")
        assert f"127.0.0.1::{compose.PORTS[kind]}" in override
        understood = compose_world.read(FILE, tmp_path / f"compose-{kind}" / "override.yml", **compose_world.ANSWERS)
        config: Any = json.loads(understood.stdout)
        [port] = config["services"][service]["ports"]
        assert (port["host_ip"], port["target"], port.get("published")) == ("127.0.0.1", compose.PORTS[kind], None)
        assert list(config["services"][service]["networks"]) == ["tests"]
        for mounted in config["services"][service]["secrets"]:
            assert Path(config["secrets"][mounted["source"]]["file"]).is_relative_to(tmp_path)
        said = calls(docker)
        assert all(f"-f {FILE}" in line for line in said if " -p " in line)
        assert any(line.endswith(f" up --no-log-prefix {service}") for line in said)
        assert any(line.endswith(f" build {service}") for line in said) == (kind == "s3")
    finally:
        compose.release(tmp_path)
    assert calls(docker)[-1].endswith(" down --volumes")


def test_without_an_engine_packages_are_asked(docker: Path) -> None:
    """The command alone is not enough: an engine has to answer it."""
    (docker / "status").write_text("1")
    with pytest.raises(Unavailable, match="no container engine answers"):
        compose.start("postgres", docker, docker / "log", os.getpid())


def test_an_engine_that_fails_says_why(docker: Path, tmp_path: Path) -> None:
    """Its last words are in the error, and the packages are asked next."""
    (docker / "reader").unlink()
    (docker / "reader").write_text("#!/bin/sh\necho no room >&2\nexit 1\n")
    (docker / "reader").chmod(0o755)
    with pytest.raises(ServerFailed, match="no room"):
        compose.start("postgres", tmp_path, tmp_path / "log", os.getpid())


# ── health ──────────────────────────────────────────────────────────────────────────────────────────────────────────

ASKED_WITH = {"postgres": None, "s3": "bash", "elasticsearch": "curl"}  # PostgreSQL brings its own


@pytest.mark.parametrize("kind", [kind for kind, tool in ASKED_WITH.items() if tool is None or shutil.which(tool)])
def test_the_health_checks_know_a_server_that_works(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The service's own question, asked of a server that is there, and of a port where none is."""
    running = urlsplit(request.getfixturevalue({"s3": "s3_url"}.get(kind, f"{kind}_url")))
    try:
        service = compose_world.project()["services"][compose_world.SERVERS[kind]]
    except Unavailable as error:
        do_without("docker-compose.yml", str(error))
    secret = tmp_path / "secret"
    secret.write_text(unquote(running.password or ""))
    programs = str(cache.postgres()) if kind == "postgres" else ""
    env = {"PATH": f"{programs}:{os.environ['PATH']}", "ELASTIC_PASSWORD_AT": str(secret)}
    answers_ = []
    for port in (running.port, free_port()):
        ours, there = f"127.0.0.1/{compose.PORTS[kind]}", f"127.0.0.1/{port}"
        words = [word.replace(ours, there).replace(ours.replace("/", ":"), there.replace("/", ":"))
                 for word in service["healthcheck"]["test"][1:]]  # fmt: skip
        words += ["--port", str(port)] if kind == "postgres" else []
        answers_.append(subprocess.run(words, env=env, capture_output=True, check=False).returncode == 0)
    assert answers_ == [True, False]


# ── Elasticsearch, by the service's command ─────────────────────────────────────────────────────────────────────────


@pytest.mark.nightly
def test_the_search_server_starts_as_its_service_does() -> None:
    """The command leaves its folder alone, puts the secret into the keystore, and answers nobody without it."""
    try:
        source = cache.elasticsearch()
        service = compose_world.project()["services"]["elasticsearch"]
    except Unavailable as error:
        do_without("elasticsearch", str(error))
    [script] = service["command"]
    with tempfile.TemporaryDirectory(prefix="jz-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        ignored = shutil.ignore_patterns("config")
        shutil.copytree(source, folder / "home", copy_function=local.link_or_copy, ignore=ignored)
        shutil.copytree(source / "config", folder / "home" / "config")
        for path in (folder / "home" / "config").rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        for each in ("data", "tmp", "config", "logs"):
            (folder / each).mkdir()
            give(folder / each)
        secret = folder / "secret"
        secret.write_text("a password of the test\n")
        secret.chmod(0o444)
        port, transport = free_port(), free_port()
        here = {"network.host": "127.0.0.1", "http.port": port, "transport.port": transport,
                "path.data": folder / "data", "path.logs": folder / "logs"}  # fmt: skip
        script = script.rstrip().replace("-Enetwork.host=0.0.0.0 ", "")
        script += "".join(f" -E{key}={value}" for key, value in here.items())
        env = {**service["environment"], "ES_PATH_CONF": str(folder / "config"), "ES_TMPDIR": str(folder / "tmp"),
               "ELASTIC_PASSWORD_AT": str(secret), "ES_JAVA_HOME": cache.java(), "CLI_JAVA_OPTS": local.START_SOON,
               "ES_JAVA_OPTS": f"{local.JAVA_OPTIONS} {local.START_SOON}"}  # fmt: skip
        command = [*service["entrypoint"], f"cd {folder}/home\n{script}"]
        process = Process("Elasticsearch", folder, folder / "log", command, env)
        server = Server("elasticsearch", f"http://elastic:a%20password%20of%20the%20test@127.0.0.1:{port}", process)
        try:
            process.start(lambda: answers(server.url))
            assert not answers(server.url.replace("test@", "best@"))
        finally:
            server.process.kill()


def answers(url: str) -> bool:
    """`local.answers` with a password that was percent-encoded."""
    with own.elasticsearch_client(url) as client:
        try:
            return bool(client.options(request_timeout=2).cluster.health(wait_for_status="yellow", timeout="1s"))
        except Exception:  # refused, cut off, not allowed: whatever it is, that is no answer
            return False


# ── the S3 key of the guide ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_guides_rights_are_enough_and_not_too_much(s3_url: str, tmp_path: Path) -> None:
    """A key with that policy files, reads and tidies up; it can lift no lock, and `check` has nothing against it."""
    policy = doc_pages.files(ROOT / "docs" / "how-to" / "production.md")["policy.json"]
    with own.own_bucket(s3_url, lock="governance", days=1) as bucket:
        at = urlsplit(s3_url)
        name, key = name_in(bucket), "clerk-of-the-test"
        admin = MinioAdmin(
            endpoint=f"{at.hostname}:{at.port}", credentials=StaticProvider(at.username or "", at.password or ""),
            secure=False,
        )  # fmt: skip
        policy_file = tmp_path / "policy.json"
        policy_file.write_text(policy.replace(":::jianzheng", f":::{name}"), "utf-8")
        admin.policy_add(name, str(policy_file))
        admin.user_add(key, "a secret of the test")
        try:
            admin.policy_set(name, user=key)
            blobs = place(
                f"s3://{key}:a%20secret%20of%20the%20test@{at.hostname}:{at.port}?secure=no",
                name,
                lock="governance",
                days="1",
            )
            shell = make_office(tmp_path, {"JIANZHENG_BLOBS": blobs})
            files = {each["name"]: each for each in shell("check", "--json").json["checks"]}["files"]
            assert (files["state"], files["unsafe"], files["version"]) == ("ok", [], None)
            assert shell("verify").code == 0
            assert shell("check", "--quick").code == 0
            client = own.s3_client(blobs)
            [kept] = list(client.list_objects(name, FILES, recursive=True, include_version=True))[:1]
            with pytest.raises(Exception, match=r"WORM|Access ?Denied"):
                client.remove_object(name, str(kept.object_name), version_id=kept.version_id)
        finally:
            admin.user_remove(key)
            admin.policy_remove(name)


def test_machines_share_what_the_guide_says(
    postgres_database: str, s3_bucket: str, elasticsearch_prefix: str, tmp_path: Path
) -> None:
    """A second machine with identity, keys and verifier key files, follows and signs; the first goes on from there."""
    places = {"JIANZHENG_DATABASE": postgres_database, "JIANZHENG_BLOBS": s3_bucket,
              "JIANZHENG_SEARCH": elasticsearch_prefix}  # fmt: skip
    (tmp_path / "one").mkdir()
    first = make_office(tmp_path / "one", places)
    home, other = first.folder / "jianzheng-data", tmp_path / "two" / "jianzheng-data"
    (other / "ledger").mkdir(parents=True)
    other.chmod(0o700)
    shutil.copy2(home / "archive.json", other)
    shutil.copy2(home / "ledger" / "vkey", other / "ledger")
    shutil.copytree(home / "keys", other / "keys")
    second = Shell(tmp_path / "two", places)
    assert second("org", "add", "school-02", "第二小学").code == 0
    assert second("verify").code == 0
    assert first("org", "add", "school-03", "第三小学").code == 0
    assert first("verify").code == 0
    assert second("check", "--quick").code == 0
