"""File a record 录入, and correct one: family → form → one page made from the form's fields, with live checks.

The page works as a plain form; with scripts files are uploaded one by one while the rest is written, and the post
then names them by digest. The record's id is made with the page, so that sending twice files once.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import FormData, UploadFile

from adapters.accounts.store import Accounts
from adapters.formats.media_types import detect
from api.http.auth import ActorDep
from api.http.context import AccountsDep, ArchiveDep, BlobsDep, ClockDep
from api.http.uploads import FileNamed, UploadsDep
from api.web import forms, shown
from api.web.form_view import input_id, sections
from api.web.locale import Speaker
from api.web.page import come_again, organisations_for, render, say, to
from domain.access import Actor
from domain.errors import InputError, InvalidRecord, JianzhengError, NotFound, Unavailable
from domain.ports.blobs import BlobStore
from domain.ports.surroundings import Clock
from domain.records import content, families
from domain.records.families import FAMILIES, FILE_ROLES, Family, Form
from domain.records.fields import Problem
from domain.records.filing import Archive, IncomingFile, ReasonMissing
from domain.records.record import Record

router = APIRouter()

PIECE = 1 << 20

REASON_ID = "f-reason"
"""The input of a correction's reason, which is no field of the record."""


async def posted(request: Request) -> FormData:
    """Dependency: the form that was sent. The guard against foreign sites has read it already."""
    return await request.form()


FormDep = Annotated[FormData, Depends(posted)]


@dataclass(frozen=True)
class Sent:
    """Where the files of a form are before a record names them."""

    blobs: BlobStore
    accounts: Accounts
    clock: Clock

    def line(self, actor: Actor, file: FileNamed) -> dict[str, Any]:
        """What the page shows again of a file that was uploaded."""
        staged = None
        with suppress(Unavailable):  # the line only lacks its size then
            staged = self.blobs.find_staged(file.sha256) if len(file.sha256) == 64 else None
        media_type = self.accounts.upload(actor.username, file.sha256, self.clock()) or ""
        return {
            "name": file.name,
            "sha256": file.sha256,
            "role": file.role,
            "size": staged.size if staged else 0,
            "media_type": media_type,
        }


async def sent_files(blobs: BlobsDep, accounts: AccountsDep, clock: ClockDep) -> Sent:
    """Dependency: the parts together."""
    return Sent(blobs, accounts, clock)


SentDep = Annotated[Sent, Depends(sent_files)]


@router.get("/file")
def choose(request: Request, archive: ArchiveDep, actor: ActorDep) -> Response:
    _require_place(archive, actor)
    return render(request, "choose.html", active="file", families=FAMILIES)


@router.get("/file/{family_key}/{form_key}")
def blank(
    request: Request, archive: ArchiveDep, actor: ActorDep, family_key: str, form_key: str, organisation: str = ""
) -> Response:
    kind, form = _form(family_key, form_key)
    places = _require_place(archive, actor)
    chosen = organisation if organisation in {code for code, _, _ in places} else places[0][0]
    return _page(request, archive, actor, kind, form, {}, organisation=chosen, record_id=str(archive.entropy.uuid()))


@router.post("/file/check")
def check(request: Request, archive: ArchiveDep, blobs: BlobsDep, actor: ActorDep, form: FormDep) -> dict[str, Any]:
    """What filing would say now; nothing is stored. Gaps are told also while something is still wrong."""
    t, raw = say(request), forms.raw_record(form.multi_items())
    organisation = str(raw.get("organisation", ""))
    if organisation not in archive.directory().organisations:
        raise NotFound("单位", "organisation", organisation, field="organisation")
    named = uploads_of(form)
    roles = [*(file.role for file in named), *_kept_roles(archive, actor, form)]
    checked = archive.check(organisation, raw, roles)
    gaps = checked.gaps
    if checked.problems and checked.content:
        sound = {**checked.content, "occurred": checked.content.get("occurred", {})}
        gaps = tuple(gap for gap in content.find_gaps(sound, roles) if gap.code != "person_not_on_roll")
    known = checked.content or None
    problems = [{"field": p.field, "id": input_id(p.field), "message": _said(t, p)} for p in checked.problems]
    if form.get("_record") and not str(form.get("_reason", "")).strip():
        problems.insert(0, {"field": "_reason", "id": REASON_ID, "message": ReasonMissing().message(t.lang)})
    return {
        "problems": problems,
        "gaps": [
            {
                "field": gap.field,
                "id": input_id(gap.field),
                "message": shown.gap(t, gap.as_json(), known),
            }
            for gap in gaps
        ],
        "kept": [file.sha256 for file in named if blobs.size(file.sha256) is not None],
        "people": people_of(archive, organisation),
    }


