"""The tamper drill on real servers: what their superusers do to rows and objects is named exactly, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.evidence.postgres import PostgresTables
from adapters.evidence.published_s3 import PublishedBucket
from adapters.evidence.questions import Evidence
from adapters.postgres.faults import DatabaseUnreachable
from adapters.s3.address import Address as BucketAddress
from adapters.s3.faults import FileStoreUnreachable
from operations.verify import fast, run
from tests.s3_world import SHORT, spoil_on_drives
from tests.servers.local import Server
from tests.tamper_cases_servers import CASES, FILE, FREE, at, files, flip_state
from tests.tamper_servers import OnServers, copied, public, sealed_archive
from tests.tamper_world import SIZE, addresses

NOBODY = 1  # a port on which nothing listens


@pytest.fixture(scope="module")
def sealed(postgres_url: str, s3_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnServers]:
    with sealed_archive(postgres_url, s3_url, tmp_path_factory.mktemp("sealed")) as made:
        yield made


@pytest.fixture
def archive(sealed: OnServers) -> Iterator[OnServers]:
    with copied(sealed) as made:
        yield made


def test_an_archive_nobody_touched(archive: OnServers) -> None:
    """No finding, everything counted, nothing left unchecked."""
    found = archive.check()
    assert (found.findings, found.not_checked, found.leftovers) == ([], [], [])
    assert (found.tree_size, found.events, found.files) == (SIZE, SIZE, 61)


@pytest.mark.parametrize("case", CASES)
def test_tampering_is_named_exactly(archive: OnServers, case: str) -> None:
    """Exactly what was touched is found, in its class; whatever agrees with what was signed is not."""
    act, expected = CASES[case]
    wanted = expected(archive)
    act(archive)
    assert addresses(archive.check()) == wanted


def test_nothing_is_left_of_it(sealed: OnServers) -> None:
    """With every version put back the archive is sound again."""
    assert sealed.check().findings == []


def test_where_a_file_can_be_restored_from(archive: OnServers) -> None:
    """The finding names the version that was there before."""
    archive.flip(archive.file(30), 0)
    [finding] = archive.check().findings
    assert archive.version(archive.file(30)) in finding.detail("zh")
    assert archive.version(archive.file(30)) in finding.detail("en")


def test_what_changed_on_the_drives(postgres_url: str, private_s3: Server, tmp_path: Path) -> None:
    """An object that the server cannot give any more is named, and no other, be it a file or a tile."""
    with sealed_archive(postgres_url, private_s3.url, tmp_path) as archive:
        spoil_on_drives(private_s3, archive.bucket, archive.file(30), public("tile/0/001"))
        assert addresses(archive.check()) == FILE(archive) | files("altered", "tile/0/001")(archive)


def test_an_older_database(archive: OnServers) -> None:
    """A database restored to an earlier state is found as such, not as hundreds of deleted rows."""
    archive.sql(
        f"SELECT setval('stored_events_notification_id_seq', {at(562)});"
        f" DELETE FROM stored_events WHERE notification_id > {at(562)}"
    )
    [finding] = archive.check().findings
    assert (finding.klass, finding.subject, finding.leaf_index) == ("rolled back", "event", 563)


@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.parametrize("tamper", [False, True])
def test_several_processes_find_the_same(
    archive: OnServers, monkeypatch: pytest.MonkeyPatch, tamper: bool, start: str
) -> None:
    """Each has connections of its own to both servers."""
    monkeypatch.setattr(run, "way_to_start", lambda _size: start)
    monkeypatch.setattr(fast, "BLOCK", 256)
    if tamper:
        archive.sql(flip_state(300))
    found = archive.check()
    assert [finding.leaf_index for finding in found.findings] == ([300] if tamper else [])
    assert found.tree_size == SIZE


def test_rules_by_the_order_of_streams(archive: OnServers) -> None:
    """The fast check by the rules replays a stream of each way of going; what it doubts is replayed whole."""
    seen = []
    assert archive.check(fits_alone=lambda *_: True, replay=lambda rows: seen.append(len(rows))).ok
    assert seen == [4, 4]  # streams of even and of odd numbers have other topics


STRUCTURES = {
    "leaves": "ALTER TABLE leaves DROP CONSTRAINT leaves_position_key",
    "checkpoints": "ALTER TABLE checkpoints ALTER note DROP NOT NULL",
    "nodes": "CREATE TABLE more () INHERITS (nodes)",
    "stored_events": FREE,
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_what_a_table_promises_was_taken_away(archive: OnServers, name: str) -> None:
    """A constraint less is the table's finding, before anything is made of it; a daily run looks at rows only."""
    archive.sql(STRUCTURES[name])
    assert addresses(archive.check()) == {("altered", "database", name)}
    assert archive.check(sample=1).ok


@pytest.mark.parametrize("name", ["stored_events", "nodes", "checkpoints"])
def test_a_table_that_is_gone(archive: OnServers, name: str) -> None:
    """It is named; there is no traceback."""
    archive.sql(f"DROP TABLE {name}")
    assert addresses(archive.check()) == {("deleted", "database", name)}


def test_a_role_that_may_do_too_much(archive: OnServers) -> None:
    """It is no finding, but worth knowing."""
    above = replace(archive, tables=archive.tables.login(*superuser(archive)))
    found = above.check()
    assert found.ok
    [remark] = found.not_checked
    assert "superuser" in remark.text("zh") and "superuser" in remark.text("en")


def superuser(archive: OnServers) -> tuple[str, str]:
    address = type(archive.tables).parse(archive.server)
    return address.user, address.password


def test_servers_that_do_not_answer_say_nothing_about_the_archive(archive: OnServers) -> None:
    """The check ends with the server's error instead of a finding."""
    nowhere = replace(archive.tables, port=NOBODY)
    with pytest.raises(DatabaseUnreachable):
        archive.check(evidence=Evidence(PostgresTables(nowhere), archive.evidence.published))
    bucket = PublishedBucket(replace(BucketAddress.parse(archive.bucket), port=NOBODY), SHORT)
    with pytest.raises(FileStoreUnreachable):
        archive.check(evidence=Evidence(archive.evidence.tables, bucket))
