"""Records such as a school's office files, in any number and always the same for the same seed.

Ten forms of all families, filed by many organisations over seven years; gaps and codes are those a clerk would get.
All texts are our own; nobody named here exists.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice
from random import Random
from string import Formatter
from typing import Any, NamedTuple
from uuid import UUID

from benchmarks import words
from domain.event import Event, Stamp, stream_id
from domain.organisations.events import OrganisationAdded, PersonAdded, PostTaken
from domain.records import codes, content
from domain.records.record import file_record

SEED = 2024
ORGANISATION_SIZE = 500
"""Records of one organisation: more records are more organisations, as in a growing region."""

YEARS = range(2018, 2025)
TEACHERS = 6
FAMILY_OF = {
    "party_lecture": "study_session",
    "theme_day": "study_session",
    "group_study": "study_session",
    "committee_meeting": "study_session",
    "forum": "discussion",
    "heart_to_heart": "discussion",
    "reflection": "self_analysis",
    "satisfaction": "evaluation",
    "problem_item": "rectification",
    "summary": "paper",
}
_FORMS = tuple(FAMILY_OF)
_CHINA = timezone(timedelta(hours=8))

Pieces = tuple[tuple[str, str | None], ...]
"""What is said, and the place to fill in behind it."""


def _pieces(sentence: str) -> Pieces:
    return tuple((said, place) for said, place, _, _ in Formatter().parse(sentence))


_SENTENCES = tuple(_pieces(s) for s in words.SENTENCES)
_TITLES = {form: _pieces(title) for form, title in words.TITLES.items()}
_PLACES: dict[str, tuple[str, ...]] = {
    "subject": words.SUBJECTS,
    "other": words.SUBJECTS,
    "department": words.DEPARTMENTS,
    "place": words.PLACES,
    "book": words.BOOKS,
    "month": tuple(str(n) for n in range(1, 13)),
    "n": tuple(str(n) for n in range(2, 41)),
    "m": tuple(str(n) for n in range(2, 100)),
}


class Teacher(NamedTuple):
    code: str
    name: str

    def as_json(self) -> dict[str, str]:
        return {"name": self.name, "person": self.code}


class Generator:
    """``filings`` goes on for ever; two generators with one seed give the same."""

    def __init__(self, records: int, seed: int = SEED, sentences: tuple[int, int] = (3, 9)) -> None:
        """``sentences``: how many a body has, at least and at most."""
        self._random, self._sentences = Random(seed), sentences
        self.organisations = [f"school-{n:04d}" for n in range(1, max(2, records // ORGANISATION_SIZE) + 1)]
        self._teachers = {code: self._staff(code) for code in self.organisations}
        self._registers: defaultdict[tuple[str, int], int] = defaultdict(int)
        self._moment = datetime(2025, 1, 1, tzinfo=UTC)

    # ── events ──────────────────────────────────────────────────────────────────────────────────────────────────

    def directory(self, top: str) -> Iterator[Event]:
        """The schools and their teachers, below an organisation that is there."""
        for code in self.organisations:
            stamp, name = self._stamp(), f"第{int(code[-4:])}学校"
            header = stamp.header(stream_id("organisation", code), 1)
            yield OrganisationAdded(code=code, name=name, kind="学校", parent=top, **header)
            for teacher in self._teachers[code]:
                stream = stream_id("person", teacher.code)
                yield PersonAdded(code=teacher.code, name=teacher.name, **stamp.header(stream, 1))
                yield PostTaken(
                    person=teacher.code,
                    organisation=code,
                    post="党员",
                    since="1900-01-01",
                    until=None,
                    **stamp.header(stream, 2),
                )

    def filings(self, files: list[Any] | None = None) -> Iterator[list[Event]]:
        """The two events of each filing: the record, and its entry in the register."""
        while True:
            organisation = self._random.choice(self.organisations)
            fields = self.content(organisation)
            checked = content.Checked(fields, (), content.find_gaps(fields, ()))
            new, year = UUID(int=self._random.getrandbits(128), version=4), int(content.occurred_on(fields)[:4])
            stamp, last = self._stamp(), self._registers[organisation, year]
            code, entered = codes.enter(organisation, year, new, last, stamp)
            self._registers[organisation, year] = last + 1
            yield [file_record(new, code, organisation, checked, files or [], False, stamp), entered]

    def batches(self, records: int, size: int = 1000) -> Iterator[list[Event]]:
        """``records`` filings in batches of ``size`` events or a little more."""
        filings = islice(self.filings(), records)
        while batch := list(islice(filings, (size + 1) // 2)):
            yield [event for filing in batch for event in filing]

    def _stamp(self) -> Stamp:
        self._moment += timedelta(seconds=7)
        return Stamp("clerk", self._moment, lambda: f"{self._random.getrandbits(128):032x}")

    # ── contents ────────────────────────────────────────────────────────────────────────────────────────────────

    def content(self, organisation: str) -> dict[str, Any]:
        """What the rules make of a record as a clerk writes it, with its people linked."""
        random = self._random
        form, staff = random.choice(_FORMS), self._teachers[organisation]
        day = (random.choice(YEARS), random.randint(1, 12), random.randint(1, 28))
        start = datetime(*day, random.randint(8, 16), tzinfo=_CHINA)
        fields: dict[str, Any] = {
            "family": FAMILY_OF[form],
            "form": form,
            "title": self._filled(_TITLES[form], staff),
            "body": self.passage(staff, random.randint(*self._sentences)),
            "retention": random.choice(("permanent", "30y", "10y")),
            "occurred": {"from": _moment(start)},
        }
        if FAMILY_OF[form] in ("study_session", "discussion"):
            fields["occurred"]["to"] = _moment(start + timedelta(hours=random.randint(1, 3)))
            fields["place"] = random.choice(words.PLACES)
            fields |= {"chair": staff[0].as_json(), "recorder": staff[1].as_json()}
            away = random.sample(staff[2:], random.randint(0, 2))
            fields["attendance"] = {"expected": TEACHERS, "present": TEACHERS - len(away)}
            if away:
                fields["attendance"]["on_leave"] = [
                    {"person": p.as_json(), "reason": random.choice(("病假", "出差"))} for p in away
                ]
        match form:
            case "party_lecture" | "group_study":
                fields["hours"] = random.choice((1, 1.5, 2))
            case "committee_meeting":
                fields["decisions"] = [self.passage(staff, 1) for _ in range(random.randint(1, 3))]
            case "reflection":
                fields["author"] = random.choice(staff).as_json()
            case "satisfaction":
                fields |= {"ballots": 80, "satisfied": random.randint(20, 60), "mostly_satisfied": 12}
                fields |= {"dissatisfied": 4, "subject": random.choice(words.SUBJECTS)}
            case "problem_item":
                fields |= {"problem": self.passage(staff, 1), "measures": self.passage(staff, 2)}
                fields["department"] = random.choice(words.DEPARTMENTS)
                fields["responsible"] = random.choice(staff).as_json()
                fields |= {"deadline": (start + timedelta(days=60)).date().isoformat(), "term": "long_term"}
        return fields

    def title(self, form: str, organisation: str) -> str:
        return self._filled(_TITLES[form], self._teachers[organisation])

    def text(self, organisation: str, sentences: int) -> str:
        return self.passage(self._teachers[organisation], sentences)

    def passage(self, staff: tuple[Teacher, ...], sentences: int) -> str:
        return "".join(self._filled(s, staff) for s in self._random.choices(_SENTENCES, k=sentences))

    def _filled(self, pieces: Pieces, staff: tuple[Teacher, ...]) -> str:
        some = self._random.random
        text = ""
        for said, place in pieces:
            text += said
            if place == "person":
                text += staff[int(some() * TEACHERS)].name
            elif place:
                choices = _PLACES[place]
                text += choices[int(some() * len(choices))]
        return text

    def _staff(self, organisation: str) -> tuple[Teacher, ...]:
        """Six people of different names, so that each name means one of them."""
        given = self._random.sample(words.GIVEN, TEACHERS)
        return tuple(
            Teacher(f"{organisation}-p{n}", self._random.choice(words.SURNAMES) + name)
            for n, name in enumerate(given, 1)
        )


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="minutes")
