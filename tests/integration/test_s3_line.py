"""Files on a real S3 server behind a line that loses requests, answers and parts of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.blobs.s3 import S3BlobStore
from adapters.s3.address import Address
from adapters.s3.faults import BucketMissing, FileStoreClock, FileStoreDenied, FileStoreUnreachable
from domain.errors import BlobMissing, JianzhengError, StorageFailed, StorageFull
from tests.s3_world import (
    LARGE,
    SHORT,
    SMALL,
    BadLine,
    Deed,
    bad_line,
    client,
    put,
    small_parts,
    store,
)
from tests.servers.addresses import place
from tests.servers.own import new_name


@pytest.fixture(autouse=True)
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """`LARGE` goes in parts."""
    small_parts(monkeypatch)


@pytest.fixture
def blobs(s3_bucket: str, tmp_path: Path) -> S3BlobStore:
    """In a bucket with versions, without lock."""
    return store(s3_bucket, tmp_path / "spool")


@pytest.fixture
def line(s3_bucket: str) -> Iterator[BadLine]:
    with bad_line(s3_bucket) as found:
        yield found


def test_a_broken_download_goes_on(line: BadLine, tmp_path: Path) -> None:
    """Each cut costs another request, for the rest; the reader notices nothing."""
    blobs = line.store(tmp_path)
    sha256 = put(blobs, LARGE)
    cuts = iter(range(10**6))
    line.rule = lambda method, path: "cut answer" if method == "GET" and next(cuts) % 2 == 0 else "pass"
    with blobs.open(sha256) as reader:
        assert reader.read() == LARGE
    assert [result.computed for result in blobs.fixity([sha256])] == [sha256]


def test_a_file_is_hashed_again_by_one_request(line: BadLine, tmp_path: Path) -> None:
    """Where nothing goes wrong nothing is asked about a file before it is read; half an answer is no finding."""
    blobs = line.store(tmp_path)
    digests = [put(blobs, SMALL + bytes([n])) for n in range(3)]
    before = line.count
    assert [result.computed for result in blobs.fixity(digests)] == digests
    assert line.count - before == len(digests)
    cuts = iter(range(10**6))
    line.rule = lambda method, path: "cut answer" if method == "GET" and next(cuts) == 0 else "pass"
    assert [result.computed for result in blobs.fixity(digests)] == digests


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
        assert [result.computed for result in blobs.fixity([staged.sha256])] == [staged.sha256]
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
