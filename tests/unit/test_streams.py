"""Every event of the product is declared by one subject, whole, and `verify` knows it; what is missing is named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from adapters.events.rows import decoded, new_row
from docs.reference_pages.events import all_events
from domain import streams
from domain.audit import audit, fits_alone
from domain.event import Event
from domain.ports.events import StoredRow
from domain.streams import KINDS, SUBJECT_OF, SUBJECTS, Undeclared, files_named, stream_of, undeclared
from domain.subject import Kind, Subject, faults
from operations.verify.stored_rules import stored_event_fits
from tests import event_samples, souvenirs
from tests.event_samples import RANDOM, in_turn
from tests.fakes import stamp
from tests.souvenirs import KEPT, LISTS, LOST, NOTED, SOUVENIRS, Kept, Lost, Noted, declare, kept, lost, noted
from tests.unit.test_golden_events import golden, key

DERIVED = UUID("5f0f8b54-4d8e-5d0c-9c57-1d2f3a4b5c6d")


def complaints(events: Iterable[type[Event]], samples: Sequence[Event], whole: Sequence[list[Event]]) -> list[str]:
    """What is missing of these events so that the archive can keep them for ever, a sentence each; ``samples``: one of
    each kind; ``whole``: streams in which all kinds come up."""
    found = [*faults(streams.SUBJECTS)]
    bytes_kept = golden()
    sampled = {type(each): each for each in samples}
    in_streams = {type(each) for stream in whole for each in stream}
    for event in events:
        if event not in KINDS or event not in SUBJECT_OF:
            found.append(f"{event.TOPIC} is declared by no subject")
            continue
        if event not in sampled:
            found.append(f"{event.TOPIC} has no sample")
        elif key(sampled[event]) not in bytes_kept:
            found.append(f"{event.TOPIC} has no bytes that are kept")
        if event not in in_streams:
            found.append(f"{event.TOPIC} is in no stream")
    for stream in whole:
        if (why := audit(stream)) is not None:
            found.append(f"{stream[why.version - 1].TOPIC} cannot stand there: {why.en}")
        found += [fault for event in stream for fault in _misjudged(event)]
    return found


def _misjudged(event: Event) -> Iterable[str]:
    kind = KINDS.get(type(event))
    if kind is None:
        return
    if alone(event) is not kind.alone:
        yield f"{kind.topic} is declared to fit alone: {kind.alone}; and does not do so"
    elsewhere = replace(event, originator_id=RANDOM if kind.stream else DERIVED)
    if alone(elsewhere) or (kind.stream and audit([replace(elsewhere, originator_version=1)]) is None):
        yield f"{kind.topic} fits a stream that is not its own"
    strangers = [each[0] for each in event_samples.streams() if SUBJECT_OF[type(each[0])] is not SUBJECT_OF[kind.event]]
    if any(audit([*in_turn([each]), replace(event, originator_version=2)]) is None for each in strangers):
        yield f"{kind.topic} fits a stream of another subject"


def alone(event: Event) -> bool:
    attributes = {name: value for name, value in vars(event).items() if not name.startswith("originator_")}
    return fits_alone(type(event), event.originator_id.hex, event.originator_version, attributes)


def test_every_event_is_declared_whole() -> None:
    """One subject, a stream, names of the act in two languages, whether it names files, bytes that are kept; `verify`
    takes it where it belongs, and nowhere else."""
    assert complaints(all_events(), event_samples.samples(), event_samples.streams()) == []


SOUVENIR = [kept(stamp(), RANDOM), lost(stamp(), RANDOM)]
LIST = [noted(stamp(), 2023), noted(stamp(), 2023, 2)]
NEW = [Kept, Lost, Noted]


def test_a_subject_is_declared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is missing but the bytes, which only events of the product have; they are stored, read and judged."""
    declare(monkeypatch, *souvenirs.BOTH)
    told = complaints(NEW, [*SOUVENIR, LIST[0]], [SOUVENIR, LIST])
    assert told == [f"{event.TOPIC} has no bytes that are kept" for event in NEW]
    for n, event in enumerate([*SOUVENIR, *LIST], start=1):
        row = StoredRow(n, *new_row(event))
        assert decoded(row) == event
        assert stored_event_fits(row.id.hex, row.version, row.topic, row.state)
    assert audit([*SOUVENIR, replace(SOUVENIR[1], originator_version=3)]).version == 3  # type: ignore[union-attr]  # as its own rules say
    assert stream_of(LIST[0]) == LISTS.stream(2023)
    assert stream_of(SOUVENIR[0]) is None
    assert files_named(SOUVENIR[1]) == []


