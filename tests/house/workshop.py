"""A copy of the project in a folder of its own, in which a test works as a developer would."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDE = "docs/how-to/develop.md"
FILE = re.compile(r"`((?:domain|adapters|indexers|operations|api|tests|docs)/[\w./…-]*)`")
WRITTEN = ("docs/reference/", "docs/schemas/")
"""What `make docs` writes: nobody touches it by hand."""


def git(folder: Path, *arguments: str) -> str:
    safe = (
        "-c",
        "safe.directory=*",
        "-c",
        "user.name=test",
        "-c",
        "user.email=test@localhost",
        "-c",
        "core.quotePath=off",
    )
    return subprocess.run(["git", *safe, *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


@dataclass(frozen=True)
class Workshop:
    folder: Path
    python: Path

    @property
    def office(self) -> Path:
        """A folder beside the project, for an archive."""
        return self.folder.with_name("office")

    @classmethod
    def copied(cls, folder: Path) -> Workshop:
        """Everything that is in the repository or about to be, as a repository of its own."""
        for name in git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
            if name and (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        git(folder, "init", "--quiet")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", "As it is")
        return cls(folder, _interpreter(folder))

    # ── working ─────────────────────────────────────────────────────────────────────────────────────────────────

    def write(self, name: str, text: str) -> None:
        """A new file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)

    def change(self, name: str, old: str, new: str) -> None:
        """``old`` stands in the file exactly once."""
        path = self.folder / name
        text = path.read_text("utf-8")
        assert text.count(old) == 1, (name, old)
        path.write_text(text.replace(old, new), "utf-8")

    def add_above(self, name: str, line: str, new: str) -> None:
        self.change(name, line, new + line)

    def add_below(self, name: str, line: str, new: str) -> None:
        self.change(name, line, line + new)

    # ── looking ─────────────────────────────────────────────────────────────────────────────────────────────────

    def run(self, *arguments: str, **variables: str) -> str:
        """``python -m …`` in the copy; what it prints."""
        return self._run("-m", *arguments, **variables)

    def script(self, program: str, *arguments: str) -> str:
        """The same for a few lines of Python."""
        return self._run("-c", program, *arguments)

    def _run(self, *arguments: str, **variables: str) -> str:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("JIANZHENG_", "PYTEST_"))
        }
        ran = subprocess.run(
            [self.python, *arguments], cwd=self.folder, capture_output=True, text=True, check=False,
            env={**environment, **variables},
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-4000:]
        return ran.stdout

    def tests(self, *names: str) -> None:
        """These are green."""
        self.run("pytest", "-q", "-x", "-p", "no:cacheprovider", *names)

    def docs(self) -> None:
        self.run("docs.generate")

    def touched(self) -> set[str]:
        """Files that are new or changed, without those that `make docs` writes."""
        lines = git(self.folder, "status", "--porcelain", "--untracked-files=all").splitlines()
        return {name for line in lines if not (name := line[3:]).startswith(WRITTEN)}


def _interpreter(folder: Path) -> Path:
    """One with the packages of this one, for which the project is that of ``folder``: the sandbox of extraction, say,
    believes neither working folder nor environment."""
    home = folder / ".venv"
    venv.create(home, with_pip=False)
    [packages] = home.glob("lib/python*/site-packages")
    paths = [str(folder), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    (packages / "project.pth").write_text("".join(f"{path}\n" for path in dict.fromkeys(paths)), "utf-8")
    return home / "bin" / "python"


def guided(section: str) -> list[re.Pattern[str]]:
    """What the developer's guide names under a heading: files, and folders with all that is in them; ``…`` stands for
    any name."""
    text = (ROOT / GUIDE).read_text("utf-8")
    found = re.search(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found is not None, section
    return [
        re.compile(re.escape(name).replace("…", "[^/]+") + (".*" if name.endswith("/") else ""))
        for name in FILE.findall(found[1])
    ]


def unnamed(touched: set[str], section: str) -> set[str]:
    """Files that were touched though the guide does not say so."""
    patterns = guided(section)
    return {name for name in touched if not any(pattern.fullmatch(name) for pattern in patterns)}
