"""Evidence packages: everything that shows what some records are, for people who have no archive.

A package is a bag (BagIt, RFC 8493) in a ZIP. Its payload:

    data/checkpoint                            a published checkpoint, verbatim: everything is proven under it
    data/policy                                whose checkpoints are to be believed (C2SP tlog-policy)
    data/records/<code>/record.json            the record as people see it
    data/records/<code>/events/0001.json       its events, as they are stored
    data/records/<code>/receipts/0001.tlog-proof
    data/records/<code>/complete               the log's signed word that there are no other events of it
    data/records/<code>/files/<name>           the originals that the events name
    data/timestamps/<size>-<authority>.tsr     with the ``.note`` that was stamped, and the ``.proof`` that the
                                               checkpoint continues it; <authority>.pem, its root certificate

Besides that the bag's own files, and ``verify.py``. The same records under the same checkpoint give the same bytes.
"""

from __future__ import annotations

import json
import re
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.access import Actor
from domain.errors import InputError, NotFound
from domain.files import FileEntry
from domain.ledger.checkpoint import Checkpoint, parse_checkpoint
from domain.ledger.completeness import Statement
from domain.ledger.entry import entry
from domain.ledger.errors import LedgerInputAltered
from domain.ledger.note import parse_note
from domain.ledger.receipt import encode_receipt
from domain.ledger.timestamps import NOTE, STAMP, StampName, TimestampRegister
from domain.ledger.tree import consistency_proof, inclusion_proof, leaf_hash
from domain.ports.events import EventStore
from domain.ports.ledger import Leaf, LedgerTables
from domain.records.erasure import RecordIsErased
from domain.records.filing import Archive
from domain.records.record import Record

RECORDS = "data/records/"
LONGEST = 200
"""Bytes of a file's name: there must be room for the folder that somebody unpacks it into."""

_RESERVED = re.compile(r"(?:CON|PRN|AUX|NUL|COM\d|LPT\d)(?:\.|$)", re.IGNORECASE)


class InvalidPackage(InputError):
    """A file that is no evidence package, or that is built to do harm."""

    code = "package_invalid"
    zh = "这不是能核验的证据包：{problem_zh}。"
    en = "It is no evidence package that can be checked: {problem_en}."
    next_zh = "请核对文件是否完整，再向给出它的人要一份；不要解压它。"
    next_en = "Check that the file is whole, and ask for it again; do not unpack it."

    def __init__(self, problem_zh: str, problem_en: str, **where: Any) -> None:
        super().__init__(problem_zh=problem_zh, problem_en=problem_en, **where)


@dataclass(frozen=True)
class Member:
    """A file of the payload: its bytes, or the digest under which they are kept, with their number."""

    path: str
    data: bytes = b""
    blob: str | None = None
    size: int = 0


@dataclass(frozen=True)
class Package:
    """``members`` are made one after the other, as they are asked for. ``time``: when the tree had that size."""

    origin: str
    size: int
    time: datetime
    codes: tuple[str, ...]
    members: Iterator[Member]

    @property
    def folder(self) -> str:
        """Of everything in the ZIP."""
        return f"evidence-{self.size}"


Describe = Callable[[Record, int], Mapping[str, Any]]
"""A record as people see it, as it stood when the ledger had so many leaves."""


