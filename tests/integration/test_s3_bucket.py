"""Buckets on a real S3 server: locks on what is kept, and what is said about a bucket that is unsafe."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from minio.commonconfig import GOVERNANCE
from minio.error import S3Error
from minio.objectlockconfig import DAYS, ObjectLockConfig

from adapters.blobs.s3_inventory import key_of
from adapters.s3.address import Address
from adapters.s3.faults import BucketCannotLock, BucketMissing, FileStoreDenied, FileStoreUnreachable
from tests.s3_world import (
    LARGE,
    QUICK,
    SHORT,
    SMALL,
    client,
    put,
    small_parts,
    store,
)
from tests.servers.addresses import name_in, place
from tests.servers.own import new_name, s3_client
from tests.servers.plugin import MakeBucket


@pytest.fixture(autouse=True)
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """`LARGE` goes in parts."""
    small_parts(monkeypatch)


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "in parts"])
@pytest.mark.parametrize("mode", ["governance", "compliance"])
def test_the_lock_refuses_to_remove_a_file(make_s3_bucket: MakeBucket, tmp_path: Path, mode: str, data: bytes) -> None:
    """A kept file is locked from its first moment, for as long as the settings say, even against the key's owner."""
    url = make_s3_bucket(lock=mode, days=2)
    blobs = store(url, tmp_path)
    before = datetime.now(UTC)
    sha256 = put(blobs, data)
    kept = blobs.lock(sha256)
    assert kept.lock_mode == mode.upper() and kept.locked_until is not None
    assert abs(kept.locked_until - before - timedelta(days=2)) < timedelta(minutes=5)
    with pytest.raises(S3Error, match=r"WORM|protected|denied"):
        s3_client(url).remove_object(name_in(url), key_of(sha256), kept.version)
    assert [result.computed for result in blobs.fixity([sha256])] == [sha256]


def test_a_lock_is_lengthened_and_never_shortened(make_s3_bucket: MakeBucket, tmp_path: Path) -> None:
    """The record's retention period may ask for more than the settings; asking for less changes nothing."""
    blobs = store(make_s3_bucket(lock="governance", days=1), tmp_path)
    sha256 = put(blobs, SMALL)
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3650)
    for until in (later, datetime.now(UTC) + timedelta(days=3), datetime.now(UTC)):
        blobs.extend_retention(sha256, until)
        assert blobs.lock(sha256).locked_until == later
    assert len(blobs.versions(sha256)) == 1


def test_the_same_file_again_is_locked_anew(make_s3_bucket: MakeBucket, tmp_path: Path) -> None:
    """Another record that has the same file relies on it from now on."""
    url = make_s3_bucket(lock="governance", days=30)
    sha256 = put(store(url, tmp_path), SMALL)
    first = store(url, tmp_path).lock(sha256).locked_until
    in_a_week = datetime.now(UTC).timestamp() + 7 * 86400
    put(store(url, tmp_path, now=lambda: in_a_week), SMALL)
    again = store(url, tmp_path).lock(sha256).locked_until
    assert first is not None and again is not None and again - first > timedelta(days=6)


def test_a_legal_hold_locks_until_it_is_lifted(make_s3_bucket: MakeBucket, tmp_path: Path) -> None:
    """A hold needs no end and leaves the retention as it is."""
    blobs = store(make_s3_bucket(lock="governance", days=1), tmp_path)
    sha256 = put(blobs, SMALL)
    until = blobs.lock(sha256).locked_until
    for on in (True, True, False):
        blobs.set_legal_hold(sha256, on)
        assert (blobs.lock(sha256).legal_hold, blobs.lock(sha256).locked_until) == (on, until)


def test_without_object_lock_nothing_is_kept_unlocked(s3_bucket: str, tmp_path: Path) -> None:
    """Where the settings ask for locks that the bucket cannot give, filing stops instead of going on without."""
    blobs = store(place(s3_bucket, name_in(s3_bucket), lock="compliance", days="1"), tmp_path)
    with pytest.raises(BucketCannotLock):
        put(blobs, SMALL)
    with pytest.raises(BucketCannotLock):
        blobs.create()
    assert list(blobs.digests()) == []


@pytest.mark.parametrize("options", [{}, {"lock": "governance", "days": "1"}], ids=["off", "governance"])
def test_a_bucket_is_made_safe(s3_bucket: str, tmp_path: Path, options: dict[str, str]) -> None:
    """`create` makes it with versions, and with lock where the settings say so; twice does no harm."""
    blobs = store(place(s3_bucket, new_name(), **options), tmp_path)
    facts = blobs.check()
    assert (facts.reachable, facts.exists, type(facts.problem)) == (True, False, BucketMissing)
    for _ in range(2):
        blobs.create()
    facts = blobs.check()
    assert (facts.exists, facts.versioning, facts.conditional_writes, facts.problem) == (True, True, True, None)
    assert facts.object_lock is bool(options) and facts.default_lock is None and facts.server
    assert len(facts.remarks()) == len(facts.remarks("en")) == (0 if options else 1)
    put(blobs, SMALL)
    assert list(blobs.strays()) == []


def test_an_unsafe_bucket_is_told_apart(make_s3_bucket: MakeBucket, tmp_path: Path) -> None:
    """Without versions, without lock, with a default lock: each has its sentence."""
    plain = make_s3_bucket(versions=False)
    facts = store(plain, tmp_path).check()
    assert (facts.versioning, facts.object_lock) == (False, False) and len(facts.remarks()) == 2
    locked = make_s3_bucket(lock="governance", days=1)
    s3_client(locked).set_object_lock_config(name_in(locked), ObjectLockConfig(GOVERNANCE, 3, DAYS))
    facts = store(locked, tmp_path).check()
    assert facts.default_lock == "governance 3 days" and len(facts.remarks()) == 1
    facts = store(place(plain, name_in(plain), lock="compliance", days="1"), tmp_path).check()
    assert type(facts.problem) is BucketCannotLock


def test_a_bucket_without_versions_works_too(make_s3_bucket: MakeBucket, tmp_path: Path) -> None:
    """It is unsafe and said to be so, but files go in and out, notes and shared uploads go away."""
    url = make_s3_bucket(versions=False)
    blobs = store(url, tmp_path, shared=True)
    staged = blobs.stage(iter([LARGE]))
    with blobs.pending([staged.sha256]):
        staged.commit()
        assert blobs.leftovers() == {staged.sha256}
    with blobs.open(staged.sha256) as reader:
        assert reader.read() == LARGE
    assert [str(each.object_name) for each in client(url).objects("")] == [key_of(staged.sha256)]


def test_check_never_fails(s3_bucket: str, tmp_path: Path) -> None:
    """Of a server that is not there, or that refuses the key, it says so."""
    right = Address.parse(s3_bucket)
    nobody = s3_bucket.replace(right.endpoint, "127.0.0.1:9")
    facts = store(nobody, tmp_path, SHORT).check()
    assert (facts.reachable, facts.exists, type(facts.problem)) == (False, None, FileStoreUnreachable)
    facts = store(s3_bucket.replace(right.secret, "wrong-secret"), tmp_path, QUICK).check()
    assert (facts.reachable, facts.exists, type(facts.problem)) == (True, None, FileStoreDenied)
    assert len(facts.remarks()) == 1
