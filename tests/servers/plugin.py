"""The fixtures: real servers, started when the first test needs one, and stopped when the run ends.

Shared by the whole run (also by the processes of pytest-xdist), so nothing may be broken or left behind in them:
`postgres_url`, `s3_url`, `elasticsearch_url` are the servers' addresses; `postgres_database`, `s3_bucket` and
`elasticsearch_prefix` give a test a place of its own. To break a server, take `private_postgres`, `private_s3` or
`private_elasticsearch`: a server of that one test, to stop, kill, pause and restart.

Without a server a developer's run skips the test and says why; with CI=true the test fails. A run ``--without-servers``
(the fast tier) starts none, and a test that asks for one there fails: it belongs to the slow ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.servers import local, own, runs
from tests.servers.cache import Unavailable
from tests.servers.local import KINDS, Server
from tests.servers.processes import ServerFailed

RUN = "servers_run"  # in a worker's input: the folder of the run
FIXTURES = {f"{kind}_url": kind for kind in KINDS}


class Servers:
    """The run's servers as one pytest process sees them."""

    def __init__(self, folder: str | None, without: bool = False) -> None:
        self._without = without
        self._run = None if folder is None else runs.Run.join(Path(folder))
        self._joined = folder is not None
        self._needed: set[str] = set()
        self._looking: dict[str, Future[runs.Outcome]] = {}
        self._pool = ThreadPoolExecutor(len(KINDS))

    @property
    def run(self) -> runs.Run:
        """Begun when somebody needs it: a run of unit tests starts nothing."""
        if self._run is None:
            self._run = runs.Run.begin(os.getpid())
        return self._run

    def need(self, kinds: set[str]) -> None:
        """What the collected tests will ask for: it is all started together, when the first of them does."""
        self._needed |= kinds

    def url(self, kind: str) -> str:
        if self._without:
            pytest.fail(f"this run is without servers, and the test asks for {kind}: mark it slow", pytrace=False)
        run = self.run
        for each in {kind, *self._needed} - set(self._looking):
            self._looking[each] = self._pool.submit(run.get, each)
        outcome = self._looking[kind].result()
        if outcome.unavailable:
            do_without(kind, outcome.unavailable)
        return outcome.url

    def found(self) -> dict[str, runs.Outcome]:
        return {} if self._run is None else self._run.found()

    def close(self) -> None:
        self._pool.shutdown()
        if self._run is not None and not self._joined:
            self._run.close()


def do_without(kind: str, reason: str) -> NoReturn:
    """No server: that is an error where everything has to be checked, and otherwise a test less."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"no server for {kind}: {reason}", pytrace=False)
    pytest.skip(f"no server for {kind}: {reason}")


SERVERS = pytest.StashKey[Servers]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--without-servers", action="store_true", help="start no server; a test that asks for one fails")


def pytest_configure(config: pytest.Config) -> None:
    without = config.getoption("--without-servers")
    config.stash[SERVERS] = Servers(getattr(config, "workerinput", {}).get(RUN), without)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """The process that people see owns the run; its workers are told where it is."""
    node.workerinput[RUN] = str(node.config.stash[SERVERS].run.folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[SERVERS].close()


def pytest_collection_finish(session: pytest.Session) -> None:
    names = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    session.config.stash[SERVERS].need({kind for fixture, kind in FIXTURES.items() if fixture in names})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed shows what its servers said last."""
    report = yield
    if report.failed:
        used = set(getattr(item, "fixturenames", ()))
        servers = item.config.stash[SERVERS]
        for kind in {FIXTURES[name] for name in used & set(FIXTURES)} & set(servers.found()):
            report.sections.append((f"log of {kind}", servers.run.log(kind)))
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, Server):
                report.sections.append((f"log of {name}", value.log()))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for kind, outcome in config.stash[SERVERS].found().items():
        terminalreporter.write_line(f"{kind}: {outcome.source or 'none'} (log: {outcome.log})")


@pytest.fixture(scope="session")
def postgres_url(pytestconfig: pytest.Config) -> str:
    """The run's PostgreSQL, as its superuser."""
    return pytestconfig.stash[SERVERS].url("postgres")


@pytest.fixture(scope="session")
def s3_url(pytestconfig: pytest.Config) -> str:
    """The run's S3 store."""
    return pytestconfig.stash[SERVERS].url("s3")


@pytest.fixture(scope="session")
def elasticsearch_url(pytestconfig: pytest.Config) -> str:
    """The run's Elasticsearch, as its superuser."""
    return pytestconfig.stash[SERVERS].url("elasticsearch")


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """An empty database of the test's own, as JIANZHENG_DATABASE."""
    with own.own_database(postgres_url) as url:
        yield url


@pytest.fixture
def s3_bucket(s3_url: str) -> Iterator[str]:
    """A bucket of the test's own with versions but without lock, as JIANZHENG_BLOBS."""
    with own.own_bucket(s3_url) as url:
        yield url


MakeBucket = Callable[..., str]


@pytest.fixture
def make_s3_bucket(s3_url: str) -> Iterator[MakeBucket]:
    """Makes buckets of the test's own; the arguments are those of `own.own_bucket`."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(own.own_bucket(s3_url, **options))


@pytest.fixture
def elasticsearch_prefix(elasticsearch_url: str) -> Iterator[str]:
    """An index prefix of the test's own, as JIANZHENG_SEARCH."""
    with own.own_prefix(elasticsearch_url) as url:
        yield url


@contextmanager
def private_server(kind: str) -> Iterator[Server]:
    """A server of one's own, from local packages: for fixtures of a wider scope than a test's."""
    run = runs.Run.begin(os.getpid())
    try:
        try:
            server = local.start(kind, run.folder, run.folder / "log", os.getpid())
        except (Unavailable, ServerFailed) as error:
            do_without(kind, str(error))
        yield server
        server.discard()
    finally:
        run.close()


@pytest.fixture
def private_postgres() -> Iterator[Server]:
    """A PostgreSQL that the test may break."""
    with private_server("postgres") as server:
        yield server


@pytest.fixture
def private_s3() -> Iterator[Server]:
    """A MinIO that the test may break."""
    with private_server("s3") as server:
        yield server


@pytest.fixture
def private_elasticsearch() -> Iterator[Server]:
    """An Elasticsearch that the test may break. It needs a quarter of a minute to start."""
    with private_server("elasticsearch") as server:
        yield server
