"""A check that was interrupted goes on where it stopped, and passes over nothing that changed or was forged."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.blobs.folder import FolderBlobStore
from adapters.blobs.s3 import S3BlobStore
from operations.verify import files, resume
from operations.verify.resume import Hashed, ResumeRefused
from tests.s3_world import put, store
from tests.tamper_world import Tampered, build

NOW = datetime(2024, 5, 1, 8, tzinfo=UTC)
HALF = 30
"""Files that are read before the interruption."""


@pytest.fixture
def archive(tmp_path: Path) -> Tampered:
    build(tmp_path / "home")
    return Tampered(tmp_path / "home")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resume, "NOTED_FILES", 7)
    monkeypatch.setattr(files, "TOLD_FILES", 1)


class Stopped(KeyboardInterrupt):
    """As by Ctrl-C."""


def stop(stage: str, done: int, _: int) -> None:
    if (stage, done) == ("files", HALF):
        raise Stopped


def interrupted(archive: Tampered, path: Path) -> str:
    """The word of a check that was stopped in the middle."""
    hashed = Hashed.begin(path, NOW)
    with pytest.raises(Stopped), closing(hashed):
        archive.check(hashed=hashed, progress=stop)
    return hashed.word


def noted(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [sha256 for (sha256,) in db.execute("SELECT sha256 FROM hashed ORDER BY sha256")]


def resumed(archive: Tampered, path: Path, word: str) -> Any:
    hashed = Hashed.resume(path, word, NOW + timedelta(hours=1))
    found = archive.check(hashed=hashed)
    hashed.done()
    return found


def test_it_goes_on(archive: Tampered, tmp_path: Path) -> None:
    """What was read is not read again, which is said; the note is for its owner only, and goes at the end."""
    path = tmp_path / resume.FILE
    whole = archive.check()
    word = interrupted(archive, path)
    assert path.stat().st_mode & 0o777 == 0o600
    before = len(noted(path))
    assert HALF - 7 <= before <= HALF
    found = resumed(archive, path, word)
    assert found.ok and found.files == whole.files - before
    assert f"{before} files were read before" in found.not_checked[-1].en
    assert not path.exists()


def test_what_changed_meanwhile_is_found(archive: Tampered, tmp_path: Path) -> None:
    """A file that was good is altered, with its times put back; another one is deleted."""
    path = tmp_path / resume.FILE
    word = interrupted(archive, path)
    first, second, *_ = noted(path)
    [altered], [deleted] = (list((archive.home / "files").rglob(each)) for each in (first, second))
    about = altered.stat()
    archive.flip(altered, 0)
    os.utime(altered, ns=(about.st_atime_ns, about.st_mtime_ns))
    deleted.unlink()
    found = resumed(archive, path, word)
    assert sorted(f.klass for f in found.findings if f.subject == "file") == ["altered", "deleted"]


def test_what_was_wrong_already_is_found_again(archive: Tampered, tmp_path: Path) -> None:
    """Only what was good is passed over."""
    path = tmp_path / resume.FILE
    archive.flip(archive.blob(100), 0)
    word = interrupted(archive, path)
    assert len([f for f in resumed(archive, path, word).findings if f.subject == "file"]) == 1


def test_a_forged_note_hides_nothing(archive: Tampered, tmp_path: Path) -> None:
    """Whoever can write there, but was not told the word, cannot make the check pass over a file."""
    path = tmp_path / resume.FILE
    word = interrupted(archive, path)
    blob = archive.blob(100)
    archive.flip(blob, 0)
    identity = FolderBlobStore(archive.home / "files", archive.home / "staging").identities([blob.name])[blob.name]
    with closing(sqlite3.connect(path)) as db, db:
        [(seal,)] = db.execute("SELECT seal FROM hashed LIMIT 1").fetchall()
        db.execute("INSERT OR REPLACE INTO hashed VALUES (?,?,?)", (blob.name, identity, seal))
        db.execute("UPDATE hashed SET identity = 5 WHERE sha256 <> ?", (blob.name,))
    found = resumed(archive, path, word)
    assert [f.klass for f in found.findings if f.subject == "file"] == ["altered"]


@pytest.mark.parametrize(
    "case", ["another word", "too late", "the clock went back", "nothing", "no database", "damaged"]
)
def test_there_is_nothing_to_go_on_with(archive: Tampered, tmp_path: Path, case: str) -> None:
    """It is refused with one of our errors, and one starts anew."""
    path, now = tmp_path / resume.FILE, NOW + timedelta(hours=1)
    word = interrupted(archive, path)
    if case == "another word":
        word = Hashed.begin(tmp_path / "other", NOW).word
    elif case == "too late":
        now = NOW + timedelta(hours=25)
    elif case == "the clock went back":
        now = NOW - timedelta(hours=1)
    elif case == "nothing":
        path.unlink()
    elif case == "no database":
        path.write_bytes(b"anything")
    else:
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("UPDATE check_run SET began = 5")
    with pytest.raises(ResumeRefused):
        Hashed.resume(path, word, now)


def test_where_nothing_can_be_noted(archive: Tampered, tmp_path: Path) -> None:
    """The check goes on without."""
    hashed = Hashed.begin(tmp_path / "missing" / "folder" / "x", NOW)
    assert archive.check(hashed=hashed).ok
    hashed.done()


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "folder":
        yield FolderBlobStore(tmp_path / "files", tmp_path / "staging")
        return
    made: S3BlobStore = store(request.getfixturevalue("s3_bucket"), tmp_path / "spool")
    with closing(made):
        yield made


def test_identities(blobs: Any) -> None:
    """Of what is there; the same as long as nobody touches it. What is not there has none."""
    one, other = put(blobs, b"one"), put(blobs, b"other")
    asked: Iterable[str] = [one, "0" * 64, other]
    found = blobs.identities(asked)
    assert set(found) == {one, other} and found[one] != found[other]
    assert blobs.identities(asked) == found
