"""Files on a real S3 server: versions, ranges, what others do to the bucket, and filings that died."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import textwrap
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from minio.helpers import md5sum_hash

from adapters.blobs import s3 as s3_module
from adapters.blobs import s3_sending
from adapters.blobs.folder import STAGED_SECONDS
from adapters.blobs.s3 import S3BlobStore
from adapters.blobs.s3_inventory import key_of
from adapters.blobs.s3_notes import FolderGate, Notes
from adapters.blobs.s3_sending import Sent
from adapters.s3 import client as client_module
from adapters.s3.faults import ChecksumMismatch
from domain.errors import BlobDamaged, BlobMissing
from tests.s3_world import (
    LARGE,
    SMALL,
    behind_our_back,
    client,
    put,
    small_parts,
    store,
)
from tests.servers.addresses import name_in
from tests.servers.own import s3_client
from tests.servers.plugin import MakeBucket


@pytest.fixture(autouse=True)
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """`LARGE` goes in parts."""
    small_parts(monkeypatch)


@pytest.fixture
def blobs(s3_bucket: str, tmp_path: Path) -> S3BlobStore:
    """In a bucket with versions, without lock."""
    return store(s3_bucket, tmp_path / "spool")


# ── what others do to the bucket ────────────────────────────────────────────────────────────────────────────────


def test_a_deleted_file_is_missing(s3_bucket: str, blobs: S3BlobStore) -> None:
    """A delete marker hides it from every question, the version behind it stays, and it can be kept again."""
    sha256 = put(blobs, SMALL)
    s3_client(s3_bucket).remove_object(name_in(s3_bucket), key_of(sha256))
    assert blobs.size(sha256) is None and list(blobs.digests()) == []
    assert list(blobs.fixity([sha256])) == [(sha256, None, None)]
    with pytest.raises(BlobMissing):
        blobs.open(sha256)
    assert [(each.current, each.deleted) for each in blobs.versions(sha256)].count((True, True)) == 1
    assert len(blobs.versions(sha256)) == 2 and list(blobs.extra_versions()) == []
    assert put(blobs, SMALL) == sha256 and blobs.size(sha256) == len(SMALL)


@pytest.mark.parametrize("other", [b"short", bytes(len(SMALL)), SMALL], ids=["other size", "same size", "same bytes"])
def test_a_file_that_was_written_over_is_noticed(s3_bucket: str, blobs: S3BlobStore, other: bytes) -> None:
    """It is damaged unless the bytes are the same; in any case the version that was replaced is named."""
    sha256 = put(blobs, SMALL)
    [first] = blobs.versions(sha256)
    behind_our_back(s3_bucket, sha256, other)
    [result] = blobs.fixity([sha256])
    assert result == (sha256, hashlib.sha256(other).hexdigest(), len(other))
    assert [each.version for each in blobs.extra_versions()] == [first.version]
    assert list(blobs.strays()) == [f"{key_of(sha256)}?versionId={first.version}"]
    staged = blobs.stage(iter([SMALL]))
    if other == SMALL:
        staged.commit()
    else:
        with pytest.raises(BlobDamaged):
            staged.commit()
        assert blobs.find_staged(sha256) is not None


def test_strays_are_named(s3_bucket: str, blobs: S3BlobStore) -> None:
    """Foreign objects and wrong places are listed, none of them as a kept file; what is ours is not listed."""
    sha256 = put(blobs, SMALL)
    foreign = ["notes.txt", f"files/sha256/00/00/{sha256}", f"files/{sha256}", "files/sha256/ab/cd/评语 +&.txt"]
    own = ["ledger/checkpoint", "ledger/tile/0/000", f"staging/{sha256}.0", "pending/0"]
    for name in foreign + own:
        s3_client(s3_bucket).put_object(name_in(s3_bucket), name, BytesIO(b"x"), 1)
    assert list(blobs.digests()) == [sha256]
    assert sorted(blobs.strays()) == sorted(foreign)


def test_more_files_than_a_page(s3_bucket: str, blobs: S3BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listings go on behind the first page, in order, with and without versions, also in the middle of a file's."""
    monkeypatch.setattr(client_module, "PAGE", 3)
    kept = sorted(put(blobs, bytes([n])) for n in range(10))
    for n in range(4):
        behind_our_back(s3_bucket, kept[4], bytes([n]))
    s3_client(s3_bucket).remove_object(name_in(s3_bucket), key_of(kept[7]))
    assert list(blobs.digests()) == kept[:7] + kept[8:]
    assert len(list(blobs.strays())) == len(list(blobs.extra_versions())) == 4
    assert {each.sha256 for each in blobs.extra_versions()} == {kept[4]}


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_any_range_can_be_read(blobs: S3BlobStore) -> None:
    """Wherever one seeks and however much one reads, the bytes are those of the file."""
    sha256, chance = put(blobs, LARGE), random.Random(1)
    with blobs.open(sha256) as reader:
        assert reader.seek(-22, 2) == len(LARGE) - 22 and reader.read() == LARGE[-22:]
        for _ in range(40):
            start, length = chance.randrange(len(LARGE) + 10), chance.choice([0, 1, 100, 300_000, 3_000_000])
            reader.seek(start)
            assert reader.read(length) == LARGE[start : start + length]
            assert reader.tell() == min(start + length, max(start, len(LARGE)))
        with pytest.raises(OSError, match="negative"):
            reader.seek(-1)


