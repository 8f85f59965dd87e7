"""A filing that dies between its file and its event leaves something that can be told, and can be cleaned up."""

from __future__ import annotations

import pytest

from adapters.home import settings
from adapters.home.founding import create_archive
from domain.errors import StorageFull
from domain.records.filing import IncomingFile
from indexers.cleanup import clean_up
from tests.fakes import lecture


@pytest.fixture
def house(tmp_path):
    made = create_archive(settings.read({"JIANZHENG_HOME": str(tmp_path / "a")}), name="甲", origin="a.example/a")
    yield made
    made.close()


def file_with(house, data, **more):
    incoming = IncomingFile("a.txt", house.blobs.stage(iter([data])), "text/plain")
    raw = lecture(organisation="top", **more)
    return house.archive.file(house.operator(), raw, [incoming]).record.files[0].sha256


def test_a_filing_that_ends_well_leaves_no_note(house):
    """Nothing to clean up."""
    digest = file_with(house, b"1")
    assert house.blobs.leftovers() == set()
    assert clean_up(house.events, house.blobs) == []
    assert house.blobs.size(digest) == 1


def test_a_file_whose_event_was_not_stored_is_a_leftover_until_it_is_cleaned_up(house, monkeypatch):
    """Failed and not persisted: the file is removed, others stay."""
    kept = file_with(house, b"1")

    def full(stream, decide):
        raise StorageFull

    with monkeypatch.context() as patch:
        patch.setattr(house.events, "append_next", full)
        with pytest.raises(StorageFull):
            file_with(house, b"2")
    [left] = house.blobs.leftovers()
    assert clean_up(house.events, house.blobs) == [left]
    assert list(house.blobs.digests()) == [kept]
    assert house.blobs.leftovers() == set()


def test_a_file_whose_event_was_stored_although_the_filing_failed_is_kept(house, monkeypatch):
    """Failed but persisted: the clean-up reads the events and leaves the file alone."""
    append_next = house.events.append_next

    def stores_and_fails(stream, decide):
        append_next(stream, decide)
        raise StorageFull

    with monkeypatch.context() as patch:
        patch.setattr(house.events, "append_next", stores_and_fails)
        with pytest.raises(StorageFull):
            file_with(house, b"3")
    assert len(house.blobs.leftovers()) == 1
    assert clean_up(house.events, house.blobs) == []
    assert len(list(house.blobs.digests())) == 1
    assert house.blobs.leftovers() == set()
