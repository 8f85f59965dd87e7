"""What sealing adds to a store of files: nothing that is kept can be read without its key, and a lock is no obstacle.

In a folder and in a bucket; what both promise as stores of files is in `test_blob_store`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from adapters.blobs.folder import FolderBlobStore
from adapters.blobs.names import kept_path
from adapters.blobs.s3 import S3BlobStore
from adapters.blobs.sealing.inner import Inner
from adapters.blobs.sealing.keys import KEYS_FILE, Seal, SQLiteBlobKeys
from adapters.blobs.sealing.store import SealedBlobStore
from adapters.s3.address import Address
from adapters.s3.client import Client
from domain.errors import BlobDamaged, BlobErased, BlobMissing, StorageFailed
from domain.ports.blobs import FixityResult

PRIVATE, PUBLIC = b"private " * 20_000, b"public " * 20_000
Opening = Callable[..., SealedBlobStore]


@pytest.fixture(params=["folder", "s3"])
def inner(request: pytest.FixtureRequest, tmp_path: Path) -> Inner:
    """The store behind."""
    if request.param == "folder":
        return FolderBlobStore(tmp_path / "files", tmp_path / "staging")
    address = Address.parse(request.getfixturevalue("s3_bucket"))
    return S3BlobStore(Client(address), tmp_path / "staging")


@pytest.fixture
def opening(inner: Inner, tmp_path: Path) -> Opening:
    def made(sealing: bool = True) -> SealedBlobStore:
        return SealedBlobStore(inner, SQLiteBlobKeys(tmp_path / KEYS_FILE), sealing=sealing)

    return made


def folder_store(tmp_path: Path, sealing: bool = True) -> SealedBlobStore:
    inner = FolderBlobStore(tmp_path / "files", tmp_path / "staging")
    return SealedBlobStore(inner, SQLiteBlobKeys(tmp_path / KEYS_FILE), sealing=sealing)


def put(store: SealedBlobStore | Inner, data: bytes) -> str:
    staged = store.stage(iter([data]))
    staged.commit()
    return staged.sha256


def name_of(store: SealedBlobStore, sha256: str) -> str:
    """The digest of the ciphertext."""
    return store.kept_as(sha256)[0]


def read(store: SealedBlobStore, sha256: str) -> bytes:
    with store.open(sha256) as reader:
        return reader.read()


def test_what_lies_there_is_a_ciphertext(opening: Opening, inner: Inner) -> None:
    """The store behind knows the file by another digest, and its bytes say nothing."""
    store = opening()
    sha256 = put(store, PRIVATE)
    [name] = inner.digests()
    assert name == name_of(store, sha256) != sha256 and list(store.digests()) == [sha256]
    with inner.open(name) as reader:
        raw = reader.read()
    assert hashlib.sha256(raw).hexdigest() == name and b"private" not in raw
    assert store.size(sha256) == len(PRIVATE) and read(store, sha256) == PRIVATE


def test_plain_and_sealed_files_live_side_by_side(opening: Opening, inner: Inner) -> None:
    """What was kept before sealing was switched on is as good as ever, and so is what was sealed before it was off."""
    before, on, off = opening(sealing=False), opening(), opening(sealing=False)
    plain, sealed = put(before, b"before"), put(on, b"sealed")
    assert put(on, b"before") == plain and put(off, b"sealed") == sealed
    late = put(off, b"late")
    assert sorted(inner.digests()) == sorted([plain, name_of(on, sealed), late])
    for store in (on, off):
        assert list(store.digests()) == sorted([plain, sealed, late])
        assert [read(store, each) for each in (plain, sealed, late)] == [b"before", b"sealed", b"late"]
        asked = [plain, sealed, late, "0" * 64]
        assert list(store.fixity(asked)) == [
            (plain, plain, 6), (sealed, sealed, 6), (late, late, 4), ("0" * 64, None, None)
        ]  # fmt: skip
        assert set(store.identities(asked)) == {plain, sealed, late}
        for each in (plain, sealed, late):
            assert store.erased([each]) == set()
    for each in (plain, sealed):
        assert on.erase(each)
        with pytest.raises(BlobErased):
            off.open(each)
    assert list(inner.digests()) == [late]


def test_many_that_keep_the_same_bytes_keep_one_file(opening: Opening, inner: Inner) -> None:
    """Of eight at the same moment each succeeds, and all made the same ciphertext."""
    together = Barrier(8)

    def keep(_: int) -> str:
        staged = opening().stage(iter([PUBLIC]))
        together.wait()
        staged.commit()
        return staged.sha256

    with ThreadPoolExecutor(8) as pool:
        [sha256] = set(pool.map(keep, range(8)))
    assert list(inner.digests()) == [name_of(opening(), sha256)] and read(opening(), sha256) == PUBLIC


def test_a_key_that_opens_nothing_is_used_by_the_next(opening: Opening, inner: Inner) -> None:
    """Whoever was killed between the key and the file leaves a missing file, which a repeat completes."""
    store = opening()
    staged = store.stage(iter([PRIVATE]))

    def full(*_: object) -> None:
        raise StorageFailed("No space left on device")

    really, inner.put = inner.put, full  # type: ignore[method-assign]
    with pytest.raises(StorageFailed):
        staged.commit()
    inner.put = really  # type: ignore[method-assign]
    sha256 = staged.sha256
    key = store.keys.find([sha256])[sha256].key
    assert store.size(sha256) is None and list(store.digests()) == []
    assert list(store.fixity([sha256])) == [(sha256, None, None)]
    with pytest.raises(BlobMissing, match=sha256):
        store.open(sha256)
    staged.commit()
    assert read(store, sha256) == PRIVATE and store.keys.find([sha256])[sha256].key == key


def test_interrupted_filings_are_cleaned_up(opening: Opening, inner: Inner) -> None:
    """By the digests of the plain bytes; an upload of the same bytes that waits for its record stays."""
    store = opening()
    with pytest.raises(RuntimeError), store.pending([hashlib.sha256(PRIVATE).hexdigest()]):
        sha256 = put(store, PRIVATE)
        raise RuntimeError("killed")
    waiting = store.stage(iter([PRIVATE]))
    assert store.leftovers() == {sha256}
    assert store.clean_up(lambda digests: digests) == [] and store.size(sha256) is not None
    with pytest.raises(RuntimeError), store.pending([sha256]):
        raise RuntimeError("killed")
    assert store.clean_up(lambda digests: set()) == [sha256]
    assert list(inner.digests()) == [] and store.leftovers() == set()
    waiting.commit()
    assert read(store, sha256) == PRIVATE


def test_what_was_erased_is_nowhere(tmp_path: Path) -> None:
    """In a folder nothing of it is left, neither of its bytes nor of its key."""
    store = folder_store(tmp_path)
    gone, kept = put(store, PRIVATE), put(store, PUBLIC)
    store.stage(iter([PRIVATE]))
    key = store.keys.find([gone])[gone].key
    assert key is not None and store.erase(gone)
    files = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert not any(b"private" in each.read_bytes() or key in each.read_bytes() for each in files)
    assert read(store, kept) == PUBLIC


def test_damage_is_told_of_the_file(tmp_path: Path) -> None:
    """Cut off, altered, gone, without its key, under another one's key: each is named by the digest of the record."""
    store = folder_store(tmp_path)
    files = [put(store, bytes([n]) * 200_000) for n in range(6)]
    paths = [kept_path(tmp_path / "files", name_of(store, each)) for each in files]
    for path in paths:
        path.chmod(0o600)
    paths[0].write_bytes(paths[0].read_bytes()[:-70_000])
    data = bytearray(paths[1].read_bytes())
    data[150_000] ^= 1
    paths[1].write_bytes(data)
    paths[2].unlink()
    with store.keys._tables.writing() as db:  # as somebody with a database tool would
        db.execute("UPDATE blob_keys SET key = ? WHERE sha256 = ?", (bytes(32), files[3]))
        db.execute("DELETE FROM blob_keys WHERE sha256 = ?", (files[4],))
    found = list(store.fixity(files))
    assert [result.sha256 for result in found] == files
    assert [result.computed for result in found] == [None, None, None, None, None, files[5]]
    assert [result.size is None for result in found] == [False, False, True, False, True, False]
    for sha256, error in zip(files, (BlobDamaged, BlobDamaged, BlobMissing, BlobDamaged, BlobMissing), strict=False):
        with pytest.raises(error, match=sha256):
            read(store, sha256)
    with pytest.raises(BlobDamaged, match=files[1]):
        put(store, bytes([1]) * 200_000)  # to acknowledge over it would lose the good bytes that are in hand
    with pytest.raises(BlobDamaged, match=files[3]):
        put(store, bytes([3]) * 200_000)