def test_a_reader_stays_with_its_version(s3_bucket: str, blobs: S3BlobStore) -> None:
    """A file that is written over while it is being read is not mixed with what replaces it."""
    sha256 = put(blobs, LARGE)
    with blobs.open(sha256) as reader:
        head = reader.read(1000)
        behind_our_back(s3_bucket, sha256, bytes(len(LARGE)))
        assert head + reader.read() == LARGE


def test_reading_keeps_memory_flat(blobs: S3BlobStore) -> None:
    """64 MiB pass through a fraction of it, in and out."""
    tracemalloc.start()
    try:
        staged = blobs.stage(bytes([n]) * (1 << 18) for n in range(256))
        staged.commit()
        with blobs.open(staged.sha256) as reader:
            while reader.read(1 << 18):
                pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


# ── filings that died, uploads that nobody claimed ──────────────────────────────────────────────────────────────


def test_an_interrupted_filing_is_cleaned_up(blobs: S3BlobStore) -> None:
    """Its files are leftovers, seen from every machine; those that an event names stay."""
    named, unnamed = blobs.stage(iter([b"named"])), blobs.stage(iter([b"unnamed"]))
    with pytest.raises(ZeroDivisionError), blobs.pending([named.sha256, unnamed.sha256]):
        named.commit()
        unnamed.commit()
        raise ZeroDivisionError
    assert blobs.leftovers() == {named.sha256, unnamed.sha256}
    assert blobs.clean_up(lambda digests: digests & {named.sha256}) == [unnamed.sha256]
    assert list(blobs.digests()) == [named.sha256] and blobs.leftovers() == set()
    assert blobs.versions(unnamed.sha256) == [] and list(blobs.strays()) == []


class RemoteGate(FolderGate):
    """A gate whose filings may still come to something for a minute after they died."""

    aftermath = 60.0


