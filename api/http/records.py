"""Records over HTTP: file them, read them and their files, and every later act. The JSON is the command line's."""

from __future__ import annotations

import json
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.common import instants
from api.common.shapes.records import CheckedJson, RecordAfterAct, RecordJson, RecordShapes, checked_json
from api.http.auth import ActorDep
from api.http.context import ArchiveDep, BlobsDep, MomentsDep, RecordShapesDep, SettingsDep
from api.http.errors import RequestInvalid
from api.http.operations import Operation, file_of, may
from api.http.serving import serve_file
from api.http.uploads import FileNamed, UploadsDep
from domain.errors import NotFound
from domain.event import stream_id
from domain.moments import Moments
from domain.records.filing import Outcome

router = APIRouter(prefix="/records", tags=["records"], route_class=Operation)

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


class SignOff(BaseModel):
    remark: str = Field("", max_length=LONG)


class Reason(BaseModel):
    reason: str = Field("", max_length=LONG)


class Progress(BaseModel):
    note: str = Field("", max_length=LONG)
    on: str | None = None


class Closing(Progress):
    evidence: list[str] = Field([], max_length=1000)


@router.post(
    "",
    status_code=201,
    openapi_extra=may("record.file", 404, 410),
    responses={200: {"model": RecordAfterAct, "description": "It had been filed before, under the same key."}},
)
def file_record(
    response: Response,
    actor: ActorDep,
    archive: ArchiveDep,
    uploads: UploadsDep,
    shapes: RecordShapesDep,
    said: RecordIn,
    idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
) -> RecordAfterAct:
    """File a record. The same ``Idempotency-Key`` again files nothing twice and answers 200."""
    record_id = None
    if idempotency_key is not None:
        record_id = stream_id("idempotency", f"{actor.username}/{idempotency_key}")
    outcome = archive.file(actor, said.raw(), uploads.named(actor, said.files), record_id=record_id)
    if not outcome.changed:
        response.status_code = 200
    response.headers["Location"] = f"/api/v1/records/{outcome.record.code}"
    return _did(shapes, outcome)


@router.post("/check", openapi_extra=may("record.file", 404, changes=False))
def check_record(actor: ActorDep, archive: ArchiveDep, said: RecordIn) -> CheckedJson:
    """What filing would find wrong or missing; stores nothing."""
    archive.policy.require_in(actor, "record.file", said.organisation)
    return checked_json(archive.check(said.organisation, said.raw(), [f.role for f in said.files]))


@router.get("/{reference}", openapi_extra=may("record.read", changes=False))
def show(
    actor: ActorDep,
    archive: ArchiveDep,
    moments: MomentsDep,
    settings: SettingsDep,
    shapes: RecordShapesDep,
    reference: str,
    version: Annotated[int | None, Query(ge=1)] = None,
    as_of: Annotated[str | None, Query(max_length=64)] = None,
) -> RecordJson:
    """A record with its history, by archival code or id; an earlier version, or as it stood at ``as_of``."""
    record = archive.read(actor, reference)
    return shapes.record(record, version, as_of_size(as_of, moments))


@router.head("/{reference}/files/{name}", include_in_schema=False)
@router.get(
    "/{reference}/files/{name}",
    response_class=Response,
    openapi_extra=may("record.read", 410, 416, changes=False),
    responses=file_of("*/*", kept=True, part=True),
)
def file_of_record(
    request: Request,
    actor: ActorDep,
    archive: ArchiveDep,
    blobs: BlobsDep,
    reference: str,
    name: str,
    version: Annotated[int | None, Query(ge=1)] = None,
    inline: bool = False,
) -> Response:
    """A file of a record, with range requests. ``inline`` lets a browser show pictures, PDF and plain text in place."""
    record = archive.read(actor, reference)
    state = record.current if version is None else record.version(version)
    if state is None:
        raise NotFound("版本", "version", f"{record.code} v{version}", field="version")
    entry = next((f for f in state.files if f.name == name), None)
    if entry is None:
        raise NotFound("文件", "file", name)
    record.require_there(entry)
    return serve_file(blobs, request, entry, inline=inline)


@router.post("/{reference}/attach", openapi_extra=may("record.attach"))
def attach(
    actor: ActorDep,
    archive: ArchiveDep,
    uploads: UploadsDep,
    shapes: RecordShapesDep,
    reference: str,
    said: Attachment,
) -> RecordAfterAct:
    """Attach uploaded files."""
    return _did(shapes, archive.attach(actor, reference, uploads.named(actor, said.files)))


@router.post("/{reference}/correct", openapi_extra=may("record.correct"))
def correct(
    actor: ActorDep,
    archive: ArchiveDep,
    uploads: UploadsDep,
    shapes: RecordShapesDep,
    reference: str,
    said: Correction,
) -> RecordAfterAct:
    """Put a corrected version beside the earlier ones, with the reason."""
    files = uploads.named(actor, [*said.record.files, *said.files])
    return _did(shapes, archive.correct(actor, reference, said.record.raw(), storable(said.reason), files))


@router.post("/{reference}/sign-off", openapi_extra=may("record.sign_off"))
def sign_off(
    actor: ActorDep, archive: ArchiveDep, shapes: RecordShapesDep, reference: str, said: SignOff
) -> RecordAfterAct:
    """Sign the record off (审签)."""
    return _did(shapes, archive.sign_off(actor, reference, storable(said.remark)))


@router.post("/{reference}/return", openapi_extra=may("record.return"))
def send_back(
    actor: ActorDep, archive: ArchiveDep, shapes: RecordShapesDep, reference: str, said: Reason
) -> RecordAfterAct:
    """Return the record to whoever filed it, with the reason."""
    return _did(shapes, archive.send_back(actor, reference, storable(said.reason)))


@router.post("/{reference}/withdraw", openapi_extra=may("record.withdraw"))
def withdraw(
    actor: ActorDep, archive: ArchiveDep, shapes: RecordShapesDep, reference: str, said: Reason
) -> RecordAfterAct:
    """Withdraw the record. It stays readable with its history."""
    return _did(shapes, archive.withdraw(actor, reference, storable(said.reason)))


@router.post("/{reference}/progress", openapi_extra=may("item.progress"))
def progress(
    actor: ActorDep, archive: ArchiveDep, shapes: RecordShapesDep, reference: str, said: Progress
) -> RecordAfterAct:
    """Note progress of a rectification item."""
    return _did(shapes, archive.note_progress(actor, reference, storable(said.note), said.on))


@router.post("/{reference}/close", openapi_extra=may("item.close"))
def close(
    actor: ActorDep, archive: ArchiveDep, shapes: RecordShapesDep, reference: str, said: Closing
) -> RecordAfterAct:
    """Close a rectification item (销号), naming the records that prove it."""
    return _did(shapes, archive.close_item(actor, reference, storable(said.note), storable(said.evidence), said.on))


def as_of_size(said: str | None, moments: Moments) -> int | None:
    """``T`` of the interface as a tree size. Raises `BadInstant`, `NotYetReached`."""
    return None if said is None else instants.tree_size(said, moments)


def storable(value: T) -> T:
    """JSON can say half of a surrogate pair, which no file or database can hold. Raises `RequestInvalid`."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (UnicodeEncodeError, ValueError, RecursionError):
        raise RequestInvalid("含有无法保存的字符或数", "it has a character or number that cannot be stored") from None
    return value


def _did(shapes: RecordShapes, outcome: Outcome) -> RecordAfterAct:
    return shapes.after_act(outcome.record, outcome.changed)
