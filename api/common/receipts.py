"""What commands and HTTP say of a receipt: the JSON that scripts rely on, and the same in words."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from api.common.shapes.receipts import (
    ErasedSince,
    EventOutcome,
    JudgementJson,
    Proven,
    ProvenCheckpoint,
    ProvenEvent,
    ReceiptFault,
    WitnessedBy,
)
from domain.errors import Lang
from domain.ledger.note import parse_vkey
from domain.ledger.policy import NONE, Known, Policy, parse_policy
from domain.ledger.receipt import Receipt
from domain.proofs.judging import Judgement, Said
from domain.records.erasure import ground_json, named
from domain.records.events import RecordErased

if TYPE_CHECKING:
    from adapters.ledger.policy import PublishedPolicy
    from domain.organisations.directory import Directory
    from domain.ports.events import EventStore
    from domain.ports.ledger import LedgerReader
    from domain.records.record import Record

Json = dict[str, Any]

_NOT_WITNESSED = (
    "策略没有要求任何见证方：能证明的只是账本自己签过这些内容。账本的持有者要是另签一份历史，单凭这份回执看不出来。",
    "The policy asks for no witness: all that is shown is that the log itself signed this. Had its owner signed another"
    " history for somebody else, this receipt alone would not tell.",
)
_OWN_POLICY = (
    "没有指定策略，用的是档案库自己公布的。要独立核对，请指定您自己早先保存的策略或公钥。",
    "No policy was named, so the one that the archive itself publishes was used. To check independently, name a policy"
    " or key that you kept earlier.",
)


@dataclass(frozen=True)
class Compared:
    """A file that was held against a receipt. ``name``: what the event calls it; None where no event names it."""

    path: str
    sha256: str
    name: str | None


def read_policy(data: bytes) -> Policy:
    """A ``tlog-policy`` file, or verifier keys, a line each, as ``/ledger/vkey`` gives them. Raises `InvalidPolicy` and
    `InvalidNote`."""
    lines = data.strip().split(b"\n")
    if all(b"+" in line and not line.startswith(b"#") and not any(byte in line for byte in b" \t") for line in lines):
        return Policy(NONE, tuple(Known(parse_vkey(line.decode("utf-8", "replace"))) for line in lines))
    return parse_policy(data)


def indulgent(published: PublishedPolicy) -> Policy:
    """The archive's keys and witnesses, and no quorum: for a receipt of its own, which may be taken before any witness
    has answered."""
    return replace(published.policy, quorum=NONE)


def record_named(directory: Directory, record: Record, revision: int) -> dict[str, str]:
    """What a sheet of paper calls the record as it stood after its event ``revision``."""
    state = next((v for v in reversed(record.versions) if v.revision <= revision), record.versions[0])
    organisation = directory.name(record.organisation)
    return {"title": str(state.content["title"]), "code": record.code, "organisation": organisation}


def judgement_json(
    judgement: Judgement,
    lang: Lang,
    compared: Sequence[Compared] = (),
    *,
    own: bool = False,
    zone: tzinfo = UTC,
    erased: ErasedSince | None = None,
) -> JudgementJson:
    """``receipt verify``. ``proven`` and ``checkpoint`` are null where nothing was proven; ``erased`` is what
    `erased_since` says, null where no archive was at hand."""
    trusted = judgement.trusted
    warnings = [_NOT_WITNESSED] if trusted is not None and not judgement.witnessed else []
    warnings += [_OWN_POLICY] if own else []
    return {
        "ok": judgement.ok and all(each.name is not None for each in compared),
        "kind": "event" if judgement.statement is None else "complete",
        "error": None if judgement.error is None else cast(ReceiptFault, judgement.error.as_dict(lang)),
        "proven": None if trusted is None else _proven(judgement),
        "checkpoint": None
        if trusted is None
        else {
            "origin": trusted.checkpoint.origin,
            "tree_size": trusted.checkpoint.size,
            "root": b64encode(trusted.checkpoint.root).decode(),
            "key_id": trusted.log.key_id.hex(),
        },
        "witnesses": []
        if trusted is None
        else [{"name": name, "at": _iso(at, zone)} for name, at in sorted(trusted.cosigned.items())],
        "erased": erased,
        "warnings": [zh if lang == "zh" else en for zh, en in warnings],
        "files": [{"path": c.path, "sha256": c.sha256, "name": c.name, "ok": c.name is not None} for c in compared],
    }


def erased_since(events: EventStore, origin: str, judgement: Judgement) -> ErasedSince | None:
    """By which event of this archive, whose ledger is called ``origin``, the proven event was erased since; None where
    it was not."""
    if judgement.trusted is None or judgement.trusted.checkpoint.origin != origin:
        return None
    for receipt in judgement.receipts:
        digest = sha256(receipt.state).hexdigest()
        if (erased := _erasure(events, receipt.id, receipt.version, digest)) is not None:
            return erased
    return None


def what_became(events: EventStore, ledger: LedgerReader, record: UUID, version: int, leaf: str) -> EventOutcome:
    """Of an event that somebody has a receipt of, told by its leaf hash in base64: whether this ledger has it
    (``known``), and by which event it was erased."""
    known = ledger.leaf_of(record, version)
    if known is None or b64encode(known.hash).decode() != leaf:
        return {"known": False, "erased": None}
    return {"known": True, "erased": _erasure(events, record, version, None)}


def _erasure(events: EventStore, record: UUID, version: int, digest: str | None) -> ErasedSince | None:
    """The event that erased another one, whose state had this digest, if that is to be looked at."""
    for event in events.stream(record):
        state = named(event).get(version) if isinstance(event, RecordErased) else None
        if isinstance(event, RecordErased) and state is not None and digest in (None, state):
            said = {
                "record": event.code,
                "revision": event.originator_version,
                "at": event.recorded_at,
                "by": event.actor,
                "basis": event.basis,
                **ground_json(event.ground),
            }
            return cast(ErasedSince, said)
    return None


def lines(answer: JudgementJson, lang: Lang, zone: tzinfo) -> Iterator[str]:
    """`judgement_json` for a person, a line at a time."""
    zh = lang == "zh"
    if (error := answer["error"]) is not None:
        yield (
            f"✗ 这份回执什么也证明不了。{error['message']}"
            if zh
            else f"✗ The receipt shows nothing. {error['message']}"
        )
        if error["next"]:
            yield f"→ {error['next']}"
        return
    proven, tree = answer["proven"], answer["checkpoint"]
    assert proven is not None and tree is not None  # where nothing is wrong
    count = len(proven["events"])
    if answer["kind"] == "complete":
        yield (
            f"✓ 完整性回执成立：账本 {tree['tree_size']} 条时，这条记录只有下面 {count} 个事件"
            if zh
            else f"✓ The completeness receipt holds: at {tree['tree_size']} leaves the record has these {count} events"
        )
    else:
        yield "✓ 回执成立：下面这个事件在账本里" if zh else "✓ The receipt holds: this event is in the ledger"
    for event in proven["events"]:
        yield from _event_lines(event, zh, zone)
    if (erased := answer["erased"]) is not None:
        at = f"{datetime.fromisoformat(erased['at']).astimezone(zone):%Y-%m-%d}"
        yield (
            f"! 它存在过，已于 {at} 依法销毁（{erased['record']} 第 {erased['revision']} 个事件）："
            f"{erased['ground_zh']}，{erased['basis']}"
            if zh
            else f"! It existed, and was erased on {at} under event {erased['revision']} of {erased['record']}:"
            f" {erased['ground_en']}, {erased['basis']}"
        )
    yield from _tree_lines(tree, answer["witnesses"], zh)
    for each in answer["files"]:
        if each["ok"]:
            yield (
                f"✓ {each['path']} 就是事件所记的“{each['name']}”"
                if zh
                else (f"✓ {each['path']} is the file “{each['name']}” of the event")
            )
        else:
            yield (
                f"✗ {each['path']} 不是事件所记的任何文件（{each['sha256']}）"
                if zh
                else (f"✗ {each['path']} is none of the event's files ({each['sha256']})")
            )
    for warning in answer["warnings"]:
        yield f"! {warning}"


def _event_lines(event: ProvenEvent, zh: bool, zone: tzinfo) -> Iterator[str]:
    act, at = event["name_zh"] if zh else event["name_en"], event["at"]
    title = event["title"] or event["record"]
    code = f" {event['code']}" if event["code"] else ""
    when = "" if at is None else f"{datetime.fromisoformat(at).astimezone(zone):%Y-%m-%d %H:%M:%S %z}"
    yield (
        f"  · 第 {event['revision']} 个事件：{act}｜{title}{code}"
        if zh
        else f"  · event {event['revision']}: {act} | {title}{code}"
    )
    yield f"    由 {event['by']} 于 {when} 记入" if zh else f"    by {event['by']}, {when}"
    if event["reason"]:
        yield f"    “{event['reason']}”"
    yield (
        f"    叶序号 {event['leaf_index']}，叶散列 {event['leaf_hash']}"
        if zh
        else f"    leaf {event['leaf_index']}, leaf hash {event['leaf_hash']}"
    )
    for file in event["files"]:
        size = f"{file['size']:,}"
        yield f"    {file['name']}（{size} 字节）" if zh else f"    {file['name']} ({size} bytes)"
        yield f"      SHA-256 {file['sha256']}"


def _tree_lines(tree: ProvenCheckpoint, witnesses: Sequence[WitnessedBy], zh: bool) -> Iterator[str]:
    yield (
        f"  账本 {tree['origin']}（公钥编号 {tree['key_id']}），树大小 {tree['tree_size']}"
        if zh
        else f"  ledger {tree['origin']} (key id {tree['key_id']}), tree size {tree['tree_size']}"
    )
    yield f"  树根 {tree['root']}" if zh else f"  root {tree['root']}"
    for witness in witnesses:
        yield (
            f"  见证方 {witness['name']} 于 {witness['at']} 签名"
            if zh
            else f"  witness {witness['name']} signed at {witness['at']}"
        )


def _proven(judgement: Judgement) -> Proven:
    events = [_event(receipt, said) for receipt, said in zip(judgement.receipts, judgement.said, strict=True)]
    return {
        "record": events[0]["record"],
        "complete": judgement.statement is not None,
        "events": events,
    }


def _event(receipt: Receipt, said: Said) -> ProvenEvent:
    key, zh, en = said.act
    return {
        "record": said.record,
        "revision": said.revision,
        "event": key,
        "name_zh": zh,
        "name_en": en,
        "topic": said.topic,
        "title": said.title,
        "code": said.code,
        "organisation": said.organisation,
        "at": None if said.at is None else said.at.isoformat(),
        "by": said.by,
        "reason": said.reason,
        "files": [{"name": file.name, "sha256": file.sha256, "size": file.size} for file in said.files],
        "leaf_index": receipt.proof.index,
        "leaf_hash": b64encode(receipt.leaf).decode(),
    }


def _iso(seconds: int, zone: tzinfo) -> str:
    """An instant as text; the bare number for one that no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, zone).isoformat()
    except (OverflowError, ValueError, OSError):
        return str(seconds)
