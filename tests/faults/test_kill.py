"""`kill -9` at any moment loses nothing that was acknowledged, and leaves an archive that goes on and verifies clean.

A child process files records with attachments and integrates them; it writes each archival code to a pipe once the
filing was acknowledged. It is killed at every named point of the path from upload to checkpoint, and at random. After
each death the parent, another process, opens the archive and looks for everything that was acknowledged; what was
published once must stay published, byte for byte.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.home import settings
from adapters.home.founding import create_archive
from adapters.home.house import House, open_archive
from domain.records.filing import IncomingFile
from indexers.cleanup import clean_up
from indexers.ledger import Integrator
from operations.verification import verify_archive
from tests.fakes import lecture

pytestmark = pytest.mark.nightly

FILING_POINTS = [
    "before stage", "after stage", "before noted", "after noted", "before commit", "after commit",
    "before append", "after append",
]  # fmt: skip
INTEGRATOR_POINTS = [
    "locked", "rows-read", "leaves-committed", "guard-checked", "tiles-written", "signed", "remembered", "published",
    "partials-dropped", "recorded",
]  # fmt: skip
RANDOM_KILLS = int(os.environ.get("TEST_RANDOM_KILLS", "164"))
ROUNDS_A_POINT = 2
VERIFY_EVERY = 20


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DeadlyPoint:
    """Kills the process when ``name`` is reached for the ``nth`` time."""

    def __init__(self, name: str, nth: int) -> None:
        self.name, self.left = name, nth

    def __call__(self, reached: str) -> None:
        if reached == self.name:
            self.left -= 1
            if self.left == 0:
                die()


def around(point: Callable[[str], None], name: str, call: Callable[..., object]) -> Callable[..., object]:
    def wrapped(*args: object, **kwargs: object) -> object:
        point(f"before {name}")
        result = call(*args, **kwargs)
        point(f"after {name}")
        return result

    return wrapped


def work(home: Path, seed: int, point: Callable[[str], None], acknowledged: int) -> None:
    """File and integrate until killed (or for 200 records, should the point never come)."""
    house = open_archive(settings.read({"JIANZHENG_HOME": str(home)}))
    house.events.append_next = around(point, "append", house.events.append_next)  # type: ignore[method-assign]
    house.blobs.stage = around(point, "stage", house.blobs.stage)  # type: ignore[method-assign]
    house.blobs.keep = around(point, "commit", house.blobs.keep)  # type: ignore[method-assign]
    house.blobs.pending = around(point, "noted", house.blobs.pending)  # type: ignore[method-assign]
    integrator = Integrator(
        house.events, house.ledger, house.publisher, house.guard, house.clock, house.ledger_lock, batch=5, fault=point
    )
    chance, me = random.Random(seed), house.operator()
    for n in range(200):
        data = f"{seed}/{n}".encode() * chance.randint(1, 3000)
        files = [IncomingFile("附件.txt", house.blobs.stage(iter([data])), "text/plain")] if n % 3 else []
        done = house.archive.file(me, lecture(organisation="top", title=f"第 {seed}-{n} 次"), files)
        digest = files[0].staged.sha256 if files else "-"
        os.write(acknowledged, f"{done.record.code} {digest}\n".encode())
        if n % 2:
            integrator.run_once(wait=-1)


Chance = tuple[int, float]
"""Where no point kills a child: how many acknowledgements are waited for, and how many seconds behind the last."""


def run_and_kill(home: Path, seed: int, point: Callable[[str], None], after: Chance | None) -> list[tuple[str, str]]:
    """What a child acknowledged before it died."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 1
        try:
            work(home, seed, point, writing)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        first = b""
        if after is not None:
            lines, seconds = after
            first = b"".join(pipe.readline() for _ in range(lines))
            time.sleep(seconds)
            os.kill(child, signal.SIGKILL)
        said = (first + pipe.read()).decode()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or after is not None, f"the child ended by itself, seed {seed}"
    whole = said.split("\n")[:-1]  # what follows the last line break was cut off by the kill
    return [(code, digest) for code, digest in (line.split() for line in whole)]


def deaths() -> Iterator[tuple[str, DeadlyPoint, Chance | None]]:
    chance = random.Random(7)
    for name in FILING_POINTS + INTEGRATOR_POINTS:
        for _ in range(ROUNDS_A_POINT):
            yield name, DeadlyPoint(name, chance.randint(1, 6)), None
    for _ in range(RANDOM_KILLS):
        yield "random", DeadlyPoint("", 0), (chance.randint(0, 3), chance.uniform(0.0, 0.02))


def test_nothing_acknowledged_is_lost_however_often_the_process_is_killed(tmp_path):
    """At least 200 deaths: all named points twice, the rest at random."""
    home = tmp_path / "archive"
    create_archive(settings.read({"JIANZHENG_HOME": str(home)}), name="甲", origin="a.example/kill").close()
    acknowledged: list[tuple[str, str]] = []
    published: dict[Path, str] = {}
    checkpoints: list[str] = []
    count = 0
    for seed, (name, point, after) in enumerate(deaths()):
        fresh = run_and_kill(home, seed, point, after)
        count += 1
        acknowledged += fresh
        house = open_archive(settings.read({"JIANZHENG_HOME": str(home)}))
        check_all_there(house, fresh)
        note_published(house, published, checkpoints)
        if count % VERIFY_EVERY == 0:
            assert verify_archive(house).findings == [], f"after {name}, seed {seed}"
            note_published(house, published, checkpoints)
        house.close()
    assert count >= 200
    house = open_archive(settings.read({"JIANZHENG_HOME": str(home)}))
    check_all_there(house, acknowledged)
    assert len(acknowledged) > 200
    clean_up(house.events, house.blobs)
    outcome = verify_archive(house)
    assert outcome.ok and not outcome.leftovers
    assert list(house.blobs.strays()) == []
    for kept in checkpoints[:: max(1, len(checkpoints) // 10)]:
        assert verify_archive(house, since=kept).findings == []
    house.close()


def check_all_there(house: House, acknowledged: list[tuple[str, str]]) -> None:
    """Each acknowledged record is there under its code, with its file, whole."""
    for code, digest in acknowledged:
        record = house.archive.find(code)
        assert record.code == code
        if digest != "-":
            assert record.files[0].sha256 == digest
            with house.blobs.open(digest) as blob:
                assert hashlib.sha256(blob.read()).hexdigest() == digest


def note_published(house: House, published: dict[Path, str], checkpoints: list[str]) -> None:
    """Full tiles and bundles never change; every checkpoint is kept, to be checked for consistency at the end."""
    folder = house.settings.ledger_folder
    for path in (folder / "tile").rglob("*"):
        if path.is_file() and ".p" not in str(path.relative_to(folder)):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            assert published.setdefault(path, digest) == digest, f"{path.name} changed"
    checkpoint = folder / "checkpoint"
    if checkpoint.exists() and (not checkpoints or checkpoints[-1] != checkpoint.read_text("utf-8")):
        checkpoints.append(checkpoint.read_text("utf-8"))
