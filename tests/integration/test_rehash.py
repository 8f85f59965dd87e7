"""Kept files hashed by several processes: the same results in the same order as by the store itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from adapters.blobs.fixity import Hasher
from adapters.blobs.folder import FolderBlobStore
from adapters.blobs.names import kept_path
from domain.errors import InvalidDigest
from domain.ports import FixityResult
from indexers.verify import rehash
from indexers.verify.crew import Start


@pytest.fixture
def store(tmp_path: Path) -> FolderBlobStore:
    return FolderBlobStore(tmp_path / "files", tmp_path / "staging")


def keep(store: FolderBlobStore, count: int) -> list[str]:
    random, digests = Random(5), []
    for _ in range(count):
        staged = store.stage(iter([random.randbytes(random.randrange(3000))]))
        staged.commit()
        digests.append(staged.sha256)
    return digests


def damage(root: Path, digests: list[str]) -> None:
    """One is missing, one was altered, one is a folder."""
    for digest in digests[:3]:
        kept_path(root, digest).chmod(0o600)
    kept_path(root, digests[0]).unlink()
    kept_path(root, digests[1]).write_bytes(b"altered")
    kept_path(root, digests[2]).unlink()
    kept_path(root, digests[2]).mkdir()


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_processes_find_what_the_store_finds(
    store: FolderBlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    """What is damaged too, and asked for in several calls."""
    digests = keep(store, 150)
    damage(tmp_path / "files", digests[70:])
    expected = list(store.fixity(digests))
    assert sum(1 for each in expected if each.found != each.sha256) == 3
    monkeypatch.setattr(rehash, "_way_to_start", lambda _: start)
    with rehash.rehashing(store, len(digests)) as hashed:
        assert [*hashed(digests[:100]), *hashed(digests[100:]), *hashed([])] == expected


@dataclass(frozen=True)
class Dying:
    """A hasher that is killed at its first part, in whichever process that is but ours."""

    inner: Hasher
    ended: Path
    ours: int

    def check(self, digests: Sequence[str]) -> list[FixityResult]:
        if os.getpid() != self.ours and not self.ended.exists():
            self.ended.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.inner.check(digests)

    def close(self) -> None:
        self.inner.close()


def test_a_process_that_is_killed_is_done_without(
    store: FolderBlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are hashed here instead; what no file can be called is an error wherever it is met."""
    digests, ended = keep(store, 100), tmp_path / "ended"
    expected, hasher = list(store.fixity(digests)), store.hasher()
    monkeypatch.setattr(rehash, "_way_to_start", lambda _: "fork")
    with rehash.rehashing(store, len(digests)) as hashed, pytest.raises(InvalidDigest):
        list(hashed(["../x"]))
    monkeypatch.setattr(store, "hasher", lambda: Dying(hasher, ended, os.getpid()))
    with rehash.rehashing(store, len(digests)) as hashed:
        assert list(hashed(digests)) == expected
    assert ended.exists()


def test_a_few_files_are_left_to_the_store(store: FolderBlobStore) -> None:
    """Nothing is started for them."""
    with rehash.rehashing(store, rehash.SERIAL - 1) as hashed:
        assert hashed == store.fixity
