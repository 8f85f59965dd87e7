"""A real process is killed at each step of taking away what was erased: the next one goes on, and nothing stays."""

from __future__ import annotations

import signal
import sys
from contextlib import closing
from pathlib import Path

import pytest

from domain.errors import BlobErased
from domain.ledger.tombstone import read_tombstone
from domain.records.filing import IncomingFile
from indexers.pipeline import Pipeline
from operations.verification import verify_archive
from tests import forking
from tests.fakes import lecture
from tests.http_world import HERE, make_world

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
POINTS = ("state-erased", "blob-erased", "unqueued", "text-forgotten", "older-dropped", "purged")


def test_killed_anywhere_it_goes_on(tmp_path: Path) -> None:
    """Six times killed, each time a step later; until it is done the check says what is left, and then nothing."""
    home = tmp_path / "home"
    world = make_world(home)
    with closing(world.house) as house:
        admin = house.operator()
        files = [
            IncomingFile(name, house.blobs.stage(iter([name.encode()])), "text/plain", "other")
            for name in ("一.txt", "二.txt")
        ]
        record = house.archive.file(admin, lecture(organisation=HERE), files).record
        world.catch_up()
        secretary = house.directory().account("secretary-here").actor()
        house.erasing.propose(secretary, record.code, "court", "（2024）民初 7 号")
        house.erasing.approve(admin, record.code)
        pipeline = Pipeline(house)
        pipeline.followers = [each for each in pipeline.followers if each.name != "erasure"]
        pipeline.catch_up()
        left = verify_archive(house).findings
        assert {(each.klass, each.subject) for each in left} == {("stale", "event"), ("stale", "file")}
        for point in POINTS:
            command = [sys.executable, "-m", "tests.faults.erase_until_killed", str(home), point]
            assert forking.run(command, cwd=ROOT, check=False, timeout=120).returncode == -signal.SIGKILL
        world.catch_up()
        assert house.erasures.left() == []
        first, *_ = house.events.stored(record.id)
        assert read_tombstone(first.state) is not None
        for entry in record.files:
            assert not house.texts.holds(entry.sha256)
            with pytest.raises(BlobErased):
                house.blobs.open(entry.sha256)
        assert verify_archive(house).findings == []
