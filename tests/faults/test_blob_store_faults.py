"""Faults of disk and process while a file is stored: nothing half done, nothing lost or acknowledged too early."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.blobs.folder import INCOMING_SECONDS, STAGED_SECONDS, FolderBlobStore
from adapters.blobs.names import kept_path
from adapters.disk import durable
from domain.errors import BlobDamaged, BlobMissing, StorageFailed, StorageFull, StorageNotWritable
from tests import forking

DATA = b"evidence" * 300_000
SHA256 = hashlib.sha256(DATA).hexdigest()
STEPS = ("open", "write", "fchmod", "fsync", "close", "mkdir", "link", "rename", "unlink")
CODES = {
    errno.ENOSPC: StorageFull,
    errno.EDQUOT: StorageFull,
    errno.EROFS: StorageNotWritable,
    errno.EACCES: StorageNotWritable,
    errno.EIO: StorageFailed,
}


@pytest.fixture
def store(tmp_path: Path) -> FolderBlobStore:
    return FolderBlobStore(tmp_path / "blobs", tmp_path / "staging")


def chunks() -> list[bytes]:
    return [DATA[at : at + 65536] for at in range(0, len(DATA), 65536)]


class Fault:
    """Makes the n-th call of one system function fail, before or after it did its work."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, step: str, nth: int, code: int, persisted: bool) -> None:
        self.fired, self._left, self._step = False, nth, step
        self._real: Callable[..., Any] = getattr(os, step)

        def failing(*args: Any, **kwargs: Any) -> Any:
            self._left -= 1
            if self._left != 0:
                return self._real(*args, **kwargs)
            self.fired = True
            if persisted:
                self._real(*args, **kwargs)
            elif step == "close":
                self._real(*args, **kwargs)  # Linux closes the descriptor also when close(2) reports a fault
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(os, step, failing)


@pytest.mark.parametrize("persisted", [False, True], ids=["failed-not-persisted", "failed-but-persisted"])
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
@pytest.mark.parametrize("step", STEPS)
def test_every_step_may_fail_and_a_retry_succeeds(
    tmp_path: Path, store: FolderBlobStore, step: str, nth: int, persisted: bool
) -> None:
    """After a fault at any call the kept name holds everything or nothing, and the same upload again is kept."""
    with pytest.MonkeyPatch.context() as patch:
        fault = Fault(patch, step, nth, errno.ENOSPC, persisted)
        acknowledged = False
        try:
            store.stage(iter(chunks())).commit()
            acknowledged = True
        except (StorageFull, BlobMissing):
            assert fault.fired
    target = kept_path(tmp_path / "blobs", SHA256)
    assert not target.exists() or target.read_bytes() == DATA
    assert not acknowledged or target.exists()
    again = FolderBlobStore(tmp_path / "blobs", tmp_path / "staging")
    again.stage(iter(chunks())).commit()
    assert list(again.digests()) == [SHA256] and list(again.strays()) == []
    assert [result.computed for result in again.fixity([SHA256])] == [SHA256]


@pytest.mark.parametrize("persisted", [False, True], ids=["failed-not-persisted", "failed-but-persisted"])
@pytest.mark.parametrize("step", ["write", "fchmod", "fsync", "rename"])
def test_failed_staging_leaves_nothing(
    tmp_path: Path, store: FolderBlobStore, monkeypatch: pytest.MonkeyPatch, step: str, persisted: bool
) -> None:
    """A fault while the bytes arrive takes them away again, whether or not the disk had taken them."""
    with monkeypatch.context() as patch:
        Fault(patch, step, 1, errno.ENOSPC, persisted)
        with pytest.raises(StorageFull):
            store.stage(iter(chunks()))
    left = list((tmp_path / "staging").iterdir())
    assert left == [] or (step, persisted) == ("rename", True)  # then it is whole, bears its digest, and expires


@pytest.mark.parametrize(
    ("step", "persisted"),
    [("mkdir", False), ("link", False), ("link", True), ("fsync", False), ("fsync", True)],
)
def test_failed_commit_keeps_the_upload(
    store: FolderBlobStore, monkeypatch: pytest.MonkeyPatch, step: str, persisted: bool
) -> None:
    """When keeping fails the upload stays staged, and the same commit again succeeds."""
    staged = store.stage(iter(chunks()))
    with monkeypatch.context() as patch:
        Fault(patch, step, 1, errno.EIO, persisted)
        with pytest.raises(StorageFailed):
            staged.commit()
    assert store.find_staged(SHA256) is not None
    staged.commit()
    assert store.size(SHA256) == len(DATA) and store.find_staged(SHA256) is None


