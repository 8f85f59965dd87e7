"""A disk that is really full: `storage_full` and exit 3 (507), nothing half done, and on it goes when there is room.

The archive lies on a tmpfs of a few megabytes that is filled up to a given rest, so that the fault comes at the first
write or at any later one. Where a machine lets nobody mount anything, the faults are still seen one by one in
`test_blob_store_faults` and by the codes of SQLite in the unit tests.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli_world import LECTURE, REPAIR, Answer
from tests.faults.bad_input import Office, lecture_folder, refused
from tests.faults.served import serving
from tests.faults.small_disk import SmallOffice, small_disk
from tests.http_world import record

pytestmark = pytest.mark.nightly

KB = 1024
MEGABYTES = 12
ATTACHMENT = 100 * KB
RESTS = (64, 128, 144, 192, 256)
"""What is left, in KB: not enough for the file, for its event, for the ledger, for the index."""


@pytest.fixture(scope="module")
def small(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallOffice]:
    """A copy of the office on a small disk; sound after all that was refused on it."""
    folder = tmp_path_factory.mktemp("full") / "disk"
    with small_disk(folder, MEGABYTES) as disk:
        if disk is None:
            pytest.skip("this machine lets nobody mount a small disk (mount namespaces are not permitted)")
        shutil.copytree(office.folder, disk.place, dirs_exist_ok=True)
        made = SmallOffice(folder, disk=disk)
        yield made
        made.is_sound()


def scanned(folder: Path, title: str) -> str:
    """A record with an attachment that does not fit where little is left."""
    (lecture_folder(folder / title, title) / "扫描.bin").write_bytes(os.urandom(ATTACHMENT))
    return str(folder / title)


def codes(answer: Answer) -> list[str]:
    """Of the folders that were refused, or of the whole call where the archive itself could not be read."""
    said = answer.json
    return [entry["code"] for entry in said["failed"]] if "failed" in said else [said["error"]["code"]]


def test_a_full_disk_is_told_by_every_command_that_writes(small: SmallOffice, tmp_path: Path) -> None:
    """Filing, attaching, later acts, the directory, the ledger: exit 3 in both languages; then the same calls work."""
    path, photo = scanned(tmp_path, "满盘"), tmp_path / "照片.bin"
    photo.write_bytes(os.urandom(ATTACHMENT))
    calls = [
        ("ingest", path),
        ("attach", LECTURE, str(photo)),
        ("withdraw", REPAIR, "--reason", "录错了"),
        ("org", "add", "school-02", "第二小学"),
        ("checkpoint",),
    ]
    before = small.held()
    small.disk.fill()
    try:
        for call in calls:
            refused(small.in_each_language(*call), "storage_full", 3)
        assert codes(small("ingest", path, "--json")) == ["storage_full"]
        assert small.held() == before
    finally:
        small.disk.free()
    for call in calls:
        answer = small(*call)
        assert (answer.code, answer.err) == (0, ""), (call, answer)


def test_a_disk_that_fills_up_on_the_way_leaves_a_record_whole_or_not_at_all(
    small: SmallOffice, tmp_path: Path
) -> None:
    """From no room to almost enough: refused and not stored, or stored and only the ledger and the index wait."""
    seen = set()
    for rest in RESTS:
        path = scanned(tmp_path, f"余{rest}")
        before = small.held()
        small.disk.fill(rest * KB)
        answer = small("ingest", path, "--json", JIANZHENG_LANG="en")
        small.disk.free()
        after = small.held()
        notes = after.staged - before.staged
        if answer.code:
            assert (answer.code, codes(answer)) == (3, ["storage_full"])
            assert after.events == before.events
            assert after.files - before.files == small.named_in(notes)  # kept, but not yet in an event: it is noted
            seen.add("refused")
            assert len(small("ingest", path, "--json").json["filed"]) == 1
        else:
            assert after.events > before.events
            assert not notes
            assert len(after.files - before.files) == 1
            seen.add("waits" if "It is stored" in answer.err else "done")
            assert len(small("ingest", path, "--json").json["unchanged"]) == 1
    assert {"refused", "waits"} <= seen
    assert small("ingest", scanned(tmp_path, "下一次")).code == 0  # ledger and index catch up with the next filing
    small.is_sound()
    found = small("search", " OR ".join(f"余{rest}" for rest in RESTS), "--json").json
    assert found["total"] == len(RESTS)


@pytest.mark.parametrize("rest", [0, 64, 256])
def test_an_archive_is_made_whole_or_not_at_all(small: SmallOffice, rest: int) -> None:
    """What `init` had begun is taken away again; with room the same command makes the archive."""
    line = ("init", "--name", "另一个", "--origin", "other.example/1")
    small.disk.fill(rest * KB)
    try:
        refused(
            [small(*line, JIANZHENG_HOME="another", JIANZHENG_LANG=lang) for lang in ("zh", "en")], "storage_full", 3
        )
    finally:
        small.disk.free()
    assert not (small.disk.place / "another").exists()
    assert small(*line, JIANZHENG_HOME="another").code == 0
    assert small("verify", JIANZHENG_HOME="another").code == 0
    shutil.rmtree(small.disk.place / "another")


def test_a_server_on_a_full_disk_refuses_and_goes_on(small: SmallOffice) -> None:
    """An upload, a filing and a later act are refused with 507; reading goes on; with room the same requests work."""
    with serving(small, small.disk.inside) as server:
        data = os.urandom(ATTACHMENT)
        kept = server.sent(data)
        said = record(title="满盘也不丢", files=[{"name": "扫描.bin", "sha256": kept}])
        later = os.urandom(ATTACHMENT)
        with server.unchanged():
            small.disk.fill()
            server.refuses(507, "storage_full", "POST", "/uploads", later)
            server.refuses(507, "storage_full", "POST", "/records", said, Idempotency_Key="full")
            server.refuses(507, "storage_full", "POST", f"/records/{LECTURE}/attach", {"files": said["files"]})
            assert server.call("GET", f"/records/{LECTURE}").status == 200
            small.disk.free()
        assert server.sent(later)
        filed = server.call("POST", "/records", said, Idempotency_Key="full")
        assert filed.status == 201
        assert server.call("GET", f"/records/{filed.json['code']}/files/%E6%89%AB%E6%8F%8F.bin").body == data
        assert server.call("POST", "/records", said, Idempotency_Key="full").status == 200
        assert kept in server.settled().files
