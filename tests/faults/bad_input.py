"""What the acceptance suites of bad input share: the installed command, what an archive holds, and hostile files."""

from __future__ import annotations

import ctypes
import io
import os
import re
import shutil
import sqlite3
import sys
import zipfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests import forking
from tests.cli_world import RECORD, Answer, Shell

COMMAND = Path(sys.executable).with_name("jianzheng")
AT_ONCE = 2
PLAIN = RECORD.replace("files: {签到表.txt: {role: attendance_sheet}}\n", "")
"""A record that files, ten lines long, without attachments."""

CHINESE = re.compile("[\u4e00-\u9fff]")
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2


class Held(NamedTuple):
    """What an archive holds. A call that half did something changes one of these."""

    events: int
    files: frozenset[str]
    checkpoint: bytes
    staged: frozenset[str]


def held(home: Path, events_in: Path | None = None) -> Held:
    """Read without the program, so that nothing is mended by looking; the events in another folder where they say."""
    with sqlite3.connect(f"{((events_in or home) / 'events.sqlite').absolute().as_uri()}?mode=ro", uri=True) as db:
        events = int(db.execute("SELECT COUNT(*) FROM stored_events").fetchone()[0])
    db.close()
    files = frozenset(path.name for path in (home / "files").rglob("*") if path.is_file())
    staged = frozenset(p.name for p in (home / "staging").iterdir() if p.name != "pending.lock")
    return Held(events, files, (home / "ledger" / "checkpoint").read_bytes(), staged)


@dataclass
class Office(Shell):
    """Runs the installed command, in either language, on one archive."""

    def __call__(self, *arguments: str, stdin: str = "", **variables: str) -> Answer:
        return self.run(office_line(*arguments), stdin, **variables)

    def run(
        self, line: list[str], stdin: str = "", prepare: Callable[[], None] | None = None, **variables: str
    ) -> Answer:
        ran = forking.run(
            line, cwd=self.folder, env=self.environment(RUST_BACKTRACE="0", **variables), input=stdin,
            capture_output=True, text=True, timeout=120, check=False, preexec_fn=prepare,
        )  # fmt: skip
        no_traceback(ran.stdout + ran.stderr)
        return Answer(ran.returncode, ran.stdout, ran.stderr)

    def patched(self, patch: str, *arguments: str, **variables: str) -> Answer:
        """The same command after a line of Python: for waits that nobody wants to sit through."""
        program = f"{patch}\nimport sys; from api.cli.main import main; sys.exit(main(sys.argv[1:]))"
        return self.run([sys.executable, "-c", program, *arguments], "", **variables)

    @property
    def home(self) -> Path:
        return self.folder / "jianzheng-data"

    def held(self) -> Held:
        return held(self.home)

    def copy(self, to: Path) -> Office:
        """The same archive, for a test that breaks it."""
        shutil.copytree(self.folder, to)
        return Office(to)

    def at_once(self, calls: Iterable[Callable[[], Answer]]) -> list[Answer]:
        """Several processes side by side, on as many processors as a small machine has."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return [waiting.result() for waiting in [pool.submit(call) for call in calls]]

    def in_each_language(self, *arguments: str, **variables: str) -> list[Answer]:
        """What it says in Chinese and in English."""
        return self.at_once([partial(self, *arguments, JIANZHENG_LANG=lang, **variables) for lang in ("zh", "en")])

    def is_sound(self) -> None:
        answer = self("verify", "--json")
        assert (answer.code, answer.json["findings"], answer.json["not_checked"]) == (0, [], [])


def no_traceback(said: str) -> None:
    assert "Traceback" not in said, said
    assert 'File "' not in said, said


def in_both_languages(zh: str, en: str) -> None:
    """Chinese where Chinese was asked for; the two sentences are not one."""
    assert CHINESE.search(zh), zh
    assert zh != en


def refused(answers: Iterable[Answer], code: str, exit_code: int) -> None:
    """A Chinese and an English answer with the error's code, the exit code of the contract and a sentence each."""
    zh, en = answers
    for answer in (zh, en):
        assert (answer.code, f"[{code}]" in answer.err) == (exit_code, True), answer
    in_both_languages(zh.err, en.err)


def office_line(*arguments: str) -> list[str]:
    return [str(COMMAND), *arguments]


def lecture_folder(folder: Path, title: str = "另一次") -> Path:
    """A folder with a record of its own that files."""
    folder.mkdir(parents=True)
    (folder / "record.yaml").write_text(PLAIN.replace("专题", title), "utf-8")
    return folder


def without_override() -> None:
    """In a child before it runs: root, too, keeps to the modes of files. Does nothing for anyone else."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0):
                raise OSError(ctypes.get_errno(), "prctl")


def read_only(home: Path) -> None:
    for path in [home, *home.rglob("*")]:
        path.chmod(0o500 if path.is_dir() else 0o400)


def writable(home: Path) -> None:
    for path in [home, *home.rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)


# ── files that only look like documents ─────────────────────────────────────────────────────────────────────────


def bomb() -> bytes:
    """A DOCX of a few kilobytes that unpacks to 256 MB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        with package.open("word/document.xml", "w") as part:
            for _ in range(256):
                part.write(b" " * (1 << 20))
    return out.getvalue()
