"""The rules of erasure: who, on which ground, what stays, and which histories cannot be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.access import Actor
from domain.audit import audit
from domain.erasing import Shared
from domain.errors import NotAllowed, NotFound
from domain.records import erasure
from domain.records.events import RecordErased, RecordEvent, Tombstone
from domain.records.filing import ReasonMissing
from domain.records.refusals import ActNotPossible, HistoryImpossible
from domain.records.replay import replay
from tests.fakes import School, lecture, tombstoned


@pytest.fixture
def school():
    return School()


def filed(school, *files, **more):
    return school.archive.file(school.actor("clerk"), lecture(**more), files or [school.file(b"signed")]).record


def propose(school, record, ground="privacy", basis="教党〔2024〕7号", files=()):
    return school.erasing.propose(school.actor("secretary"), record.code, ground, basis, files)


def erased(school, record, **more):
    propose(school, record, **more)
    return school.erasing.approve(school.actor("admin"), record.code).record


def history(school, record) -> list[RecordEvent]:
    return [event for event in school.events.stream(record.id) if isinstance(event, RecordEvent)]


def test_an_erased_record_leaves_a_stub(school):
    """Code, place, kind and year, the ground, and by whom; nothing of what it held. The same after its states went."""
    record = filed(school)
    before = erased(school, record)
    [event] = [each for each in history(school, record) if isinstance(each, RecordErased)]
    for each in event.events:
        school.events.erase(record.id, each["version"], event.originator_version)
    after = school.archive.find(record.code)
    assert after == before
    assert (after.status, after.code, after.organisation, after.files) == ("erased", record.code, "branch-1", ())
    assert after.content == {
        "family": "study_session", "form": "party_lecture", "title": erasure.GONE, "occurred": {"from": "2023"}
    }  # fmt: skip
    assert [(act.name, act.by) for act in after.history] == [("erasure_proposed", "secretary"), ("erased", "admin")]
    assert (event.ground, event.basis, event.proposer) == ("privacy", "教党〔2024〕7号", "secretary")
    assert (after.filed_at, after.filed_by) == (record.filed_at, "")
    assert audit(history(school, record)) is None


def test_an_erasure_names_every_state_but_those_about_erasures(school):
    """Their digests are those of the stored bytes; who proposed and decided before stays readable."""
    record = filed(school)
    propose(school, record)
    school.erasing.reject(school.actor("admin"), record.code, "尚在诉讼期间")
    school.archive.sign_off(school.actor("secretary"), record.code)
    erased(school, record)
    event = history(school, record)[-1]
    rows = {row.version: row for row in school.events.stored(record.id)}
    assert erasure.named(event) == {n: tombstoned(history(school, record)[n - 1], 0).state for n in (1, 4)}
    assert rows[1].topic == "jianzheng:record.filed"


def test_whoever_proposed_cannot_approve(school):
    """Nor can another account of the same person; somebody without the right role never can."""
    record = filed(school)
    school.erasing.propose(school.actor("admin"), record.code, "privacy", "教党〔2024〕7号")
    with pytest.raises(erasure.ErasureNeedsAnother):
        school.erasing.approve(school.actor("admin"), record.code)
    with pytest.raises(NotAllowed):
        school.erasing.approve(school.actor("secretary"), record.code)
    other = filed(school, school.file(b"other"), title="另一次")
    propose(school, other)
    twin = Actor("admin-2", "p-3", school.actor("admin").grants)
    with pytest.raises(erasure.ErasureNeedsAnother):
        school.erasing.approve(twin, other.code)


def test_a_proposal_has_a_ground_and_a_basis_and_stands_alone(school):
    """What is missing or unknown is said; a second proposal waits for the first one's decision."""
    record = filed(school)
    with pytest.raises(erasure.UnknownGround):
        propose(school, record, ground="whim")
    for basis in ("  ", "x" * 1001, "a\nb"):
        with pytest.raises(erasure.BasisMissing):
            propose(school, record, basis=basis)
    with pytest.raises(erasure.ErasureNotProposed):
        school.erasing.approve(school.actor("admin"), record.code)
    propose(school, record)
    with pytest.raises(erasure.ErasureOpen):
        propose(school, record)
    with pytest.raises(ReasonMissing):
        school.erasing.reject(school.actor("admin"), record.code, " ")
    with pytest.raises(NotFound):
        school.erasing.approve(school.actor("admin"), "branch-1-2023-0099")


@pytest.mark.parametrize(("period", "allowed"), [("permanent", False), ("30y", False), ("10y", True), (None, True)])
def test_what_has_to_be_kept_is_not_erased_because_its_time_is_over(school, period, allowed):
    """Twelve years later ten have passed; what is permanent never expires."""
    record = filed(school, retention=period)
    school.later(12 * 365)
    if allowed:
        assert erased(school, record, ground="retention-expired").status == "erased"
    else:
        with pytest.raises(erasure.RetentionNotOver):
            propose(school, record, ground="retention-expired")


