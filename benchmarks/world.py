"""Archives to measure on: made once for each number of records and shared by the rows of a run."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.home import settings
from adapters.home.founding import create_archive
from adapters.home.house import House, open_archive
from benchmarks.generate import Generator
from benchmarks.library import Bare, BarePostgres, BareSQLite, LibraryApplication, on_postgres, on_sqlite
from indexers.figures import Figures
from indexers.pipeline import Pipeline, integrate

if TYPE_CHECKING:
    from benchmarks.servers import Servers

ADMIN, PASSWORD = "admin", "four quiet words here"


class World:
    """A folder on the disk that is measured, and places on servers where there are any; all of it goes with it.

    ``shared`` is a folder in which processes that measure one after the other leave their filled archives for the
    next one; whoever gave it removes them (`forget_shared`).
    """

    def __init__(
        self,
        parent: Path | None = None,
        rounds: int | None = None,
        servers: Servers | None = None,
        shared: Path | None = None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="jianzheng-bench-", dir=parent))
        self.servers = servers
        self._shared, self._rounds = shared, rounds
        self._archives: dict[int, House] = {}
        self._searchable: set[int] = set()
        self._environments: dict[Path, dict[str, str]] = {}
        self._places: list[dict[str, str]] = []  # on servers, that nobody else needs

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
        while self._places and self.servers is not None:
            self.servers.remove(self._places.pop())

    def rounds(self, usual: int) -> int:
        return usual if self._rounds is None else self._rounds

    def fresh(self, name: str) -> Path:
        """An empty folder of its own."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))

    def place(self) -> dict[str, str]:
        """A new database, bucket and prefix, as settings; nothing where archives are embedded."""
        if self.servers is None:
            return {}
        self._places.append(self.servers.new_place())
        return self._places[-1]

    # ── archives ────────────────────────────────────────────────────────────────────────────────────────────────

    def empty_archive(self, name: str) -> House:
        return self._create(self.fresh(name) / "archive", self.place())

    def environment(self, house: House) -> dict[str, str]:
        """With which another process opens the same archive."""
        return self._environments[house.settings.home]

    def archive(self, records: int) -> House:
        """Filled, integrated, with its figures; not indexed for search."""
        house = self._archives.get(records)
        if house is None:
            house = self._archives[records] = self._filled(records)
        return house

    def searchable(self, records: int) -> House:
        """The same, indexed."""
        house = self.archive(records)
        if records not in self._searchable:
            Pipeline(house).catch_up()
            self._searchable.add(records)
        return house

    def _filled(self, records: int) -> House:
        if self._shared is None:
            house = self.empty_archive(f"archive-{records}")
            fill(house, records)
            return house
        note = self._shared / f"archive-{records}.json"
        if note.exists():
            environment: dict[str, str] = json.loads(note.read_text("utf-8"))
            house = open_archive(settings.read(environment))
            self._environments[house.settings.home] = environment
            return house
        place = {} if self.servers is None else self.servers.new_place()
        house = self._create(self._shared / f"archive-{records}", place)
        fill(house, records)
        note.write_text(json.dumps(self.environment(house)), "utf-8")
        return house

    def _create(self, home: Path, place: dict[str, str]) -> House:
        environment = {"JIANZHENG_HOME": str(home), "JIANZHENG_LANG": "en", **place}
        chosen = settings.read(environment)
        self._environments[home] = environment
        return create_archive(chosen, name="测量用档案库", origin="benchmark.example/log", password=PASSWORD)

    # ── yardsticks ──────────────────────────────────────────────────────────────────────────────────────────────

    def library(self) -> LibraryApplication:
        """The event-sourcing library's own application beside an archive, empty."""
        if self.servers is None:
            return on_sqlite(self.fresh("library") / "events.sqlite")
        return on_postgres(self.place()["JIANZHENG_DATABASE"])

    def bare(self) -> Bare:
        """The database alone, with an empty table of events."""
        if self.servers is None:
            return BareSQLite(self.fresh("bare") / "events.sqlite")
        return BarePostgres(self.place()["JIANZHENG_DATABASE"])


def fill(house: House, records: int) -> None:
    generator = Generator(records)
    house.events.append(list(generator.directory("top")))
    for batch in generator.batches(records):
        house.events.append(batch)
    integrate(house)
    Figures(house.events, house.ledger, house.figures).catch_up()


def forget_shared(shared: Path, servers: Servers) -> None:
    """Remove from the servers what processes left there for each other."""
    for note in shared.glob("archive-*.json"):
        servers.remove(json.loads(note.read_text("utf-8")))
