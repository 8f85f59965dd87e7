"""What every blob store promises, whatever lies behind it."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from adapters.blobs.folder import FolderBlobStore
from adapters.blobs.s3 import S3BlobStore
from adapters.blobs.sealing.inner import Inner
from adapters.blobs.sealing.keys import KEYS_FILE, SQLiteBlobKeys
from adapters.blobs.sealing.store import SealedBlobStore
from adapters.s3.address import Address
from adapters.s3.client import Client
from domain.errors import BlobErased, BlobMissing, InvalidDigest
from domain.ports.blobs import BlobStore

NOWHERE = hashlib.sha256(b"nowhere").hexdigest()
HOSTILE_NAMES = ("", "..", "../../etc/passwd", "A" * 64, "g" * 64, "a" * 63, "a" * 65, "a" * 64 + "\n", "/" + "a" * 63)


@pytest.fixture(params=["folder", "s3", "s3-shared", "sealed-folder", "sealed-s3"])
def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], BlobStore]:
    """Opens the same store again and again, as several processes do; with shared uploads, on as many machines. Files
    are sealed in a folder, and in a bucket that locks them."""
    if request.param == "folder":
        return lambda: FolderBlobStore(tmp_path / "blobs", tmp_path / "staging")
    if request.param == "sealed-folder":
        return lambda: sealed(FolderBlobStore(tmp_path / "blobs", tmp_path / "staging"), tmp_path)
    if request.param == "sealed-s3":
        locked = Address.parse(request.getfixturevalue("make_s3_bucket")(lock="governance", days=1))
        return lambda: sealed(S3BlobStore(Client(locked), tmp_path / "spool"), tmp_path)
    address = Address.parse(request.getfixturevalue("s3_bucket"))
    if request.param == "s3":
        return lambda: S3BlobStore(Client(address), tmp_path / "spool")
    machines = count()
    return lambda: S3BlobStore(Client(address), tmp_path / f"spool-{next(machines)}", shared=True)


def sealed(inner: Inner, folder: Path) -> SealedBlobStore:
    return SealedBlobStore(inner, SQLiteBlobKeys(folder / KEYS_FILE), sealing=True)


@pytest.fixture
def store(connect: Callable[[], BlobStore]) -> BlobStore:
    return connect()


def put(store: BlobStore, data: bytes) -> str:
    staged = store.stage(iter([data]))
    staged.commit()
    return staged.sha256


@pytest.mark.parametrize("by", ["commit", "discard"])
def test_two_that_found_one_upload_do_not_feel_each_other(connect: Callable[[], BlobStore], by: str) -> None:
    """Two clients sent the same bytes, and the requests that name them find the same of both uploads."""
    uploads = [connect().stage(iter([b"the same"])) for _ in range(2)]
    store = connect()
    found = [store.find_staged(uploads[0].sha256) for _ in range(2)]
    assert found[0] is not None and found[1] is not None
    getattr(found[0], by)()
    with found[1].open() as reader:
        assert reader.read() == b"the same"
    found[1].commit()
    assert store.size(uploads[0].sha256) == 8


@pytest.mark.parametrize("size", [0, 1, 1000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5_000_000])
@pytest.mark.parametrize("chunk", [977, 65536, 3 << 20])
def test_bytes_come_back_as_they_went_in(store: BlobStore, size: int, chunk: int) -> None:
    """Whatever the sizes of file and chunks, digest, size and bytes are right."""
    data = hashlib.shake_128(b"x").digest(size)
    staged = store.stage(data[at : at + chunk] for at in range(0, size, chunk))
    assert (staged.sha256, staged.size) == (hashlib.sha256(data).hexdigest(), size)
    with staged.open() as reader:
        assert reader.read() == data
    staged.commit()
    with store.open(staged.sha256) as reader:
        assert reader.read() == data
        assert reader.seek(0) == 0 and reader.read(1) == data[:1]
    assert store.size(staged.sha256) == size


def test_empty_chunks_change_nothing(store: BlobStore) -> None:
    """A stream may hold empty chunks, at its ends too."""
    assert store.stage(iter([b"", b"ab", b"", b"c", b""])).sha256 == hashlib.sha256(b"abc").hexdigest()


def test_what_is_only_staged_is_not_kept(store: BlobStore) -> None:
    """Before the commit the store knows nothing of the file."""
    staged = store.stage(iter([b"draft"]))
    assert store.size(staged.sha256) is None and list(store.digests()) == []
    with pytest.raises(BlobMissing):
        store.open(staged.sha256)


def test_staged_file_is_found_by_a_later_request(connect: Callable[[], BlobStore]) -> None:
    """Upload first, file the record later, perhaps in another process."""
    sha256 = connect().stage(iter([b"evidence"])).sha256
    found = connect().find_staged(sha256)
    assert found is not None and found.size == 8
    found.commit()
    later = connect()
    assert later.size(sha256) == 8 and later.find_staged(sha256) is None


def test_discarded_file_is_gone(store: BlobStore) -> None:
    """A discard removes the upload, and may be repeated."""
    staged = store.stage(iter([b"unwanted"]))
    staged.discard()
    staged.discard()
    assert store.find_staged(staged.sha256) is None


def test_discard_of_one_upload_leaves_another_of_the_same_bytes(store: BlobStore) -> None:
    """Two clerks upload the same file; the one who gives up takes nothing from the other."""
    mine, theirs = store.stage(iter([b"same"])), store.stage(iter([b"same"]))
    theirs.discard()
    mine.commit()
    assert store.size(mine.sha256) == 4


def test_same_bytes_are_kept_once(store: BlobStore) -> None:
    """A second commit of the same digest, and a second commit of the same upload, change nothing."""
    first, second = store.stage(iter([b"same"])), store.stage(iter([b"sa", b"me"]))
    first.commit()
    second.commit()
    first.commit()
    assert list(store.digests()) == [first.sha256]


def test_commit_after_discard_is_refused(store: BlobStore) -> None:
    """Bytes that are gone cannot be acknowledged."""
    staged = store.stage(iter([b"gone"]))
    staged.discard()
    with pytest.raises(BlobMissing):
        staged.commit()


def test_digests_ascend_and_nothing_is_stray(store: BlobStore) -> None:
    """The inventory is complete and in order."""
    kept = sorted(put(store, bytes([n])) for n in range(40))
    assert list(store.digests()) == kept and list(store.strays()) == []


def test_fixity_finds_sound_and_missing(store: BlobStore) -> None:
    """Results come in the order asked; a digest that is not kept has no size."""
    kept = [put(store, bytes([n]) * n * 1000) for n in range(30)]
    asked = [*kept[:10], NOWHERE, *kept[10:]]
    results = list(store.fixity(iter(asked), workers=2))
    assert [result.sha256 for result in results] == asked
    assert all(result.computed == result.sha256 for result in results if result.sha256 != NOWHERE)
    assert results[10] == (NOWHERE, None, None)
    assert [result.size for result in results][:3] == [0, 1000, 2000]


def test_a_broken_stream_leaves_nothing(store: BlobStore) -> None:
    """A client that goes away in mid-upload ends the call with its own error."""

    def broken() -> Iterator[bytes]:
        yield b"x" * (3 << 20)
        raise ConnectionResetError("client went away")

    with pytest.raises(ConnectionResetError):
        store.stage(broken())
    assert list(store.digests()) == [] and list(store.strays()) == []


def test_memory_stays_flat(store: BlobStore) -> None:
    """A file of 64 MiB passes through a few of them, on its way in and when it is hashed again."""
    tracemalloc.start()
    try:
        staged = store.stage(bytes([n]) * (1 << 18) for n in range(256))
        staged.commit()
        assert [result.computed for result in store.fixity([staged.sha256])] == [staged.sha256]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


def test_what_was_erased_is_gone_and_stays_so(connect: Callable[[], BlobStore]) -> None:
    """An erased file is named as erased by every process, is in no list, and does not come back by being sent again."""
    store, waiting = connect(), connect().stage(iter([b"private"]))
    gone, kept = put(store, b"private"), put(store, b"public")
    assert store.erased([gone, kept]) == set()
    assert store.erase(gone) and store.erase(gone)
    again = connect()
    for each in (store, again):
        assert each.erased([gone, kept, NOWHERE]) == {gone}
        assert each.size(gone) is None and list(each.digests()) == [kept] and list(each.strays()) == []
        assert list(each.fixity([gone, kept])) == [(gone, None, None), (kept, kept, 6)]
        assert each.find_staged(gone) is None
        with pytest.raises(BlobErased):
            each.open(gone)
        with pytest.raises(BlobErased):
            each.stage(iter([b"private"])).commit()
    with pytest.raises(BlobErased):
        waiting.commit()
    assert again.size(gone) is None
    with again.open(kept) as reader:
        assert reader.read() == b"public"


def test_what_never_was_here_can_be_erased(store: BlobStore) -> None:
    """Who repeats an erasure, or does it in a copy of the archive, is told that nothing can be read."""
    assert store.erase(NOWHERE) and store.erased([NOWHERE]) == {NOWHERE}
    with pytest.raises(BlobErased):
        put(store, b"nowhere")


def test_what_somebody_needs_is_not_erased(store: BlobStore) -> None:
    """Asked once no filing is under way; where the answer is yes nothing happens, and it may be erased another day."""
    needed, filing, asked = put(store, b"needed"), Event(), Event()

    def erase() -> bool:
        filing.wait(10)
        return store.erase(needed, unless=lambda: bool(asked.set()) or True)

    with ThreadPoolExecutor(1) as pool:
        with store.pending([needed]):
            under_way = pool.submit(erase)
            filing.set()
            assert not asked.wait(0.3)
        assert under_way.result(10) is False
    assert asked.is_set() and store.size(needed) == 6 and store.erased([needed]) == set()
    assert store.erase(needed, unless=lambda: False) and store.erased([needed]) == {needed}


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_only_digests_are_names(store: BlobStore, name: str) -> None:
    """What is not a digest is refused by name before anything is looked up."""
    for call in (store.open, store.size, store.find_staged, store.erase):
        with pytest.raises(InvalidDigest):
            call(name)
    with pytest.raises(InvalidDigest):
        list(store.fixity([name]))