class Packages:
    """Makes packages. ``published`` reads the newest checkpoint, ``witnessed`` the newest one that as many witnesses
    cosigned as the archive's policy asks for; ``sign_note`` signs with the log's key, ``stamps`` reads a file beside
    the checkpoint, ``roots`` an authority's certificates."""

    def __init__(
        self,
        *,
        archive: Archive,
        events: EventStore,
        ledger: LedgerTables,
        register: TimestampRegister,
        published: Callable[[], bytes],
        witnessed: Callable[[], str | None],
        sign_note: Callable[[str], str],
        policy: bytes,
        stamps: Callable[[str], bytes | None],
        roots: Callable[[str], bytes | None],
        describe: Describe,
    ) -> None:
        self._archive, self._events, self._ledger, self._register = archive, events, ledger, register
        self._published, self._witnessed, self._sign_note = published, witnessed, sign_note
        self._policy, self._stamps, self._roots, self._describe = policy, stamps, roots, describe

    def of(self, actor: Actor, references: Sequence[str]) -> Package:
        """The package of these records. Raises `NotAllowed`, `NotFound`, `RecordIsErased`, `FileErased`,
        `LedgerInputAltered`."""
        records = {record.code: record for record in (self._archive.read(actor, each) for each in references)}
        for record in records.values():
            if record.erased is not None:  # a package without its events would prove too little
                raise RecordIsErased(record=record.code, revision=record.erased.originator_version)
            for named in (each for version in record.versions for each in version.files):
                record.require_there(named)
        leaves = {code: self._ledger.leaves_of(record.id) for code, record in records.items()}
        note, tree = self._checkpoint(max((each[-1].index for each in leaves.values() if each), default=-1))
        time = self._ledger.batch_time(tree.size - 1)
        if time is None:
            raise NotFound("检查点", "checkpoint", "checkpoint")
        codes = tuple(sorted(records))
        chosen = [(records[code], [leaf for leaf in leaves[code] if leaf.index < tree.size]) for code in codes]
        return Package(tree.origin, tree.size, time, codes, self._members(chosen, note, tree))

    def _checkpoint(self, highest: int) -> tuple[bytes, Checkpoint]:
        """A witnessed one where one covers all of the leaves, else the newest one."""
        if (witnessed := self._witnessed()) is not None:
            tree = parse_checkpoint(parse_note(witnessed).text)
            if tree.size > highest:
                return witnessed.encode(), tree
        note = self._published()
        return note, parse_checkpoint(parse_note(note).text)

    def _members(self, records: Iterable[tuple[Record, list[Leaf]]], note: bytes, tree: Checkpoint) -> Iterator[Member]:
        size, highest = tree.size, -1
        yield Member("data/checkpoint", note)
        yield Member("data/policy", self._policy)
        for record, leaves in records:
            if not leaves:
                raise NotFound("回执", "receipt", record.code)
            base, highest = f"{RECORDS}{record.code}/", max(highest, leaves[-1].index)
            about = json.dumps(self._describe(record, size), ensure_ascii=False, indent=1, sort_keys=True)
            yield Member(f"{base}record.json", about.encode() + b"\n")
            for leaf, row in zip(leaves, self._events.rows_at([each.position for each in leaves]), strict=True):
                if leaf_hash(entry(row.id, row.version, row.topic, row.state)) != leaf.hash:
                    raise LedgerInputAltered(f"{leaf.id}/{leaf.version}", leaf.index)
                yield Member(f"{base}events/{leaf.version:04}.json", row.state)
                hashes = inclusion_proof(leaf.index, size, self._ledger.range_hash)
                receipt = encode_receipt(
                    row.id, row.version, row.topic, row.state,
                    index=leaf.index, hashes=hashes, checkpoint=note.decode(),
                )  # fmt: skip
                yield Member(f"{base}receipts/{leaf.version:04}.tlog-proof", receipt.encode())
            statement = Statement(tree.origin, record.id, size, tree.root, tuple(leaf.index for leaf in leaves))
            yield Member(f"{base}complete", self._sign_note(statement.text()).encode())
            versions = [each for each in record.versions if each.revision <= leaves[-1].version]
            named = (file for version in versions for file in version.files)
            for file, name in portable_names(named):
                yield Member(f"{base}files/{name}", blob=file.sha256, size=file.size)
        yield from self._stamped(highest, size)

    def _stamped(self, highest: int, size: int) -> Iterator[Member]:
        """Of each authority the earliest stamp that covers all of the events, or else its newest."""
        best: dict[str, int] = {}
        for stamped, authority, _ in self._register.timestamps():  # ascending
            if stamped <= size and not highest < best.get(authority, 0):
                best[authority] = stamped
        for authority, stamped in sorted(best.items()):
            name = StampName(stamped, authority)
            answer, note = self._stamps(name.file(STAMP)), self._stamps(name.file(NOTE))
            if answer is None or note is None:
                continue
            proof = consistency_proof(stamped, size, self._ledger.range_hash)
            yield Member(f"data/{name.file(STAMP)}", answer)
            yield Member(f"data/{name.file(NOTE)}", note)
            yield Member(f"data/{name.file('.proof')}", b"".join(b64encode(each) + b"\n" for each in proof))
            if (certificates := self._roots(authority)) is not None:
                yield Member(f"data/timestamps/{authority}.pem", certificates)


def portable_names(files: Iterable[FileEntry]) -> Iterator[tuple[FileEntry, str]]:
    """Each file once, by its digest, under a name that every system can write; like names get a number."""
    seen: set[str] = set()
    taken: set[str] = set()
    for file in files:
        if file.sha256 in seen:
            continue
        seen.add(file.sha256)
        name = portable(file.name)
        stem, dot, suffix = name.rpartition(".")
        number = 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem} ({number}).{suffix}" if dot and stem else f"{suffix} ({number})"
        taken.add(name.casefold())
        yield file, name


def portable(name: str) -> str:
    """A file's name without what some system cannot write: Chinese stays Chinese, everything odd becomes ``_``."""
    name = unicodedata.normalize("NFC", name)
    name = "".join("_" if char in '/\\:*?"<>|' or not char.isprintable() else char for char in name)
    name = name.strip(" .") or "_"
    if _RESERVED.match(name):
        name = f"_{name}"
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix.encode()) > 20:
        stem, dot, suffix = name, "", ""
    room = LONGEST - len((dot + suffix).encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + dot + suffix
