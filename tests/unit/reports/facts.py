"""Events of records as the fold sees them, each with its leaf index, written down by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.event import Stamp, stream_id
from domain.organisations.directory import Directory
from domain.organisations.events import OrganisationAdded, PersonAdded, PostTaken
from domain.reports.annual import FOLD_VERSION, AsOf, Report, annual
from domain.reports.cases import (
    ATTACHED,
    CLOSED,
    CORRECTED,
    FILED,
    PROGRESS,
    RETURNED,
    SIGNED,
    WITHDRAWN,
    Fact,
)

NOW = datetime(2024, 3, 1, 2, 0, tzinfo=UTC)
STAMP = Stamp("test", NOW, lambda: "0" * 32)


class Story:
    """Tells events one after another; each takes the next leaf."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self._codes = 0

    def _add(self, topic: str, record: UUID, attributes: dict[str, Any]) -> int:
        leaf = len(self.facts)
        self.facts.append((leaf, topic, record, attributes))
        return leaf

    def filed(
        self,
        record: UUID,
        family: str,
        form: str,
        day: str,
        *,
        organisation: str = "b1",
        late: bool = False,
        files: tuple[int, ...] = (),
        gaps: tuple[str, ...] = (),
        **fields: Any,
    ) -> int:
        self._codes += 1
        return self._add(
            FILED,
            record,
            {
                "code": f"{organisation}-{day[:4]}-{self._codes:04d}",
                "organisation": organisation,
                "late": late,
                **state(family, form, day, files, gaps, fields),
            },
        )

    def corrected(
        self,
        record: UUID,
        family: str,
        form: str,
        day: str,
        *,
        files: tuple[int, ...] = (),
        gaps: tuple[str, ...] = (),
        **fields: Any,
    ) -> int:
        return self._add(CORRECTED, record, {"reason": "更正", **state(family, form, day, files, gaps, fields)})

    def attached(self, record: UUID, files: tuple[int, ...], gaps: tuple[str, ...] = ()) -> int:
        said = state("paper", "document", "2023-01-01", files, gaps, {})
        return self._add(ATTACHED, record, {"files": said["files"], "gaps": said["gaps"], "attached": []})

    def signed(self, record: UUID) -> int:
        return self._add(SIGNED, record, {"remark": ""})

    def returned(self, record: UUID) -> int:
        return self._add(RETURNED, record, {"reason": "缺"})

    def withdrawn(self, record: UUID) -> int:
        return self._add(WITHDRAWN, record, {"reason": "重"})

    def progress(self, record: UUID, on: str) -> int:
        return self._add(PROGRESS, record, {"on": on, "note": "进展"})

    def closed(self, record: UUID, on: str) -> int:
        return self._add(CLOSED, record, {"on": on, "note": "办结", "evidence": []})

    def report(
        self, year: int = 2023, organisation: str = "top", last: datetime | None = NOW, version: int = FOLD_VERSION
    ) -> Report:
        return fold(self.facts, year, organisation, last, version)


def state(
    family: str, form: str, day: str, files: tuple[int, ...], gaps: tuple[str, ...], fields: dict[str, Any]
) -> dict[str, Any]:
    return {
        "content": {"family": family, "form": form, "title": "题名", "occurred": {"from": day}, **fields},
        "files": [
            {"name": f"{n}.txt", "sha256": "0" * 64, "size": size, "media_type": "text/plain", "role": "other"}
            for n, size in enumerate(files)
        ],
        "gaps": [{"code": code, "field": "x"} for code in gaps],
    }


def record(number: int) -> UUID:
    return UUID(int=number)


def person(name: str, code: str | None = None) -> dict[str, str]:
    return {"name": name} if code is None else {"name": name, "person": code}


def directory() -> Directory:
    """top ⊃ b1, b2; 张敏 and 李强 in b1, 孙丽 in b2."""
    made = Directory()
    for code, parent in (("top", None), ("b1", "top"), ("b2", "top")):
        made.apply(
            OrganisationAdded(
                code=code,
                name=f"{code} 单位",
                kind="",
                parent=parent,
                **STAMP.header(stream_id("organisation", code), 1),
            )
        )
    for code, name, organisation in (("p1", "张敏", "b1"), ("p2", "李强", "b1"), ("p3", "孙丽", "b2")):
        stream = stream_id("person", code)
        made.apply(PersonAdded(code=code, name=name, **STAMP.header(stream, 1)))
        made.apply(
            PostTaken(
                person=code, organisation=organisation, post="党员", since="2020-01-01", until=None,
                **STAMP.header(stream, 2),
            )
        )  # fmt: skip
    return made


def fold(
    facts: list[Fact],
    year: int = 2023,
    organisation: str = "top",
    last: datetime | None = NOW,
    version: int = FOLD_VERSION,
) -> Report:
    as_of = AsOf(len(facts), b"\x01" * 32, last)
    return annual(facts, organisation=organisation, year=year, as_of=as_of, directory=directory(), version=version)
