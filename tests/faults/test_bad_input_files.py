"""Files that change while they are read, and files that only look like documents."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import forking
from tests.faults.bad_input import (
    Office,
    bomb,
    lecture_folder,
    no_traceback,
    office_line,
)
from tests.integration.test_extraction import locked_pdf
from tests.unit.blobs.test_media_types import ole
from tests.unit.extraction import samples

# ── a file that changes or vanishes while it is read ────────────────────────────────────────────────────────────

CHANGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "vanishes": (Path.unlink, "file_vanished"),
    "is cut": (lambda path: os.truncate(path, 10), "file_changed"),
    "grows": (lambda path: os.truncate(path, (160 << 20) + 4), "file_changed"),
    "is replaced": (lambda path: (path.parent.parent / "other").rename(path), "file_changed"),
}


SAID = {"zh": "在读取时", "en": "while it was read"}


@pytest.mark.parametrize(
    ("name", "lang"),
    [
        ("vanishes", "zh"),
        ("vanishes", "en"),
        ("is cut", "zh"),
        ("is cut", "en"),
        ("grows", "zh"),
        ("is replaced", "en"),
    ],
)
def test_a_file_that_changes_while_it_is_read(office: Office, tmp_path: Path, name: str, lang: str) -> None:
    """Another program touches it while the command has it open: refused by name, nothing kept, nothing staged."""
    act, code = CHANGES[name]
    folder = lecture_folder(tmp_path / "r", name)
    (tmp_path / "other").write_bytes(b"other")
    with (path := folder / "扫描.bin").open("wb") as big:
        big.truncate(160 << 20)  # nothing on the disk, yet long enough to be caught reading
    before = office.held()
    command = forking.Popen(
        office_line("ingest", str(folder)),
        cwd=office.folder, env=office.environment(JIANZHENG_LANG=lang), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    done = threading.Event()

    def watch() -> None:
        while command.poll() is None and not done.is_set():
            if opened(command.pid, path):
                act(path)
                done.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, err = command.communicate(timeout=120)
    watcher.join()
    assert done.is_set(), "the file was never seen open"
    no_traceback(out + err)
    assert command.returncode == 2
    assert f"[{code}]" in err
    assert "扫描.bin" in err
    assert SAID[lang] in err
    assert office.held() == before


def opened(pid: int, path: Path) -> bool:
    """Whether a process has the file open."""
    try:
        return any(fd.readlink() == path for fd in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


# ── files that are filed, with a typed outcome for their text ───────────────────────────────────────────────────


SHOWN: tuple[dict[str, str], ...] = (
    {"too_large": "太大，没有提取文字", "encrypted": "已加密，读不出文字", "damaged": "文件损坏，读不出文字",
     "empty": "没有文字"},
    {"too_large": "too large for its text to be read", "encrypted": "encrypted: no text could be read",
     "damaged": "damaged: no text could be read", "empty": "no text in it"},
)  # fmt: skip
"""What a person reads beside the file, in Chinese and in English."""


def test_hostile_files_are_filed_and_their_text_has_an_outcome(broken: Office, tmp_path: Path) -> None:
    """A bomb, documents behind a password, cut and empty files are evidence all the same; `show` says what was read."""
    files = {
        "炸弹.docx": (bomb(), "too_large"),
        "加密.pdf": (locked_pdf(), "encrypted"),
        "加密.docx": (ole("EncryptionInfo", "EncryptedPackage"), "encrypted"),
        "半截.docx": (samples.word()[: len(samples.word()) // 2], "damaged"),
        "半截.xlsx": (samples.sheet()[: len(samples.sheet()) // 2], "damaged"),
        "坏.pdf": (b"%PDF-1.7\n" + bytes(range(256)) * 8, "damaged"),
        "空.txt": (b"", "empty"),
        "好.docx": (samples.word(), "extracted"),
    }
    folder = lecture_folder(tmp_path / "in")
    for name, (data, _) in files.items():
        (folder / name).write_bytes(data)
    answer = broken("ingest", str(folder), "--json")
    assert answer.code == 0, answer
    assert [w["code"] for w in answer.json["warnings"]] == ["empty_file"]
    code = answer.json["filed"][0]["code"]
    shown = broken("show", code, "--json").json["files"]
    assert {f["name"]: f["text_status"] for f in shown} == {name: status for name, (_, status) in files.items()}
    for answer, outcomes in zip(broken.in_each_language("show", code), SHOWN, strict=True):
        for name, (_, status) in files.items():
            (line,) = [line for line in answer.out.splitlines() if line.startswith(f"  {name}  ")]
            assert line.endswith(outcomes.get(status, line))
    assert broken("files", code, "-o", str(tmp_path / "out")).code == 0
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == {n: d for n, (d, _) in files.items()}
    assert broken("ingest", str(folder), "--json").json["unchanged"][0]["code"] == code
    broken.is_sound()