@router.post("/file/{family_key}/{form_key}")
def file(
    request: Request,
    archive: ArchiveDep,
    uploads: UploadsDep,
    sent: SentDep,
    actor: ActorDep,
    family_key: str,
    form_key: str,
    said: FormDep,
) -> Response:
    kind, form = _form(family_key, form_key)
    raw = forms.raw_record(said.multi_items()) | {"family": kind.key, "form": form.key}
    record_id = _uuid(said.get("_id")) or archive.entropy.uuid()
    files: list[IncomingFile] = []
    named = uploads_of(said)
    try:
        files = uploads.named(actor, named)
        files += plain_files(sent.blobs, said)
        outcome = archive.file(actor, raw, files, record_id=record_id)
    except (InputError, Unavailable) as error:  # what was written stays; the same again is safe
        return _page(
            request, archive, actor, kind, form, raw, organisation=str(raw.get("organisation", "")),
            record_id=str(record_id), error=error, uploads=[sent.line(actor, each) for each in named],
        )  # fmt: skip
    return to(f"/records/{outcome.record.code}?filed={kind.key}.{form.key}")


@router.get("/records/{reference}/correct")
def correction(request: Request, archive: ArchiveDep, actor: ActorDep, reference: str) -> Response:
    record = archive.read(actor, reference)
    kind, form = _form(record.content["family"], record.content["form"])
    raw = forms.from_content(record.content, archive.zone)
    return _page(request, archive, actor, kind, form, raw, organisation=record.organisation, record=record)


@router.post("/records/{reference}/correct")
def correct(
    request: Request,
    archive: ArchiveDep,
    uploads: UploadsDep,
    sent: SentDep,
    actor: ActorDep,
    reference: str,
    said: FormDep,
) -> Response:
    record = archive.read(actor, reference)
    kind, form = _form(record.content["family"], record.content["form"])
    raw = forms.raw_record(said.multi_items()) | {"family": kind.key, "form": form.key}
    reason, named = str(said.get("_reason", "")), uploads_of(said)
    try:
        files = [*uploads.named(actor, named), *plain_files(sent.blobs, said)]
        archive.correct(actor, reference, raw, reason, files)
    except (InputError, Unavailable) as error:  # what was written stays; the same again is safe
        return _page(
            request, archive, actor, kind, form, raw, organisation=record.organisation, record=record,
            reason=reason, error=error, uploads=[sent.line(actor, each) for each in named],
        )  # fmt: skip
    return to(f"/records/{record.code}?filed={kind.key}.{form.key}")


# ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _page(
    request: Request,
    archive: Archive,
    actor: Actor,
    kind: Family,
    form: Form,
    raw: forms.Raw,
    *,
    organisation: str,
    record_id: str = "",
    record: Record | None = None,
    reason: str = "",
    error: JianzhengError | None = None,
    uploads: Sequence[dict[str, Any]] = (),
) -> Response:
    t = say(request)
    problems = _problems(t, error)
    errors = {p["field"]: p["message"] for p in problems}
    if isinstance(error, ReasonMissing):
        problems[0]["id"] = REASON_ID
    roles = [t.name(r) for r in FILE_ROLES if f"file:{r.key}" in families.expected_of(kind, form)]
    heading = t("correct.title", title=record.content["title"]) if record else t.name(form)
    response = render(
        request,
        "record_form.html",
        error.http_status if isinstance(error, Unavailable) else 422 if error else 200,
        active="file" if record is None else "search",
        heading=heading,
        family=kind,
        form=form,
        sections=sections(kind, form, raw, errors),
        errors=errors,
        problems=problems,
        organisation=organisation,
        organisations=organisations_for(archive, actor, "record.file"),
        people=people_of(archive, organisation),
        record=record,
        kept_names=[f.name for f in record.files] if record else [],
        record_id=record_id,
        reason=reason,
        action=f"/records/{record.code}/correct" if record else f"/file/{kind.key}/{form.key}",
        draft="" if record else f"{kind.key}.{form.key}",
        roles=FILE_ROLES,
        wanted_files=t.listed(roles),
        uploads=uploads,
        words={key: t.raw(f"js.{key}") for key in WORDS},
    )
    return come_again(response, error)


