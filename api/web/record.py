"""A record: facts, content, files, history, versions side by side, and whether it still is what was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from markupsafe import Markup, escape

from api.common.shapes.records import erasure_of, standing, text_status, texts_of
from api.http.auth import ActorDep
from api.http.context import ArchiveDep, BlobsDep, ClockDep, EventsDep, LedgerDep, TextsDep
from api.web import shown
from api.web.acts import acts_for
from api.web.checking import CheckJob
from api.web.desk import person_of
from api.web.locale import Speaker
from api.web.page import check_job, render, say
from domain.errors import NotFound, ServerUnreachable, Unavailable
from domain.organisations.directory import Directory
from domain.ports.texts import TEXT_STATES, ExtractedText
from domain.records import families
from domain.records.acts import NAMED
from domain.records.content import Content
from domain.records.fields import Field
from domain.records.record import Record, Version
from operations.verify.record import check_record

router = APIRouter()

PROSE = frozenset({"longtext", "texts"})
"""Kinds of field that are read as text and not looked up as a fact."""

MEETING = ("place", "chair", "recorder")

LONGEST_DIFF = 20_000
"""Characters up to which two texts are compared letter by letter; longer ones are shown whole."""

SHOWN_TEXT = 200_000
"""Characters of a file's text on its page."""

VersionQuery = Annotated[int | None, Query(ge=1, le=1_000_000)]


@dataclass(frozen=True)
class Fact:
    label: str
    text: str
    field: Field | None = None
    rows: list[dict[str, Any]] | None = None


@router.get("/records/{reference}")
def page(
    request: Request,
    archive: ArchiveDep,
    events: EventsDep,
    ledger: LedgerDep,
    texts: TextsDep,
    actor: ActorDep,
    reference: str,
    version: VersionQuery = None,
    filed: str = "",
) -> Response:
    t = say(request)
    record, state = standing(events, ledger, archive.read(actor, reference), version)
    kind = families.family(state.content["family"])
    leaves = {leaf.version: leaf.index for leaf in ledger.leaves_of(record.id)}
    directory = archive.directory()
    current = state.number == record.current.number
    return render(
        request,
        "record.html",
        active="search",
        record=record,
        state=state,
        current=current,
        title=state.content["title"],
        family=kind,
        form=kind.form(state.content["form"]) if kind else None,
        path=[(code, directory.name(code)) for code in directory.path(record.organisation)],
        year=state.content["occurred"]["from"][:4],
        facts=facts(t, state.content),
        prose=prose(t, state.content),
        gaps=[shown.gap(t, gap, state.content) for gap in state.gaps],
        files=[_file(record, state, n, text, t) for n, text in enumerate(texts_of(texts, record, state.files))],
        history=_history(t, directory, record, leaves),
        leaf=leaves.get(record.revision),
        filed=filed[:100] if current else "",
        acts=acts_for(archive, actor, record) if current else [],
        filed_by=person_of(directory, record.filed_by),
        erasure=_erasure(t, directory, record),
        decides=archive.policy.may(actor, "erasure.approve", archive.target(record)),
    )


@router.get("/records/{reference}/stamp")
def stamp(
    request: Request,
    archive: ArchiveDep,
    events: EventsDep,
    ledger: LedgerDep,
    blobs: BlobsDep,
    clock: ClockDep,
    actor: ActorDep,
    reference: str,
) -> Response:
    """The part of the page that says whether the record is what was recorded: hashed and compared just now."""
    record = archive.read(actor, reference)
    try:
        checked = check_record(record, events=events, ledger=ledger, blobs=blobs)
    except ServerUnreachable as error:  # nothing is said of what could not be looked at
        said = {"message": error.message(say(request).lang), "code": error.code}
        return render(request, "record_stamp.html", error.http_status, away=said, record=record)
    job: CheckJob = check_job(request)
    if checked.findings:
        job.note(checked.findings[0], clock())
    return render(request, "record_stamp.html", away=None, checked=checked, record=record, now=clock())


