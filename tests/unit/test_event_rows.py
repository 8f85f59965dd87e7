"""The store writes its rows without the library's mapper, which is only allowed because they come out the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.events.sqlite import SQLiteEventStore
from domain.event import Event
from domain.records.events import RecordSignedOff
from tests.unit.test_golden_events import MAPPER, SAMPLES, key


@pytest.mark.parametrize("sample", SAMPLES, ids=key)
@pytest.mark.parametrize("class_version", [1, 3])
def test_a_row_is_what_the_librarys_mapper_makes_of_the_event(
    sample: Event, class_version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Id, version, topic and state, also of an event whose shape was raised since."""
    monkeypatch.setattr(type(sample), "class_version", class_version)
    store = SQLiteEventStore(tmp_path / "events.sqlite")
    store.create()
    store.append([sample])
    row, wanted = store.rows(0, 1)[0], MAPPER.to_stored_event(sample)
    store.close()
    assert (row.id, row.version, row.topic, row.state) == (
        wanted.originator_id,
        wanted.originator_version,
        wanted.topic,
        wanted.state,
    )
    assert (b'"class_version":3' in row.state) == (class_version == 3)


def test_nothing_to_append_is_no_error(tmp_path: Path) -> None:
    """An act that came to no event stores none."""
    store = SQLiteEventStore(tmp_path / "events.sqlite")
    store.create()
    store.append([])
    assert store.head() == 0
    store.close()


def test_an_event_that_cannot_be_written_leaves_none_of_its_batch(tmp_path: Path) -> None:
    """All rows are made before the first one is inserted."""
    store = SQLiteEventStore(tmp_path / "events.sqlite")
    store.create()
    good = next(sample for sample in SAMPLES if isinstance(sample, RecordSignedOff))
    bad = RecordSignedOff(**{**vars(good), "originator_version": good.originator_version + 1, "remark": object()})  # type: ignore[arg-type]  # on purpose
    with pytest.raises(TypeError):
        store.append([good, bad])
    assert store.head() == 0
    store.close()
