"""The tamper drill: each way of laying hands on an archive gives exactly the findings that name it, and no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from operations.verify import Subject, Verification, fast, run, verify
from tests.ledger_world import evidence
from tests.tamper_cases import CASES, NAMES, flip_state
from tests.tamper_world import SIZE, Tampered, build, copy


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sealed") / "home"
    build(home)
    return home


@pytest.fixture
def archive(template: Path, tmp_path: Path) -> Tampered:
    return copy(template, tmp_path / "home")


def test_an_archive_nobody_touched(archive: Tampered) -> None:
    """No finding, everything counted, and nothing left unchecked."""
    found = archive.check()
    assert found.findings == []
    assert found.ok
    assert (found.tree_size, found.events, found.files) == (SIZE, SIZE, 61)
    assert found.not_checked == []
    document = json.loads(json.dumps(found.as_json()))
    assert set(document) >= {"ok", "tree_size", "root", "checked", "findings", "not_checked"}
    assert set(document["checked"]) == {"events", "files", "bytes"}


@pytest.mark.parametrize("case", CASES)
def test_tampering_is_named_exactly(archive: Tampered, case: str) -> None:
    """Exactly what was touched is found, in its class; whatever agrees with what was signed is not."""
    NAMES[:] = [archive.event(n) for n in range(SIZE)]
    act, expected = CASES[case]
    act(archive)
    assert archive.addresses() == expected(archive)


def test_findings_say_where(archive: Tampered) -> None:
    """A finding carries record, event, leaf and a sentence in both languages, and makes the outcome not ok."""
    archive.events(flip_state(17))
    name = archive.event(17)
    found = archive.check()
    assert not found.ok
    [finding] = found.as_json("en")["findings"]
    assert finding["record"] == f"record-{name[:6]}"
    assert finding["event"] == name
    assert finding["leaf_index"] == 17
    assert "state was altered" in finding["detail"]
    assert "内容被改动" in found.as_json("zh")["findings"][0]["detail"]


def truncated(archive: Tampered, size: int) -> None:
    """The event store as a backup of an earlier day holds it."""
    archive.events(
        f"DELETE FROM stored_events WHERE position > {size}",
        f"UPDATE sqlite_sequence SET seq = {size} WHERE name = 'stored_events'",
    )


def ledger_truncated(archive: Tampered, size: int) -> None:
    archive.ledger(
        f"DELETE FROM leaves WHERE idx >= {size}",
        f"DELETE FROM batches WHERE size > {size}",
        f"DELETE FROM checkpoints WHERE size > {size}",
        f"DELETE FROM nodes WHERE (idx + 1) * 256 > {size}",
        f"UPDATE tracking SET position = {size}",
    )


def test_an_older_event_store(archive: Tampered) -> None:
    """An event store restored to an earlier state is one finding, not hundreds."""
    truncated(archive, 563)
    [finding] = archive.check().findings
    assert (finding.klass, finding.subject, finding.leaf_index) == ("rolled back", "event", 563)


def test_an_older_ledger(archive: Tampered) -> None:
    """So is a ledger's database restored to an earlier state."""
    ledger_truncated(archive, 563)
    assert archive.addresses() == {("rolled back", "ledger", "ledger.sqlite")}


def test_everything_older_but_the_keys(archive: Tampered) -> None:
    """So is a whole archive from an old backup, as long as the signer remembers."""
    truncated(archive, 563)
    ledger_truncated(archive, 563)
    for path in (archive.home / "ledger" / "tile").rglob("*"):
        if path.is_file() and path.name in {"58", "88"}:
            path.unlink()
    [(note,)] = archive.query("ledger", "SELECT note FROM checkpoints WHERE size = 563")
    archive.write(archive.public("checkpoint"), note.encode())
    found = {address[:2] for address in archive.addresses() if address[1] != "file"}
    assert found == {("rolled back", "ledger")}


def test_a_kept_checkpoint(archive: Tampered) -> None:
    """A checkpoint that somebody kept is continued by the ledger; another history is not."""
    [(note,)] = archive.query("ledger", "SELECT note FROM checkpoints WHERE size = 303")
    assert archive.check(since=note).ok
    newest = archive.public("checkpoint").read_text()
    rewrite_and_sign(archive)
    assert ("forked", "checkpoint", "--since") in archive.addresses(since=newest)


def rewrite_and_sign(archive: Tampered) -> None:
    """What only the holder of the key can do: another history, signed anew in every place."""
    for name in ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", "keys/last-signed", "ledger/checkpoint"):
        (archive.home / name).unlink(missing_ok=True)
    for path in (archive.home / "ledger" / "tile").rglob("*"):
        if path.is_file():
            path.unlink()
    archive.events(flip_state(17))
    archive.integrate()


def test_a_history_signed_twice(archive: Tampered) -> None:
    """Where one checkpoint of the old history is left anywhere, a rewritten one is a fork."""
    old = archive.public("checkpoint").read_bytes()
    rewrite_and_sign(archive)
    archive.write(archive.home / "keys" / "last-signed", old)
    assert {address[0] for address in archive.addresses()} >= {"forked"}