WORDS = (
    "waiting", "sending", "sent", "failed", "interrupted", "twin", "kept", "empty", "gaps_none", "required",
    "separator", "draft_found", "draft_saved", "remove", "busy", "offline", "leave",
)  # fmt: skip
"""Sentences that the scripts of the form need."""


def _problems(t: Speaker, error: JianzhengError | None) -> list[dict[str, str]]:
    if error is None:
        return []
    problems: Sequence[Problem] = error.params.get("problems", ())
    if problems:
        return [{"field": p.field, "id": input_id(p.field), "message": _said(t, p)} for p in problems]
    field = error.field or "files"
    target = "files" if field.startswith("files") else input_id(field)
    said = error.message(t.lang)
    if isinstance(error, Unavailable):
        said += (" " if t.lang == "en" else "") + error.next_step(t.lang)
    return [{"field": field.partition(".")[0], "id": target, "message": said}]


def _said(t: Speaker, problem: Problem) -> str:
    return problem.zh if t.lang == "zh" else problem.en[:1].upper() + problem.en[1:]


def _form(family_key: str, form_key: str) -> tuple[Family, Form]:
    kind = families.family(family_key)
    form = kind.form(form_key) if kind else None
    if kind is None or form is None:
        raise NotFound("表单", "form", f"{family_key}/{form_key}")
    return kind, form


def _require_place(archive: Archive, actor: Actor) -> list[tuple[str, str, int]]:
    """The organisations where the actor may file; raises `NotAllowed` where there is none."""
    places = organisations_for(archive, actor, "record.file")
    if not places:
        archive.policy.require_somewhere(actor, "record.file")
    return places


def uploads_of(form: FormData) -> list[FileNamed]:
    """``_upload.N.name``, ``.sha256`` and ``.role``: what the scripts have sent already."""
    uploads: dict[str, dict[str, str]] = {}
    for key, value in form.multi_items():
        parts = key.split(".")
        if len(parts) == 3 and parts[0] == "_upload" and parts[1].isdecimal() and isinstance(value, str):
            uploads.setdefault(parts[1], {})[parts[2]] = value
    named = [uploads[n] for n in sorted(uploads, key=lambda n: (len(n), n))]
    return [
        FileNamed.model_validate(
            {"name": f.get("name", "")[:255], "sha256": f.get("sha256", "")[:64], "role": f.get("role", "other")[:64]}
        )
        for f in named
    ]


def plain_files(blobs: BlobStore, form: FormData) -> list[IncomingFile]:
    """Files that came with the form itself, from a browser without scripts."""
    files: list[IncomingFile] = []
    for value in form.getlist("_file"):
        if not isinstance(value, UploadFile) or not value.filename:
            continue
        source = value.file
        staged = blobs.stage(iter(lambda: source.read(PIECE), b""))  # noqa: B023  (used up before the next round)
        with staged.open() as handle:
            media_type = detect(handle, value.filename)
        name = value.filename.replace("\\", "/").rpartition("/")[2]
        files.append(IncomingFile(name, staged, media_type))
    names = [file.name for file in files]
    if len(set(names)) < len(names):
        raise InvalidRecord("两个文件同名", "two files have the same name", field="files")
    return files


def _kept_roles(archive: Archive, actor: Actor, form: FormData) -> list[str]:
    """Roles of the files that the record under correction has already."""
    reference = form.get("_record")
    if not isinstance(reference, str) or not reference:
        return []
    return [entry.role for entry in archive.read(actor, reference).files]


def people_of(archive: Archive, organisation: str) -> list[str]:
    """Names to suggest: those of the organisation and below first, then those above."""
    directory, today = archive.directory(), archive.today().isoformat()
    if organisation not in directory.organisations:
        return []
    names = [person.name for person in directory.members(organisation, today)]
    for code in reversed(directory.path(organisation)[:-1]):
        names += [
            person.name
            for person in directory.people.values()
            if any(post.organisation == code and post.held_on(today) for post in person.posts)
        ]
    return list(dict.fromkeys(names))[:500]


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
