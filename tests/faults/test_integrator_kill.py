"""A real process is killed, at each named step of the integrator and at random: nothing published ever changes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from adapters.keys.signing import verifier
from domain.ledger.checkpoint import Checkpoint, open_checkpoint
from domain.ledger.tree import check_consistency, consistency_proof
from operations.verify import Subject, verify
from tests import forking
from tests.ledger_world import ORIGIN, evidence, open_world

ROOT = Path(__file__).parents[2]

RANDOM_KILLS = int(os.environ.get("JIANZHENG_TEST_KILLS", "20"))
"""Set it higher for a long drill."""

POINTS = (
    "locked",
    "rows-read",
    "leaves-committed",
    "guard-checked",
    "tiles-staged",
    "tile-linked",
    "tiles-written",
    "signed",
    "remembered",
    "published",
    "partials-dropped",
    "recorded",
)


def run_until_killed(home: Path, point: str, passing: int, after: float | None = None) -> None:
    process = forking.Popen(
        [sys.executable, "-m", "tests.faults.integrate_until_killed", str(home), point, str(passing)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"ready\n"
        if after is not None:
            time.sleep(after)
            process.kill()
        assert process.wait(timeout=120) == -signal.SIGKILL


@dataclass
class Witness:
    """Remembers every byte that was ever public."""

    home: Path
    frozen: dict[str, bytes] = field(default_factory=dict)
    seen: list[Checkpoint] = field(default_factory=list)

    def look(self) -> None:
        """Just after a kill, with nothing repaired yet."""
        public = self.home / "ledger"
        for path in public.rglob("*"):
            name = path.relative_to(public).as_posix()
            if path.is_file() and name != "checkpoint":
                data = path.read_bytes()
                assert self.frozen.setdefault(name, data) == data, name
        if (public / "checkpoint").exists():
            world = open_world(self.home)
            trusted = verifier(world.signer.signer.vkey())
            self.seen.append(open_checkpoint((public / "checkpoint").read_bytes(), ORIGIN, [trusted]))
            world.close()

    def finish(self) -> None:
        """The next run completes everything, and the forensic check has nothing to say."""
        world = open_world(self.home)
        world.integrator().run_once(wait=-1)
        self.look()
        assert self.seen[-1].size == world.ledger.size() == len(world.events.rows(0, 10**9))
        for old, new in zip(self.seen, self.seen[1:], strict=False):
            proof = consistency_proof(old.size, new.size, world.ledger.range_hash)
            check_consistency(old.size, new.size, proof, old.root, new.root)
        vkey = world.signer.signer.vkey()
        world.close()
        found = verify(Subject(evidence(self.home), world.last_signed, vkey))
        assert found.findings == []
        assert found.not_checked == []


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_named_point(tmp_path: Path, point: str) -> None:
    """Killed there on its first and on a later passing."""
    witness = Witness(tmp_path)
    for passing in (1, 4):
        run_until_killed(tmp_path, point, passing)
        witness.look()
    witness.finish()


@pytest.mark.nightly
def test_killed_at_random(tmp_path: Path) -> None:
    """Killed at whatever it happens to be doing, again and again, on one archive."""
    random = Random(7)
    witness = Witness(tmp_path)
    for _ in range(RANDOM_KILLS):
        run_until_killed(tmp_path, "-", 0, after=random.uniform(0, 0.25))
        witness.look()
    witness.finish()