def test_files_can_be_erased_while_the_record_stays(school):
    """Their names stay, with the event that erased them; the record goes on, and can be erased whole later."""
    record = filed(school, school.file(b"one", "一.txt"), school.file(b"two", "二.txt"))
    found = erased(school, record, files=["一.txt"])
    one = next(entry.sha256 for entry in record.files if entry.name == "一.txt")
    assert (found.status, found.destroyed, len(found.files)) == ("filed", {one: 3}, 2)
    with pytest.raises(erasure.FileErased):
        found.require_there(found.files[0])
    with pytest.raises(erasure.FileNotOfRecord):
        propose(school, record, files=["一.txt"])
    school.archive.sign_off(school.actor("secretary"), record.code)
    found = erased(school, record)
    assert (found.status, len(found.destroyed)) == ("erased", 2)
    event = history(school, record)[-1]
    for version in erasure.named(event):
        school.events.erase(record.id, version, event.originator_version)
    assert school.archive.find(record.code) == found
    assert audit(history(school, record)) is None


def test_a_file_that_another_record_names_stays_for_its_sake(school):
    """Both are told of each other, and either can go first; of one that somebody may not read, the number is told."""
    record, other = filed(school), filed(school, title="另一次")
    digest = record.files[0].sha256
    abroad = school.archive.file(school.actor("stranger"), lecture(organisation="school-02"), [school.file(b"signed")])
    proposed = school.erasing.propose(
        school.actor("secretary"), record.code, "privacy", "教党〔2024〕7号", ["签到表.txt"]
    )
    assert proposed.shared == (Shared(digest, (other.code,), 1),)
    approved = school.erasing.approve(school.actor("admin"), record.code)
    assert approved.shared == (Shared(digest, (other.code, abroad.record.code), 0),)
    assert approved.record.destroyed == {digest: 3}
    assert school.archive.find(other.code).destroyed == {}
    assert school.erasing.holders(record.id, [digest]) == {digest: [other, abroad.record]}
    assert school.erasing.holders(other.id, [digest]) == {digest: [abroad.record]}
    assert school.erasing.holders(record.id, [digest], after=school.events.head()) == {}
    assert erased(school, other).status == "erased"
    assert school.erasing.holders(record.id, [digest]) == {digest: [abroad.record]}


def test_what_was_erased_is_not_attached_again(school):
    """Not by a new name, nor by a correction, though another record still has it; elsewhere it may be filed."""
    record, other = filed(school), filed(school, title="另一次")
    name = record.files[0].name
    erased(school, record, files=[name])
    clerk, again = school.actor("clerk"), replace(school.file(b"signed"), name="再来.txt")
    with pytest.raises(erasure.FileErased):
        school.archive.attach(clerk, record.code, [again])
    with pytest.raises(erasure.FileErased):
        school.archive.correct(clerk, record.code, lecture(title="改题"), "改题", [again])
    assert school.archive.attach(clerk, other.code, [again]).changed


def test_nothing_can_be_done_to_an_erased_record(school):
    """It cannot be corrected, withdrawn or erased again."""
    record = filed(school)
    erased(school, record)
    with pytest.raises(ActNotPossible):
        school.archive.withdraw(school.actor("secretary"), record.code, "重复")
    with pytest.raises(ActNotPossible):
        propose(school, record)


def test_histories_that_no_lawful_erasure_left_are_impossible(school):
    """A state without its erasure, another digest, an erasure by the proposer: each is told by its event."""
    record = filed(school)
    erased(school, record)
    acts = history(school, record)
    assert replay(acts) is not None
    gone = tombstoned(acts[0], 3)
    forged: list[tuple[int, list[RecordEvent]]] = [
        (1, [gone]),
        (1, [gone, acts[1]]),
        (1, [replace(gone, state="00" * 32), *acts[1:]]),
        (1, [replace(gone, by=2), *acts[1:]]),
        (3, [gone, acts[1], replace(acts[2], actor="secretary")]),
        (3, [gone, acts[1], replace(acts[2], basis="另一份文件")]),
        (3, [gone, acts[1], replace(acts[2], events=[*acts[2].events, {"version": 9, "state": "00" * 32}])]),
        (2, [acts[0], replace(acts[2], originator_version=2)]),
    ]
    for version, history_ in forged:
        with pytest.raises(HistoryImpossible) as told:
            replay(history_)
        assert told.value.params["version"] == version
        assert audit(history_) is not None


def test_who_may_propose_sees_what_became_of_it(school):
    """Open, rejected and erased; others see nothing."""
    first, second = filed(school), filed(school, school.file(b"two"), title="另一次")
    propose(school, first)
    erased(school, second)
    states = [(each.code, each.state) for each in school.erasing.proceedings(school.actor("secretary"))]
    assert states == [(second.code, "erased"), (first.code, "open")]
    school.erasing.reject(school.actor("admin"), first.code, "不符合条件")
    assert {each.state for each in school.erasing.proceedings(school.actor("admin"))} == {"erased", "rejected"}
    assert school.erasing.proceedings(school.actor("clerk")) == []


def test_a_tombstone_says_nothing_by_itself(school):
    """It is an event without time, author or salt, so that whoever folds events meets no exception."""
    record = filed(school)
    gone = tombstoned(history(school, record)[0], 2)
    assert isinstance(gone, Tombstone)
    assert (gone.actor, gone.recorded_at, gone.topic) == ("", "", "jianzheng:record.filed")
