"""A copy of the tree with a Python of its own, in which code is changed and tests are run. The tree is never touched.

The copy's own environment finds its packages where ours does, but the tree's modules in the copy alone, also in
processes that look at neither variables nor the working folder.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import site
import subprocess
import sysconfig
import time
import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

PLUGIN, STARTUP = "jianzheng_mutation", "jianzheng_mutation_startup"
OURS = (".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", "build", "dist", "*.egg-info", "demo-data*")
FOREIGN = ("PYTHON", "PYTEST", "COVERAGE", "COV_", "JIANZHENG")
COMMAND = """\
#!{python}
import sys
from api.cli.main import main
sys.exit(main())
"""
LOOK_EVERY = 0.05  # seconds


class Workshop:
    """One copy. Used by one thread at a time; ``folder`` is its own, new, and may be removed when it is done."""

    def __init__(self, root: Path, folder: Path, options: Sequence[str] = ()) -> None:
        """``options``: of pytest, for every run."""
        self.tree = folder / "tree"
        self._folder, self._options = folder, options
        shutil.copytree(root, self.tree, ignore=shutil.ignore_patterns(*OURS))
        venv.create(folder / "env", symlinks=True)
        self._python = folder / "env" / "bin" / "python"
        self._packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "env")}))
        for name, source in ((PLUGIN, "plugin.py"), (STARTUP, "startup.py")):
            shutil.copy(Path(__file__).with_name(source), self._packages / f"{name}.py")
        theirs = [place for place in site.getsitepackages() if Path(place).is_dir()]
        lines = [str(self.tree), *(f"import site; site.addsitedir({place!r})" for place in theirs)]
        (self._packages / "a0.pth").write_text("\n".join([*lines, f"import {STARTUP}; {STARTUP}.begin()", ""]), "utf-8")
        command = self._python.with_name("jianzheng")
        command.write_text(COMMAND.format(python=self._python), "utf-8")
        command.chmod(0o755)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for what a run writes, gone afterwards."""
        scratch = self._folder / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        yield scratch
        shutil.rmtree(scratch)

    @contextmanager
    def changed(self, path: str, source: bytes) -> Iterator[None]:
        """This file with another text for a while."""
        former = (self.tree / path).read_bytes()
        self._put(path, source)
        try:
            yield
        finally:
            self._put(path, former)

    def _put(self, path: str, source: bytes) -> None:
        """Compiled files go too: they tell a source by its size and its second, and both may be the same."""
        file = self.tree / path
        file.write_bytes(source)
        for compiled in file.parent.glob(f"__pycache__/{file.stem}.*.pyc"):
            compiled.unlink()

    def run(self, task: dict[str, Any], files: Sequence[str], go_on: Callable[[], bool], *more: str) -> int | None:
        """How pytest ended on these files; None where it was killed because ``go_on`` said no. Nothing runs on."""
        temporary = self._folder / "tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(self.tree / ".hypothesis", ignore_errors=True)
        temporary.mkdir()
        (self._packages / "context").write_text("", "utf-8")
        (self._packages / "task.json").write_text(json.dumps(task), "utf-8")
        command = [
            str(self._python),
            "-m",
            "pytest",
            "-p",
            PLUGIN,
            "-p",
            "no:cacheprovider",
            "--hypothesis-seed=0",
            *more,
        ]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        with (self._folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*command, *self._options, f"--basetemp={temporary / 'pytest'}", *files],
                cwd=self.tree, env={**kept, "TMPDIR": str(temporary)}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
            try:
                while process.poll() is None and go_on():
                    time.sleep(LOOK_EVERY)
            finally:
                ended = process.poll()
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        return ended

    def log(self) -> str:
        """What the last run printed."""
        return (self._folder / "log").read_text("utf-8", "replace")