def test_rules_that_were_broken(archive: Tampered) -> None:
    """An event that was integrated and signed, but that the rules could not have produced, is unauthorised."""
    stream = archive.event(0).partition("/")[0]
    archive.events(
        f"INSERT INTO stored_events (originator_id, originator_version, topic, state)"
        f" VALUES ('{stream.replace('-', '')}', 5, 'test:filed', CAST('{{\"n\":1}}' AS BLOB))"
    )
    archive.integrate()
    assert archive.addresses() == {("unauthorised", "event", f"{stream}/5")}


def test_an_event_deleted_and_filed_again(archive: Tampered) -> None:
    """Deleting an event and appending another in its place leaves the old leaf without its event."""
    name = archive.event(30)
    archive.events(
        "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
        " SELECT originator_id, 1000, topic, CAST('{\"n\":1}' AS BLOB) FROM stored_events WHERE position = 31",
        "DELETE FROM stored_events WHERE position = 31",
        "UPDATE stored_events SET originator_version = 1 WHERE originator_version = 1000",
    )
    archive.integrate()
    assert ("deleted", "event", name) in archive.addresses()


def test_events_not_integrated_yet_are_no_finding(archive: Tampered) -> None:
    """What was filed a moment ago is named as not checked."""
    archive.events(
        "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES ('00', 1, 't', x'00')"
    )
    found = archive.check()
    assert found.ok
    assert len(found.not_checked) == 1


def test_a_filing_that_was_interrupted(archive: Tampered) -> None:
    """A file whose filing was interrupted is a leftover, not a foreign file."""
    sha256 = "0123" + "a" * 60
    archive.write(archive.home / "files/sha256/01/23" / sha256, b"x")
    found = archive.check(pending={sha256})
    assert found.ok
    assert found.leftovers == [sha256]


@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.parametrize("tamper", [False, True])
def test_several_processes_find_the_same(
    archive: Tampered, monkeypatch: pytest.MonkeyPatch, tamper: bool, start: str
) -> None:
    """An archive that is not small is checked by several processes, with the same outcome."""
    monkeypatch.setattr(run, "way_to_start", lambda _size: start)
    monkeypatch.setattr(fast, "BLOCK", 256)
    if tamper:
        archive.events(flip_state(300))
    found = check_in_place(archive.home)
    assert [finding.leaf_index for finding in found.findings] == ([300] if tamper else [])
    assert found.tree_size == SIZE


def test_a_sample(archive: Tampered) -> None:
    """A daily run hashes some of the files, says which share and how to choose the same ones again."""
    found = archive.check(sample=5, seed=7)
    assert found.ok and found.sample is not None
    assert (found.files, found.sample.files, found.sample.seed) == (5, 5, 7)
    [remark] = found.not_checked
    for lang in ("zh", "en"):
        assert f"{5 / found.sample.of:.1%}" in remark.text(lang) and "--sample 5 --seed 7" in remark.text(lang)


def test_a_sample_is_chosen_by_its_seed(archive: Tampered) -> None:
    """The same seed finds the same altered file again; among many seeds it is found by its share of them."""
    archive.flip(archive.blob(100), 0)
    seeds = [seed for seed in range(12) if not archive.check(sample=30, seed=seed).ok]
    assert 0 < len(seeds) < 12
    assert not archive.check(sample=30, seed=seeds[0]).ok


def check_in_place(home: Path) -> Verification:
    """Without opening the archive first, as `Tampered.check` does."""
    [vkey] = (home / "vkey").read_text().splitlines()
    return verify(Subject(evidence(home), home / "keys" / "last-signed", vkey))


@pytest.mark.parametrize("name", ["events.sqlite", "ledger.sqlite"])
def test_a_database_that_cannot_be_read(archive: Tampered, name: str) -> None:
    """A database destroyed is named; there is no traceback."""
    path = archive.home / name
    for suffix in ("-wal", "-shm"):
        path.with_name(name + suffix).unlink(missing_ok=True)
    data = bytearray(path.read_bytes())
    data[4096 : len(data)] = b"\xff" * (len(data) - 4096)
    path.write_bytes(bytes(data))
    result = check_in_place(archive.home)
    assert any(f.subject == "database" and f.file == name for f in result.findings), result.findings


INDEX_LEAF = 10
"""The first byte of a page of SQLite that holds entries of an index."""


def test_a_byte_of_an_index(archive: Tampered) -> None:
    """An index that no longer leads to its rows is the database's finding: no row of it was touched."""
    path = archive.home / "events.sqlite"
    archive.events("PRAGMA wal_checkpoint(TRUNCATE)")
    stream = archive.event(17).partition("/")[0].replace("-", "").encode()
    data, size = path.read_bytes(), 4096
    [page, *_] = [at for at in range(0, len(data), size) if data[at] == INDEX_LEAF and stream in data[at : at + size]]
    archive.flip(path, data.index(stream, page) + 9)
    assert archive.addresses() == {("altered", "database", "events.sqlite")}
    assert archive.check(sample=1).ok  # a daily run looks at what is recorded, not at how it is found
