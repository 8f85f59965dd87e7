"""The three servers from local packages, each on a free loopback port with its data in a folder of its own."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import urllib.request
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.servers import cache
from tests.servers.processes import Process, ServerFailed, free_port, give, run

KINDS = ("postgres", "s3", "elasticsearch")
TRIES = 3  # somebody else may take the port between our look and the server's start

# The index in which the built-in roles are listed is of no use here, and its making only delays the start.
# For tests. Servers that stay (for benchmarks) get both compilers.
START_SOON = "-XX:TieredStopAtLevel=1"  # the second compiler doubles the time to start; it pays off after minutes
JAVA_OPTIONS = "-Xms512m -Xmx512m -Des.queryable_built_in_roles_enabled=false"
POSTGRES_SETTINGS = {"max_connections": "200"}
ELASTICSEARCH_SETTINGS = {
    "discovery.type": "single-node", "node.store.allow_mmap": "false", "xpack.security.enabled": "true",
    "xpack.security.http.ssl.enabled": "false", "xpack.security.transport.ssl.enabled": "false",
    "xpack.security.autoconfiguration.enabled": "false",
}  # fmt: skip
MINIO_SETTINGS = {"MINIO_ROOT_USER": "jianzheng", "MINIO_BROWSER": "off", "MINIO_UPDATE": "off"}
"""The same as in docker-compose.yml; what stands below besides is for a machine that tests share."""

DRIVES = 4  # MinIO's smallest erasure set; versioning and object lock need one
ELASTICSEARCH_LOG = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%consoleException%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""


class Server:
    """A server of a test's own, which the test may break. The data outlive `stop`, `kill` and `start`."""

    def __init__(self, kind: str, url: str, process: Process) -> None:
        self.kind = kind
        self.url = url
        self.process = process

    def start(self) -> None:
        """Start it (again), on the same port with the same data, and wait until it answers."""
        if not self.process.running:
            self.process.start(lambda: answers(self.kind, self.url))

    def stop(self) -> None:
        """Shut it down in good order."""
        self.process.stop()

    def kill(self) -> None:
        """`kill -9`: nothing is flushed, no client is told."""
        self.process.kill()

    def pause(self) -> None:
        """SIGSTOP: it accepts no byte and answers none, as if the network had swallowed it."""
        self.process.pause()

    def resume(self) -> None:
        """SIGCONT, after `pause`."""
        self.process.resume()

    def restart(self) -> None:
        """`stop` and `start`."""
        self.stop()
        self.start()

    def log(self, lines: int = 40) -> str:
        """The last lines it wrote."""
        return self.process.tail(lines)

    def discard(self) -> None:
        """End it and remove its data."""
        self.process.kill()
        shutil.rmtree(self.process.folder, ignore_errors=True)


def start(kind: str, folder: Path, log: Path, owner: int | None) -> Server:
    """Start a server of the kind in a new folder. `Unavailable` names what this machine lacks for it."""
    make = {"postgres": _postgres, "s3": _minio, "elasticsearch": _elasticsearch}[kind]
    for attempt in range(TRIES):
        own = folder / f"{kind}{attempt or ''}"
        own.mkdir(mode=0o755, parents=True)
        give(own)
        server = make(own, log, owner)
        try:
            server.start()
        except ServerFailed:
            shutil.rmtree(own, ignore_errors=True)
            if attempt == TRIES - 1:
                raise
        else:
            return server
    raise AssertionError("unreachable")


def _postgres(home: Path, log: Path, owner: int | None) -> Server:
    programs = cache.postgres()
    secret = home / "secret"
    secret.write_text(cache.PASSWORD, "utf-8")
    give(secret)
    data = home / "data"
    run([programs / "initdb", "-D", data, "-U", "postgres", "--pwfile", secret, "-A", "scram-sha-256", "-E", "UTF8",
         "--locale=C.UTF-8", "--no-sync"], home)  # fmt: skip
    port = free_port()
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", **POSTGRES_SETTINGS,
                "shared_buffers": "128MB", "max_prepared_transactions": 10, "log_line_prefix": "%m [%p] "}  # fmt: skip
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    url = url_of("postgres", "postgres", cache.PASSWORD, f"127.0.0.1:{port}")
    command = [str(programs / "postgres"), "-D", str(data), *options]
    process = Process("PostgreSQL", home, log, command, stop_signal=signal.SIGINT, owner=owner)  # a “fast” shutdown
    return Server("postgres", url, process)


