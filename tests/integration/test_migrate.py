"""An archive copied from one back end to another is the same archive: every byte, every answer, and every check."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from io import BytesIO
from itertools import count
from pathlib import Path

import psycopg
import pytest

from adapters.home.founding import create_archive
from adapters.home.house import open_archive, utc_now
from adapters.home.route import NothingToMove, route
from adapters.home.settings import Settings
from adapters.servers.binding import CopyUnfinished, OtherArchive
from adapters.work.log import Fault
from domain.errors import BlobDamaged
from domain.ledger.errors import LedgerInputAltered
from indexers.loop.quarantine import happened
from indexers.pipeline import Pipeline
from operations.migration.errors import TargetOccupied, TargetWentOn
from operations.migration.run import Migrated, migrate
from operations.verification import verify_archive
from tests.cli_world import servers
from tests.migration_world import answers_of, evidence_of, file_record, make_archive, opened, settings_of
from tests.servers.addresses import name_in
from tests.servers.own import s3_client

AGES = count(1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an embedded archive; to be copied, not to be changed."""
    home = tmp_path_factory.mktemp("made") / "home"
    make_archive(settings_of(home))
    return home


@pytest.fixture
def source(made: Path, tmp_path: Path) -> Settings:
    shutil.copytree(made, tmp_path / "home")
    return settings_of(tmp_path / "home")