BROKEN: dict[str, tuple[Subject, str]] = {
    "no words": (replace(SOUVENIRS, kinds=(replace(KEPT, zh="kept"), LOST)), "has no name in Chinese"),
    "no English": (replace(SOUVENIRS, kinds=(KEPT, replace(LOST, en=""))), "none in English"),
    "no name": (replace(SOUVENIRS, zh=""), "has no name in Chinese"),
    "files not told": (replace(SOUVENIRS, kinds=(replace(KEPT, files=False), LOST)), "it says that it names files"),
    "files made up": (replace(SOUVENIRS, kinds=(KEPT, replace(LOST, files=True))), "it says that it names files"),
    "not kept": (replace(SOUVENIRS, keeps=None), "does not say how long"),
    "found and not shown": (replace(SOUVENIRS, shown=None), "does not say what a hit shows"),
    "no beginning": (replace(SOUVENIRS, first=None), "which event begins"),
    "another's beginning": (replace(SOUVENIRS, first=Noted), "begins with an event that it does not declare"),
    "another family": (replace(SOUVENIRS, topics="jianzheng:trinket."), "not of the family"),
    "another base": (replace(SOUVENIRS, base=Kept), "not of the family"),
    "twice": (replace(SOUVENIRS, kinds=(KEPT, LOST, LOST)), "twice"),
    "one name for two": (
        replace(SOUVENIRS, kinds=(replace(KEPT, name="it"), replace(LOST, name="it"))),
        "declares an event or a name twice",
    ),
    "no stream": (replace(LISTS, kinds=(replace(NOTED, stream=()),)), "does not follow"),
    "a stream of nothing": (replace(LISTS, kinds=(replace(NOTED, stream=("month",)),)), "does not follow"),
    "a stream made up": (replace(SOUVENIRS, kinds=(KEPT, replace(LOST, stream=("reason",)))), "does not follow"),
    "no code": (replace(SOUVENIRS, kinds=(replace(KEPT, coded=True), LOST)), "has no archival code"),
    "judged alone": (replace(LISTS, audit=lambda events: None), "cannot be judged alone"),
    "a name that is taken": (replace(SOUVENIRS, name="record"), "two subjects are called record"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_a_declaration_leaves_out_is_named(what: str) -> None:
    """A program with such a subject does not start."""
    subject, said = BROKEN[what]
    assert any(said in fault for fault in faults((*SUBJECTS, subject)))
    assert not any(said in fault for fault in faults((*SUBJECTS, *souvenirs.BOTH)))


def test_an_event_of_two_subjects_is_named() -> None:
    """Its topic is whose?"""
    assert any("is declared by souvenir and by" in fault for fault in faults((SOUVENIRS, replace(SOUVENIRS, name="x"))))


def test_an_event_that_nobody_declares_is_named() -> None:
    """In the test, by its topic; and it cannot be stored, so that no archive has what `verify` does not know."""
    assert complaints([Lost], [], []) == ["jianzheng:souvenir.lost is declared by no subject"]
    with pytest.raises(Undeclared, match="declares Kept"):
        new_row(SOUVENIR[0])


def test_a_module_of_the_product_cannot_bring_one_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are imported already are seen when the table is."""
    monkeypatch.setattr(Lost, "__module__", "domain.souvenirs.events")
    assert [*undeclared()] == [Lost]


def test_what_is_missing_beside_the_declaration_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample, bytes, a stream in which it comes up."""
    declare(monkeypatch, *souvenirs.BOTH)
    assert complaints([Lost], [], []) == [
        "jianzheng:souvenir.lost has no sample",
        "jianzheng:souvenir.lost is in no stream",
    ]
    assert "jianzheng:souvenir.lost cannot stand there: what is lost cannot be lost again" in complaints(
        [], [], [[*SOUVENIR, replace(SOUVENIR[1], originator_version=3)]]
    )


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (replace(NOTED, fits=lambda said: False), "jianzheng:souvenir-list.noted is declared to fit alone: True"),
        (replace(NOTED, sound=lambda said: False), "its content is not that of its kind"),
        (replace(NOTED, alone=False, fits=lambda said: False), None),
    ],
)
def test_a_kind_that_judges_wrongly_is_named(monkeypatch: pytest.MonkeyPatch, kind: Kind, said: str | None) -> None:
    """Its own rules are held against its own streams."""
    declare(monkeypatch, replace(LISTS, kinds=(kind,)))
    told = complaints([], [], [LIST])
    assert told == [] if said is None else any(said in each for each in told)


def test_a_stream_begins_as_its_subject_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no other event of it is like the first."""
    declare(monkeypatch, *souvenirs.BOTH)
    first, second = SOUVENIR
    assert audit([replace(second, originator_version=1)]).version == 1  # type: ignore[union-attr]
    assert audit([first, replace(first, originator_version=2)]).version == 2  # type: ignore[union-attr]
    assert not alone(replace(second, originator_version=1))
    assert not alone(replace(first, originator_version=2))
