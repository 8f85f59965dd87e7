"""What every event store promises of an erasure, beside its main suite: what is named goes, and nothing else."""

from __future__ import annotations

from hashlib import sha256
from uuid import uuid4

import pytest

from domain.ledger.entry import entry
from domain.ledger.tombstone import tombstone
from domain.records.erasure import ErasureNotAnnounced
from domain.records.events import RecordErased, RecordSignedOff, Tombstone
from tests.contract import event_stores
from tests.contract.event_stores import signed
from tests.fakes import stamp

kept, opened, store = event_stores.kept, event_stores.opened, event_stores.store


def erasing(stream, states, version, **more):
    """An event that erases these states of its stream."""
    said = {
        "ground": "privacy", "basis": "教党〔2024〕7号", "proposer": "secretary", "digests": [], "code": "a-2023-0001",
        "organisation": "a", "family": "paper", "form": "publicity", "year": 2023, "years": [2023],
        "events": [{"version": n, "state": sha256(state).hexdigest(), "at": ""} for n, state in states.items()],
    }  # fmt: skip
    return RecordErased(**{**said, **more}, **stamp().header(stream, version))


def test_a_state_that_an_erasure_names_becomes_a_tombstone(store):
    """Its digest stays, nothing else does; a second time changes nothing. The row keeps its place."""
    stream = uuid4()
    store.append([signed(stream, 1), signed(stream, 2)])
    before = store.stored(stream)
    store.append([erasing(stream, {1: before[0].state}, 3)])
    assert [store.erase(stream, 1, 3), store.erase(stream, 1, 3)] == [True, False]
    digest = sha256(before[0].state).hexdigest()
    row, *others = store.stored(stream)
    assert row == before[0]._replace(state=tombstone(3, digest))
    assert store.entries(0, 1) == [(row.position, stream.bytes, 1, entry(*before[0][1:]))]
    assert others[0] == before[1]
    found = store.decode(row)
    assert isinstance(found, Tombstone)
    assert (found.topic, found.by, found.state) == (RecordSignedOff.TOPIC, 3, digest)
    assert store.stream(stream)[0] == found
    assert store.attributes(row) == {"erased": {"by": 3, "state": digest}}
    assert [each.version for each in store.erasures(0, 10)] == [3]
    assert store.erasures(store.head(), 10) == []


def test_nothing_is_erased_that_no_erasure_names(store):
    """Neither another event, nor another state, nor one of another stream, nor what came later, nor an erasure."""
    stream, other = uuid4(), uuid4()
    store.append([signed(stream, 1), signed(stream, 2), signed(other, 1)])
    store.append([erasing(stream, {1: b"other"}, 3)])
    own = store.stored(stream)[2].state
    store.append([erasing(stream, {3: own, 6: b"later"}, 4), signed(stream, 5), signed(stream, 6)])
    before = store.stored(stream)
    for version, by in ((1, 3), (2, 3), (3, 4), (6, 4), (5, 4), (9, 4), (1, 9), (1, 2)):
        with pytest.raises(ErasureNotAnnounced):
            store.erase(stream, version, by)
    with pytest.raises(ErasureNotAnnounced):
        store.erase(other, 1, 3)
    assert store.stored(stream) == before


def test_a_forged_erasure_without_a_list_erases_nothing(store):
    """Whatever stands in the place of the list of states."""
    stream = uuid4()
    store.append([signed(stream, 1), erasing(stream, {}, 2), erasing(stream, {}, 3, events=None)])
    for by in (2, 3):
        with pytest.raises(ErasureNotAnnounced):
            store.erase(stream, 1, by)
