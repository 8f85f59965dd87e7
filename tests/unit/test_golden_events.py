"""Stored bytes are for ever: each version of each event is kept as it was written, and must be read and written so.

A failure here is never mended by changing ``tests/golden/events.json``: raise the event's ``class_version``, write an
upcaster, and add the new version's bytes beside the old ones. New events are added with `write_new_ones` below.
"""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent
from eventsourcing.utils import get_topic

from adapters.events.transcoding import PlainJSONTranscoder
from domain.event import Event
from domain.ledger import key_events as keys
from domain.organisations import events as directory
from domain.records import codes
from domain.records import events as records
from domain.reports import events as reports
from tests.fakes import NOON

GOLDEN = Path(__file__).parent.parent / "golden" / "events.json"
MAPPER = Mapper(PlainJSONTranscoder())
HEADER = {
    "originator_id": UUID("5f0f8b54-4d8e-5d0c-9c57-1d2f3a4b5c6d"),
    "originator_version": 3,
    "recorded_at": NOON.isoformat(timespec="microseconds"),
    "actor": "clerk",
    "salt": "000102030405060708090a0b0c0d0e0f",
}
FILE = {"name": "签到表.jpg", "sha256": "ab" * 32, "size": 12, "media_type": "image/jpeg", "role": "attendance_sheet"}
CONTENT = {"family": "study_session", "form": "party_lecture", "title": "专题党课", "occurred": {"from": "2023-04-21"}}
OLD_KEY = "archive.example/log+97ffed00+AbBSDgH/OUeJGydVU2Ly5TmMiI6KKKHYW4wVMnONsv3D"
NEW_KEY = "archive.example/log+ae79150e+AYM+O0CquYzJLEILlas4ec29Gst7Vjs7exwedfecq3i5"
NOTE = "jianzheng/key-rotated@v1\narchive.example/log\n\n— archive.example/log l//tAA==\n"
GAP = {"code": "missing", "field": "hours"}

SAMPLES: list[Event] = [
    records.RecordFiled(
        code="school-01-2023-0001",
        organisation="school-01",
        content=CONTENT,
        files=[FILE],
        gaps=[GAP],
        late=True,
        **HEADER,
    ),
    records.FilesAttached(files=[FILE], gaps=[], attached=["签到表.jpg"], **HEADER),
    records.RecordCorrected(content=CONTENT, files=[FILE], gaps=[], reason="题名有误", **HEADER),
    records.RecordSignedOff(remark="同意", **HEADER),
    records.RecordReturned(reason="缺席原因没有写", **HEADER),
    records.RecordWithdrawn(reason="重复录入", **HEADER),
    records.ProgressNoted(on="2023-05-01", note="已下发模板", **HEADER),
    records.ItemClosed(on="2023-05-02", note="完成", evidence=["school-01-2023-0002"], **HEADER),
    records.ErasureProposed(ground="privacy", basis="教党〔2024〕7号", digests=["ab" * 32], **HEADER),
    records.ErasureRejected(reason="尚在诉讼期间", **HEADER),
    records.RecordErased(
        ground="privacy",
        basis="教党〔2024〕7号",
        proposer="secretary",
        events=[{"version": 1, "state": "cd" * 32, "at": "2023-05-04T04:00:00.000000+00:00"}],
        digests=["ab" * 32],
        code="school-01-2023-0001",
        organisation="school-01",
        family="study_session",
        form="party_lecture",
        year=2023,
        years=[2023],
        **HEADER,
    ),
    codes.Entered(organisation="school-01", year=2023, record="5f0f8b54-4d8e-5d0c-9c57-1d2f3a4b5c6d", **HEADER),
    directory.OrganisationAdded(code="school-01", name="第一中学", kind="school", parent=None, **HEADER),
    directory.OrganisationRenamed(code="school-01", name="实验中学", **HEADER),
    directory.PersonAdded(code="p-1", name="张敏", **HEADER),
    directory.PostTaken(person="p-1", organisation="school-01", post="书记", since="2020-01-01", until=None, **HEADER),
    directory.PostLeft(person="p-1", organisation="school-01", post="书记", on="2023-01-01", **HEADER),
    directory.AccountOpened(username="clerk", person="p-1", **HEADER),
    directory.AccountClosed(username="clerk", **HEADER),
    directory.RoleGranted(
        username="clerk", organisation="school-01", role="clerk", since="2020-01-01", until=None, **HEADER
    ),
    directory.RoleRevoked(username="clerk", organisation="school-01", role="clerk", on="2023-01-01", **HEADER),
    reports.ReportIssued(
        organisation="school-01",
        year=2023,
        tree_size=41,
        root="00" * 32,
        fold_version=1,
        digests={"json": "ab" * 32},
        **HEADER,
    ),
    keys.KeyRotated(origin="archive.example/log", size=41, old=OLD_KEY, new=NEW_KEY, note=NOTE, **HEADER),
    keys.KeyRetired(origin="archive.example/log", size=41, key=OLD_KEY, reason="到期更换", note=NOTE, **HEADER),
    keys.KeySucceeded(
        origin="archive.example/log", size=41, lost=[OLD_KEY], new=NEW_KEY, reason="磁盘损坏", note=NOTE, **HEADER
    ),
]


def key(event: Event) -> str:
    return f"{event.TOPIC} v{event.class_version}"


def all_events(base: type[Event] = Event) -> set[type[Event]]:
    """Every event class of the product that is stored, i.e. has a topic of its own."""
    below = {c for s in base.__subclasses__() for c in (s, *all_events(s))}
    return {c for c in below if "TOPIC" in vars(c) and c.__module__.startswith("domain.")}


def write_new_ones() -> None:
    """Add the bytes of samples that are not kept yet; what is kept is never touched."""
    kept = json.loads(GOLDEN.read_text("utf-8")) if GOLDEN.exists() else {}
    for sample in SAMPLES:
        kept.setdefault(key(sample), MAPPER.to_stored_event(sample).state.decode())
    GOLDEN.write_text(json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")


def golden() -> dict[str, str]:
    return json.loads(GOLDEN.read_text("utf-8"))


def test_every_event_has_a_sample_and_kept_bytes():
    """An event cannot be added without its bytes."""
    assert {type(s) for s in SAMPLES} == all_events()
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


@pytest.mark.parametrize("name", sorted(golden()) if GOLDEN.exists() else [])
def test_kept_bytes_of_every_version_are_still_read(name):
    """Upcast to what the event is today."""
    topic = name.rpartition(" v")[0]
    stored = StoredEvent(HEADER["originator_id"], HEADER["originator_version"], topic, golden()[name].encode())
    assert MAPPER.to_domain_event(stored) in SAMPLES


if __name__ == "__main__":
    write_new_ones()
