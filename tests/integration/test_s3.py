"""Files on a real S3 server: locks, versions, ranges, and what is left after a line that loses requests and answers."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import textwrap
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from minio.commonconfig import GOVERNANCE
from minio.error import S3Error
from minio.helpers import md5sum_hash
from minio.objectlockconfig import DAYS, ObjectLockConfig

from adapters.blobs import s3_sending
from adapters.blobs.folder import STAGED_SECONDS
from adapters.blobs.s3 import S3BlobStore
from adapters.blobs.s3_inventory import key_of
from adapters.s3 import client as client_module
from adapters.s3.address import Address
from adapters.s3.faults import BucketCannotLock, BucketMissing, FileStoreClock, FileStoreDenied, FileStoreUnreachable
from domain.errors import BlobDamaged, BlobMissing, JianzhengError, StorageFailed, StorageFull
from tests.s3_world import QUICK, SHORT, BadLine, Deed, bad_line, client, put, store
from tests.servers.addresses import name_in, place
from tests.servers.own import new_name, s3_client
from tests.servers.plugin import MakeBucket

SMALL = b"evidence" * 1000
LARGE = hashlib.shake_128(b"large").digest((5 << 20) + 12345)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As small as S3 takes them, so that files of a few MiB go in parts."""
    monkeypatch.setattr(s3_sending, "WHOLE", 5 << 20)
    monkeypatch.setattr(s3_sending, "PART", 5 << 20)


@pytest.fixture
def blobs(s3_bucket: str, tmp_path: Path) -> S3BlobStore:
    """In a bucket with versions, without lock."""
    return store(s3_bucket, tmp_path / "spool")


@pytest.fixture
def line(s3_bucket: str) -> Iterator[BadLine]:
    with bad_line(s3_bucket) as found:
        yield found


def behind_our_back(url: str, sha256: str, data: bytes) -> None:
    """Somebody with the bucket's key writes over a kept file."""
    s3_client(url).put_object(name_in(url), key_of(sha256), BytesIO(data), len(data))


# ── locks ───────────────────────────────────────────────────────────────────────────────────────────────────────


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
    assert [result.found for result in blobs.fixity([sha256])] == [sha256]


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


def test_a_broken_download_goes_on(line: BadLine, tmp_path: Path) -> None:
    """Each cut costs another request, for the rest; the reader notices nothing."""
    blobs = line.store(tmp_path)
    sha256 = put(blobs, LARGE)
    cuts = iter(range(10**6))
    line.rule = lambda method, path: "cut answer" if method == "GET" and next(cuts) % 2 == 0 else "pass"
    with blobs.open(sha256) as reader:
        assert reader.read() == LARGE
    assert [result.found for result in blobs.fixity([sha256])] == [sha256]


# ── a bad line ──────────────────────────────────────────────────────────────────────────────────────────────────


IN_PARTS = [pytest.mark.slow]


@pytest.mark.parametrize(
    ("deed", "data", "shared"),
    [
        *[(deed, SMALL, False) for deed in ("lose request", "lose answer", (503, "SlowDown"), (502, ""))],
        *[(deed, SMALL, True) for deed in ("lose request", "lose answer")],
        *[pytest.param(deed, LARGE, False, marks=IN_PARTS) for deed in ("lose request", "lose answer", (500, ""))],
        pytest.param("lose answer", LARGE, True, marks=IN_PARTS),
    ],
    ids=lambda value: f"{len(value)} bytes" if isinstance(value, bytes) else str(value),
)
def test_each_request_may_be_lost_and_nothing_is_stored_twice(
    line: BadLine, s3_bucket: str, tmp_path: Path, deed: Deed, data: bytes, shared: bool
) -> None:
    """Whichever request or answer is lost, filing succeeds by itself and leaves one version of one object."""
    for number in range(1, 40):
        blobs = line.store(tmp_path / str(number), shared=shared)
        content = data + number.to_bytes(2)
        line.disturb(number, deed)
        before = line.count
        staged = blobs.stage(iter([content]))
        with blobs.pending([staged.sha256]):
            staged.commit()
        requests = line.count - before
        assert len(blobs.versions(staged.sha256)) == 1
        assert [result.found for result in blobs.fixity([staged.sha256])] == [staged.sha256]
        if number > requests:
            break
    else:
        raise AssertionError("the requests of one filing never end")
    assert blobs.leftovers() == set() and list(blobs.strays()) == []
    names = {str(each.object_name) for each in client(s3_bucket).objects("", versions=True)}
    assert len(names) == number and all(name.startswith("files/") for name in names)