def test_what_a_check_may_pass_over_is_the_same_file_under_the_same_key(tmp_path: Path) -> None:
    """The identity of a file changes with its bytes and with its key."""
    store = folder_store(tmp_path)
    sha256 = put(store, PRIVATE)
    before = store.identities([sha256])
    assert before == store.identities([sha256])
    with store.keys._tables.writing() as db:  # as somebody with a database tool would
        db.execute("UPDATE blob_keys SET key = ?", (bytes(32),))
    assert store.identities([sha256]) != before


def test_a_stray_keeps_its_name(tmp_path: Path) -> None:
    """What nobody sealed is found, by the name that it has."""
    store = folder_store(tmp_path)
    put(store, PRIVATE)
    (tmp_path / "files" / "foreign").write_bytes(b"x")
    foreign = put(store.inner, b"put there by somebody")
    assert list(store.strays()) == ["foreign"] and foreign in list(store.digests())


class Broken:
    """A file on a bad spot of the disk."""

    def __init__(self, inner: Inner) -> None:
        self.inner, self.times = inner, 0

    def open(self, sha256: str) -> object:
        self.times += 1
        if self.times == 1:
            raise StorageFailed("Input/output error")
        return self.inner.open(sha256)

    def fixity(self, digests: Iterator[str], workers: int = 2) -> Iterator[FixityResult]:
        return self.inner.fixity(digests, workers)


