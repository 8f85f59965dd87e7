"""From a stream's events to its search documents: what the index should hold, whatever it holds now.

A pure function of events, leaf indices, the directory and extracted texts; a replay writes the same documents again.
Each act opens a new set of documents and ends the one before it, so that *as of* is a filter on leaf indices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from domain.access import Target
from domain.event import Event
from domain.files import FileEntry
from domain.organisations.directory import Directory
from domain.ports.search import FOREVER, SearchDocument
from domain.ports.texts import ExtractedText
from domain.records import content as contents
from domain.records import families
from domain.records.events import RecordErased, RecordEvent, RecordFiled, Tombstone
from domain.records.fields import Field
from domain.records.filing import record_target
from domain.records.record import Record
from domain.records.subject import RECORDS
from domain.streams import SUBJECT_OF
from domain.subject import LeafEvent

if TYPE_CHECKING:
    from domain.subject import Documents, TextOf

FILE_TYPES: dict[str, str] = {
    "text/plain": "txt",
    "text/markdown": "md",
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
}
"""Media types by the word that the file-type facet shows; for others the part that says most."""


def file_type(media_type: str) -> str:
    """A short word such as ``pdf`` or ``image``, as the facet shows it."""
    kind, _, detail = media_type.partition("/")
    return FILE_TYPES.get(media_type) or ("image" if kind == "image" else detail.removeprefix("x-") or kind)


def documents_of(event: type[Event]) -> Documents | None:
    """What makes the documents of streams with such events; None where nothing of them is searched."""
    subject = SUBJECT_OF.get(event)
    return of_record if subject is RECORDS else None if subject is None else subject.documents


def of_stream(
    history: Sequence[LeafEvent], directory: Directory, zone: ZoneInfo, text_of: TextOf
) -> list[SearchDocument]:
    """All documents of a stream whose complete history is given, in the order of revisions."""
    make = documents_of(type(history[0].event)) if history else None
    return [] if make is None else make(history, directory, zone, text_of)


def of_record(
    history: Sequence[LeafEvent], directory: Directory, zone: ZoneInfo, text_of: TextOf
) -> list[SearchDocument]:
    """Of a record; whatever else lies in its stream is passed over."""
    acts = [(each.leaf, each.event) for each in history if isinstance(each.event, RecordEvent)]
    gone = {digest for _, event in acts if isinstance(event, RecordErased) for digest in event.digests}
    if any(_is_last(event) for _, event in acts):
        return []  # of an erased record nothing is found, in no version

    def text_left(entry: FileEntry) -> ExtractedText | None:
        return None if entry.sha256 in gone else text_of(entry)

    record: Record | None = None
    documents: list[SearchDocument] = []
    for n, (leaf, event) in enumerate(acts):
        if record is None:
            if not isinstance(event, RecordFiled):
                return []
            record = Record.begin(event)
        else:
            record.apply(event)
        until = acts[n + 1][0] if n + 1 < len(acts) else FOREVER
        documents.extend(_of_revision(record, leaf, until, directory, zone, text_left))
    return documents


def _is_last(event: RecordEvent) -> bool:
    return isinstance(event, Tombstone) or (isinstance(event, RecordErased) and bool(event.events))


def _of_revision(
    record: Record, leaf: int, until: int, directory: Directory, zone: ZoneInfo, text_of: TextOf
) -> Iterator[SearchDocument]:
    from_record = _shared(record, leaf, until, directory, zone)
    # Title and text in one document, the title up to the first blank line: what a record says itself is then found
    # without going through its parts.
    parts = [
        record.content["title"],
        record.content.get("body", ""),
        *_details(record),
        *(entry.name for entry in record.files),
    ]
    yield SearchDocument(
        source="record",
        source_name="body",
        page=None,
        text="\n\n".join(part for part in parts if part),
        file_type="",
        **from_record,
    )
    for n, entry in enumerate(record.files):
        extracted = text_of(entry)
        pages = extracted.pages if extracted is not None and extracted.status == "extracted" else ()
        written = [(page, text) for page, text in enumerate(pages, start=1) if text.strip()]
        for page, text in written or [(1, entry.name)]:  # a photograph has a name and a type, if nothing else
            yield SearchDocument(
                source=f"file:{n}",
                source_name=entry.name,
                page=page if written and extracted is not None and extracted.paged else None,
                text=text,
                file_type=file_type(entry.media_type),
                **from_record,
            )


def _shared(record: Record, leaf: int, until: int, directory: Directory, zone: ZoneInfo) -> dict[str, Any]:
    """The attributes that all documents of a revision have in common."""
    target: Target = record_target(record, directory)
    recorded = record.history[0].at
    named = [person for _, person in contents.people(record.content)]
    return {
        "record": str(record.id),
        "revision": record.revision,
        "from_leaf": leaf,
        "until_leaf": until,
        "organisation": record.organisation,
        "organisation_path": target.path,
        "family": record.content["family"],
        "form": record.content["form"],
        "occurred_on": contents.occurred_on(record.content),
        "recorded_on": _local_date(recorded, zone),
        "status": record.status,
        "confidential": target.confidential,
        "readers": target.readers,
        "filed_by": record.filed_by,
        "people": tuple(dict.fromkeys(word for p in named for word in (p["name"], p.get("person")) if word)),
        "plan": record.content.get("plan", ""),
        "phase": record.content.get("phase", ""),
        "late": record.late,
        "gaps": bool(record.current.gaps),
        "due": record.due or "",
    }


def _local_date(recorded_at: str, zone: ZoneInfo) -> str:
    return datetime.fromisoformat(recorded_at).astimezone(zone).date().isoformat()


def _details(record: Record) -> Iterator[str]:
    """Everything written in the record but title and body, field by field, and the notes of an item's progress.

    It follows the body in one document, with the files' names: fewer documents make a smaller, faster index.
    """
    content = record.content
    yield record.code
    for key, field in families.form_fields(content["family"], content["form"]).items():
        if key not in {"title", "body"} and key in content:
            yield from _values(field, content[key])
    for field in families.ATTENDANCE:
        if field.key in content.get("attendance", {}):
            yield from _values(field, content["attendance"][field.key])
    for act in record.history:
        if act.name in {"progress", "closed"} and act.reason:
            yield act.reason


def _values(field: Field, value: Any) -> Iterator[str]:
    match field.kind:
        case "text" | "longtext":
            yield value
        case "texts":
            yield from value
        case "person":
            yield value["name"]
        case "people":
            yield "、".join(person["name"] for person in value)
        case "rows":
            for row in value:
                parts = [
                    part for column in field.columns if column.key in row for part in _values(column, row[column.key])
                ]
                if parts:
                    yield "，".join(parts)
        case "choice":
            yield next((c.zh for c in field.choices if c.key == value), str(value))
        case _:
            return