def test_a_filing_that_died_a_moment_ago_is_left_alone(
    s3_bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its event may be on the way; also what it shares with one that died long ago stays until nothing can come."""
    blobs = store(s3_bucket, tmp_path, gate=RemoteGate(tmp_path))
    both, old = put(blobs, b"both"), put(blobs, b"old")
    with pytest.raises(ZeroDivisionError), blobs.pending([both, old]):
        raise ZeroDivisionError
    assert blobs.clean_up(lambda digests: set()) == []
    listed = Notes._all
    long_ago = {note.key for note in listed(blobs._notes)}
    with pytest.raises(ZeroDivisionError), blobs.pending([both]):
        raise ZeroDivisionError
    hour = timedelta(hours=1)
    monkeypatch.setattr(
        Notes, "_all", lambda self: (n._replace(written=n.written - hour * (n.key in long_ago)) for n in listed(self))
    )
    assert blobs.clean_up(lambda digests: set()) == [old]
    assert blobs.leftovers() == {both}
    later = store(s3_bucket, tmp_path, gate=RemoteGate(tmp_path), now=lambda: time.time() + 120)
    assert later.clean_up(lambda digests: set()) == [both]
    assert later.leftovers() == set() and list(later.digests()) == []


def test_a_locked_leftover_stays_and_stays_noted(make_s3_bucket: MakeBucket, tmp_path: Path) -> None:
    """What may not be removed yet is not taken for tampering either; after its lock has ended it goes."""
    url = make_s3_bucket(lock="governance", days=1)
    blobs = store(url, tmp_path)
    with pytest.raises(ZeroDivisionError), blobs.pending([hashlib.sha256(SMALL).hexdigest()]):
        sha256 = put(blobs, SMALL)
        raise ZeroDivisionError
    for _ in range(2):
        assert blobs.clean_up(lambda digests: set()) == []
        assert blobs.leftovers() == {sha256} and list(blobs.digests()) == [sha256]
    nothing = b"<Retention/>"
    said = {"x-amz-bypass-governance-retention": "true", "Content-MD5": md5sum_hash(nothing)}
    s3_client(url)._execute("PUT", name_in(url), key_of(sha256), nothing, said, {"retention": ""})
    assert blobs.clean_up(lambda digests: set()) == [sha256]
    assert blobs.leftovers() == set() and list(blobs.digests()) == []


def test_unclaimed_uploads_expire_everywhere(s3_bucket: str, tmp_path: Path) -> None:
    """After a day a shared upload is found no more and is removed from the bucket, with all its versions."""
    staged = store(s3_bucket, tmp_path / "a", shared=True).stage(iter([LARGE]))
    assert store(s3_bucket, tmp_path / "b").find_staged(staged.sha256) is None  # not shared: another machine's
    late = datetime.now(UTC).timestamp() + STAGED_SECONDS + 60
    other = store(s3_bucket, tmp_path / "c", shared=True, now=lambda: late)
    assert other.find_staged(staged.sha256) is None
    assert other.sweep() == 1 and not list(client(s3_bucket).objects("", versions=True))


def test_an_upload_in_the_bucket_is_checked_when_it_is_claimed(s3_bucket: str, tmp_path: Path) -> None:
    """Whoever replaces an upload between two requests achieves that it is not found."""
    staged = store(s3_bucket, tmp_path / "a", shared=True).stage(iter([SMALL]))
    [found] = client(s3_bucket).objects("staging/")
    s3_client(s3_bucket).put_object(name_in(s3_bucket), str(found.object_name), BytesIO(b"other"), 5)
    assert store(s3_bucket, tmp_path / "b", shared=True).find_staged(staged.sha256) is None
    assert not list((tmp_path / "b").iterdir())


def test_many_commit_the_same_bytes(s3_bucket: str, tmp_path: Path) -> None:
    """Concurrent commits of one digest all succeed and leave one version, in one piece and in parts."""
    stores = [store(s3_bucket, tmp_path / str(n)) for n in range(4)]
    for data in (SMALL, LARGE):
        staged = [blobs.stage(iter([data])) for blobs in stores]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda each: each.commit(), staged))
        assert len(stores[0].versions(staged[0].sha256)) == 1


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["in one piece", "in parts"])
def test_an_upload_may_be_kept_by_another_filing_at_any_moment(
    blobs: S3BlobStore, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    """Of two filings that found one upload, one keeps and drops it right when the other begins to send it."""
    digest = blobs.stage(iter([data])).sha256
    quicker, slower = blobs.find_staged(digest), blobs.find_staged(digest)
    assert quicker is not None and slower is not None

    def late(*arguments: Any) -> Sent:
        monkeypatch.setattr(s3_module, "send", s3_sending.send)
        quicker.commit()
        return s3_sending.send(*arguments)

    monkeypatch.setattr(s3_module, "send", late)
    slower.commit()
    assert len(blobs.versions(digest)) == 1
    with blobs.open(digest) as kept:
        assert kept.read() == data


def test_killed_uploads_lose_nothing_that_was_acknowledged(s3_bucket: str, tmp_path: Path) -> None:
    """Processes that are killed while they store leave every acknowledged file whole, and no half file kept."""
    program = textwrap.dedent(
        """
        import os, sys
        from pathlib import Path
        from adapters.blobs.s3 import S3BlobStore
        from adapters.s3.address import Address
        from adapters.s3.client import Client
        store = S3BlobStore(Client(Address.parse(os.environ["BUCKET"])), Path(sys.argv[1]))
        while True:
            staged = store.stage(iter([os.urandom(2_000_000)] * int(sys.argv[2])))
            staged.commit()
            os.write(1, (staged.sha256 + "\\n").encode())
        """
    )
    acknowledged: list[str] = []
    for count in (1, 2, 3, 40):
        command = [sys.executable, "-c", program, str(tmp_path), str(count)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env={"BUCKET": s3_bucket}) as process:
            assert process.stdout is not None
            for _ in range(min(count, 3)):
                acknowledged.append(process.stdout.readline().decode().strip())
            process.kill()
            acknowledged += process.stdout.read().decode().split("\n")[:-1]
    blobs = store(s3_bucket, tmp_path)
    kept = list(blobs.digests())
    assert set(acknowledged) <= set(kept) and list(blobs.strays()) == [] and "" not in acknowledged
    assert all(result.computed == result.sha256 for result in blobs.fixity(kept))


def test_the_server_verifies_what_arrives(s3_bucket: str) -> None:
    """Bytes that are not those that were announced make no object and no part; what is kept has its checksum."""
    bucket = client(s3_bucket)
    with pytest.raises(ChecksumMismatch):
        bucket.create("files/x", SMALL, sha256=hashlib.sha256(b"other").digest())
    assert bucket.head("files/x") is None
    upload = bucket.start("files/x", {})
    with pytest.raises(ChecksumMismatch):
        bucket.part("files/x", upload, 1, SMALL, hashlib.sha256(b"other").digest())
    made = bucket.complete("files/x", upload, [bucket.part("files/x", upload, 1, SMALL)])
    assert made.fresh and not bucket.create("files/x", b"another one").fresh
    assert not bucket.complete("files/x", upload, [bucket.part("files/x", bucket.start("files/x", {}), 1, SMALL)]).fresh
    kept = bucket.head("files/x")
    assert kept is not None and kept.checksum is not None and kept.checksum.endswith("-1")
