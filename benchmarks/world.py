"""Archives to measure on: made once for each number of records and shared by the rows of a run."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from adapters import settings
from adapters.bootstrap import House, create_archive
from benchmarks.generate import Generator
from indexers.figures import Figures
from indexers.pipeline import Pipeline, integrate

ADMIN, PASSWORD = "admin", "four quiet words here"


class World:
    """A folder on the disk that is measured; everything in it goes with it."""

    def __init__(self, parent: Path | None = None, rounds: int | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="jianzheng-bench-", dir=parent))
        self._rounds = rounds
        self._archives: dict[int, House] = {}
        self._searchable: set[int] = set()

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.forget()
        shutil.rmtree(self.folder, ignore_errors=True)

    def forget(self) -> None:
        """Throw away the archives made so far, and everything else."""
        for house in self._archives.values():
            house.close()
        self._archives.clear()
        self._searchable.clear()
        for path in self.folder.iterdir():
            shutil.rmtree(path, ignore_errors=True)

    def rounds(self, usual: int) -> int:
        return usual if self._rounds is None else self._rounds

    def fresh(self, name: str) -> Path:
        """An empty folder of its own."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))

    def empty_archive(self, name: str) -> House:
        chosen = settings.read({"JIANZHENG_HOME": str(self.fresh(name) / "archive"), "JIANZHENG_LANG": "en"})
        return create_archive(chosen, name="测量用档案库", origin="benchmark.example/log", password=PASSWORD)

    def archive(self, records: int) -> House:
        """Filled, integrated, with its figures; not indexed for search."""
        house = self._archives.get(records)
        if house is None:
            house = self.empty_archive(f"archive-{records}")
            generator = Generator(records)
            house.events.append(list(generator.directory("top")))
            for batch in generator.batches(records):
                house.events.append(batch)
            integrate(house)
            Figures(house).catch_up()
            self._archives[records] = house
        return house

    def searchable(self, records: int) -> House:
        """The same, indexed."""
        house = self.archive(records)
        if records not in self._searchable:
            Pipeline(house).catch_up()
            self._searchable.add(records)
        return house