@pytest.mark.parametrize("code", CODES)
def test_each_fault_has_its_name(store: FolderBlobStore, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Full, not permitted and broken are told apart, for the operator does something else about each."""
    with monkeypatch.context() as patch:
        Fault(patch, "write", 1, code, False)
        with pytest.raises(CODES[code]):
            store.stage(iter(chunks()))


def test_a_partial_write_goes_on(store: FolderBlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """write(2) may take less than it was given."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, bytes(data[:50_001])))
    staged = store.stage(iter(chunks()))
    with staged.open() as reader:
        assert reader.read() == DATA


def test_every_byte_and_name_is_fsynced_before_the_acknowledgement(
    tmp_path: Path, store: FolderBlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file, its name and both levels above it are fsynced, and only then is the upload removed."""
    done: list[str] = []
    real_fsync, real_unlink = os.fsync, os.unlink

    def fsync(handle: int) -> None:
        real_fsync(handle)
        done.append(str(Path(f"/proc/self/fd/{handle}").readlink()).removeprefix(str(tmp_path)))

    def unlink(path: Any, **kwargs: Any) -> None:
        done.append("unlink")
        real_unlink(path, **kwargs)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "unlink", unlink)
    store.stage(iter(chunks())).commit()
    first, second = SHA256[:2], SHA256[2:4]
    assert done[0].startswith(f"/staging/{SHA256}.")
    assert set(done[1:4]) == {"/blobs/sha256", f"/blobs/sha256/{first}", f"/blobs/sha256/{first}/{second}"}
    assert done[4:] == ["unlink"]


def test_staging_on_another_file_system_is_copied(
    tmp_path: Path, store: FolderBlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where link(2) cannot reach, the bytes are copied beside their lasting name first."""
    real = os.link

    def link(source: Any, target: Any) -> None:
        if Path(source).parent.name == "staging":
            raise OSError(errno.EXDEV, "other device")
        real(source, target)

    monkeypatch.setattr(os, "link", link)
    store.stage(iter(chunks())).commit()
    kept = kept_path(tmp_path / "blobs", SHA256)
    assert kept.read_bytes() == DATA and kept.stat().st_mode & 0o777 == 0o444
    assert list(store.strays()) == [] and list((tmp_path / "staging").iterdir()) == []


@pytest.mark.parametrize("damage", [b"", b"short", bytes(len(DATA))], ids=["empty", "cut", "same size"])
def test_damaged_file_is_not_acknowledged_again(tmp_path: Path, store: FolderBlobStore, damage: bytes) -> None:
    """Good bytes in hand are not thrown away because a damaged file lies under their name."""
    store.stage(iter(chunks())).commit()
    kept = kept_path(tmp_path / "blobs", SHA256)
    kept.chmod(0o644)
    kept.write_bytes(damage)
    staged = store.stage(iter(chunks()))
    with pytest.raises(BlobDamaged):
        staged.commit()
    assert store.find_staged(SHA256) is not None
    [result] = store.fixity([SHA256])
    assert result.computed not in (None, SHA256) and result.size == len(damage)


def test_tampered_staging_is_not_found(tmp_path: Path, store: FolderBlobStore) -> None:
    """A staged file that was changed, or left over by a power cut, is no longer the upload it claims to be."""
    store.stage(iter(chunks()))
    [path] = (tmp_path / "staging").iterdir()
    path.chmod(0o644)
    path.write_bytes(b"other")
    assert store.find_staged(SHA256) is None
    assert FolderBlobStore(tmp_path / "blobs", tmp_path / "staging").find_staged(SHA256) is None


def test_sweep_removes_what_expired_and_nothing_else(tmp_path: Path) -> None:
    """Dead uploads go after an hour, unclaimed ones after a day, foreign files never."""
    now = [0.0]
    store = FolderBlobStore(tmp_path / "blobs", tmp_path / "staging", now=lambda: now[0])
    staged = store.stage(iter(chunks()))
    incoming, foreign = tmp_path / "staging" / "incoming.dead", tmp_path / "staging" / "README"
    incoming.touch()
    foreign.touch()
    written = incoming.stat().st_mtime
    now[0] = written + INCOMING_SECONDS - 60
    assert store.sweep() == 0
    now[0] = written + INCOMING_SECONDS + 60
    assert store.sweep() == 1 and not incoming.exists()
    now[0] = written + STAGED_SECONDS + 60
    assert store.find_staged(staged.sha256) is None
    assert store.sweep() == 1
    assert list((tmp_path / "staging").iterdir()) == [foreign]


def test_strays_are_named(tmp_path: Path, store: FolderBlobStore) -> None:
    """Foreign files, wrong places, links and leftovers are all listed, and none of them as a kept file."""
    store.stage(iter(chunks())).commit()
    root = tmp_path / "blobs"
    leaf = kept_path(root, SHA256).parent
    (root / "notes.txt").touch()
    (root / "sha256" / "zz").mkdir()
    (leaf / ".tmp-dead").touch()
    (leaf / ("0" * 64)).touch()
    (leaf / f"{SHA256[:63]}{'0' if SHA256[63] != '0' else '1'}").symlink_to("/etc/passwd")
    assert list(store.digests()) == [SHA256]
    assert len(list(store.strays())) == 5


def test_a_link_in_place_of_a_file_is_not_followed(tmp_path: Path, store: FolderBlobStore) -> None:
    """A symbolic link under a digest never leads out of the store."""
    path = kept_path(tmp_path / "blobs", SHA256)
    path.parent.mkdir(parents=True)
    path.symlink_to("/etc/passwd")
    with pytest.raises(BlobDamaged):
        store.open(SHA256)
    assert store.size(SHA256) is None
    assert list(store.fixity([SHA256])) == [(SHA256, None, 0)]


@pytest.mark.parametrize("persisted", [False, True], ids=["failed-not-persisted", "failed-but-persisted"])
@pytest.mark.parametrize("step", ["open", "write", "fsync", "link", "rename"])
def test_small_files_are_whole_or_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, persisted: bool
) -> None:
    """`write_new` and `replace` leave the old bytes or the new ones, and no temporary file, after any fault."""
    path = tmp_path / "checkpoint"
    assert durable.write_new(path, b"one") and not durable.write_new(path, b"two")
    for call in (durable.replace, durable.write_new):
        with monkeypatch.context() as patch:
            fault = Fault(patch, step, 1, errno.EIO, persisted)
            try:
                call(path, b"three")
            except StorageFailed:
                assert fault.fired
        assert path.read_bytes() in (b"one", b"three")
    if step != "open":  # an open that "failed" after it made the file cannot be tidied: nobody holds its name
        assert [each.name for each in tmp_path.iterdir()] == ["checkpoint"]


def test_killed_uploads_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Processes that are killed while they store leave every acknowledged file whole, and no half file kept."""
    program = textwrap.dedent(
        """
        import os, sys
        from pathlib import Path
        from adapters.blobs.folder import FolderBlobStore
        store = FolderBlobStore(Path(sys.argv[1]) / "blobs", Path(sys.argv[1]) / "staging")
        while True:
            staged = store.stage(iter([os.urandom(40_000)] * 3))
            staged.commit()
            os.write(1, (staged.sha256 + "\\n").encode())
        """
    )
    acknowledged: list[str] = []
    for count in range(1, 13):
        with forking.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            for _ in range(count):
                acknowledged.append(process.stdout.readline().decode().strip())
            process.kill()
            acknowledged += process.stdout.read().decode().split("\n")[:-1]
    store = FolderBlobStore(tmp_path / "blobs", tmp_path / "staging")
    kept = list(store.digests())
    assert set(acknowledged) <= set(kept) and list(store.strays()) == []
    assert all(result.computed == result.sha256 for result in store.fixity(kept))


def test_many_processes_commit_the_same_bytes(tmp_path: Path) -> None:
    """Concurrent commits of one digest all succeed and keep one file."""
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from adapters.blobs.folder import FolderBlobStore
        store = FolderBlobStore(Path(sys.argv[1]) / "blobs", Path(sys.argv[1]) / "staging")
        for n in range(50):
            store.stage(iter([bytes([n]) * 5000])).commit()
        """
    )
    running = [forking.Popen([sys.executable, "-c", program, str(tmp_path)]) for _ in range(4)]
    assert [process.wait() for process in running] == [0, 0, 0, 0]
    store = FolderBlobStore(tmp_path / "blobs", tmp_path / "staging")
    assert len(list(store.digests())) == 50 and list((tmp_path / "staging").iterdir()) == []
