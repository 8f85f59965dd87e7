"""Records over HTTP: file them, read them and their files, and every later act. The JSON is the command line's."""

from __future__ import annotations

import json
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from adapters.bootstrap import House
from api import instants, shapes
from api.http.auth import ActorDep
from api.http.context import HouseDep
from api.http.errors import RequestInvalid
from api.http.serving import serve_file
from api.http.uploads import FileNamed, incoming
from domain.archive import Outcome
from domain.errors import NotFound
from domain.event import stream_id

router = APIRouter(prefix="/records", tags=["records"])

Json = dict[str, Any]
LONG = 10_000
T = TypeVar("T")


class RecordIn(BaseModel):
    """The keys of ``record.yaml`` — those below and the fields of the form — with the files named by their uploads."""

    model_config = ConfigDict(extra="allow")

    organisation: str = Field("", max_length=100)
    family: str = Field("", max_length=100)
    form: str = Field("", max_length=100)
    files: list[FileNamed] = Field([], max_length=1000)

    def raw(self) -> Json:
        """What the rules read. Raises `RequestInvalid` for characters that no text has."""
        said = {key: value for key, value in self.model_dump(exclude={"files"}).items() if value != ""}
        return storable(said)


class Correction(BaseModel):
    """``record`` is the whole new content; files stay, and ``files`` are added."""

    record: RecordIn
    reason: str = Field("", max_length=LONG)
    files: list[FileNamed] = Field([], max_length=1000)


class Attachment(BaseModel):
    files: list[FileNamed] = Field(min_length=1, max_length=1000)


class Remark(BaseModel):
    remark: str = Field("", max_length=LONG)


class Reason(BaseModel):
    reason: str = Field("", max_length=LONG)


class Progress(BaseModel):
    note: str = Field("", max_length=LONG)
    on: str | None = Field(None, max_length=40)


class Closing(Progress):
    evidence: list[str] = Field([], max_length=1000)


@router.post("", status_code=201)
def file_record(
    house: HouseDep,
    actor: ActorDep,
    response: Response,
    said: RecordIn,
    idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
) -> Json:
    """File a record. The same ``Idempotency-Key`` again files nothing twice and answers 200."""
    record_id = None
    if idempotency_key is not None:
        record_id = stream_id("idempotency", f"{actor.username}/{idempotency_key}")
    outcome = house.archive.file(actor, said.raw(), incoming(house, actor, said.files), record_id=record_id)
    if not outcome.changed:
        response.status_code = 200
    response.headers["Location"] = f"/api/v1/records/{outcome.record.code}"
    return _did(house, outcome)


@router.post("/check")
def check_record(house: HouseDep, actor: ActorDep, said: RecordIn) -> Json:
    """What filing would find wrong or missing; stores nothing."""
    house.archive.policy.require_in(actor, "record.file", said.organisation)
    checked = house.archive.check(said.organisation, said.raw(), [f.role for f in said.files])
    return {
        "problems": [{"field": p.field, "zh": p.zh, "en": p.en} for p in checked.problems],
        "gaps": [gap.as_json() for gap in checked.gaps],
        "content": checked.content,
    }


@router.get("/{reference}")
def show(
    house: HouseDep,
    actor: ActorDep,
    reference: str,
    version: Annotated[int | None, Query(ge=1)] = None,
    as_of: Annotated[str | None, Query(max_length=64)] = None,
) -> Json:
    """A record with its history, by archival code or id; an earlier version, or as it stood at ``as_of``."""
    record = house.archive.read(actor, reference)
    return shapes.record_json(house, record, version, as_of_size(house, as_of))


@router.head("/{reference}/files/{name}", include_in_schema=False)
@router.get("/{reference}/files/{name}")
def file_of(
    house: HouseDep,
    actor: ActorDep,
    request: Request,
    reference: str,
    name: str,
    version: Annotated[int | None, Query(ge=1)] = None,
    inline: bool = False,
) -> Response:
    """A file of a record, with range requests. ``inline`` lets a browser show pictures, PDF and plain text in place."""
    record = house.archive.read(actor, reference)
    state = record.current if version is None else record.version(version)
    if state is None:
        raise NotFound("版本", "version", f"{record.code} v{version}", field="version")
    entry = next((f for f in state.files if f.name == name), None)
    if entry is None:
        raise NotFound("文件", "file", name)
    record.require_there(entry)
    return serve_file(house, request, entry, inline=inline)


@router.post("/{reference}/attach")
def attach(house: HouseDep, actor: ActorDep, reference: str, said: Attachment) -> Json:
    """Attach uploaded files."""
    return _did(house, house.archive.attach(actor, reference, incoming(house, actor, said.files)))


@router.post("/{reference}/correct")
def correct(house: HouseDep, actor: ActorDep, reference: str, said: Correction) -> Json:
    """Put a corrected version beside the earlier ones, with the reason."""
    files = incoming(house, actor, [*said.record.files, *said.files])
    return _did(house, house.archive.correct(actor, reference, said.record.raw(), storable(said.reason), files))


@router.post("/{reference}/sign-off")
def sign_off(house: HouseDep, actor: ActorDep, reference: str, said: Remark) -> Json:
    """Sign the record off (审签)."""
    return _did(house, house.archive.sign_off(actor, reference, storable(said.remark)))


@router.post("/{reference}/return")
def send_back(house: HouseDep, actor: ActorDep, reference: str, said: Reason) -> Json:
    """Return the record to whoever filed it, with the reason."""
    return _did(house, house.archive.send_back(actor, reference, storable(said.reason)))


@router.post("/{reference}/withdraw")
def withdraw(house: HouseDep, actor: ActorDep, reference: str, said: Reason) -> Json:
    """Withdraw the record. It stays readable with its history."""
    return _did(house, house.archive.withdraw(actor, reference, storable(said.reason)))


@router.post("/{reference}/progress")
def progress(house: HouseDep, actor: ActorDep, reference: str, said: Progress) -> Json:
    """Note progress of a rectification item."""
    return _did(house, house.archive.note_progress(actor, reference, storable(said.note), said.on))


@router.post("/{reference}/close")
def close(house: HouseDep, actor: ActorDep, reference: str, said: Closing) -> Json:
    """Close a rectification item (销号), naming the records that prove it."""
    return _did(
        house, house.archive.close_item(actor, reference, storable(said.note), storable(said.evidence), said.on)
    )


def as_of_size(house: House, said: str | None) -> int | None:
    """``T`` of the interface as a tree size. Raises `BadInstant`, `NotYetReached`."""
    return None if said is None else instants.tree_size(said, house.ledger, house.settings.zone)


def storable(value: T) -> T:
    """JSON can say half of a surrogate pair, which no file or database can hold. Raises `RequestInvalid`."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (UnicodeEncodeError, ValueError, RecursionError):
        raise RequestInvalid("含有无法保存的字符或数", "it has a character or number that cannot be stored") from None
    return value


def _did(house: House, outcome: Outcome) -> Json:
    return shapes.act_json(house, outcome.record, outcome.changed)
