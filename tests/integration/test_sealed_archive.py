"""An archive whose files are sealed is an archive like any other: filed into, searched, verified, copied elsewhere."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.blobs.sealing.keys import KEYS_FILE
from adapters.home import connections, parts
from adapters.home.founding import create_archive
from adapters.home.house import House, open_archive
from adapters.home.route import route
from adapters.home.settings import Settings, read
from domain.access import SYSTEM
from domain.errors import BlobErased
from domain.ports.search import Scope, SearchRequest
from indexers.cleanup import clean_up
from indexers.pipeline import Pipeline
from operations.migration.run import migrate
from operations.verification import verify_archive
from tests.behind import kept_as, remove, write_over
from tests.cli_world import Shell
from tests.migration_world import content, file_record


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of an archive with a few records whose files are sealed."""
    made = read({"JIANZHENG_HOME": str(tmp_path / "home"), "JIANZHENG_SEAL": "on"})
    with closing(create_archive(made, name="某区教育局", origin="archive.example/sealed")) as house:
        for number in range(3):
            house.administration.add_organisation(SYSTEM, f"school-{number}", f"第{number}小学", parent="top")
        for number in (1, 2, 3, 10):
            file_record(house, number)
        Pipeline(house).catch_up()
    return made


def erase_one(house: House, data: bytes = b"somebody's private letter") -> str:
    """A file that no event names was kept, and erased."""
    staged = house.blobs.stage(iter([data]))
    staged.commit()
    assert house.blobs.erase(staged.sha256)
    return staged.sha256


def files_of(house: House) -> dict[str, bytes]:
    return {sha256: content(house, sha256) for sha256 in house.blobs.digests()}


def keys_of(settings: Settings) -> dict[str, bytes | None]:
    with (
        closing(connections.servers(settings)) as servers,
        closing(parts.tables(settings, servers).blob_keys()) as keys,
    ):
        return {sha256: seal.key for page in keys.pages() for sha256, seal in page.items()}


def test_it_works_and_verifies(settings: Settings) -> None:
    """Nothing readable lies in its folder of files; texts are found, and the check finds nothing."""
    with closing(open_archive(settings)) as house:
        assert house.blobs.sealing
        lying = [path for path in settings.blobs_folder.rglob("*") if path.is_file()]
        assert lying and not any("讲稿".encode() in path.read_bytes() for path in lying)
        assert any("讲稿".encode() in data for data in files_of(house).values())
        assert house.engine.search(SearchRequest("党课要有温度", scope=Scope(everything=True))).total
        assert house.blobs.leftovers() == set() and clean_up(house.events, house.blobs) == []
        found = verify_archive(house)
        assert (found.findings, found.files) == ([], len(lying))


def test_what_becomes_of_a_file_is_named(settings: Settings) -> None:
    """Altered, missing, foreign: by the record and the digest of what was filed, others untouched."""
    with closing(open_archive(settings)) as house:
        altered, missing, *_ = house.blobs.digests()
        write_over(settings, altered, b"other")
        remove(settings, missing)
        found = verify_archive(house).findings
        assert sorted((each.klass, altered in each.detail_zh, missing in each.detail_zh) for each in found) == [
            ("altered", True, False), ("deleted", False, True)
        ]  # fmt: skip
        assert all(each.record and each.file for each in found)


def test_erased_is_erased_for_every_process(settings: Settings) -> None:
    """The check of the others is as before; one that opens the archive without sealing knows of it too."""
    with closing(open_archive(settings)) as house:
        gone = erase_one(house)
        assert verify_archive(house).findings == []
    off = read({"JIANZHENG_HOME": str(settings.home), "JIANZHENG_SEAL": "off"})
    with closing(open_archive(off)) as house:
        assert house.blobs.erased([gone]) == {gone}
        with pytest.raises(BlobErased):
            house.blobs.open(gone)
        assert verify_archive(house).findings == []


def test_check_tells_of_it(settings: Settings) -> None:
    """How many files have keys, how many were erased, and whether others may read the keys."""
    with closing(open_archive(settings)) as house:
        erase_one(house)
        count = len(list(house.blobs.digests()))
    shell = Shell(settings.home.parent, {})

    def said() -> dict[str, object]:
        answer = shell("check", "--json", JIANZHENG_HOME=str(settings.home), JIANZHENG_SEAL="on")
        return {each["name"]: each for each in answer.json["checks"]}["sealing"]

    assert said()["facts"] == {"sealing": True, "setting": "on", "keys": count, "destroyed": 1}
    assert said()["state"] == "ok"
    settings.blob_keys_file.chmod(0o644)
    assert said()["state"] == "warning"


def test_a_copy_has_keys_of_its_own(settings: Settings, tmp_path: Path) -> None:
    """Each file is sealed anew; what was erased before or after it was copied does not come back there."""
    with closing(open_archive(settings)) as house:
        first = erase_one(house)
        there = route(settings, [f"file:{tmp_path / 'copy'}"])
        assert migrate(house, there).ok
        later = erase_one(house, b"another letter")
        assert migrate(house, there).ok
        before = files_of(house)
        with closing(open_archive(there.target)) as copy:
            assert files_of(copy) == before and copy.blobs.erased([first, later]) == {first, later}
            assert verify_archive(copy).findings == []
    ours, theirs = keys_of(settings), keys_of(there.target)
    assert set(ours) == set(theirs) and not set(ours.values()) & set(theirs.values()) - {None}
    assert kept_as(settings, next(iter(before))) != kept_as(there.target, next(iter(before)))


def test_keys_go_along_where_files_stay(settings: Settings, postgres_database: str) -> None:
    """Only the database moves: files in their place are read by the same keys, and erased files stay erased. So on the
    way back, also where the keys' file is lost, and where nothing new would be sealed."""
    with closing(open_archive(settings)) as house:
        gone, before = erase_one(house), files_of(house)
        there = route(settings, [postgres_database])
        assert migrate(house, there).ok
    assert keys_of(there.target) == keys_of(settings)
    with closing(open_archive(there.target)) as moved:
        assert files_of(moved) == before and moved.blobs.erased([gone]) == {gone}
        assert verify_archive(moved).findings == []
        later = erase_one(moved, b"another letter")
    keys = keys_of(there.target)
    (settings.home / KEYS_FILE).unlink()
    plain = replace(there.target, seal="auto")
    with closing(open_archive(plain)) as moved:
        back = route(plain, [f"file:{settings.home}"])
        assert migrate(moved, back).ok
    assert keys_of(back.target) == keys
    with closing(open_archive(back.target)) as home:
        assert files_of(home) == before and home.blobs.erased([gone, later]) == {gone, later}
        assert verify_archive(home).findings == []