@pytest.fixture
def urls(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Empty places on real servers, as settings."""
    with servers("servers", request) as found:
        yield found


def copy(settings: Settings, *to: str) -> Migrated:
    with opened(settings) as house:
        return migrate(house, route(settings, to))


def test_there_and_back_again(source: Settings, urls: dict[str, str], tmp_path: Path) -> None:
    """From a folder to servers and from there to another folder: bytes, answers and both checks are the same."""
    before, said = evidence_of(source), answers_of(source)
    assert len(before["leaves"]) > 256
    there = copy(source, *urls.values())
    on_servers = settings_of(source.home, urls)
    assert there.ok
    assert there.behind == 0
    assert evidence_of(on_servers) == before
    assert evidence_of(source) == before
    assert answers_of(on_servers) == said

    back = tmp_path / "back"
    done = copy(on_servers, f"file:{back}")
    assert done.ok
    assert (done.tree_size, done.root) == (there.tree_size, before["root"])
    again = settings_of(back)
    assert evidence_of(again) == before
    assert answers_of(again) == said
    assert (back / "keys" / "ledger.key").stat().st_mode & 0o777 == 0o600
    for settings in (source, on_servers, again):
        with opened(settings) as house:
            found = verify_archive(house)
            assert (found.ok, found.root) == (True, before["root"])


def test_the_copy_is_an_archive_to_work_with(source: Settings, urls: dict[str, str]) -> None:
    """What is filed into the copy continues the ledger, and people sign in with their old passwords and tokens."""
    copy(source, *urls.values())
    with opened(settings_of(source.home, urls)) as house:
        assert house.accounts.tokens("clerk")[0].name == "nightly import"
        assert house.accounts.check_password("clerk", "correct horse battery staple", house.clock())
        size = house.ledger.size()
        file_record(house, 1001)
        Pipeline(house).catch_up()
        assert house.ledger.size() > size
        assert verify_archive(house).ok


def test_back_into_the_folder_where_it_was(source: Settings, urls: dict[str, str]) -> None:
    """What is left of the archive there is its beginning: only what came on the servers is copied back."""
    copy(source, *urls.values())
    on_servers = settings_of(source.home, urls)
    with opened(on_servers) as house:
        for number in range(3):
            file_record(house, 5000 + number)
        Pipeline(house).catch_up()
    before, said = evidence_of(on_servers), answers_of(on_servers)
    done = copy(on_servers, f"file:{source.home}")
    assert done.ok
    assert done.copied["events"] < 10
    assert evidence_of(source) == before
    assert answers_of(source) == said


def test_what_is_filed_meanwhile_is_copied_by_another_run(source: Settings, urls: dict[str, str]) -> None:
    """A second run copies only what is new, also where tiles that were partial have become full."""
    first = copy(source, *urls.values())
    with opened(source) as house:
        for number in range(150):
            file_record(house, 2000 + number)
        Pipeline(house).catch_up()
        size = house.ledger.size()
    assert size // 256 > first.tree_size // 256
    second = copy(source, *urls.values())
    assert second.ok
    assert (second.tree_size, second.copied["events"]) == (size, size - first.tree_size)
    assert evidence_of(settings_of(source.home, urls)) == evidence_of(source)
    third = copy(source, *urls.values())
    assert (third.ok, third.copied["events"], third.copied["files"]) == (True, 0, 0)


def test_parts_may_move_one_after_another(source: Settings, urls: dict[str, str]) -> None:
    """Only the tables, then only the files, then only the index: what no address names stays where it is."""
    before, said = evidence_of(source), answers_of(source)
    moved: dict[str, str] = {}
    for name, url in urls.items():
        done = copy(settings_of(source.home, moved), url)
        assert done.ok
        moved[name] = url
        assert evidence_of(settings_of(source.home, moved)) == before
        assert answers_of(settings_of(source.home, moved)) == said


def test_what_the_index_could_not_take_in_moves_with_the_tables(source: Settings, urls: dict[str, str]) -> None:
    """The index stays, and says that it has come past it: so the new tables know of it, set aside as it was; a second
    run counts no attempt twice, and once it is tried again it is in the index."""
    with opened(source) as house:
        Pipeline(house).catch_up()
        leaf = next(each for each in house.ledger.leaves(0, house.ledger.size()) if each.index > 40)
        for now in (1.0, 2.0, 3.0):
            house.work.failed("search", happened(leaf), Fault("event_failed", "不行", "no"), now, now)
        house.work.stopped("search-altered", Fault("index_position_altered", "改过", "altered"), 4.0)
    for _ in range(2):
        assert copy(source, urls["JIANZHENG_DATABASE"]).ok
    moved = settings_of(source.home, {"JIANZHENG_DATABASE": urls["JIANZHENG_DATABASE"]})
    with opened(moved) as house:
        [trouble] = house.work.troubles()
        assert (trouble.state, trouble.attempts, trouble.event.leaf) == ("aside", 3, leaf.index)
        [stored] = house.events.rows_at([trouble.event.position])
        assert (stored.id, stored.version) == (leaf.id, leaf.version)
        assert [each.part for each in house.work.standing()] == ["search-altered"]
        assert house.work.retry("search", [trouble.event.stream]) == 1
        Pipeline(house).catch_up()
        assert house.work.troubles() == []


def test_the_source_is_filed_into_while_it_is_copied(source: Settings, tmp_path: Path) -> None:
    """What comes during the rounds is copied by the last one; what comes after it is told as missing."""
    to = tmp_path / "to"
    seen: list[str] = []

    with opened(source) as house:

        def fault(step: str) -> None:
            if step in ("bound", "built") and step not in seen:
                file_record(house, 3000 + len(seen))
            seen.append(step)

        done = migrate(house, route(source, [f"file:{to}"]), fault=fault)
        assert done.ok
        assert done.behind > 0
        assert done.tree_size == house.ledger.size() - done.behind
    with opened(settings_of(to)) as house:
        assert house.ledger.size() == done.tree_size


def test_nobody_files_during_the_last_round(source: Settings, tmp_path: Path) -> None:
    """The event store is closed for others while the last leaves are copied."""
    tried: list[str] = []
    with opened(source) as house:

        def fault(step: str) -> None:
            if step == "closed":
                path = f"{source.events_file.as_uri()}?mode=rw"
                with pytest.raises(sqlite3.OperationalError, match="locked"):
                    sqlite3.connect(path, uri=True, timeout=0).execute("BEGIN IMMEDIATE")
                tried.append(step)

        assert migrate(house, route(source, [f"file:{tmp_path / 'to'}"]), fault=fault).ok
    assert tried == ["closed"]


# ── refusals ────────────────────────────────────────────────────────────────────────────────────────────────────


def another(home: Path, urls: dict[str, str] | None = None) -> Settings:
    """Another archive, with the same origin by mistake; no two of them were made on one day."""
    settings, age = settings_of(home, urls), timedelta(days=next(AGES))
    create_archive(settings, name="另一个", origin="archive.example/migration", clock=lambda: utc_now() - age).close()
    return settings


def test_another_archives_place_is_refused(source: Settings, urls: dict[str, str], tmp_path: Path) -> None:
    """Database, bucket and folder of another archive stay as they are, even where its ledger has the same name."""
    other = another(tmp_path / "other", urls)
    before = evidence_of(settings_of(other.home, urls))
    for url in (urls["JIANZHENG_DATABASE"], urls["JIANZHENG_BLOBS"], f"file:{other.home}"):
        with pytest.raises(TargetOccupied):
            copy(source, url)
    assert evidence_of(settings_of(other.home, urls)) == before


def test_another_name_of_the_same_place_is_noticed(source: Settings, urls: dict[str, str]) -> None:
    """An archive is not copied onto itself, whatever its servers are called."""
    copy(source, *urls.values())
    on_servers = settings_of(source.home, urls)
    for name in ("JIANZHENG_DATABASE", "JIANZHENG_BLOBS"):
        alias = urls[name].replace("127.0.0.1", "localhost")
        assert alias != urls[name]
        with pytest.raises(NothingToMove):
            copy(on_servers, alias)
    with opened(on_servers) as house:
        assert verify_archive(house).ok


def test_a_place_with_other_things_is_refused(source: Settings, s3_bucket: str, tmp_path: Path) -> None:
    """A bucket that holds anything, and a folder that does, are no places for an archive."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    s3_client(s3_bucket).put_object(name_in(s3_bucket), "letter.txt", BytesIO(b"dear"), 4)
    for url in (s3_bucket, f"file:{tmp_path / 'full'}"):
        with pytest.raises(TargetOccupied):
            copy(source, url)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["letter.txt"]


def test_a_copy_that_was_used_for_itself_is_not_copied_into(source: Settings, tmp_path: Path) -> None:
    """Where both went on, neither is the other's beginning: nothing is copied any more."""
    to = tmp_path / "to"
    copy(source, f"file:{to}")
    with opened(settings_of(to)) as house:
        file_record(house, 4001)
        Pipeline(house).catch_up()
    with pytest.raises(TargetWentOn):
        copy(source, f"file:{to}")
    with opened(source) as house:
        file_record(house, 4002)
        file_record(house, 4003)
        Pipeline(house).catch_up()
    with pytest.raises(TargetWentOn):
        copy(source, f"file:{to}")


def test_an_altered_event_is_not_copied(source: Settings, tmp_path: Path) -> None:
    """The copy ends at the first event that is not what its leaf says."""
    with closing(sqlite3.connect(source.events_file)) as db, db:
        db.execute("UPDATE stored_events SET state = state || ' ' WHERE position = 20")
    with pytest.raises(LedgerInputAltered):
        copy(source, f"file:{tmp_path / 'to'}")
    with pytest.raises(CopyUnfinished):
        open_archive(settings_of(tmp_path / "to"))


def test_a_damaged_file_is_not_copied(source: Settings, tmp_path: Path) -> None:
    """The copy ends at the first file that is not what its digest says."""
    victim = next(path for path in sorted((source.blobs_folder / "sha256").rglob("*")) if path.is_file())
    victim.chmod(0o644)
    victim.write_bytes(b"changed")
    with pytest.raises(BlobDamaged):
        copy(source, f"file:{tmp_path / 'to'}")


# ── whose things these are ──────────────────────────────────────────────────────────────────────────────────────


def test_a_home_does_not_open_upon_another_archives_servers(
    request: pytest.FixtureRequest, urls: dict[str, str], tmp_path: Path
) -> None:
    """One archive's home with another's database, bucket or index is refused before anything is read or written."""
    mine = another(tmp_path / "mine", urls)
    with servers("servers", request) as others:
        another(tmp_path / "theirs", others)
        for name in ("JIANZHENG_DATABASE", "JIANZHENG_BLOBS", "JIANZHENG_SEARCH"):
            crossed = settings_of(mine.home, {**urls, name: others[name]})
            with pytest.raises(OtherArchive) as refused:
                open_archive(crossed)
            assert "secret" not in str(refused.value)


def test_an_archive_from_before_is_bound_when_it_is_opened(urls: dict[str, str], tmp_path: Path) -> None:
    """Without a note of whose they are, the last signed checkpoint says it; from then on the note does."""
    mine = another(tmp_path / "mine", urls)
    with opened(mine) as house:
        Pipeline(house).catch_up()
    unbind(urls)
    stranger = another(tmp_path / "stranger")
    with pytest.raises(OtherArchive):
        open_archive(settings_of(stranger.home, urls))
    with opened(mine) as house:
        assert verify_archive(house).ok
    with psycopg.connect(urls["JIANZHENG_DATABASE"]) as db:
        assert db.execute("SELECT origin, whole FROM jianzheng.archive").fetchall() == [
            ("archive.example/migration", True)
        ]


def unbind(urls: dict[str, str]) -> None:
    with psycopg.connect(urls["JIANZHENG_DATABASE"]) as db:
        db.execute("DELETE FROM jianzheng.archive")
    s3_client(urls["JIANZHENG_BLOBS"]).remove_object(name_in(urls["JIANZHENG_BLOBS"]), "archive.json")