def test_a_moment_of_trouble_is_no_damage(tmp_path: Path) -> None:
    """Where the store behind finds the ciphertext sound, it is tried once more."""
    store = folder_store(tmp_path)
    sha256 = put(store, PRIVATE)
    trouble = Broken(store.inner)
    store.inner = trouble  # type: ignore[assignment]  # as much of a store as is asked here
    assert list(store.fixity([sha256])) == [(sha256, sha256, len(PRIVATE))] and trouble.times == 2


# ── locks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("mode", ["governance", "compliance"])
def test_a_lock_is_no_obstacle(mode: str, tmp_path: Path, make_s3_bucket: Callable[..., str]) -> None:
    """What a lock holds cannot be deleted, and is unreadable all the same; the others are as before. What lies there
    plain cannot be erased while it is locked, and nothing of it is removed."""
    address = Address.parse(make_s3_bucket(lock=mode, days=1))
    inner = S3BlobStore(Client(address), tmp_path / "spool")
    store = SealedBlobStore(inner, SQLiteBlobKeys(tmp_path / KEYS_FILE), sealing=True)
    plain = put(inner, b"before sealing was switched on")
    gone, kept = put(store, PRIVATE), put(store, PUBLIC)
    name = name_of(store, gone)
    assert store.erase(gone) is True
    assert inner.size(name) is not None and inner.lock(name).lock_mode == mode.upper()
    assert store.size(gone) is None and list(store.digests()) == sorted([plain, kept]) and list(store.strays()) == []
    with pytest.raises(BlobErased):
        store.open(gone)
    assert list(store.fixity([gone, kept])) == [(gone, None, None), (kept, kept, len(PUBLIC))]
    assert store.versions(gone) == [] and [each.sha256 for each in store.versions(kept)] == [kept]
    assert store.keys.find([gone]) == {gone: Seal(None, name)}
    until = store.locked_until(plain)
    assert store.erase(plain) is False and store.erased([plain]) == set() and until is not None
    assert read(store, plain) == b"before sealing was switched on"
    assert store.sweep() == 0 and inner.size(name) is not None


class Locked(FolderBlobStore):
    """A folder from which nothing can be removed before its time."""

    ended = False

    def remove_kept(self, sha256: str) -> bool:
        return self.ended and super().remove_kept(sha256)

    def remove(self, sha256: str) -> bool:
        return (self.ended or self.size(sha256) is None) and super().remove(sha256)


def test_what_a_lock_held_is_swept_after_its_end(tmp_path: Path) -> None:
    """What was erased lies there unreadable until the lock ends, and is no kept file; then it goes by itself."""
    inner = Locked(tmp_path / "files", tmp_path / "staging")
    store = SealedBlobStore(inner, SQLiteBlobKeys(tmp_path / KEYS_FILE), sealing=True)
    gone, kept = put(store, PRIVATE), put(store, PUBLIC)
    names = sorted(inner.digests())
    assert store.erase(gone) and store.erase(gone)
    assert sorted(inner.digests()) == names and list(store.digests()) == [kept] and store.sweep() == 0
    inner.ended = True
    assert store.sweep() == 1 and list(inner.digests()) == [name_of(store, kept)] and store.sweep() == 0


def test_an_erased_file_is_locked_no_longer(tmp_path: Path) -> None:
    """It goes by no name, so that nobody lengthens the lock of what nobody can read."""
    store = folder_store(tmp_path)
    gone, kept = put(store, PRIVATE), put(store, PUBLIC)
    assert len(store.kept_as(gone)) == 2 and store.kept_as(gone)[1] == gone
    store.erase(gone)
    assert store.kept_as(gone) == () and store.kept_as(kept)[1] == kept and store.kept_as("0" * 64) == ("0" * 64,)
