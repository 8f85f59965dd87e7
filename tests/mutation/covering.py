"""Which tests run which line: recorded once for each file of tests, and again when it or what it ran has changed."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from coverage import Coverage, CoverageData

from tests.mutation.places import Place
from tests.mutation.plugin import SHARED
from tests.mutation.workshop import Workshop

FASTEST, STEP = 0.1, 4.0
"""Seconds, and the factor between one class of tests and the next: within a class those of one file stay together, so
that what they share is made once."""


@dataclass(frozen=True)
class TimedTest:
    """A test and what it took, in seconds: its own time, and with that of the fixtures it shares."""

    name: str
    own: float
    seconds: float

    @property
    def file(self) -> str:
        return self.name.partition("::")[0]


class Map:
    """The records, a file of lines and a file of tests for each file of tests, in a folder outside the repository."""

    def __init__(self, root: Path, folder: Path, layers: Sequence[str]) -> None:
        self._root, self._folder, self._layers = root, folder, layers
        folder.mkdir(parents=True, exist_ok=True)
        self._hash = cache(self._hash_of)
        self._known: dict[str, dict[str, Any]] = {}

    def _hash_of(self, path: str) -> str:
        file = self._root / path
        return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""

    def _record(self, test_file: str) -> Path:
        return self._folder / test_file.replace("/", "+")

    def is_fresh(self, test_file: str) -> bool:
        """Whether it was recorded with the test file and the sources as they are now."""
        record = self._record(test_file).with_suffix(".json")
        if not record.exists():
            return False
        self._known[test_file] = json.loads(record.read_bytes())
        return all(self._hash(path) == digest for path, digest in self._known[test_file]["sources"].items())

    def make(self, shops: Sequence[Workshop], files: Sequence[str], seconds: float, say: Callable[[str], None]) -> None:
        """Record what is missing of these files, one in each workshop. What takes longer counts for nothing."""
        missing = [file for file in files if not self.is_fresh(file)]
        free: SimpleQueue[Workshop] = SimpleQueue()
        for shop in shops:
            free.put(shop)

        def one(numbered: tuple[int, str]) -> None:
            number, file = numbered
            shop = free.get()
            try:
                say(f"{number}/{len(missing)} {file}: {self._recorded(shop, file, seconds)}")
            finally:
                free.put(shop)

        with ThreadPoolExecutor(len(shops)) as pool:
            list(pool.map(one, enumerate(missing, 1)))

    def _recorded(self, shop: Workshop, file: str, seconds: float) -> str:
        began = time.monotonic()
        with shop.scratch() as scratch:
            task = {
                "lines": str(scratch / "lines"), "tests": str(scratch / "tests"),
                "within": [str(shop.tree / layer) for layer in self._layers],
            }  # fmt: skip
            ended = shop.run(task, [file], lambda: time.monotonic() < began + seconds)
            said = json.loads((scratch / "tests").read_bytes()) if (scratch / "tests").exists() else {}
            data = Coverage(data_file=str(scratch / "all"), config_file=False)
            if pieces := [str(piece) for piece in scratch.glob("lines.*")]:
                data.combine(pieces)
                data.save()
                shutil.copy(scratch / "all", self._record(file).with_suffix(".lines"))
            measured = data.get_data().measured_files()
        start = f"{shop.tree}/"
        sources = {path.removeprefix(start): self._hash(path.removeprefix(start)) for path in measured}
        said |= {"tree": start, "sources": {file: self._hash(file), **sources}}
        self._known[file] = {"tests": {}, "shared": {}} | said
        self._record(file).with_suffix(".json").write_text(json.dumps(self._known[file]), "utf-8")
        passed = sum(test["passed"] for test in self._known[file]["tests"].values())
        how = {None: "took too long", 0: "all passed", 5: "no tests"}.get(ended, "not all passed")
        return f"{how}, {passed} tests kept, {len(sources)} sources, {time.monotonic() - began:.0f} s"

    def tests(self, place: Place) -> list[TimedTest]:
        """Those that passed and run the place, the fastest first; none where no test does.

        Where a line ran as modules were imported, or its function remembers its answers, any test of its module may use
        what was computed then: those come too.
        """
        first, last = place.change.lines
        found = []
        for test_file, known in self._known.items():
            if place.path not in known.get("sources", {}):
                continue
            lines = CoverageData(str(self._record(test_file).with_suffix(".lines")))
            lines.read()
            contexts = lines.contexts_by_lineno(known["tree"] + place.path)
            there = {name for line in range(first, last + 1) for name in contexts.get(line, ())}
            if there and ("" in there or place.change.remembered):
                there = {name for names in contexts.values() for name in names}
            found += _tests_in(known, there)
        return in_order(found, place.path)


def _tests_in(known: dict[str, Any], contexts: set[str]) -> list[TimedTest]:
    found = []
    for name, test in known["tests"].items():
        shared = [fixture for fixture in test["shared"] if fixture in known["shared"]]
        if test["passed"] and (name in contexts or any(f"{SHARED}{fixture}" in contexts for fixture in shared)):
            found.append(
                TimedTest(name, test["seconds"], test["seconds"] + sum(known["shared"][each] for each in shared))
            )
    return found


def in_order(tests: Collection[TimedTest], path: str) -> list[TimedTest]:
    """The fastest class first; in a class those whose file is called like the module: they look at it most closely."""
    words = set(_words(path))

    def place(test: TimedTest) -> tuple[int, int, str, float]:
        size, bound = 0, FASTEST
        while test.seconds > bound:
            size, bound = size + 1, bound * STEP
        return size, -len(words & set(_words(test.file))), test.file, test.own

    return sorted(tests, key=place)


def _words(path: str) -> list[str]:
    return re.findall(r"[a-z]+", path.removesuffix(".py"))
