"""Every kept file hashed again, and held against the events that name it.

The digests named by events are gathered in a temporary database, so that memory stays flat however many there are.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, runtime_checkable
from uuid import UUID

from domain.ports.blobs import BlobStore
from operations.verify.events import Describe
from operations.verify.findings import FilesOf, NamedFile, Progress, Verification
from operations.verify.resume import Hashed, Notes

if TYPE_CHECKING:
    from adapters.blobs.s3_inventory import FileVersion

CHUNK = 1024
TOLD_FILES, TOLD_BYTES = 128, 64 << 20
"""How much is read between two words about progress."""

MAX_LISTED = 5

VERSION = "?versionId="
"""In the name of a stray: a version of a kept file that another one has replaced."""


def files_in_state(topic: str, state: bytes) -> Sequence[NamedFile]:
    """The attribute ``files`` of an event stored as plain JSON: objects with ``name``, ``sha256`` and ``size``."""
    if b'"sha256"' not in state:  # most events name no file, and need not be parsed
        return ()
    try:
        return [(str(each["name"]), str(each["sha256"]), int(each["size"])) for each in json.loads(state)["files"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()


_FILES = "SELECT sha256, size, name, id, version, SUM(count), MIN(rowid) FROM named"
_EACH = "GROUP BY sha256 ORDER BY sha256"
"""A file once, as the first record names it: beside a single MIN, SQLite takes the other columns from its row."""


class NamedFiles:
    """The files that sound events name, gathered while the events are read."""

    def __init__(self, files_of: FilesOf) -> None:
        self._files_of = files_of
        self._db = sqlite3.connect("", isolation_level=None)  # a temporary file that SQLite removes itself
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("BEGIN")
        self._db.execute(
            "CREATE TABLE named (sha256 TEXT, size INTEGER, name TEXT, id TEXT, version INTEGER, count INTEGER,"
            " UNIQUE (sha256, id))"
        )

    def __enter__(self) -> NamedFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def sound(self, event_id: str, version: int, topic: str, state: bytes) -> None:
        """Take in a sound event."""
        self.add(event_id, version, self._files_of(topic, state))

    def add(self, event_id: str, version: int, files: Iterable[NamedFile]) -> None:
        """Take in the files that a sound event names."""
        for name, sha256, size in files:
            self._db.execute(
                "INSERT INTO named VALUES (?,?,?,?,?,1) ON CONFLICT DO UPDATE SET count = count + 1",
                (sha256, size, name, event_id, version),
            )

    def forget(self, stream: str, digests: Iterable[str]) -> None:
        """A record does not name what was erased of it; another one may."""
        self._db.executemany("DELETE FROM named WHERE sha256 = ? AND id = ?", [(each, stream) for each in digests])

    def clear(self) -> None:
        self._db.execute("DELETE FROM named")

    def count(self) -> int:
        return int(self._db.execute("SELECT COUNT(DISTINCT sha256) FROM named").fetchone()[0])

    def __contains__(self, sha256: str) -> bool:
        return self._db.execute("SELECT 1 FROM named WHERE sha256 = ?", (sha256,)).fetchone() is not None

    def pages(self) -> Iterator[dict[str, tuple[int, str, str, int, int]]]:
        """digest → size, name, stream, version, how many events name it; in ascending order of digests."""
        after = ""
        while page := self._db.execute(f"{_FILES} WHERE sha256 > ? {_EACH} LIMIT ?", (after, CHUNK)).fetchall():
            yield {row[0]: row[1:6] for row in page}
            after = page[-1][0]

    def sample(self, count: int, random: Random) -> dict[str, tuple[int, str, str, int, int]]:
        """``count`` of them, each as likely as any other."""
        keys = [row[0] for row in self._db.execute("SELECT DISTINCT sha256 FROM named ORDER BY sha256")]
        chosen = random.sample(keys, min(count, len(keys)))
        rows = [self._db.execute(f"{_FILES} WHERE sha256 = ? {_EACH}", (each,)).fetchone() for each in sorted(chosen)]
        return {row[0]: row[1:6] for row in rows}


def check_files(
    result: Verification,
    named: NamedFiles,
    blobs: BlobStore,
    describe: Describe,
    progress: Progress,
    *,
    sample: int | None = None,
    random: Random,
    hashed: Hashed | None = None,
) -> set[str]:
    """Every named file is there with its bytes. Returns the digests of those that are not.

    ``hashed``: the files that this check found good before it was interrupted, and where it notes more of them.
    """
    accused = set()
    total = named.count() if sample is None else min(sample, named.count())
    pages = named.pages() if sample is None else [named.sample(sample, random)]
    passed = told = 0
    for page in pages:
        notes = Notes(hashed, blobs, page)
        passed += len(notes.known)
        for file in notes.noting(blobs.fixity([each for each in page if each not in notes.known])):
            size, name, stream, version, count = page[file.sha256]
            result.files += 1
            result.bytes += file.size or 0
            if result.files % TOLD_FILES == 0 or result.bytes - told >= TOLD_BYTES:
                told = result.bytes
                progress("files", passed + result.files, total)
            if file.computed == file.sha256 and file.size == size:
                notes.good(file)
                continue
            accused.add(file.sha256)
            event = f"{UUID(stream)}/{version}"
            record = describe(UUID(stream))
            more_zh = "" if count == 1 else f"（另有 {count - 1} 处引用）"
            more_en = "" if count == 1 else f" (named {count - 1} more times)"
            if file.size is None:
                klass, zh, en = "deleted", "不见了", "is missing"
            elif file.computed == file.sha256:
                klass, zh, en = "altered", "的大小与登记不符", "has another size than was recorded"
            else:
                klass, zh, en = "altered", "的内容被改动", "has other bytes"
            rest_zh, rest_en = _other_versions(blobs, file.sha256)
            result.add(
                "deleted" if klass == "deleted" else "altered",
                "file",
                f"{record or event} 的附件“{name}”{zh}{more_zh}：sha256 {file.sha256}{rest_zh}。",
                f"The file “{name}” of {record or event} {en}{more_en}: sha256 {file.sha256}{rest_en}.",
                record=record,
                event=event,
                file=name,
            )
        progress("files", passed + result.files, total)
    return accused


@runtime_checkable
class Renaming(Protocol):
    """A store that may keep a file under another digest than its own."""

    def kept_as(self, sha256: str) -> Sequence[str]:
        """The digests under which the file may lie, the likelier first; none of what was erased."""
        ...


def _names(blobs: BlobStore, digests: Iterable[str]) -> set[str]:
    """The digests under which files lie."""
    if not isinstance(blobs, Renaming):
        return set(digests)
    return {name for sha256 in digests for name in blobs.kept_as(sha256)}


@runtime_checkable
class Versioned(Protocol):
    """A store that keeps what somebody wrote over or deleted."""

    def versions(self, sha256: str) -> list[FileVersion]:
        """All that lies there of the file, delete markers included."""
        ...


def _other_versions(blobs: BlobStore, sha256: str) -> tuple[str, str]:
    """Where the file may be restored from."""
    if not isinstance(blobs, Versioned):
        return "", ""
    older = [each.version for each in blobs.versions(sha256) if not each.current and not each.deleted][:MAX_LISTED]
    if not older:
        return "", ""
    return f"；存储桶里还有它的其他版本：{'、'.join(older)}", f"; the bucket holds other versions: {', '.join(older)}"


def check_extra_files(
    result: Verification,
    named: NamedFiles,
    blobs: BlobStore,
    pending: Iterable[str],
    unsound_states: Sequence[bytes],
    deleted_events: int,
    accused: set[str],
    filed_since: Callable[[], Iterable[str]],
    erased: Collection[str] = (),
) -> None:
    """Files that no event names, and things in the store that are not kept files.

    ``erased`` are digests of which something unreadable may be left; ``accused`` are files of which something was said
    already; ``filed_since`` gives those named by events that came after the ledger's. Filing goes on: a file is kept
    under a note, which goes after its event is there.
    """
    unnamed = [
        sha256
        for sha256 in blobs.digests()
        if sha256 not in named
        and sha256 not in erased
        and not any(_mentions(state, sha256) for state in unsound_states)
    ]
    interrupted = {*pending, *blobs.leftovers()} if unnamed else set()
    filed = set(filed_since()) if unnamed else set()  # in this order: whose note has gone by now is found here
    unclear: list[str] = []
    for sha256 in unnamed:
        if sha256 in filed:
            continue
        accused.add(sha256)
        if sha256 in interrupted:
            result.leftovers.append(sha256)
        elif deleted_events:
            unclear.append(sha256)
        else:
            result.add(
                "inserted",
                "file",
                f"文件 {sha256} 没有任何事件引用，是外来的文件。",
                f"No event names the file {sha256}: it is a foreign one.",
                file=f"sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}",
            )
    told = _names(blobs, accused)
    for name in blobs.strays():
        kept, _, version = name.partition(VERSION)
        if version and kept.rpartition("/")[2] in told:
            continue  # it is what was there before
        if version:
            zh, en = f"{kept} 被重写过，原来的版本是 {version}", f"{kept} was written over; its version was {version}"
        else:
            zh, en = f"文件库里有外来的 {name}", f"{name} in the file store is not a kept file"
        result.add("inserted", "file", f"{zh}。", f"{en}.", file=name)
    if unclear:
        listed = ", ".join(islice(unclear, MAX_LISTED)) + (" …" if len(unclear) > MAX_LISTED else "")
        result.remark(
            f"有 {len(unclear)} 个文件没有事件引用，可能属于被删除的事件：{listed}",
            f"{len(unclear)} files are named by no event; they may belong to deleted ones: {listed}",
        )


def others_name(
    named: NamedFiles, unsound_states: Sequence[bytes], filed_since: Callable[[], Iterable[str]], sha256: str
) -> bool:
    """Whether a file stays for the sake of a record of which it was not erased, however little is left of that one."""
    return sha256 in named or any(_mentions(state, sha256) for state in unsound_states) or sha256 in set(filed_since())


def _mentions(state: bytes, sha256: str) -> bool:
    """Whether an altered event named this file: any quarter of the digest is proof enough."""
    return any(sha256[at : at + 16].encode() in state for at in range(0, 64, 16))
