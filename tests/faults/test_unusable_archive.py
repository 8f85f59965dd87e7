"""An archive that cannot be used now, or is damaged: its own error and exit code; what is left is not touched."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.cli_world import LECTURE
from tests.faults.bad_input import (
    Office,
    lecture_folder,
    office_line,
    read_only,
    refused,
    without_override,
    writable,
)
from tests.faults.served import IMPATIENT

# ── not usable now ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_read_only_archive_says_so(broken: Office, tmp_path: Path) -> None:
    """Whatever is asked of it, exit 3; and when the rights are back everything goes on."""
    lecture_folder(tmp_path / "in")
    before = broken.held()
    read_only(broken.home)
    try:
        for arguments in (
            ("ingest", str(tmp_path / "in")),
            ("withdraw", LECTURE, "--reason", "x"),
            ("index", "rebuild"),
        ):
            line = office_line(*arguments)
            run = partial(broken.run, line, prepare=without_override)
            answers = broken.at_once([partial(run, JIANZHENG_LANG=lang) for lang in ("zh", "en")])
            refused(answers, "storage_not_writable", 3)
    finally:
        writable(broken.home)
    assert broken.held() == before
    (empty := tmp_path / "empty").mkdir(mode=0o500)
    answer = Office(empty).run(office_line("init", "--name", "x", "--origin", "a.example/x"), prepare=without_override)
    assert (answer.code, "[storage_not_writable]" in answer.err) == (3, True)
    assert not list(empty.iterdir())
    assert broken("ingest", str(tmp_path / "in")).code == 0
    broken.is_sound()


def test_a_locked_archive_says_so(broken: Office, tmp_path: Path) -> None:
    """Another program holds the database for longer than one waits: exit 3; afterwards the same call files."""
    lecture_folder(tmp_path / "in")
    before = broken.held()
    other = sqlite3.connect(broken.home / "events.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        ingest = partial(broken.patched, IMPATIENT, "ingest", str(tmp_path / "in"))
        answers = broken.at_once([partial(ingest, JIANZHENG_LANG=lang) for lang in ("zh", "en")])
    finally:
        other.execute("ROLLBACK")
        other.close()
    refused(answers, "archive_busy", 3)
    after = broken.held()
    assert (after.events, after.checkpoint) == (before.events, before.checkpoint)
    assert broken("ingest", str(tmp_path / "in")).code == 0
    broken.is_sound()


def test_a_ledger_that_another_holds_does_not_keep_records_out(broken: Office, tmp_path: Path) -> None:
    """The record is filed, and the note says that the ledger follows; what needs the ledger itself gives up: exit 3."""
    lecture_folder(tmp_path / "in")
    patience = "from indexers import pipeline; pipeline.LEDGER_WAIT = 0.5"
    with FileLock(broken.home / "ledger.lock"):
        filed = broken.patched(patience, "ingest", str(tmp_path / "in"), JIANZHENG_LANG="en")
        assert (filed.code, "It is stored" in filed.err) == (0, True), filed
        for command in ("checkpoint", "verify"):
            answer = broken.patched(patience, command)
            assert (answer.code, "[archive_busy]" in answer.err) == (3, True), answer
    assert broken("ingest", str(lecture_folder(tmp_path / "next", "下一次"))).code == 0  # and the index follows, too
    broken.is_sound()


# ── damaged ─────────────────────────────────────────────────────────────────────────────────────────────────────


def overwritten(name: str, data: bytes) -> Callable[[Path], None]:
    return lambda home: (home / name).write_bytes(data) and None


DAMAGES: dict[str, tuple[Callable[[Path], Any], str, int]] = {
    "archive.json is no JSON": (overwritten("archive.json", b"{bad"), "identity_damaged", 1),
    "archive.json is a list": (overwritten("archive.json", b"[]"), "identity_damaged", 1),
    "archive.json has no text": (overwritten("archive.json", b"\xff\xfe"), "identity_damaged", 1),
    "archive.json is nested": (overwritten("archive.json", b"[" * 100_000), "identity_damaged", 1),
    "archive.json lies": (
        overwritten("archive.json", b'{"name": 1, "origin": [], "created": "", "format": 1e400}'), "identity_damaged", 1
    ),
    "a newer format": (
        overwritten("archive.json", b'{"name": "a", "origin": "b", "created": "c", "format": 99}'), "archive_too_new", 2
    ),
    "no archive.json": (lambda home: (home / "archive.json").unlink(), "archive_missing", 2),
    "no key": (lambda home: (home / "keys/ledger.key").unlink(), "key_file_invalid", 2),
    "a key that is none": (overwritten("keys/ledger.key", b"PRIVATE+KEY+none\n"), "key_file_invalid", 2),
    "a key that others may read": (lambda home: (home / "keys/ledger.key").chmod(0o644), "key_file_exposed", 2),
    "no events": (lambda home: (home / "events.sqlite").unlink(), "database_missing", 1),
    "no ledger": (lambda home: (home / "ledger.sqlite").unlink(), "database_missing", 1),
    "events that are no database": (overwritten("events.sqlite", b"no database" * 1000), "database_damaged", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_archive_is_named_and_left_as_it_is(broken: Office, name: str) -> None:
    """Its own error in both languages; no command writes over what is left, `init` least of all."""
    act, code, exit_code = DAMAGES[name]
    act(broken.home)
    before = {path: path.read_bytes() for path in broken.home.rglob("*") if path.is_file() and "-" not in path.suffix}
    refused(broken.in_each_language("show", LECTURE), code, exit_code)
    again = broken("init", "--name", "x", "--origin", "a.example/x")
    assert again.code in (1, 2)
    for path, data in before.items():
        assert path.read_bytes() == data, path


VIEWS: dict[str, Callable[[Path], Any]] = {
    "no views": lambda home: [path.unlink() for path in home.glob("views.sqlite*")],
    "no texts": lambda home: subprocess.run(["rm", "-r", str(home / "text")], check=True),
    "none of the three": lambda home: subprocess.run(
        ["rm", "-r", *(str(home / name) for name in ("index", "text", "views.sqlite"))], check=True
    ),
}


def test_what_can_be_made_again_is_made_again(broken: Office) -> None:
    """Without index, bookkeeping or texts a search finds what it found, at once or after `index rebuild`."""
    for damage in VIEWS.values():
        damage(broken.home)
        assert broken("search", "专题党课", "--json").json["total"] == 1
        assert broken("index", "rebuild").code == 0
        answer = broken("search", "“王芳 签到”", "--json").json  # only the attachment says it so
        assert [(hit["code"], hit["snippets"][0]["source"]) for hit in answer["hits"]] == [(LECTURE, "签到表.txt")]
    broken.is_sound()


@pytest.mark.slow
def test_a_damaged_index_says_so_and_is_made_again(broken: Office) -> None:
    """Each kind of its files, cut, altered or removed: a right answer or `index_damaged`; `index rebuild` mends it."""
    whole = {path: path.read_bytes() for path in (broken.home / "index" / "1").rglob("*") if path.is_file()}
    kinds = {re.sub(r".*\.", "", path.name): path for path in sorted(whole) if "lock" not in path.name}
    assert {"idx", "store", "json"} <= set(kinds)
    seen = set()
    # The list of segments comes last: without it the engine begins anew and clears the others away.
    for nth, path in enumerate(sorted(kinds.values(), key=lambda path: (path.suffix == ".json", path.name))):
        data = whole[path]
        flipped = data[:-9] + bytes([data[-9] ^ 255]) + data[-8:]
        damage = (None, data[: len(data) // 2], bytes(len(data)), flipped)[nth % 4]
        path.unlink(missing_ok=True)  # a search that takes in what is behind may have merged it away
        if damage is not None:
            path.write_bytes(damage)
        answer = broken("search", "专题党课", "--json")
        seen.add(answer.code)
        if answer.code == 0:
            assert answer.json["total"] == 1
        else:
            assert (answer.code, answer.json["error"]["code"]) == (3, "index_damaged"), (path, answer)
            assert "index rebuild" in answer.json["error"]["next"]
        path.write_bytes(data)
    assert 3 in seen
    for path in kinds.values():
        path.write_bytes(b"wreck")
    refused(broken.in_each_language("search", "专题党课"), "index_damaged", 3)
    assert broken("index", "rebuild").code == 0
    assert broken("search", "专题党课", "--json").json["total"] == 1
    broken.is_sound()
