"""Real servers for tests: they start, keep their data, can be broken, and leave nothing behind."""

from __future__ import annotations

import io
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from minio.commonconfig import GOVERNANCE
from minio.error import S3Error
from minio.retention import Retention

from tests.servers import cache, local, own, runs
from tests.servers.addresses import name_in
from tests.servers.local import Server
from tests.servers.plugin import MakeBucket
from tests.servers.processes import moments

ROOT = Path(__file__).resolve().parents[2]

TWO_FILES_WITH_A_SERVER = """
import os
import psycopg

def test_the_server(postgres_url):
    with psycopg.connect(postgres_url) as connection:
        print("address", postgres_url)
    if os.environ.get("DIE"):
        os.kill(os.getpid(), 9)
"""


def test_a_database_of_ones_own(postgres_database: str, postgres_url: str) -> None:
    """A test gets an empty PostgreSQL database that is not the server's first one."""
    with psycopg.connect(postgres_database) as connection:
        row = connection.execute("SELECT current_database(), count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert row.fetchone() == (name_in(postgres_database), 0)
    assert name_in(postgres_database) != name_in(postgres_url)


def test_a_bucket_of_ones_own(s3_bucket: str) -> None:
    """A test gets an empty bucket that keeps versions."""
    client = own.s3_client(s3_bucket)
    name = name_in(s3_bucket)
    assert client.get_bucket_versioning(name).status == "Enabled"
    assert not list(client.list_objects(name))


def test_an_index_prefix_of_ones_own(elasticsearch_prefix: str) -> None:
    """A test gets a prefix under which no index is."""
    with own.elasticsearch_client(elasticsearch_prefix) as client:
        assert not client.indices.get(index=f"{name_in(elasticsearch_prefix)}*", expand_wildcards="all")


def test_api_keys_can_be_made(elasticsearch_url: str) -> None:
    """The server's security is whole: a key that it made opens it."""
    with own.elasticsearch_client(elasticsearch_url) as client:
        made = client.security.create_api_key(name="test", expiration="1h")
    with own.elasticsearch_client(elasticsearch_url, api_key=made["encoded"]) as client:
        assert client.security.authenticate()["authentication_type"] == "api_key"


def test_a_private_server_keeps_its_data_and_port(private_postgres: Server) -> None:
    """After `restart`, and after `kill` and `start`, the address is the same and what was committed is there."""
    for break_it in (private_postgres.restart, private_postgres.kill):
        with psycopg.connect(private_postgres.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
            connection.execute("INSERT INTO kept VALUES (1)")
        break_it()
        private_postgres.start()
    with psycopg.connect(private_postgres.url) as connection:
        assert connection.execute("SELECT sum(n) FROM kept").fetchone() == (2,)


def test_a_paused_server_answers_nothing_until_it_is_resumed(private_postgres: Server) -> None:
    """SIGSTOP reaches the back ends too: a statement waits, and gets its answer afterwards."""
    with psycopg.connect(private_postgres.url) as connection:
        private_postgres.pause()
        with pytest.raises(psycopg.errors.ConnectionTimeout):
            psycopg.connect(private_postgres.url, connect_timeout=2)
        connection.pgconn.send_query(b"SELECT 1")
        private_postgres.resume()
        assert (result := connection.pgconn.get_result()) is not None
        assert result.get_value(0, 0) == b"1"
        while connection.pgconn.get_result():
            pass


def test_a_bucket_with_object_lock(make_s3_bucket: MakeBucket) -> None:
    """A version under retention cannot be removed: the store is a real one."""
    url = make_s3_bucket(lock="governance", days=1)
    assert url.endswith("?secure=no&lock=governance&days=1")
    client = own.s3_client(url)
    until = Retention(GOVERNANCE, datetime.now(UTC) + timedelta(days=1))
    made = client.put_object(name_in(url), "kept", io.BytesIO(b"kept"), 4, retention=until)
    with pytest.raises(S3Error, match="WORM"):
        client.remove_object(name_in(url), "kept", made.version_id)


@pytest.fixture
def alone() -> Iterator[dict[str, str]]:
    """Surroundings for a run of its own: a folder for what it starts, our downloads, no servers given."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("TEST_", "PYTEST_"))}
    # Not below pytest's folder, which each run of pytest closes to all other users, and so to the servers.
    with tempfile.TemporaryDirectory(prefix="jz-") as name:
        temporary = Path(name)
        temporary.chmod(0o755)
        mine = temporary / "cache"  # only what was downloaded: logs and the note of what is up are this run's own
        mine.mkdir()
        for path in cache.folder().iterdir():
            if path.name.startswith(("minio", "elasticsearch-")) and path.is_dir():
                (mine / path.name).symlink_to(path)
        yield {**surroundings, "JIANZHENG_TEST_CACHE": str(mine), "TMPDIR": name}


def left(surroundings: dict[str, str]) -> list[str]:
    """Processes and folders that a run of its own left behind."""
    temporary = Path(surroundings["TMPDIR"])
    folders = list(temporary.glob(f"{runs.PREFIX}*"))
    marked = [str(pid) for pid in runs.processes(temporary)]
    return [*map(str, folders), *marked]


def run_pytest(tmp_path: Path, surroundings: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    for name in ("test_one.py", "test_two.py"):
        (tmp_path / name).write_text(TWO_FILES_WITH_A_SERVER)
    ours = ("-p", "tests.servers.plugin", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(tmp_path))
    command = [sys.executable, "-m", "pytest", *ours, "-rP", *arguments, str(tmp_path)]
    return subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False)


def test_workers_share_one_set_of_servers(tmp_path: Path, alone: dict[str, str]) -> None:
    """Under pytest-xdist each worker gets the same server, and it is gone when the run is over."""
    done = run_pytest(tmp_path, alone, "-n", "2", "--dist", "loadfile")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "postgres: local packages" in done.stdout
    addresses = [line for line in done.stdout.splitlines() if line.startswith("address")]
    assert len(addresses) == 2
    assert len(set(addresses)) == 1
    assert not left(alone)


def test_a_killed_run_leaves_nothing(tmp_path: Path, alone: dict[str, str]) -> None:
    """`kill -9` of pytest ends its servers, and the next run removes the folder."""
    done = run_pytest(tmp_path, {**alone, "DIE": "SELF"})
    assert done.returncode == -signal.SIGKILL
    for _ in moments(60):
        if not [found for found in left(alone) if found.isdigit()]:
            break
    assert run_pytest(tmp_path, alone).returncode == 0
    assert not left(alone)


def test_the_command_leaves_servers_until_it_is_told(alone: dict[str, str]) -> None:
    """`up` starts, `env` gives the addresses of what runs already, `down` leaves nothing."""

    def servers(command: str) -> str:
        typed = [sys.executable, "-m", "tests.servers", command, "--only", "postgres,s3"]
        return subprocess.run(typed, cwd=ROOT, env=alone, stdout=subprocess.PIPE, text=True, check=True).stdout

    try:
        servers("up")
        lines = servers("env")
        assert lines == servers("env")
        said = dict(shlex.split(line)[1].split("=", 1) for line in lines.splitlines())
        assert list(said) == ["TEST_POSTGRES_URL", "JIANZHENG_DATABASE", "TEST_S3_URL", "JIANZHENG_BLOBS"]
        psycopg.connect(said["JIANZHENG_DATABASE"]).close()
        assert own.s3_client(said["JIANZHENG_BLOBS"]).bucket_exists(name_in(said["JIANZHENG_BLOBS"]))
    finally:
        servers("down")
    assert not left(alone)


@pytest.mark.nightly
def test_every_server_can_be_broken_and_mended(private_s3: Server, private_elasticsearch: Server) -> None:
    """MinIO and Elasticsearch too answer nothing while paused, and come back with their data after `kill`."""
    own.make_bucket(private_s3.url, "kept", lock=False)
    with own.elasticsearch_client(private_elasticsearch.url) as client:
        client.index(index="kept", id="1", document={"n": 1}, refresh=True)
    for server in (private_s3, private_elasticsearch):
        server.pause()
        assert not local.answers(server.kind, server.url)
        server.resume()
        assert local.answers(server.kind, server.url)
        server.kill()
        assert not local.answers(server.kind, server.url)
        server.start()
    assert own.s3_client(private_s3.url).bucket_exists("kept")
    with own.elasticsearch_client(private_elasticsearch.url) as client:
        client.cluster.health(index="kept", wait_for_status="yellow")
        assert client.get(index="kept", id="1")["_source"] == {"n": 1}