@pytest.mark.parametrize(
    ("deed", "error"),
    [
        ((507, "XMinioStorageFull"), StorageFull),
        ((400, "XMinioAdminBucketQuotaExceeded"), StorageFull),
        ((403, "AccessDenied"), FileStoreDenied),
        ((403, "SignatureDoesNotMatch"), FileStoreDenied),
        ((403, "RequestTimeTooSkewed"), FileStoreClock),
        ((404, "NoSuchBucket"), BucketMissing),
        ((503, "SlowDown"), FileStoreUnreachable),
        ((500, "InternalError"), FileStoreUnreachable),
        ((502, ""), FileStoreUnreachable),
        ((400, "EntityTooLarge"), StorageFailed),
        ((200, ""), None),
        ("lose request", FileStoreUnreachable),
    ],
    ids=str,
)
def test_each_fault_has_its_name(line: BadLine, tmp_path: Path, deed: Deed, error: type[JianzhengError] | None) -> None:
    """Full, denied, missing and unreachable are told apart; nothing is kept; afterwards the same upload is."""
    blobs = line.store(tmp_path, SHORT)
    assert list(blobs.digests()) == []  # the bucket's region is known from now on
    staged = blobs.stage(iter([SMALL]))
    line.rule = lambda method, path: deed
    if error is None:  # something between us that says "200" to everything
        staged.commit()
        with pytest.raises(FileStoreUnreachable):
            list(blobs.digests())
        return
    with pytest.raises(error) as caught:
        staged.commit()
    assert type(caught.value) is error and "said" not in caught.value.message("en")
    line.rule = lambda method, path: "pass"
    assert blobs.size(staged.sha256) is None
    staged.commit()
    assert len(blobs.versions(staged.sha256)) == 1


def test_an_unreadable_file_is_a_finding_and_an_unreachable_server_is_none(line: BadLine, tmp_path: Path) -> None:
    """One object that cannot be read while others can is damaged; a server that is gone says nothing about files."""
    blobs = line.store(tmp_path, SHORT)
    bad, good = put(blobs, SMALL), put(blobs, b"good")
    line.rule = lambda method, path: (500, "InternalError") if method == "GET" and bad in path else "pass"
    assert list(blobs.fixity([bad, good])) == [(bad, None, len(SMALL)), (good, good, 4)]
    line.rule = lambda method, path: "lose request"
    with pytest.raises(FileStoreUnreachable):
        list(blobs.fixity([bad, good]))


def test_a_damaged_spool_is_not_kept(tmp_path: Path, blobs: S3BlobStore) -> None:
    """Bytes that changed between their arrival and the commit are refused, small ones and those in parts."""
    for data in (SMALL, LARGE):
        staged = blobs.stage(iter([data]))
        [path] = [path for path in (tmp_path / "spool").iterdir() if path.name.startswith(staged.sha256)]
        path.chmod(0o644)
        path.write_bytes(bytes(len(data)))
        with pytest.raises(BlobMissing):
            staged.commit()
        assert blobs.find_staged(staged.sha256) is None
    assert list(blobs.digests()) == []


def test_secrets_are_not_told(s3_bucket: str, tmp_path: Path) -> None:
    """A wrong secret is refused in words that hold neither it nor the key."""
    right = Address.parse(s3_bucket)
    url = s3_bucket.replace(f"{right.key}:{right.secret}@", "keyhush:secrethush@")
    with pytest.raises(FileStoreDenied) as caught:
        store(url, tmp_path).size("0" * 64)
    told = f"{caught.value!r}{caught.value.as_dict('zh')}{caught.value.__cause__!r}"
    assert "hush" not in told and caught.value.__suppress_context__


@pytest.mark.parametrize("region", [{}, {"region": "us-east-1"}], ids=["asked", "given"])
def test_a_missing_bucket_is_said(s3_bucket: str, tmp_path: Path, region: dict[str, str]) -> None:
    """No question to a bucket that is not there is answered with "no such file"."""
    blobs = store(place(s3_bucket, new_name(), **region), tmp_path)
    calls: list[Callable[[], object]] = [
        lambda: blobs.size("0" * 64),
        lambda: blobs.open("0" * 64),
        lambda: put(blobs, SMALL),
        lambda: list(blobs.digests()),
        lambda: list(blobs.fixity(["0" * 64])),
        blobs.leftovers,
    ]
    for call in calls:
        with pytest.raises(BucketMissing):
            call()


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
    assert all(result.found == result.sha256 for result in blobs.fixity(kept))


# ── the bucket ──────────────────────────────────────────────────────────────────────────────────────────────────


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
