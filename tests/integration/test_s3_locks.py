"""Locks on a real S3 server that follow the records: as long as the records ask, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from minio.error import S3Error
from minio.helpers import md5sum_hash

from adapters.blobs.s3 import S3BlobStore
from adapters.blobs.s3_inventory import key_of
from adapters.blobs.s3_locks import PROGRESS, Walk, read_progress
from adapters.blobs.sealing.format import plain_size
from adapters.blobs.sealing.store import SealedBlobStore
from adapters.home import settings
from adapters.home.founding import create_archive
from adapters.home.house import House
from adapters.s3.client import Client, Patience
from domain.errors import Unavailable
from domain.records.filing import IncomingFile
from domain.records.record import Record
from indexers import locks
from indexers.locks import AGAIN, SOON, Locks, waiting
from indexers.pipeline import Pipeline
from tests.cli_world import Shell
from tests.fakes import SHANGHAI, lecture
from tests.http_world import Clock
from tests.s3_world import bad_line
from tests.servers.addresses import name_in
from tests.servers.own import s3_client
from tests.servers.plugin import MakeBucket

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
HASTY = Patience(connect=1, read=1, total=0.05, first_pause=0.01, longest_pause=0.02)
"""Gives up at the first fault."""


def first_of(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=SHANGHAI)


@dataclass
class Locked:
    """An archive whose files are locked; ``follow()`` is what a worker does."""

    url: str
    house: House
    clock: Clock

    @property
    def client(self) -> Client:
        assert self.house.servers.bucket is not None
        return self.house.servers.bucket

    @property
    def blobs(self) -> S3BlobStore:
        store = self.house.blobs
        inner = store.inner if isinstance(store, SealedBlobStore) else store
        assert isinstance(inner, S3BlobStore)
        return inner

    def file(self, data: bytes, retention: str | None = None) -> str:
        """File a record with these bytes attached; its code."""
        raw = lecture(organisation="top", **({} if retention is None else {"retention": retention}))
        return self.house.archive.file(self.house.operator(), raw, [self.incoming(data)]).record.code

    def incoming(self, data: bytes) -> IncomingFile:
        return IncomingFile(f"{data.hex()[:8]}.txt", self.house.blobs.stage(iter([data])), "text/plain")

    def correct(self, code: str, retention: str) -> Record:
        raw = lecture(organisation="top", retention=retention)
        return self.house.archive.correct(self.house.operator(), code, raw, "保管期限改了").record

    def locks(self, client: Client | None = None) -> Locks:
        kept_as = self.house.blobs.kept_as
        return Locks(self.house.events, client or self.client, self.clock, self.house.settings.zone, kept_as)

    def follow(self) -> Walk:
        """As a process that has just started; what it then says about its work."""
        follower = self.locks()
        while follower.run_once():
            pass
        return read_progress(self.client)[0].walk

    def until(self, data: bytes) -> tuple[datetime | None, bool]:
        """Of the file with these bytes: when its lock ends, and whether it is held besides."""
        kept = self.blobs.lock(self.name(data))
        return kept.locked_until, kept.legal_hold

    def digest(self, data: bytes) -> str:
        return self.house.blobs.stage(iter([data])).sha256

    def name(self, data: bytes) -> str:
        """The digest that the file goes by in the bucket."""
        return self.house.blobs.kept_as(self.digest(data))[0]

    def shorten(self, data: bytes) -> None:
        """What an administrator of the server can do where the lock is one of governance."""
        nothing = b"<Retention/>"
        said: dict[str, Any] = {"x-amz-bypass-governance-retention": "true", "Content-MD5": md5sum_hash(nothing)}
        where = name_in(self.url), key_of(self.name(data))
        s3_client(self.url)._execute("PUT", *where, nothing, said, {"retention": ""})


@pytest.fixture
def make(make_s3_bucket: MakeBucket, tmp_path: Path) -> Iterator[Any]:
    """Makes the archive with the kind of lock asked for; a file is locked for a day before its record is known."""
    made: list[House] = []

    def make(lock: str = "governance") -> Locked:
        url = make_s3_bucket(lock=lock, days=1) if lock != "off" else make_s3_bucket()
        clock = Clock(NOW)
        chosen = settings.read({"JIANZHENG_HOME": str(tmp_path / "home"), "JIANZHENG_BLOBS": url})
        made.append(create_archive(chosen, name="示例教育局", origin="archive.example/locks", clock=clock))
        return Locked(url, made[0], clock)

    yield make
    for house in made:
        house.close()


@pytest.mark.parametrize("mode", ["governance", "compliance"])
def test_files_are_locked_as_long_as_their_records_ask(make: Any, mode: str) -> None:
    """Ten, thirty years, for ever; before anybody has followed the event only for the days of the settings."""
    archive: Locked = make(mode)
    for retention in ("10y", "30y", "permanent", None):
        archive.file(str(retention).encode(), retention)
    before, _ = archive.until(b"10y")
    assert before is not None and before - datetime.now(UTC) < timedelta(days=2)
    assert waiting(archive.house.events, archive.client) == 4
    Pipeline(archive.house).catch_up()
    assert archive.until(b"10y") == archive.until(b"None") == (first_of(2034), False)
    assert archive.until(b"30y") == (first_of(2054), False)
    assert archive.until(b"permanent") == (first_of(2057), True)
    assert waiting(archive.house.events, archive.client) == 0
    assert list(archive.blobs.strays()) == []
    kept = archive.blobs.lock(archive.name(b"30y"))
    assert kept.lock_mode == mode.upper()
    with pytest.raises(S3Error, match=r"WORM|protected|denied"):
        s3_client(archive.url).remove_object(name_in(archive.url), key_of(archive.name(b"30y")), kept.version)
    assert len(archive.blobs.versions(archive.name(b"30y"))) == 1


@pytest.mark.parametrize("order", [("10y", "30y"), ("30y", "10y")], ids=" then ".join)
@pytest.mark.parametrize("together", [True, False], ids=["together", "one by one"])
def test_a_file_of_two_records_keeps_the_longer_lock(make: Any, order: tuple[str, str], together: bool) -> None:
    """Whichever of them was filed, or followed, first."""
    archive: Locked = make("compliance")
    for retention in order:
        archive.file(b"shared", retention)
        if not together:
            archive.follow()
    walk = archive.follow()
    assert archive.until(b"shared") == (first_of(2054), False)
    assert (walk.mended, walk.missing, walk.refused) == (0, 0, 0)


def test_a_correction_and_a_later_file_follow_the_record(make: Any) -> None:
    """A longer period counts for every file of every version; a shorter one takes nothing back."""
    archive: Locked = make("compliance")
    code = archive.file(b"first", "10y")
    archive.follow()
    archive.house.archive.attach(archive.house.operator(), code, [archive.incoming(b"second")])
    archive.follow()
    assert archive.until(b"second") == (first_of(2034), False)
    for retention, expected in (("30y", (2054, False)), ("10y", (2054, False)), ("permanent", (2057, True))):
        archive.correct(code, retention)
        archive.follow()
        for data in (b"first", b"second"):
            assert archive.until(data) == (first_of(expected[0]), expected[1])


def test_a_kill_at_any_request_is_caught_up(make: Any) -> None:
    """Whichever request is the last that a worker sends, the next worker does the rest, and nothing is missing."""
    archive: Locked = make()
    archive.file(b"begin")
    archive.follow()
    with bad_line(archive.url) as line:
        for number in range(1, 40):
            data = bytes([number])
            archive.file(data, "permanent")
            left = number
            line.rule = lambda method, path: "pass"
            client = Client(line.address, HASTY)
            client.head(PROGRESS)  # the bucket's region is known from now on

            def rule(method: str, path: str) -> Any:
                nonlocal left
                left -= 1
                return "pass" if left > 0 else "lose answer" if left == 0 else "lose request"

            line.rule = rule
            with suppress(Unavailable):
                archive.locks(client).run_once()
            archive.follow()
            assert archive.until(data) == (first_of(2057), True)
            if left > 0:
                break
        else:
            raise AssertionError("the requests for one file never end")
    assert number > 4  # each lock, the hold and the notes are requests of their own
    assert archive.follow().mended == 0


def test_what_somebody_shortened_is_found_mended_and_counted(make: Any) -> None:
    """A lock that was taken away, a hold that was lifted: mended by the next walk over everything, which tells."""
    archive: Locked = make("governance")
    for retention in ("10y", "30y", "permanent"):
        archive.file(retention.encode(), retention)
    archive.follow()
    archive.shorten(b"30y")
    s3_client(archive.url).disable_object_legal_hold(name_in(archive.url), key_of(archive.name(b"permanent")))
    assert archive.until(b"30y") == (None, False)
    assert archive.follow().mended == 0
    archive.clock.forward(seconds=AGAIN.total_seconds())
    walk = archive.follow()
    assert (walk.files, walk.mended, walk.missing, walk.refused) == (3, 2, 0, 0)
    assert archive.until(b"30y") == (first_of(2054), False)
    assert archive.until(b"permanent") == (first_of(2057), True)


def test_check_says_how_many_files_are_locked_too_short(make: Any, tmp_path: Path) -> None:
    """Those that wait for the follower, and those whose locks somebody had shortened; nothing where all is well."""
    archive: Locked = make("governance")
    for data in (b"one", b"two"):
        archive.file(data, "30y")

    def said() -> tuple[str, str]:
        answer = Shell(tmp_path)("check", "--json", JIANZHENG_HOME=str(tmp_path / "home"), JIANZHENG_BLOBS=archive.url)
        assert answer.code == 0
        [found] = [check for check in answer.json["checks"] if check["name"] == "locks"]
        return found["state"], " ".join([found["detail"], *(remark["message"] for remark in found["unsafe"])])

    assert said() == ("warning", "锁定方式 governance，0 个文件；还有 2 个文件没有按保管期限锁定")
    archive.follow()
    assert said() == ("ok", "锁定方式 governance，2 个文件")
    archive.shorten(b"one")
    archive.clock.forward(seconds=AGAIN.total_seconds())
    archive.follow()
    assert said() == ("warning", "锁定方式 governance，2 个文件 有 1 个文件的锁定被人缩短，已经补足。")


def test_what_is_permanent_gets_another_year_every_year(make: Any) -> None:
    """That is no mending, and the others stay as they are."""
    archive: Locked = make("compliance")
    for retention in ("10y", "permanent"):
        archive.file(retention.encode(), retention)
    archive.follow()
    archive.clock.forward(days=60)
    assert archive.follow().mended == 0
    assert archive.until(b"permanent") == (first_of(2058), True)
    assert archive.until(b"10y") == (first_of(2034), False)


def test_the_version_that_was_kept_is_locked_and_not_what_hides_it(make: Any) -> None:
    """A file that was written over or deleted before its record was followed can still be restored afterwards."""
    archive: Locked = make("governance")
    for data in (b"written over", b"deleted"):
        archive.file(data, "30y")
    s3 = s3_client(archive.url)
    s3.put_object(name_in(archive.url), key_of(archive.name(b"written over")), BytesIO(b"other"), 5)
    s3.remove_object(name_in(archive.url), key_of(archive.name(b"deleted")))
    assert archive.follow().missing == 1
    for data in (b"written over", b"deleted"):
        key = key_of(archive.name(data))
        [first] = [each for each in archive.blobs.versions(archive.name(data)) if plain_size(each.size) == len(data)]
        kept = archive.client.head(key, first.version)
        assert kept is not None and kept.locked_until == first_of(2054)


def test_other_settings_begin_anew(make: Any, tmp_path: Path) -> None:
    """More days, or notes that cannot be read: everything is walked again, and nothing comes out differently."""
    archive: Locked = make()
    archive.file(b"some", "10y")
    archive.follow()
    for notes in (b"[]", b'{"rule": "governance 1", "walk": {"began": "2026-01-01"}, "last": null}', b"\xff"):
        s3_client(archive.url).put_object(name_in(archive.url), PROGRESS, BytesIO(notes), len(notes))
        assert archive.follow().files == 1
    longer = settings.read(
        {"JIANZHENG_HOME": str(tmp_path / "home"), "JIANZHENG_BLOBS": archive.url.replace("days=1", "days=7")}
    )
    assert longer.bucket is not None
    follower = archive.locks(Client(longer.bucket))
    assert follower.run_once() and not follower.run_once()
    assert archive.until(b"some") == (first_of(2034), False)


def test_a_file_that_may_not_be_locked_is_noted_and_stops_no_other(make: Any) -> None:
    """It is counted and named; the next day it is tried again."""
    archive: Locked = make()
    for data in (b"refused", b"locked"):
        archive.file(data, "10y")
    refused, name = archive.digest(b"refused"), archive.name(b"refused")
    with bad_line(archive.url) as line:
        line.rule = lambda method, path: (
            (403, "AccessDenied") if method == "PUT" and name in path and "retention" in path else "pass"
        )
        archive.locks(Client(line.address)).run_once()
    walk = archive.follow()
    assert (walk.refused, walk.names) == (1, (refused,))
    assert archive.until(b"locked") == (first_of(2034), False)
    archive.clock.forward(seconds=SOON.total_seconds())
    assert archive.follow().refused == 0
    assert archive.until(b"refused") == (first_of(2034), False)


def test_batches_and_several_workers_change_nothing(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two followers in turn, two events at a time: everything is locked, once."""
    archive: Locked = make()
    monkeypatch.setattr(locks, "BATCH", 2)
    names = [bytes([n]) for n in range(7)]
    for data in names[:5]:
        archive.file(data, "10y")
    one, other = archive.locks(), archive.locks()
    while one.run_once() + other.run_once():
        pass
    for data in names[5:]:
        archive.file(data, "30y")
    while other.run_once() + one.run_once():
        pass
    assert [archive.until(data)[0] for data in names] == [first_of(2034)] * 5 + [first_of(2054)] * 2
    assert read_progress(archive.client)[0].walk.position == archive.house.events.head()


def test_without_a_lock_there_is_nothing_to_follow(make: Any) -> None:
    """lock=off: no request, no notes."""
    archive: Locked = make("off")
    archive.file(b"some", "30y")
    assert archive.locks().run_once() == 0
    assert archive.client.head(PROGRESS) is None
    assert "locks" not in [follower.name for follower in Pipeline(archive.house).followers]
