"""Which tests run when, and in which order.

Three tiers: *fast* (unit and contract tests that need no server), the rest, and of that rest the *nightly* ones, which
cost much and seldom find anything. ``--nightly tenth`` runs a tenth of those, drawn by ``--nightly-seed``: the same
seed draws the same tests, and each test has one chance in ten. A file that is marked as a whole, because its tests
share something costly, is drawn as a whole.

Files are begun in the order of their recorded durations (`tests.durations`), the longest first: begun last, one of them
would keep one processor busy at the end while the others have nothing left to do.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.durations import ROOT, Durations
from tests.servers.local import KINDS

FAST = ("unit", "contract")
"""Folders of the fast tier."""

ON_SERVERS = ("postgres", "s3", "elastic", "servers", "bucket")
"""How the cases of a contract suite are called that need a server to be started, where their fixtures do not tell."""

WAITING, MOST_WORKERS = 2, 8
"""How many workers are expected to wait at any moment; and how many at most fit into the memory of a small machine."""

PART = 0.1
DRAWN = "nightly_drawn"  # what a worker tells at its end


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--nightly", choices=("all", "tenth", "none"), default="all", help="the tests marked nightly")
    parser.addoption("--nightly-seed", default="", help="which tenth (default: another one each day)")


def pytest_configure(config: pytest.Config) -> None:
    """The seed is settled before xdist hands the options to its workers."""
    config.option.nightly_seed = config.option.nightly_seed or datetime.now(UTC).date().isoformat()
    config.pluginmanager.register(Told(config), "nightly-told")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """For ``-n auto``. The fast tier computes; the other tests wait for servers, for processes they started and for the
    disk, and some workers more than there are processors keep these busy.
    """
    processors = len(os.sched_getaffinity(0))
    return min(processors if config.getoption("--without-servers") else processors + WAITING, MOST_WORKERS)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        mark(item)
    durations = Durations.read()
    left_out = set()
    if config.option.nightly != "all":
        units = {item: unit_of(item) for item in items if item.get_closest_marker("nightly")}
        costs = dict.fromkeys(units.values(), 0.0)
        for item, unit in units.items():
            costs[unit] += durations.of_test(item.nodeid)
        drawn = draw(costs, config.option.nightly_seed) if config.option.nightly == "tenth" else set()
        left_out = {item for item, unit in units.items() if unit not in drawn}
        told: Told = config.pluginmanager.getplugin("nightly-told")
        told.drawn = (len(units) - len(left_out), len(units), sorted(drawn))
    if left_out:
        config.hook.pytest_deselected(items=sorted(left_out, key=lambda item: item.nodeid))
    seconds: dict[str, float] = {}
    kept = [item for item in items if item not in left_out]
    for file in {file_of(item) for item in kept}:
        seconds[file] = durations.of_file(file)
    for item in kept:
        if item.get_closest_marker("nightly"):
            seconds[file_of(item)] += durations.of_test(item.nodeid)
    items[:] = sorted(kept, key=lambda item: -seconds[file_of(item)])


def mark(item: pytest.Item) -> None:
    """A nightly test, and a case on servers, is slow; what is not in the fast tier's folders is not fast."""
    case, fixtures = item.name.partition("[")[2], getattr(item, "fixturenames", ())
    words = case.rstrip("]").split("-")
    on_servers = any(word.startswith(ON_SERVERS) for word in words) or any(f"{kind}_url" in fixtures for kind in KINDS)
    if on_servers or item.get_closest_marker("nightly"):
        item.add_marker(pytest.mark.slow)
    if file_of(item).split("/")[1] in FAST and not any(map(item.get_closest_marker, ("slow", "browser"))):
        item.add_marker(pytest.mark.fast)


def file_of(item: pytest.Item) -> str:
    return Path(item.path).relative_to(ROOT).as_posix()


def unit_of(item: pytest.Item) -> str:
    """What is drawn together: a test that is marked itself, or a file that is marked as a whole."""
    return item.nodeid if any(each.name == "nightly" for each in item.own_markers) else file_of(item)


def draw(costs: Mapping[str, float], seed: str) -> set[str]:
    """A tenth of the units by cost.

    They lie around a circle, each as long as it costs, in an order that the seed gives; drawn are those whose middle is
    in a tenth of the circle that begins where the seed says. So each has the same chance, and together they cost a
    tenth but for what one of them sticks out.
    """
    order = sorted(costs, key=lambda unit: chance(seed, unit))
    whole, at, drawn = sum(costs.values()), 0.0, set()
    start = chance(seed, "") * whole
    for unit in order:
        if (at + costs[unit] / 2 - start) % whole < whole * PART:
            drawn.add(unit)
        at += costs[unit]
    return drawn


def chance(seed: str, unit: str) -> float:
    """From 0 to 1, the same for the same words."""
    return int.from_bytes(sha256(f"{seed}\0{unit}".encode()).digest()[:8], "big") / 2**64


class Told:
    """Says at both ends of a run which tenth it was."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.drawn: tuple[int, int, list[str]] | None = None

    def line(self) -> str:
        seed = self.config.option.nightly_seed
        return f"nightly: a tenth, seed {seed} (the same again: make test SEED={seed})"

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self) -> None:
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        if reporter and self.config.option.nightly == "tenth" and not hasattr(self.config, "workerinput"):
            reporter.write_line(self.line())

    def pytest_sessionfinish(self) -> None:
        if output := getattr(self.config, "workeroutput", None):
            output[DRAWN] = self.drawn

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.drawn = getattr(node, "workeroutput", {}).get(DRAWN) or self.drawn

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.config.option.nightly == "tenth" and self.drawn is not None:
            tests, of, units = self.drawn
            terminalreporter.write_line(f"{self.line()}: {tests} of {of} tests")
            for unit in units:
                terminalreporter.write_line(f"  {unit}")
