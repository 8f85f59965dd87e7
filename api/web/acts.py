"""Later acts on a record — attach, sign off, return, withdraw, progress, close, erase — one small page each."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from api.http.auth import ActorDep
from api.http.context import ArchiveDep, BlobsDep, ErasingDep
from api.http.uploads import UploadsDep
from api.web.file_record import WORDS, FormDep, plain_files, uploads_of
from api.web.page import come_again, render, say, to
from domain.access import Action, Actor
from domain.errors import InputError, JianzhengError, NotFound, Unavailable
from domain.records.acts import WHEN
from domain.records.erasure import GROUNDS
from domain.records.events import (
    ErasureProposed,
    FilesAttached,
    ItemClosed,
    ProgressNoted,
    RecordCorrected,
    RecordEvent,
    RecordReturned,
    RecordSignedOff,
    RecordWithdrawn,
)
from domain.records.families import FILE_ROLES
from domain.records.filing import Archive
from domain.records.record import Record

router = APIRouter()


@dataclass(frozen=True)
class Act:
    """The button is shown while ``event`` is possible; the record itself decides when it is pressed."""

    key: str
    action: Action
    event: type[RecordEvent]
    item: bool = False
    main: bool = False
    says: str = ""  # the form field that is written: reason, remark, note
    must: bool = False
    danger: bool = False


ACTS = (
    Act("sign-off", "record.sign_off", RecordSignedOff, main=True, says="remark"),
    Act("correct", "record.correct", RecordCorrected),
    Act("attach", "record.attach", FilesAttached),
    Act("progress", "item.progress", ProgressNoted, item=True, says="note", must=True),
    Act("close", "item.close", ItemClosed, item=True, says="note", must=True),
    Act("return", "record.return", RecordReturned, says="reason", must=True),
    Act("withdraw", "record.withdraw", RecordWithdrawn, says="reason", must=True, danger=True),
    Act("erase", "erasure.propose", ErasureProposed, danger=True),
)


def acts_for(archive: Archive, actor: Actor, record: Record) -> list[Act]:
    """What the actor may do to the record as it is now."""
    target = archive.target(record)
    return [
        act
        for act in ACTS
        if record.status in WHEN[act.event]
        and (not act.item or record.item in ("open", "in_progress"))
        and (act.key != "erase" or record.proposal is None)
        and archive.policy.may(actor, act.action, target)
    ]


@router.get("/records/{reference}/{key}")
def page(request: Request, archive: ArchiveDep, actor: ActorDep, reference: str, key: str) -> Response:
    return _page(request, archive.read(actor, reference), _act(key))


@router.post("/records/{reference}/{key}")
def do(
    request: Request,
    archive: ArchiveDep,
    erasing: ErasingDep,
    blobs: BlobsDep,
    uploads: UploadsDep,
    actor: ActorDep,
    reference: str,
    key: str,
    said: FormDep,
) -> Response:
    act = _act(key)
    record = archive.read(actor, reference)
    try:
        if act.key == "attach":
            archive.attach(actor, record.code, [*uploads.named(actor, uploads_of(said)), *plain_files(blobs, said)])
        elif act.key == "erase":
            files = [each for each in said.getlist("file") if isinstance(each, str)]
            erasing.propose(actor, record.code, _text(said, "ground"), _text(said, "basis"), files)
        else:
            _do(archive, actor, record.code, act, said)
    except (InputError, Unavailable) as error:  # what was written stays
        return _page(request, record, act, said, error)
    return to(f"/records/{record.code}")


def _do(archive: Archive, actor: Actor, code: str, act: Act, said: FormData) -> None:
    words, on = _text(said, "said"), _text(said, "on") or None
    match act.key:
        case "sign-off":
            archive.sign_off(actor, code, words)
        case "return":
            archive.send_back(actor, code, words)
        case "withdraw":
            archive.withdraw(actor, code, words)
        case "progress":
            archive.note_progress(actor, code, words, on)
        case "close":
            evidence = _text(said, "evidence").replace("，", " ").replace("、", " ").replace(",", " ").split()
            archive.close_item(actor, code, words, evidence, on)


def _page(
    request: Request, record: Record, act: Act, said: FormData | None = None, error: JianzhengError | None = None
) -> Response:
    t = say(request)
    response = render(
        request,
        "act.html",
        error.http_status if error else 200,
        active="search",
        record=record,
        act=act,
        said={key: _text(said, key) if said else "" for key in ("said", "on", "evidence", "ground", "basis")},
        grounds=[(each.key, each.zh if t.lang == "zh" else each.en) for each in GROUNDS],
        files=[entry for entry in record.files if entry.sha256 not in record.destroyed],
        chosen=said.getlist("file") if said else [],
        error={"message": error.message(t.lang), "next": error.next_step(t.lang)} if error else None,
        roles=FILE_ROLES,
        words={key: t.raw(f"js.{key}") for key in WORDS},
    )
    return come_again(response, error)


def _act(key: str) -> Act:
    act = next((each for each in ACTS if each.key == key and key != "correct"), None)
    if act is None:
        raise NotFound("操作", "act", key)
    return act


def _text(said: FormData, key: str) -> str:
    value = said.get(key, "")
    return value if isinstance(value, str) else ""
