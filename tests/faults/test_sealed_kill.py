"""`kill -9` at any step of sealing or erasing a file loses nothing that was acknowledged, and a repeat completes it."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.blobs.folder import FolderBlobStore
from adapters.blobs.sealing.keys import KEYS_FILE, SQLiteBlobKeys
from adapters.blobs.sealing.store import SealedBlobStore
from domain.errors import BlobErased

DATA = b"evidence " * 30_000
SHA256 = hashlib.sha256(DATA).hexdigest()
KEEPING = ["receive", "agree", "put", "drop"]
ERASING = ["remove", "destroy"]


def opened(folder: Path) -> SealedBlobStore:
    inner = FolderBlobStore(folder / "files", folder / "staging")
    return SealedBlobStore(inner, SQLiteBlobKeys(folder / KEYS_FILE), sealing=True)


def deadly(store: SealedBlobStore, step: str, *, after: bool) -> None:
    """Have the process die before, or after, the first call of that step."""
    where = store.keys if step in ("agree", "destroy") else store.inner
    really: Callable[..., object] = getattr(where, step)

    def call(*arguments: object) -> object:
        found = really(*arguments) if after else None
        os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(where, step, call)


def die_while(folder: Path, step: str, *, after: bool, act: Callable[[SealedBlobStore], object]) -> None:
    child = os.fork()
    if child == 0:
        try:
            store = opened(folder)
            deadly(store, step, after=after)
            act(store)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"it did not die at {step}"


def keep(store: SealedBlobStore) -> str:
    staged = store.stage(iter([DATA]))
    staged.commit()
    return staged.sha256


def claim(store: SealedBlobStore) -> None:
    """What a record does that names an upload of before."""
    waiting = store.find_staged(SHA256)
    assert waiting is not None
    waiting.commit()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", KEEPING)
def test_killed_while_a_file_is_sealed(tmp_path: Path, step: str, after: bool) -> None:
    """The upload is there still, or the file is whole; whoever repeats it keeps one file, which opens."""

    opened(tmp_path).stage(iter([DATA]))
    die_while(tmp_path, step, after=after, act=claim)
    store = opened(tmp_path)
    kept = store.size(SHA256)
    assert kept in (None, len(DATA)) and list(store.digests()) == ([] if kept is None else [SHA256])
    waiting = store.find_staged(SHA256)
    assert waiting is not None or kept is not None
    if waiting is not None:
        waiting.commit()
    assert keep(store) == SHA256
    with store.open(SHA256) as reader:
        assert reader.read() == DATA
    assert len(list(store.inner.digests())) == 1 and list(store.strays()) == []
    assert [result.computed for result in store.fixity([SHA256])] == [SHA256]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", ERASING)
def test_killed_while_a_file_is_erased(tmp_path: Path, step: str, after: bool) -> None:
    """Either it can be read as before or not at all; a repeat leaves nothing of it."""
    keep(opened(tmp_path))
    die_while(tmp_path, step, after=after, act=lambda store: store.erase(SHA256))
    store = opened(tmp_path)
    if store.erased([SHA256]):
        with pytest.raises(BlobErased):
            store.open(SHA256)
    else:
        with store.open(SHA256) as reader:
            assert reader.read() == DATA
    assert store.erase(SHA256) and store.erased([SHA256]) == {SHA256}
    assert list(store.inner.digests()) == [] and list(store.digests()) == []
