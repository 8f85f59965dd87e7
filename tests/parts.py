"""``python -m tests.parts [--part N] [--list] [--again] [-- FLAGS…]``: every test there is, in parts of under an hour.

A part that ended well is not done again for the same files: whoever is interrupted types the same and goes on. What was
done stands in ``.venv/parts``, by a digest of all files of the project.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from tests.durations import REPORTS, ROOT, Durations

KEEPSAKES = "tests/house/keepsakes"
"""Tests of a subject that this project does not have."""

STATE = ROOT / ".venv" / "parts"
HALF_AN_HOUR = 1800.0
"""Seconds of tests in a part, by the table and one after the other. Several workers share them, so that it takes less;
on a machine half as fast it still is under an hour.
"""

PARALLEL = ("-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder")
FAST = (*PARALLEL, "-m", "fast", "--without-servers", "--cov", "--cov-report=term", "tests/unit", "tests/contract")
BROWSER = ("-m", "browser", "tests/e2e")
OTHERS = (*PARALLEL, "-m", "not fast and not browser")


@dataclass(frozen=True)
class Part:
    """A run of pytest, or of another command, with all that belongs to it."""

    name: str
    command: tuple[str, ...]
    seconds: float = 0.0
    """Expected, one test after the other."""


def parts(files: Sequence[str], durations: Durations) -> list[Part]:
    """The fast tier, everything else in portions, the browser, and the long forms of what tests have short ones of."""
    cost = {file: cost_of(file, durations) for file in files if not file.startswith("tests/e2e/")}
    portions = share(cost, HALF_AN_HOUR)
    found = [Part("fast", ("pytest", *FAST))]
    for number, portion in enumerate(portions, 1):
        found.append(Part(f"others-{number}", ("pytest", *OTHERS, *portion), sum(cost[file] for file in portion)))
    found.append(Part("browser", ("pytest", *BROWSER)))
    found.append(Part("soak", ("tests.faults.soak", "1200")))
    found.append(Part("soak-embedded", ("tests.faults.soak", "300", "--embedded")))
    day = str(datetime.now(UTC).date().toordinal())  # other cases each day; the command that is printed repeats them
    page = str(REPORTS / "TAMPER-DRILL.md")
    found.append(Part("drill", ("tests.drill", "--servers", "--seed", day, "--report", page)))
    return found


def cost_of(file: str, durations: Durations) -> float:
    """Seconds of a file with its nightly tests."""
    nightly = [taken for name, taken in durations.seconds.items() if name.startswith(f"{file}::")]
    return durations.of_file(file) + sum(nightly)


def share(cost: dict[str, float], most: float) -> list[list[str]]:
    """The files in as few portions as hold ``most`` seconds each, alike in length: the longest goes where least is."""
    count = max(1, -int(-sum(cost.values()) // most))
    portions: list[list[str]] = [[] for _ in range(count)]
    filled = [0.0] * count
    for file in sorted(cost, key=lambda name: (-cost[name], name)):
        least = filled.index(min(filled))
        portions[least].append(file)
        filled[least] += cost[file]
    return portions


def files_of_tests() -> list[str]:
    """All but what a test lays over a copy of the project."""
    files = (path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py"))
    return sorted(file.as_posix() for file in files if not file.is_relative_to(KEEPSAKES))


def digest() -> str:
    """Of the names and bytes of all files that are in the repository or about to be."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    found = sha256()
    for name in sorted(set(filter(None, names))):
        path = ROOT / name
        found.update(f"{name}\0".encode() + (sha256(path.read_bytes()).digest() if path.is_file() else b"gone"))
    return found.hexdigest()[:16]


def run(part: Part, flags: Sequence[str]) -> bool:
    """Whether all of it is well; what it says goes to whoever asked. A server that is missing is a failure."""
    module, *rest = part.command
    REPORTS.mkdir(parents=True, exist_ok=True)
    if module == "pytest":
        rest += ["--nightly=all", f"--junit-xml={REPORTS / part.name}.xml", *flags]
    print(shlex.join(["python", "-m", module, *rest]), flush=True)
    command = [sys.executable, "-m", module, *rest]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "CI": "true"}, check=False).returncode == 0


def do(wanted: Sequence[Part], done: Path, runner: Callable[[Part], bool]) -> list[str]:
    """Do what is not done yet; the names of the parts that failed. One that fails does not keep the others from it."""
    done.mkdir(parents=True, exist_ok=True)
    failed = []
    for part in wanted:
        mark = done / part.name
        if mark.exists():
            print(f"── {part.name}: done before ({mark.read_text('utf-8')} s)", flush=True)
            continue
        print(f"── {part.name}", flush=True)
        start = time.monotonic()
        if runner(part):
            mark.write_text(f"{time.monotonic() - start:.0f}", "utf-8")
        else:
            failed.append(part.name)
    return failed


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.parts", description="Every test, in parts.")
    parser.add_argument("--part", action="append", help="only this one (several times: these)")
    parser.add_argument("--list", action="store_true", help="name the parts and do nothing")
    parser.add_argument("--again", action="store_true", help="do also what was done before")
    parser.add_argument("flags", nargs="*", help="for pytest, behind --")
    given = parser.parse_args(arguments)
    every = parts(files_of_tests(), Durations.read())
    wanted = [part for part in every if not given.part or part.name in given.part]
    if unknown := set(given.part or ()) - {part.name for part in every}:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(p.name for p in every)}")
    if given.list:
        for part in every:
            print(part.name + (f"  {part.seconds:.0f} s of tests" if part.seconds else ""))
        return 0
    done = STATE / digest()
    if given.again:
        shutil.rmtree(done, ignore_errors=True)
    failed = do(wanted, done, lambda part: run(part, given.flags))
    for name in failed:
        print(f"failed: {name} (again: make test-all PART={name})")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
