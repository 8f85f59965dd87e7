"""The demonstration archive for tests, made once for a whole run, whichever of its processes needs it first.

Nobody files anything in it.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from filelock import FileLock

from adapters.home import settings as environment_settings
from adapters.home.house import open_archive
from adapters.home.settings import Settings
from examples.filing import file_everything
from examples.generate import generate
from indexers.pipeline import Pipeline


@dataclass(frozen=True)
class Demonstration:
    evidence: Path  # the folder of records that was filed
    settings: Settings  # of the archive, whose search index has everything


def demonstration(folders: pytest.TempPathFactory) -> Demonstration:
    base = folders.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # which the processes of a run have in common
    made = base / "demonstration"
    with FileLock(base / "demonstration.lock"):
        if not made.exists():
            shutil.rmtree(base / "demonstration.part", ignore_errors=True)  # of a process that was killed
            _make(base / "demonstration.part")
            (base / "demonstration.part").rename(made)
    return Demonstration(made / "evidence", _settings(made))


def _make(folder: Path) -> None:
    generate(folder / "evidence")
    file_everything(_settings(folder), folder / "evidence")
    house = open_archive(_settings(folder))
    try:
        Pipeline(house).catch_up()
    finally:
        house.close()


def _settings(folder: Path) -> Settings:
    return replace(environment_settings.read({}), home=folder / "home")