def _minio(home: Path, log: Path, owner: int | None) -> Server:
    program = home / "minio"
    link_or_copy(cache.minio(), program)
    for number in range(1, DRIVES + 1):
        (home / f"drive{number}").mkdir()
        give(home / f"drive{number}")
    port = free_port()
    env = {**MINIO_SETTINGS, "MINIO_ROOT_PASSWORD": cache.PASSWORD, "MINIO_CI_CD": "1"}
    command = [str(program), "server", "--quiet", "--address", f"127.0.0.1:{port}", f"{home}/drive{{1...{DRIVES}}}"]
    process = Process("MinIO", home, log, command, env, owner=owner)
    return Server("s3", url_of("s3", MINIO_SETTINGS["MINIO_ROOT_USER"], cache.PASSWORD, f"127.0.0.1:{port}"), process)


def _elasticsearch(home: Path, log: Path, owner: int | None) -> Server:
    source = cache.elasticsearch()
    program = home / "home"
    # Links, for the cache may lie where only its owner can look.
    shutil.copytree(source, program, copy_function=link_or_copy, ignore=shutil.ignore_patterns("config"))
    shutil.copytree(source / "config", home / "config")
    (home / "config" / "log4j2.properties").write_text(ELASTICSEARCH_LOG, "utf-8")
    for path in (home / "config", *(home / "config").rglob("*"), program, program / "logs"):
        give(path)
    for name in ("data", "tmp"):
        (home / name).mkdir()
        give(home / name)
    port, transport = free_port(), free_port()
    settings = {
        **ELASTICSEARCH_SETTINGS, "network.host": "127.0.0.1", "http.port": port, "transport.port": transport,
        "path.data": home / "data", "path.logs": program / "logs",
        "cluster.routing.allocation.disk.threshold_enabled": "false",
    }  # fmt: skip
    env = {"ES_PATH_CONF": str(home / "config"), "ES_TMPDIR": str(home / "tmp"), "ES_JAVA_HOME": cache.java(),
           "ES_JAVA_OPTS": JAVA_OPTIONS if owner is None else f"{JAVA_OPTIONS} {START_SOON}",
           "CLI_JAVA_OPTS": START_SOON}  # fmt: skip
    command = [str(program / "bin" / "elasticsearch"), *(f"-E{name}={value}" for name, value in settings.items())]
    process = Process("Elasticsearch", home, log, command, env, owner=owner)
    return Server("elasticsearch", url_of("elasticsearch", "elastic", cache.PASSWORD, f"127.0.0.1:{port}"), process)


def url_of(kind: str, user: str, secret: str, address: str) -> str:
    """The address of a server of the kind without TLS; ``address`` is host:port."""
    form = {
        "postgres": "postgresql://{0}:{1}@{2}/postgres",
        "s3": "s3://{0}:{1}@{2}?secure=no",
        "elasticsearch": "http://{0}:{1}@{2}",
    }[kind]
    return form.format(user, secret, address)


def answers(kind: str, url: str) -> bool:
    """Whether the server does its work: more than that its port is open."""
    if kind == "postgres":
        return _postgres_answers(url)
    parts = urlsplit(url)
    address = f"http://{parts.hostname}:{parts.port}"
    if kind == "s3":
        return _get(f"{address}/minio/health/cluster") is not None
    # It answers before the cluster is formed and before its password is set.
    health = _get(f"{address}/_cluster/health?wait_for_status=yellow&timeout=1s", f"{parts.username}:{parts.password}")
    return health is not None and not json.loads(health)["timed_out"]


def _postgres_answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _get(url: str, login: str = "") -> bytes | None:
    basic = base64.b64encode(login.encode()).decode()
    request = urllib.request.Request(url, headers={"Authorization": f"Basic {basic}"} if login else {})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return bytes(answer.read())
    except (OSError, HTTPException):  # refused, cut off, or an HTTP status that says “not yet”
        return None


def link_or_copy(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
