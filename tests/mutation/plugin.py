"""What pytest loads in a copy of the tree: it records which test runs which line, or runs the tests that were chosen.

A workshop copies this module into its environment, so it imports nothing of the tree. What to do stands in
``task.json`` beside it. While lines are recorded, ``context`` beside it names the test in hand for the processes that
the test starts (`startup`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
TASK, CONTEXT = HERE / "task.json", HERE / "context"
SHARED = "fixture "
"""How the context of lines begins that a fixture of several tests ran: they belong to each test that uses it."""


def pytest_configure(config: pytest.Config) -> None:
    task = json.loads(TASK.read_bytes())
    config.pluginmanager.register(Recorder(task) if "lines" in task else Chosen(task))


class Recorder:
    """Tells coverage which test is in hand, and writes down how long each took and which fixtures it shared."""

    def __init__(self, task: dict[str, Any]) -> None:
        self._out = Path(task["tests"])
        self._now = ""
        self._shared: dict[str, float] = {}
        self._tests: dict[str, dict[str, Any]] = {}
        self._apart = 0.0  # seconds of the present test that went into fixtures of several

    def _enter(self, context: str) -> None:
        from coverage import Coverage

        self._now = context
        CONTEXT.write_text(context, "utf-8")
        if current := Coverage.current():
            current.switch_context(context)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._tests[item.nodeid] = {"seconds": 0.0, "passed": False, "shared": list(getattr(item, "fixturenames", ()))}
        self._apart = 0.0
        self._enter(item.nodeid)
        try:
            return (yield)
        finally:
            self._enter("")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        if fixturedef.scope == "function":
            return (yield)
        before, began, apart = self._now, time.monotonic(), self._apart
        self._enter(f"{SHARED}{fixturedef.argname}")
        try:
            return (yield)
        finally:
            took = time.monotonic() - began
            self._shared[fixturedef.argname] = self._shared.get(fixturedef.argname, 0) + took - (self._apart - apart)
            self._apart = apart + took
            self._enter(before)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = self._tests[report.nodeid]
        test["seconds"] += report.duration - (self._apart if report.when == "setup" else 0)
        test["passed"] = report.passed and (report.when == "setup" or test["passed"])

    def pytest_sessionfinish(self) -> None:
        self._out.write_text(json.dumps({"tests": self._tests, "shared": self._shared}), "utf-8")


class Chosen:
    """Runs the tests of the task in its order, and writes down at once which has begun and which failed."""

    def __init__(self, task: dict[str, Any]) -> None:
        self._order = {name: number for number, name in enumerate(task["chosen"])}
        self._out = Path(task["progress"])

    def _say(self, what: str, test: str) -> None:
        with self._out.open("a", encoding="utf-8") as out:
            out.write(json.dumps([what, test]) + "\n")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        others = [item for item in items if item.nodeid not in self._order]
        items[:] = sorted(set(items) - set(others), key=lambda item: self._order[item.nodeid])
        config.hook.pytest_deselected(items=others)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._say("failed", report.nodeid)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._say("begun", nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._say("failed", report.nodeid)
