"""Filing goes on while an archive is checked: what comes meanwhile is not taken for tampering."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from adapters.blobs.folder import FolderBlobStore
from tests.tamper_world import Tampered, build, copy

DATA = b"filed meanwhile"
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sealed") / "home"
    build(home)
    return home


def file_record(archive: Tampered) -> None:
    state = json.dumps({"n": 1, "files": [{"name": "a.txt", "sha256": SHA256, "size": len(DATA)}]})
    statement = "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?, 1, 't', ?)"
    archive.sql("events", statement, params=("0" * 32, state.encode()))


@pytest.mark.parametrize("got", ["kept the file", "stored the event", "dropped the note"])
def test_a_record_filed_during_the_check(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, got: str
) -> None:
    """However far the filing has got when the files are listed: the file is kept, noted, and then named."""
    archive = copy(template, tmp_path / "home")
    blobs = FolderBlobStore(archive.home / "files", archive.home / "staging")
    filing: AbstractContextManager[None] = nullcontext()
    listed = FolderBlobStore.digests

    def digests(store: FolderBlobStore) -> Iterator[str]:
        nonlocal filing
        filing = blobs.pending([SHA256])
        filing.__enter__()
        blobs.stage(iter([DATA])).commit()
        if got != "kept the file":
            file_record(archive)
        if got == "dropped the note":
            filing.__exit__(None, None, None)
        yield from listed(store)

    monkeypatch.setattr(FolderBlobStore, "digests", digests)
    found = archive.check()
    assert found.findings == []
    assert found.leftovers == ([SHA256] if got == "kept the file" else [])
    if got != "dropped the note":
        filing.__exit__(None, None, None)


def test_a_foreign_file_is_one_still(template: Path, tmp_path: Path) -> None:
    """Also where later events name other files."""
    archive = copy(template, tmp_path / "home")
    file_record(archive)
    archive.write(archive.home / "files/sha256/01/23" / ("0123" + "a" * 60), b"x")
    assert archive.addresses() == {("inserted", "file", "sha256/01/23/0123" + "a" * 60)}
