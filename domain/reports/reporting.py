"""Use case: make the annual report, issue it, and check a file that claims to be one.

A report is made from the events below a checkpoint's size and nothing else (`domain.reports.annual`). Issuing one is an
event that holds the digests of the files and what they were made from; checking a file asks whether such an event is in
the ledger, and whether the history still yields the very same report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from hashlib import sha256
from typing import Any
from uuid import UUID

from domain.access import Action, Actor
from domain.errors import EventUnreadable, InputError, IntegrityFault, Lang, NotFound, Unavailable
from domain.event import Stamp
from domain.ledger.checkpoint import parse_checkpoint
from domain.ledger.entry import entry
from domain.ledger.note import parse_note
from domain.ledger.tree import leaf_hash
from domain.moments import Moments
from domain.organisations.directory import Directory
from domain.organisations.policy import Policy
from domain.ports.events import EventStore
from domain.ports.ledger import LedgerReader
from domain.ports.reports import Concerned, FiguresReader, ReportRenderer
from domain.ports.surroundings import Clock, Entropy
from domain.records.erasure import recorded_at
from domain.records.events import RecordErased
from domain.reports.annual import FOLD_VERSION, AsOf, Report, annual
from domain.reports.cases import Fact
from domain.reports.events import ReportIssued
from domain.reports.subject import REPORTS

BATCH = 250
"""Events read at a time: memory stays flat however many a report has, and rows are decoded while they are at hand."""

AsOfQuestion = int | date | datetime | None
"""A tree size; a day (its end) or an instant; None for the published checkpoint."""

MOST_NAMED = 20
"""Erased records that are named one by one."""

_BY = "erased by"
"""Key under which a fact in the place of a tombstone holds the event that says so."""

ISSUED_LANGUAGE: Lang = "zh"
"""Issued files are in the language of the archive's law, whatever the clerk's screen speaks."""


class FiguresBehind(Unavailable):
    code = "figures_behind"
    zh = "年报的底账还在整理（{ready}／{size}），稍后就好。"
    en = "The figures are still being gathered ({ready} of {size} events)."
    next_zh = "请稍等片刻再试；如果一直如此，请运行 jianzheng index rebuild。"
    next_en = "Try again in a moment; if it stays so, run jianzheng index rebuild."


class UnknownEnding(InputError):
    code = "report_ending_unknown"
    zh = "年报不能存为“{ending}”；可用的有：{accepted}。"
    en = "A report cannot be written as “{ending}”; accepted: {accepted}."


@dataclass(frozen=True)
class Issued:
    """The files by ending, and the event. ``changed`` is False where this very report had been issued before."""

    report: Report
    files: dict[str, bytes]
    event: ReportIssued
    changed: bool


@dataclass(frozen=True)
class Remark:
    """One thing that was found about a file. ``grave``: the file must not be relied on."""

    code: str
    zh: str
    en: str
    grave: bool = True


@dataclass(frozen=True)
class Verdict:
    """Whether a file is an issued report (``event``, ``leaf``), and whether the history still yields it."""

    sha256: str
    event: ReportIssued | None = None
    leaf: int | None = None
    ending: str | None = None
    remarks: tuple[Remark, ...] = field(default=())

    @property
    def issued(self) -> bool:
        """Whether the ledger holds an event that issued this very file."""
        return self.event is not None

    @property
    def ok(self) -> bool:
        """Whether it was issued, and nothing grave speaks against it."""
        return self.issued and not any(remark.grave for remark in self.remarks)


NOT_ISSUED = Remark(
    "not_issued",
    "这不是本档案库签发的年报，或者签发之后被改动过。",
    "This is no report that this archive issued, or it was changed afterwards.",
)
EVENT_ALTERED = Remark(
    "event_altered",
    "签发这份年报的事件与账本不符，被改动过。",
    "The event that issued this report is not what the ledger holds: it was altered.",
)
ROOT_DIFFERS = Remark(
    "root_differs",
    "账本在签发时的位置上，现在的根与签发时不同：历史被改写过。",
    "At the size of that time the ledger has another root now: history was rewritten.",
)
FIGURES_DIFFER = Remark(
    "history_differs",
    "按现在库中的事件重做，得出的年报与签发的不同：有事件被改动过。",
    "Made again from the stored events, the report comes out different: events were altered.",
)
RECORD_ERASED = "record_erased"
"""Code of the remark on a report that counted what was lawfully erased since."""

RENDERING_DIFFERS = Remark(
    "rendering_differs",
    "内容与历史一致；但本机的字体或程序版本不同，重排的文件不会逐字节相同。",
    "The contents agree with history; this machine's fonts or program lay the file out with other bytes.",
    grave=False,
)


class Reporting:
    def __init__(
        self,
        *,
        events: EventStore,
        ledger: LedgerReader,
        figures: FiguresReader,
        directory: Callable[[], Directory],
        directory_at: Callable[[int], Directory],
        renderers: Mapping[str, ReportRenderer],
        clock: Clock,
        entropy: Entropy,
        zone: tzinfo,
    ) -> None:
        """``directory_at`` gives the directory as it stood at a position of the event store."""
        self.events, self.ledger, self.figures = events, ledger, figures
        self.directory, self.directory_at = directory, directory_at
        self.renderers = renderers
        self.clock, self.entropy, self.zone = clock, entropy, zone
        self.moments = Moments(ledger, events, zone)
        self.policy = Policy(directory, lambda: clock().astimezone(zone).date())
        self._stood: tuple[AsOf, Directory] | None = None  # at the checkpoint asked for last

    # ── make ────────────────────────────────────────────────────────────────────────────────────────────────────

    def annual(self, actor: Actor, organisation: str, year: int, as_of: AsOfQuestion = None) -> Report:
        """The report as it stood. Raises `NotAllowed`, `NotFound`, `FiguresBehind`, and faults of the stored events."""
        self._require(actor, "report.read", organisation)
        return self._make(organisation, year, self.size_of(as_of), FOLD_VERSION)

    def render(self, report: Report, ending: str, lang: Lang = ISSUED_LANGUAGE) -> bytes:
        """The report as a file: ``json`` (both languages), ``html`` or ``pdf``."""
        ending = ending.lower().removeprefix(".")
        if ending == "json":
            return report.to_bytes()
        renderer = self.renderers.get(ending)
        if renderer is None:
            raise UnknownEnding(ending=ending, accepted=" ".join(["json", *sorted(self.renderers)]))
        return renderer(report.as_json(), lang)

    def size_of(self, as_of: AsOfQuestion) -> int:
        """The tree size that is meant. Raises `NotFound` before the first checkpoint, or beyond the tree."""
        if as_of is None:
            return parse_checkpoint(parse_note(self.ledger.checkpoint()).text).size
        if isinstance(as_of, int):
            if not 0 <= as_of <= self.ledger.size():
                raise NotFound("账本大小", "tree size", as_of, field="as_of")
            return as_of
        return self.moments.at(as_of) if isinstance(as_of, datetime) else self.moments.end_of(as_of)

    # ── issue ───────────────────────────────────────────────────────────────────────────────────────────────────

    def issue(
        self,
        actor: Actor,
        organisation: str,
        year: int,
        as_of: AsOfQuestion = None,
        endings: Sequence[str] = ("json", "html", "pdf"),
    ) -> Issued:
        """Make the files and record their digests; the JSON is always among them, because it is what is made again."""
        self._require(actor, "report.issue", organisation)
        report = self._make(organisation, year, self.size_of(as_of), FOLD_VERSION)
        wanted = dict.fromkeys(("json", *(ending.lower().removeprefix(".") for ending in endings)))
        files = {ending: self.render(report, ending) for ending in wanted}
        digests = {ending: sha256(data).hexdigest() for ending, data in files.items()}
        stream = REPORTS.stream(organisation, year)
        stamp = Stamp(actor.username, self.clock(), self.entropy.salt)

        def event_at(version: int) -> ReportIssued:
            return ReportIssued(
                organisation=organisation,
                year=year,
                tree_size=report.as_of.tree_size,
                root=report.as_of.root.hex(),
                fold_version=report.fold_version,
                digests=digests,
                **stamp.header(stream, version),
            )

        return Issued(report, files, *self._issue_once(stream, digests, event_at))

    # ── verify ──────────────────────────────────────────────────────────────────────────────────────────────────

    def verify_file(self, actor: Actor, data: bytes) -> Verdict:
        """Is this the issued file, and does the history still yield it?"""
        digest = sha256(data).hexdigest()
        ready = self.figures.size()
        for index in reversed(self.figures.issued(digest)):
            issued = self._issued(index, digest)
            if issued is None:
                return Verdict(digest, leaf=index, remarks=(EVENT_ALTERED,))
            event, ending = issued
            self._require(actor, "report.read", event.organisation)
            return Verdict(digest, event, index, ending, tuple(self._compare(event, ending)))
        if ready < self.ledger.size():  # it may be among those that are not taken in yet
            raise FiguresBehind(ready=ready, size=self.ledger.size())
        return Verdict(digest, remarks=(NOT_ISSUED,))

    def objection(self, event: ReportIssued) -> Remark | None:
        """What speaks against a report that was issued, or keeps it from being made again: its contents are made again;
        nothing is laid out."""
        return next((each for each in self._compare(event, "json") if each.grave or each.code == RECORD_ERASED), None)

    def _issued(self, index: int, digest: str) -> tuple[ReportIssued, str] | None:
        """The event of that leaf, if it is what the leaf says and issued the digest; with the file's ending."""
        leaf = self.ledger.leaves(index, 1)[0]
        rows = self.events.rows_at([leaf.position])
        if not rows or leaf_hash(entry(rows[0].id, rows[0].version, rows[0].topic, rows[0].state)) != leaf.hash:
            return None
        event = self.events.decode(rows[0])
        if not isinstance(event, ReportIssued):
            return None
        ending = next((ending for ending, known in event.digests.items() if known == digest), None)
        return None if ending is None else (event, ending)

    def _compare(self, event: ReportIssued, ending: str) -> Iterator[Remark]:
        if event.tree_size > self.ledger.size() or self.ledger.root(event.tree_size).hex() != event.root:
            yield ROOT_DIFFERS
            return
        try:
            report = self._make(event.organisation, event.year, event.tree_size, event.fold_version)
        except IntegrityFault as fault:
            yield Remark("history_unreadable", fault.message("zh"), fault.message("en"))
            return
        if sha256(report.to_bytes()).hexdigest() != event.digests["json"]:
            yield self._erased_since(event) or FIGURES_DIFFER
            return
        try:
            same = sha256(self.render(report, ending)).hexdigest() == event.digests[ending]
        except Unavailable:  # no font for it on this machine: the contents were compared, the bytes cannot be
            same = False
        if not same:
            yield RENDERING_DIFFERS

    # ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _issue_once(
        self, stream: UUID, digests: dict[str, str], event_at: Callable[[int], ReportIssued]
    ) -> tuple[ReportIssued, bool]:
        """The event that issues these files, and whether it is new: the same is not recorded twice in a row.

        Where somebody else was quicker, what they issued is looked at: it may be the same.
        """
        while True:
            last = self.events.last_version(stream)
            before = self.events.stream(stream, after=last - 1) if last else []
            if before and isinstance(before[-1], ReportIssued) and before[-1].digests == digests:
                return before[-1], False

            def decide(now: int, seen: int = last) -> list[ReportIssued]:
                return [event_at(now + 1)] if now == seen else []

            if issued := self.events.append_next(stream, decide):
                return issued[0], True

    def _make(self, organisation: str, year: int, size: int, version: int) -> Report:
        ready = self.figures.size()
        if ready < size:
            raise FiguresBehind(ready=ready, size=size)
        as_of, directory = self._at(size)
        concerned = self.figures.concerned(directory.below(organisation), year, size)
        return annual(
            self._facts(concerned),
            organisation=organisation,
            year=year,
            as_of=as_of,
            directory=directory,
            version=version,
        )

    def _at(self, size: int) -> tuple[AsOf, Directory]:
        """What all reports at a checkpoint have in common. It never changes, and many are made at one: it is kept."""
        stood = self._stood
        if stood is None or stood[0].tree_size != size:
            directory, last_recorded = Directory(), None
            if size:
                last = self.ledger.leaves(size - 1, 1)[0]
                directory = self.directory_at(last.position)
                last_recorded = self._recorded_at(Concerned(last.index, last.position))
            stood = self._stood = AsOf(size, self.ledger.root(size), last_recorded), directory
        return stood

    def _facts(self, concerned: Sequence[Concerned]) -> Iterator[Fact]:
        for start in range(0, len(concerned), BATCH):
            batch = concerned[start : start + BATCH]
            acts = self.events.acts_at([each.position for each in batch])
            if len(acts) != len(batch):
                there = {position for position, _, _, _ in acts}
                lost = next(each.leaf for each in batch if each.position not in there)
                raise EventUnreadable(what=f"leaf {lost}", why="the row is missing")
            for (leaf, _), (_, topic, stream, attributes) in zip(batch, acts, strict=True):
                if _is_tombstone(attributes):
                    yield leaf, RecordErased.TOPIC, stream, self._instead(stream, attributes)
                else:
                    yield leaf, topic, stream, attributes

    def _erased_since(self, event: ReportIssued) -> Remark | None:
        """Of a report that cannot be made again because it counted what is gone."""
        _, directory = self._at(event.tree_size)
        concerned = self.figures.concerned(directory.below(event.organisation), event.year, event.tree_size)
        erasures: dict[str, str] = {}
        for _, _, _, attributes in self._facts(concerned):
            erased = attributes.get(_BY)
            if isinstance(erased, RecordErased):
                erasures[erased.code] = f"{erased.originator_id}/{erased.originator_version}"
        if not erasures:
            return None
        named = "、".join(f"{code}（{name}）" for code, name in sorted(erasures.items())[:MOST_NAMED])
        named_en = ", ".join(f"{code} ({name})" for code, name in sorted(erasures.items())[:MOST_NAMED])
        return Remark(
            RECORD_ERASED,
            f"签发以后，其中 {len(erasures)} 条记录依法销毁：{named}；所以现在不能重做这份年报来比较。",
            f"{len(erasures)} of its records were lawfully erased since: {named_en}. So it cannot be made again now.",
            grave=False,
        )

    def _instead(self, stream: str, attributes: dict[str, Any]) -> dict[str, Any]:
        """In the place of a tombstone: what the event says that erased the record."""
        by = int(attributes["erased"]["by"])
        erasure = next(iter(self.events.stream(UUID(stream), after=by - 1, limit=1)), None)
        if not isinstance(erasure, RecordErased):
            raise EventUnreadable(what=f"{stream}/{by}", why="no erasure")
        return {**vars(erasure), _BY: erasure}

    def _recorded_at(self, leaf: Concerned) -> datetime:
        [(_, _, stream, attributes)] = self.events.acts_at([leaf.position]) or [(0, "", "", {})]
        if _is_tombstone(attributes):
            version = self.ledger.leaves(leaf.leaf, 1)[0].version
            attributes = {"recorded_at": recorded_at(self._instead(stream, attributes)[_BY], version)}
        try:
            return datetime.fromisoformat(attributes["recorded_at"])
        except (KeyError, TypeError, ValueError) as error:
            raise EventUnreadable(what=f"leaf {leaf.leaf}", why=f"recorded_at: {error}") from error

    def _require(self, actor: Actor, action: Action, organisation: str) -> None:
        self.directory().organisation(organisation)
        self.policy.require_in(actor, action, organisation)


def _is_tombstone(attributes: dict[str, Any]) -> bool:
    return len(attributes) == 1 and "erased" in attributes
