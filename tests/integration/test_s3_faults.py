"""The S3 server itself stopped, paused and restarted: clear errors in bounded time, and a way on by itself."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.blobs.s3 import S3BlobStore
from adapters.blobs.s3_inventory import key_of
from adapters.ledger.publisher_s3 import S3Publisher
from adapters.s3.client import Client, Patience
from adapters.s3.faults import FileStoreUnreachable
from adapters.servers.breaker import REST
from domain.ledger.tiles import Tile
from tests.s3_world import SHORT, client, put, spoil_on_drives, store
from tests.servers.local import Server
from tests.servers.own import own_bucket
from tests.servers.plugin import private_server

pytestmark = pytest.mark.nightly

DATA = hashlib.shake_128(b"data").digest(3_000_000)
PATIENT = Patience(connect=5, read=20, total=60, first_pause=0.05, longest_pause=0.5)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One for all tests of this module; each leaves it running."""
    with private_server("s3") as found:
        yield found


@pytest.fixture
def bucket(server: Server) -> Iterator[str]:
    with own_bucket(server.url) as url:
        yield url


@pytest.mark.parametrize("fault", ["pause", "kill"])
def test_nothing_is_half_done_while_the_server_is_away(server: Server, bucket: str, tmp_path: Path, fault: str) -> None:
    """Each call ends soon, in our error; the upload waits; when the server is back the same commit is kept once."""
    blobs = store(bucket, tmp_path, SHORT)
    kept = put(store(bucket, tmp_path, PATIENT), b"kept before")
    getattr(server, fault)()
    try:
        staged = blobs.stage(iter([DATA]))  # bytes still arrive
        began = time.monotonic()
        for call in (staged.commit, lambda: blobs.open(kept), lambda: list(blobs.fixity([kept])), blobs.leftovers):
            with pytest.raises(FileStoreUnreachable) as caught:
                call()
            assert caught.value.http_status == 503 and caught.value.retry_after > 0
        assert time.monotonic() - began < 60  # four calls of a few seconds, on however busy a machine
        assert not blobs.check().reachable
    finally:
        server.resume()
        server.start()
    again = store(bucket, tmp_path, PATIENT)
    found = again.find_staged(staged.sha256)
    assert found is not None
    found.commit()
    assert [result.computed for result in again.fixity([kept, staged.sha256])] == [kept, staged.sha256]
    # What was sent while it was paused it may have carried out afterwards; only one of all the tries became a version.
    assert len(again.versions(staged.sha256)) == 1
    assert list(again.strays()) == []


@pytest.mark.parametrize("fault", ["pause", "kill"])
def test_only_the_first_waits_for_a_server_that_is_away(server: Server, bucket: str, fault: str) -> None:
    """Who comes after is told soon, also through a client with more patience; the first after its return just works."""
    patient = client(bucket, Patience(connect=2, read=2, total=6, first_pause=0.1, longest_pause=1))
    patient.create("one", b"1")
    getattr(server, fault)()
    try:
        with pytest.raises(FileStoreUnreachable):
            patient.read("one")
        assert not patient.breaker.closed
        for hurried in (patient, patient.brisk(), patient.hurried()):
            with pytest.raises(FileStoreUnreachable):
                hurried.read("one")
    finally:
        server.resume()
        server.start()
    time.sleep(REST)
    assert patient.read("one") == b"1"
    assert patient.breaker.closed


def test_a_restart_is_waited_for(server: Server, bucket: str, tmp_path: Path) -> None:
    """A filing that meets a restart takes longer, and nobody notices anything else."""
    blobs = store(bucket, tmp_path, PATIENT)
    staged = blobs.stage(iter([DATA]))
    server.stop()
    restart = threading.Thread(target=server.start)
    restart.start()
    try:
        with blobs.pending([staged.sha256]):
            staged.commit()
    finally:
        restart.join()
    assert len(blobs.versions(staged.sha256)) == 1 and blobs.leftovers() == set()


def test_a_reader_outlives_a_restart(server: Server, bucket: str, tmp_path: Path) -> None:
    """A download that was under way goes on from where it was."""
    data = hashlib.shake_128(b"long").digest(20_000_000)
    blobs = store(bucket, tmp_path, PATIENT)
    sha256 = put(blobs, data)
    with blobs.open(sha256) as reader:
        begun = reader.read(1_000_000)
        server.kill()
        server.start()
        assert begun + reader.read() == data


def test_an_event_that_is_stored_needs_no_server(server: Server, bucket: str, tmp_path: Path) -> None:
    """When the file store goes away after the event was stored, the filing is done: its note stays, harmless."""
    blobs: S3BlobStore = store(bucket, tmp_path, SHORT)
    staged = blobs.stage(iter([DATA]))
    try:
        with blobs.pending([staged.sha256]):
            staged.commit()
            server.kill()
    finally:
        server.start()
    later = store(bucket, tmp_path, PATIENT)
    assert later.leftovers() == {staged.sha256}
    assert later.clean_up(lambda digests: digests) == [] and later.leftovers() == set()
    assert later.size(staged.sha256) == len(DATA)


def test_an_old_checkpoint_does_not_come_back(server: Server, bucket: str) -> None:
    """A paused server that afterwards carries out what it was sent does not replace a newer checkpoint by an older."""
    hasty: Client = client(bucket, SHORT)
    patient = S3Publisher(client(bucket, PATIENT))
    patient.publish("one\n")
    seen = client(bucket, PATIENT).head("ledger/checkpoint")
    server.pause()
    try:
        with pytest.raises(FileStoreUnreachable):
            hasty.replace("ledger/checkpoint", b"two\n", seen)
    finally:
        server.resume()
    patient.publish("three\n")
    for _ in range(10):
        assert patient.checkpoint() == b"three\n"
        time.sleep(0.05)
    assert patient.read(Tile(0, 0)) is None


@pytest.mark.parametrize("size", [1000, 3_000_000], ids=["inline", "in a file"])
def test_a_file_that_was_changed_on_the_servers_drives_is_damaged(
    server: Server, bucket: str, tmp_path: Path, size: int
) -> None:
    """Past what the server can mend by itself, its answer is a finding about that file and about no other."""
    blobs = store(bucket, tmp_path)
    bad, good = put(blobs, DATA[:size]), put(blobs, b"good")
    spoil_on_drives(server, bucket, key_of(bad))
    results = {result.sha256: result for result in store(bucket, tmp_path, PATIENT).fixity([bad, good])}
    assert results[good].computed == good
    assert results[bad] == (bad, None, size)
