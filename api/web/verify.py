"""Verify 验真: the checkpoint as anyone can keep it, and the full check, run in the background and watched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from api.common.remaining import in_words
from api.http.auth import ActorDep
from api.http.context import (
    ArchiveDep,
    ClockDep,
    OriginDep,
    PublisherDep,
    SettingsDep,
    SignerDep,
    VerifyDep,
)
from api.web.checking import Check
from api.web.file_record import FormDep
from api.web.locale import Speaker, speaker
from api.web.page import check_job, render, say, to
from api.web.parts import Witnesses, WitnessesDep
from domain.access import Actor
from domain.errors import JianzhengError, Lang, NotAllowed, NotFound
from domain.ledger.checkpoint import parse_checkpoint
from domain.ledger.note import parse_note
from domain.records.filing import Archive
from indexers.loop.witness_status import said
from operations.verify.findings import CLASSES, STAGES, SUBJECTS, Finding, Progress, Verification
from operations.verify.meaning import advice, meaning

router = APIRouter()

MOST_FINDINGS = 500
"""Findings on the page; ``jianzheng verify --json`` gives them all."""


@router.get("/verify")
def page(
    request: Request,
    archive: ArchiveDep,
    publisher: PublisherDep,
    signer: SignerDep,
    origin: OriginDep,
    settings: SettingsDep,
    witnesses: WitnessesDep,
    actor: ActorDep,
) -> Response:
    t = say(request)
    note, problem, size = "", "", None
    try:
        note = publisher.checkpoint().decode()  # with the cosignatures that came so far
        size = parse_checkpoint(parse_note(note).text).size
    except NotFound:
        problem = t("verify.no_checkpoint")
    except JianzhengError as error:
        problem = error.message(t.lang)
    return render(
        request,
        "verify.html",
        active="verify",
        checkpoint=note,
        witnessed=_witnessed(witnesses, t.lang, settings.zone),
        problem=problem,
        leaves=size,
        origin=origin,
        vkey=signer.vkey(),
        may_check=archive.policy.may_somewhere(actor, "archive.verify"),
        **_state(archive, actor, check_job(request).current(), t),
    )


def _witnessed(witnesses: Witnesses, lang: Lang, zone: ZoneInfo) -> dict[str, Any] | None:
    """How the checkpoint is witnessed; None where nobody was asked to."""
    try:
        cosigning = witnesses(lang)
    except JianzhengError:  # the page says elsewhere that something cannot be reached
        return None
    return None if cosigning["state"] == "off" else {**cosigning, "said": said(cosigning, lang, zone)}


@router.post("/verify/run")
def run(
    request: Request, archive: ArchiveDep, verify: VerifyDep, clock: ClockDep, actor: ActorDep, said: FormDep
) -> Response:
    """``since``: the text of a checkpoint or a receipt that somebody kept."""
    _require(archive, actor)
    since = str(said.get("since") or "").replace("\r\n", "\n").strip()

    def work(progress: Progress) -> Verification:
        return verify(since=f"{since}\n" if since else None, progress=progress)

    check_job(request).start(work, clock, actor.username)
    return to("/verify#check")


@router.get("/verify/progress")
def progress(request: Request, archive: ArchiveDep, actor: ActorDep) -> Response:
    """The part of the page that shows the run, for the script that asks every second."""
    _require(archive, actor)
    state = _state(archive, actor, check_job(request).current(), say(request))
    return render(request, "verify_state.html", may_check=True, **state)


def _state(archive: Archive, actor: Actor, check: Check | None, t: Speaker) -> dict[str, Any]:
    # As it is now: one that ends while the page is made would be neither under way nor have a result. Whether it has
    # ended is copied before what it came to.
    check = replace(check) if check else None
    result = check.result if check else None
    findings = result.findings[:MOST_FINDINGS] if result else []
    whole = archive.policy.may_at_top(actor, "archive.verify")
    stage = STAGES.get(check.stage) if check else None
    return {
        "check": check,
        "stage": t.name(stage, t("verify.stage.start")),
        "left": in_words(check.remaining, t.lang) if check else "",
        "result": result,
        "error": {"message": check.error.message(t.lang), "next": check.error.next_step(t.lang)}
        if check and check.error
        else None,
        "findings": [
            _said(finding, t.lang) if _may_know(archive, actor, finding, whole) else _outside(finding, t)
            for finding in findings
        ],
        "rest": max(0, len(result.findings) - MOST_FINDINGS) if result else 0,
        "remarks": [remark.text(t.lang) for remark in result.not_checked] if result else [],
    }


def _may_know(archive: Archive, actor: Actor, finding: Finding, whole: bool) -> bool:
    """What a record or its files are called, and that it exists, is for those who may read it.

    A record that cannot be read any more is named to those who answer for the ``whole``.
    """
    if finding.record is None:
        return whole or finding.event is None
    try:
        archive.read(actor, finding.record)
    except NotAllowed:
        return False
    except JianzhengError:
        return whole
    return True


def _outside(finding: Finding, t: Speaker) -> dict[str, Any]:
    return {
        "class": _class(finding, t.lang),
        "subject": t.name(SUBJECTS[finding.subject]),
        "detail": t("verify.outside"),
        "record": None,
        "file": None,
        "leaf": finding.leaf_index,
        "meaning": "",
        "advice": "",
    }


def _class(finding: Finding, lang: Lang) -> str:
    return speaker(lang).name(CLASSES[finding.klass])


def _said(finding: Finding, lang: Lang) -> dict[str, Any]:
    return {
        "class": _class(finding, lang),
        "subject": speaker(lang).name(SUBJECTS[finding.subject]),
        "detail": finding.detail(lang),
        "record": finding.record,
        "file": finding.file,
        "leaf": finding.leaf_index,
        "meaning": meaning(finding, lang),
        "advice": advice(finding, lang),
    }


def _require(archive: Archive, actor: Actor) -> None:
    """Anyone with the right somewhere may ask whether the whole is sound: there is one ledger."""
    archive.policy.require_somewhere(actor, "archive.verify")
