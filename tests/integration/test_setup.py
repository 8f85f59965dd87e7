"""`make setup` on a machine of its own, in a year: the oldest pip, and an index with newer releases of everything."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import package_index

pytestmark = pytest.mark.nightly

ROOT = Path(__file__).resolve().parents[2]
WANTED = (
    ".ci",
    "Makefile",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "domain",
    "adapters",
    "indexers",
    "operations",
    "api",
)
LOCKS = ("requirements.lock", "requirements-build.lock", "requirements-dev.lock")

OLDEST_PIP = {
    (3, 11): "pip==22.3 --hash=sha256:1daab4b8d3b97d1d763caeb01a4640a2250a0ea899e257b1e44b9eded91e15ab",
    (3, 12): "pip==23.2.1 --hash=sha256:7ccf472345f20d35bdc9d1841ff5f313260c2c33fe417f48c30ac46cccabf5be",
    (3, 13): "pip==24.2 --hash=sha256:2cd581cf58ab7fcfca4ce8efa6dcacd0de5bf8d0a3eb9ec927e07405f4d9e2a2",
    (3, 14): "pip==25.2 --hash=sha256:6d67a2b4e7f14d8b31b8b52648866fa717f45a1eb70e83002f4331d07e953717",
}
"""What the first release of each supported Python puts into a new environment."""


@dataclass(frozen=True)
class Clone:
    """What is needed of a clone, and the surroundings in which things are typed there."""

    folder: Path
    environment: dict[str, str]
    locked: dict[str, str]
    """Version by project: what the lock names for this machine."""

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )  # fmt: skip

    def pip(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return self.run(".venv/bin/python", "-m", "pip", "--disable-pip-version-check", *words)

    def installed(self) -> dict[str, str]:
        listed = json.loads(self.pip("list", "--format", "json").stdout)
        return {re.sub("[-_.]+", "-", each["name"]).lower(): each["version"] for each in listed}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A clone whose environment has the oldest pip of this Python, and an index of newer releases as all there is."""
    fetched, folder = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("clone")
    wheels = package_index.fetch(fetched, ROOT / "requirements-dev.lock")
    locked = dict(map(package_index.named, wheels))
    for name in (*WANTED, *LOCKS):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder)
    kept = {
        name: value for name, value in os.environ.items()
        if name in ("PATH", "LANG", "TMPDIR") or name.startswith("PYENV")
    }  # fmt: skip
    with package_index.serving(tmp_path_factory.mktemp("index"), wheels) as variables:
        made = Clone(folder, {**kept, "HOME": str(folder), **variables}, locked)
        base: str = sys._base_executable  # type: ignore[attr-defined]  # CPython's
        assert made.run(base, "-m", "venv", ".venv").returncode == 0
        if oldest := OLDEST_PIP.get(sys.version_info[:2]):
            (pip := folder / "pip.txt").write_text(oldest)
            older = package_index.fetch(folder, pip)
            assert made.pip("install", "--no-index", *older).returncode == 0
        yield made
    for each in (fetched, folder):
        shutil.rmtree(each)


def test_the_index_has_a_newer_release_of_every_package(clone: Clone) -> None:
    """Whoever resolves there is given what no lock names: the test below can fail."""
    asked = clone.pip("install", "--no-deps", "--dry-run", "--ignore-installed", *clone.locked)
    offered = re.search("^Would install (.*)", asked.stdout, re.MULTILINE)
    assert offered, asked
    assert len(offered[1].split()) == len(clone.locked)
    assert all(each.endswith(f"-{package_index.NEWER}") for each in offered[1].split())


def test_the_demonstration_installs_what_running_needs(clone: Clone) -> None:
    """No developers' tools, and the command is there; what is going on is said."""
    kept = clone.installed()["pip"]
    made = clone.run("make", ".venv/.runs")
    assert made.returncode == 0, (made.stdout, made.stderr)
    names = {
        name for lock in ("requirements.lock", "requirements-build.lock")
        for name in re.findall("^([a-z0-9-]+)==", (ROOT / lock).read_text("utf-8"), re.MULTILINE)
    }  # fmt: skip
    needed = {name: version for name, version in clone.locked.items() if name in names}
    assert clone.installed() == needed | {"jianzheng": "0.1.0", "pip": kept}
    assert clone.run(".venv/bin/jianzheng", "--help").returncode == 0
    said = made.stdout.splitlines()
    assert said[0] == f"Installing what running needs: {len(names)} packages, from the lock …"
    assert "  10/" in made.stdout and "  all fetched, unpacking …" in said


def test_what_is_installed_is_the_lock(clone: Clone) -> None:
    """Whatever was released since, with the pip that was there, and all of it fits together."""
    before = clone.installed()["pip"]
    made = clone.run("make", "setup")
    assert made.returncode == 0, (made.stdout, made.stderr)
    assert clone.installed() == clone.locked | {"jianzheng": "0.1.0", "pip": before}
    assert clone.pip("check").returncode == 0
    assert clone.run(".venv/bin/jianzheng", "--help").returncode == 0


def test_an_environment_that_does_not_fit_together_is_told(clone: Clone) -> None:
    """What lies there beside the lock is put right; a lock that has lost a package is not called ready."""
    ready, lock = clone.folder / ".venv" / ".ready", clone.folder / "requirements-dev.lock"
    ready.unlink(missing_ok=True)
    assert clone.pip("install", "--no-deps", "starlette").returncode == 0
    assert clone.run("make", "setup").returncode == 0
    assert clone.installed()["starlette"] == clone.locked["starlette"]
    lock.write_text(re.sub(r"(?ms)^starlette==.*?(?=^\w)", "", lock.read_text("utf-8")), "utf-8")
    assert clone.pip("uninstall", "--yes", "starlette").returncode == 0
    told = clone.run("make", "setup")
    assert told.returncode != 0
    assert "requires starlette, which is not installed" in told.stdout
    assert "make clean setup" in told.stdout
