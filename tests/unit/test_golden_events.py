"""Stored bytes are for ever: each version of each event is kept as it was written, and must be read and written so.

A failure here is never mended by changing what is kept: raise the event's ``class_version``, write an upcaster, and add
the new version's bytes beside the old ones. New events are added with `write_new_ones` below, beside their samples.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent
from eventsourcing.utils import get_topic

from adapters.events.transcoding import PlainJSONTranscoder
from docs.reference_pages.events import all_events
from domain.event import Event
from tests.event_samples import HEADER, modules, samples

GOLDEN = Path(__file__).parent.parent / "golden" / "events.json"
"""The bytes of the first events; of later ones they are in ``events.json`` in the folder of their samples."""
MAPPER = Mapper(PlainJSONTranscoder())
SAMPLES = samples()


def key(event: Event) -> str:
    return f"{event.TOPIC} v{event.class_version}"


def write_new_ones() -> None:
    """Add the bytes of samples that are not kept yet; what is kept is never touched."""
    there = golden()
    for module in modules():
        new = {key(each): each for each in module.SAMPLES if key(each) not in there}
        if new:
            path = Path(str(module.__file__)).with_name("events.json")
            kept = _read(path) | {name: MAPPER.to_stored_event(each).state.decode() for name, each in new.items()}
            path.write_text(json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")


def golden() -> dict[str, str]:
    """Everything that is kept: topic and version → the stored state."""
    found = _read(GOLDEN)
    for module in modules():
        found |= _read(Path(str(module.__file__)).with_name("events.json"))
    return found


def _read(path: Path) -> dict[str, str]:
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def test_every_event_has_a_sample_and_kept_bytes():
    """An event cannot be added without its bytes."""
    assert {type(s) for s in SAMPLES} == {*all_events()}
    assert {key(s) for s in SAMPLES} <= set(golden())


@pytest.mark.parametrize("sample", SAMPLES, ids=key)
def test_an_event_is_written_as_it_always_was(sample):
    """Byte for byte, under its topic."""
    stored = MAPPER.to_stored_event(sample)
    assert stored.topic == sample.TOPIC == get_topic(type(sample))
    assert stored.state.decode() == golden()[key(sample)]


@pytest.mark.parametrize("sample", SAMPLES, ids=key)
def test_the_librarys_own_transcoder_writes_the_same_bytes(sample):
    """Ours is only faster."""
    assert Mapper(JSONTranscoder()).to_stored_event(sample).state == MAPPER.to_stored_event(sample).state


@pytest.mark.parametrize("name", sorted(golden()))
def test_kept_bytes_of_every_version_are_still_read(name):
    """Upcast to what the event is today."""
    topic = name.rpartition(" v")[0]
    stored = StoredEvent(HEADER["originator_id"], HEADER["originator_version"], topic, golden()[name].encode())
    assert MAPPER.to_domain_event(stored) in SAMPLES


if __name__ == "__main__":
    write_new_ones()