@router.get("/records/{reference}/compare")
def compare(
    request: Request,
    archive: ArchiveDep,
    actor: ActorDep,
    reference: str,
    old: VersionQuery = None,
    new: VersionQuery = None,
) -> Response:
    t, record = say(request), archive.read(actor, reference)
    second = _version(record, new or record.current.number)
    first = _version(record, old or max(1, second.number - 1))
    return render(
        request,
        "compare.html",
        active="search",
        record=record,
        first=first,
        second=second,
        lines=_differences(t, first, second),
        versions=[v.number for v in _numbered(record)],
    )


@router.get("/records/{reference}/text/{n}")
def text(
    request: Request,
    archive: ArchiveDep,
    events: EventsDep,
    ledger: LedgerDep,
    texts: TextsDep,
    actor: ActorDep,
    reference: str,
    n: int,
    version: VersionQuery = None,
) -> Response:
    """The text that was read from a file, page by page."""
    record, state = standing(events, ledger, archive.read(actor, reference), version)
    if not 0 <= n < len(state.files):
        raise NotFound("文件", "file", n)
    entry = state.files[n]
    record.require_there(entry)
    extracted = texts.get(entry.sha256)
    pages, status = extracted.pages if extracted else (), text_status(extracted)
    room, cut = SHOWN_TEXT, []
    for each in pages:
        cut.append(each[:room])
        room -= len(cut[-1])
        if room <= 0:
            break
    t = say(request)
    return render(
        request, "text.html", active="search", record=record, entry=entry, version=state.number,
        missing="" if status == "extracted" else t.name(TEXT_STATES[status]),
        pages=cut, paged=bool(extracted and extracted.paged),
        shortened=sum(map(len, pages)) > SHOWN_TEXT, picture=entry.media_type in shown.PICTURES,
    )  # fmt: skip


# ── content as people read it ───────────────────────────────────────────────────────────────────────────────────


def facts(t: Speaker, content: Content) -> list[Fact]:
    """What is looked up: time, place, people, numbers, choices, tables."""
    fields = families.form_fields(content["family"], content["form"])
    common = {field.key for field in families.COMMON}
    there = [key for key, field in fields.items() if key in content and key != "title" and field.kind not in PROSE]
    first = [key for key in MEETING if key in there]
    own = [key for key in there if key not in common]
    last = [key for key in there if key in common and key not in first]
    return [
        Fact(t("word.time"), shown.occurred(t, content["occurred"])),
        *(_fact(t, fields[key], content[key]) for key in first),
        *_attendance(t, content.get("attendance", {})),
        *(_fact(t, fields[key], content[key]) for key in (*own, *last)),
    ]


def prose(t: Speaker, content: Content) -> list[Fact]:
    """What is read: agenda, body, decisions, and the long texts of the form, in its order."""
    fields = families.form_fields(content["family"], content["form"])
    return [_fact(t, f, content[key]) for key, f in fields.items() if f.kind in PROSE and key in content]


def _fact(t: Speaker, field: Field, value: Any) -> Fact:
    if field.kind == "rows":
        rows = [
            {column.key: shown.value(t, column, row[column.key]) for column in field.columns if column.key in row}
            for row in value
        ]
        return Fact(t.name(field), "", field, rows)
    return Fact(t.name(field), shown.value(t, field, value), field)


def _attendance(t: Speaker, attendance: dict[str, Any]) -> list[Fact]:
    counts = [t(f"record.{key}", n=attendance[key]) for key in ("expected", "present") if key in attendance]
    leave = attendance.get("on_leave", [])
    if leave:
        counts.append(t("record.on_leave", n=len(leave)))
    facts = [Fact(t("record.attendance"), t("comma").join(counts))] if counts else []
    if leave:
        said = [
            t("record.absent", name=r["person"]["name"], reason=r["reason"]) if r.get("reason") else r["person"]["name"]
            for r in leave
        ]
        facts.append(Fact(t.name(next(f for f in families.ATTENDANCE if f.key == "on_leave")), t.listed(said)))
    for field in families.ATTENDANCE:
        if field.kind == "people" and field.key in attendance:
            facts.append(Fact(t.name(field), shown.value(t, field, attendance[field.key]), field))
    return facts


# ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _file(
    record: Record, state: Version, n: int, text: ExtractedText | Unavailable | None, t: Speaker
) -> dict[str, Any]:
    entry = state.files[n]
    gone = entry.sha256 in record.destroyed
    status = "erased" if gone else text_status(text)
    extracted = None if isinstance(text, Unavailable) else text
    picture = entry.media_type in shown.PICTURES and not gone
    return {
        "n": n,
        "gone": record.destroyed.get(entry.sha256),
        "name": entry.name,
        "size": entry.size,
        "kind": shown.kind(entry.media_type, entry.name),
        "picture": picture,
        "opens": entry.media_type in shown.OPENED and not gone,
        "role": shown.role(t, entry.role) if entry.role != "other" else "",
        "sha256": entry.sha256,
        "pages": len(extracted.pages) if extracted and extracted.paged else None,
        "status": status,
        "said": "" if picture and status in ("unsupported", "empty") else t.name(TEXT_STATES[status]),
        "readable": status == "extracted",
    }


def _erasure(t: Speaker, directory: Directory, record: Record) -> dict[str, Any] | None:
    """The proposal that stands open, or by what all of it was erased."""
    erasure = erasure_of(record)
    if erasure is None:
        return None
    who = erasure["decided_by"] or erasure["proposed_by"]
    ground = erasure["ground_zh" if t.lang == "zh" else "ground_en"]
    return {**erasure, "who": person_of(directory, who), "said": ground}


def _history(t: Speaker, directory: Directory, record: Record, leaves: dict[int, int]) -> list[dict[str, Any]]:
    lines = []
    for act in reversed(record.history):
        kind = NAMED[act.name]
        said = t("history.numbered", act=t.name(kind), version=act.version) if kind.numbered else t.name(kind)
        lines.append(
            {"name": act.name, "said": said, "by": person_of(directory, act.by), "at": act.at, "reason": act.reason,
             "leaf": leaves.get(act.revision), "version": act.version}
        )  # fmt: skip
    return lines


def _numbered(record: Record) -> list[Version]:
    """The last state of each version."""
    return list({version.number: version for version in record.versions}.values())


def _version(record: Record, number: int) -> Version:
    version = record.version(number)
    if version is None:
        raise NotFound("版本", "version", f"{record.code} v{number}", field="version")
    return version


def _differences(t: Speaker, first: Version, second: Version) -> list[dict[str, Any]]:
    """Every field in which the two differ, with what was taken away on the left and what was added on the right."""
    before, after = _texts(t, first), _texts(t, second)
    lines = []
    for label in dict.fromkeys((*before, *after)):
        old, new = before.get(label, ""), after.get(label, "")
        if old != new:
            left, right = difference(old, new)
            lines.append({"label": label, "old": left, "new": right})
    return lines


def _texts(t: Speaker, version: Version) -> dict[str, str]:
    content = version.content
    kind = families.family(content["family"])
    texts = {t("word.form"): t.name(kind.form(content["form"])) if kind else content["form"]}
    texts[t.name(families.COMMON[0])] = content["title"]
    for fact in (*facts(t, content), *prose(t, content)):
        if fact.rows is None:
            texts[fact.label] = fact.text
        else:
            texts[fact.label] = "\n".join(t("comma").join(row.values()) for row in fact.rows)
    texts[t("word.files")] = "\n".join(entry.name for entry in version.files)
    return texts


def difference(old: str, new: str) -> tuple[Markup, Markup]:
    """Both texts with ``<del>`` and ``<ins>`` where they differ."""
    if len(old) + len(new) > LONGEST_DIFF:
        return Markup("<del>{}</del>").format(old), Markup("<ins>{}</ins>").format(new)
    left, right = Markup(""), Markup("")
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            left, right = left + escape(old[a:b]), right + escape(new[c:d])
            continue
        left += Markup("<del>{}</del>").format(old[a:b]) if b > a else Markup("")
        right += Markup("<ins>{}</ins>").format(new[c:d]) if d > c else Markup("")
    return left, right
