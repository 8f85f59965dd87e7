"""A real process that copies an archive is killed at each named step and at random: the next one goes on, and in the
end the copy is whole; until then nobody can open it, and the archive itself never notices."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest

from adapters.home.house import open_archive
from adapters.home.settings import Settings
from adapters.servers.binding import CopyUnfinished
from tests import forking
from tests.cli_world import servers
from tests.migration_world import evidence_of, make_archive, settings_of

ROOT = Path(__file__).parents[2]

RANDOM_KILLS = int(os.environ.get("JIANZHENG_TEST_KILLS", "20")) // 5
"""Set it higher for a long drill."""

POINTS = (
    ("bound", 1),
    ("files-copied", 1),
    ("events-copied", 1),
    ("leaves-copied", 1),
    ("files-copied", 2),
    ("events-copied", 2),
    ("closed", 1),
    ("tiles-staged", 1),
    ("tile-linked", 2),
    ("tiles-copied", 1),
    ("published", 1),
    ("partials-dropped", 1),
    ("checkpoints-copied", 1),
    ("accounts-copied", 1),
    ("copied", 1),
    ("built", 1),
    ("compared", 1),
    ("verified", 1),
)
"""Each in its order: what a run left behind is where the next one goes on. The second number: at which passing."""


class Copying:
    """Processes that copy one archive to one place."""

    def __init__(self, home: Path, at: Mapping[str, str], to: str) -> None:
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("JIANZHENG_")},
            "PYTHONPATH": str(ROOT),
            "JIANZHENG_HOME": str(home),
            "JIANZHENG_MIGRATE_TO": to,
            **at,
        }

    def run(self, point: str = "-", passing: int = 1, after: float | None = None) -> tuple[int, str]:
        """Exit code (negative: the signal) and the last line that it said."""
        process = forking.Popen(
            [sys.executable, "-m", "tests.faults.migrate_until_killed", point, str(passing)],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        with process.stdout:
            assert process.stdout.readline() == "ready\n"
            if after is not None:
                time.sleep(after)
                process.kill()
            said = process.stdout.read().strip()
            return process.wait(timeout=120), said


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = settings_of(tmp_path_factory.mktemp("source") / "home")
    make_archive(settings, 20)
    return settings


def test_killed_at_every_step(source: Settings, request: pytest.FixtureRequest) -> None:
    """From a folder to servers: after each kill the copy cannot be opened, and in the end it is the archive."""
    before = evidence_of(source)
    with servers("servers", request) as urls:
        copying = Copying(source.home, {}, " ".join(urls.values()))
        target = settings_of(source.home, urls)
        for point, passing in POINTS:
            assert copying.run(point, passing)[0] == -signal.SIGKILL, point
            with pytest.raises(CopyUnfinished):
                open_archive(target)
        assert copying.run() == (0, "done")
        assert evidence_of(target) == before
        assert evidence_of(source) == before


def test_killed_on_the_way_to_a_folder(source: Settings, tmp_path: Path) -> None:
    """To a home of its own: the same, and it is no archive before it is whole."""
    before = evidence_of(source)
    copying = Copying(source.home, {}, f"file:{tmp_path / 'to'}")
    target = settings_of(tmp_path / "to")
    for point in ("bound", "events-copied", "keys-copied", "published", "verified"):
        assert copying.run(point)[0] == -signal.SIGKILL, point
        assert not target.identity_file.exists()
        with pytest.raises(CopyUnfinished):
            open_archive(target)
    assert copying.run() == (0, "done")
    assert evidence_of(target) == before


@pytest.mark.nightly
def test_killed_at_random(source: Settings, request: pytest.FixtureRequest) -> None:
    """Wherever it was, the next run goes on."""
    random = Random(4)
    before = evidence_of(source)
    with servers("servers", request) as urls:
        copying = Copying(source.home, {}, " ".join(urls.values()))
        for _ in range(RANDOM_KILLS):
            code, said = copying.run(after=random.uniform(0, 1.5))
            assert (code, said) in ((-signal.SIGKILL, ""), (-signal.SIGKILL, "done"), (0, "done"))
        assert copying.run() == (0, "done")
        assert evidence_of(settings_of(source.home, urls)) == before
