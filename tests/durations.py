"""How long each file of tests takes: ``python -m tests.durations [REPORT…]`` writes the table again from JUnit reports.

Without names it reads the reports that `make test` or `make test-all` left in ``.venv/reports``. The table,
``durations.json``, gives seconds by file; what is only run now and then (``nightly``) has an entry of its own for each
test, which its file's does not contain. Files that no report speaks of keep their entries, files that are gone lose
them. Nothing depends on the figures but the order of files, the tenth that is drawn, and the size of a night's parts.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from statistics import fmean
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
TABLE = Path(__file__).with_name("durations.json")
REPORTS = ROOT / ".venv" / "reports"


@dataclass(frozen=True)
class Durations:
    """Seconds by file, and by test (``file::name``) for the tests that have an entry of their own."""

    seconds: Mapping[str, float]

    @classmethod
    def read(cls) -> Durations:
        return cls(json.loads(TABLE.read_text("utf-8")) if TABLE.exists() else {})

    def of_file(self, file: str) -> float:
        """Seconds of a file, its nightly tests left out; of one without an entry what its folder's take on average."""
        if file in self.seconds:
            return self.seconds[file]
        folder = file.rpartition("/")[0]
        beside = [taken for name, taken in self.seconds.items() if name.rpartition("/")[0] == folder]
        return fmean(beside) if beside else 1.0

    def of_test(self, test: str) -> float:
        """Seconds of a nightly test; of one without an entry what nightly tests take on average."""
        if test in self.seconds:
            return self.seconds[test]
        known = [taken for name, taken in self.seconds.items() if "::" in name]
        return fmean(known) if known else 1.0


def measured(reports: Iterable[Path]) -> dict[str, float]:
    """Seconds by test (``file::name``) that were really run; of several reports the last one's."""
    found = {}
    for report in sorted(reports, key=lambda path: path.stat().st_mtime):
        for case in ElementTree.parse(report).iter("testcase"):
            if case.find("skipped") is None:
                file = case.attrib["classname"].replace(".", "/") + ".py"
                found[f"{file}::{case.attrib['name']}"] = float(case.attrib["time"])
    return found


def table(found: Mapping[str, float], nightly: Iterable[str], before: Mapping[str, float]) -> dict[str, float]:
    """The entries after a run: what it measured, and for everything else what was known."""
    apart, sums = set(nightly), defaultdict[str, float](float)
    for test, seconds in found.items():
        sums[test if test in apart else test.partition("::")[0]] += seconds
    kept = {name: taken for name, taken in before.items() if "::" not in name or name in apart}
    merged = {**kept, **{name: round(seconds, 1) for name, seconds in sums.items()}}
    return {name: merged[name] for name in sorted(merged) if (ROOT / name.partition("::")[0]).exists()}


def nightly_tests() -> set[str]:
    """The tests that have an entry of their own, as pytest collects them now."""
    import pytest

    class Look:
        found: set[str]

        def pytest_collection_finish(self, session: pytest.Session) -> None:
            self.found = {item.nodeid for item in session.items}

    look, said = Look(), StringIO()
    with redirect_stdout(said):
        code = pytest.main(["--collect-only", "-qqq", "-m", "nightly", str(ROOT / "tests")], plugins=[look])
    if code != 0:
        raise SystemExit(said.getvalue())
    return look.found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.durations", description="Write durations.json again.")
    parser.add_argument("reports", nargs="*", type=Path, help="JUnit reports (default: those in .venv/reports)")
    given = parser.parse_args(arguments)
    reports = given.reports or sorted(REPORTS.glob("*.xml"))
    if not reports:
        parser.error("there is no report; make test-all leaves some")
    now = table(measured(reports), nightly_tests(), Durations.read().seconds)
    lines = ",\n".join(f"  {json.dumps(name, ensure_ascii=False)}: {seconds}" for name, seconds in now.items())
    TABLE.write_text(f"{{\n{lines}\n}}\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
