"""File everything that lies under some paths: record folders, and single files as papers.

Each record is filed or refused on its own. The id of a record is derived from what is filed, so that the same folder
again meets the record it made the first time and files nothing twice.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any
from uuid import UUID

from adapters.formats.charset import decode
from adapters.formats.media_types import detect
from adapters.intake.record_folder import Found, Passed, Search, attachments, chunks, faults, filed_name, shown
from adapters.intake.record_yaml import RECORD_FILE, RecordFile, read_record
from domain.access import Actor
from domain.errors import InputError, InvalidRecord, JianzhengError
from domain.event import stream_id
from domain.ports.blobs import BlobStore, StagedFile
from domain.records.families import FILE_ROLES
from domain.records.fields import Problem
from domain.records.filing import Archive, IncomingFile, Outcome, refused

TITLE_SAMPLE = 16_384
TITLE_WORDS = (
    "方案",
    "计划",
    "计畫",
    "計劃",
    "报告",
    "報告",
    "总结",
    "總結",
    "通知",
    "意见",
    "意見",
    "办法",
    "制度",
    "纪要",
    "记录",
)


class OrganisationNeeded(InputError):
    """A file without a record.yaml does not say whose it is."""

    code = "organisation_needed"
    zh = "单个文件要用 --org 说明存到哪个单位：{file}。"
    en = "Say with --org which organisation the file belongs to: {file}."


@dataclass(frozen=True)
class Filed:
    path: str
    outcome: Outcome


@dataclass(frozen=True)
class NotFiled:
    """``where`` holds all problems with their lines, where there is more than the one the error speaks of."""

    path: str
    error: JianzhengError
    problems: tuple[tuple[int | None, Any], ...] = ()


@dataclass
class Ingest:
    """One run. Iterate `run` to its end; ``passed`` then says what was seen and not filed, or is empty."""

    archive: Archive
    blobs: BlobStore
    zone: tzinfo
    actor: Actor
    organisation: str | None = None
    passed: list[Passed] = field(default_factory=list)

    def run(self, paths: Iterable[Path]) -> Iterator[Filed | NotFiled]:
        """Each record's outcome, as soon as it is durable."""
        search = Search(self.passed)
        seen: set[Path] = set()
        for path in paths:
            try:
                for candidate in search.find(path):
                    place = candidate.path.resolve()
                    if place not in seen:
                        seen.add(place)
                        yield self._one(candidate)
            except JianzhengError as error:
                yield NotFiled(shown(path), error)

    def _one(self, candidate: Found) -> Filed | NotFiled:
        record: RecordFile | None = None
        path = shown(candidate.path)
        try:
            if not candidate.folder:
                return Filed(path, self._file_paper(candidate.path))
            record = read_record(candidate.path / RECORD_FILE, shown(candidate.path / RECORD_FILE))
            return Filed(path, self._file_folder(candidate.path, record))
        except JianzhengError as error:
            if record is None:
                return NotFiled(path, error)
            problems = sorted(record.problems(error), key=lambda problem: problem[0] or 0)
            return NotFiled(path, record.locate(error), tuple(problems))

    def _file_folder(self, folder: Path, record: RecordFile) -> Outcome:
        raw = dict(record.raw)
        named = raw.pop("files", None)
        if self.organisation and not raw.get("organisation"):
            raw["organisation"] = self.organisation
        paths = attachments(folder)
        roles, problems = file_roles(named, paths)
        # What contradicts itself is refused before a byte is copied.
        checked = self.archive.check(str(raw.get("organisation") or ""), raw, roles.values())
        if problems or checked.problems:
            raise refused(replace(checked, problems=(*checked.problems, *problems)))
        with Staging(self.blobs) as staging:
            files = [staging.take(path, name, roles[name]) for name, path in paths.items()]
            outcome = self.archive.file(self.actor, raw, files, record_id=folder_id(raw, files))
            return self._done(folder, staging, outcome)

    def _file_paper(self, path: Path) -> Outcome:
        if not self.organisation:
            raise OrganisationNeeded(file=shown(path))
        name = filed_name(path.name)
        with Staging(self.blobs) as staging:
            file = staging.take(path.resolve(), name, "other")
            with faults(name):
                changed = datetime.fromtimestamp(path.stat().st_mtime, self.zone)
            raw = {
                "organisation": self.organisation,
                "family": "paper",
                "form": "document",
                "title": title_of(file),
                "occurred": {"from": changed.date().isoformat()},
            }
            key = f"{self.organisation}/{file.staged.sha256}/{name}"
            outcome = self.archive.file(self.actor, raw, [file], record_id=stream_id("ingest-file", key))
            return self._done(path, staging, outcome)

    def _done(self, path: Path, staging: Staging, outcome: Outcome) -> Outcome:
        if outcome.changed:
            staging.kept()
            for entry in outcome.record.files:
                if not entry.size:
                    where = shown(path / entry.name if path.is_dir() else path)
                    self.passed.append(Passed(where, "empty_file", "是空文件（0 字节）", "is an empty file (0 bytes)"))
        return outcome


class Staging:
    """The staged files of one record; what was not `kept` at the end is thrown away."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._staged: list[StagedFile] = []

    def take(self, path: Path, name: str, role: str) -> IncomingFile:
        staged = self._blobs.stage(chunks(path))
        self._staged.append(staged)
        with staged.open() as stream:
            return IncomingFile(name, staged, detect(stream, name), role)

    def kept(self) -> None:
        self._staged.clear()

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *_: object) -> None:
        for staged in self._staged:
            staged.discard()


def file_roles(named: Any, names: Iterable[str]) -> tuple[dict[str, str], list[Problem]]:
    """The role of each file there, from the ``files`` key of the record, and where the two disagree."""
    roles = dict.fromkeys(names, "other")
    problems: list[Problem] = []
    if named is None:
        return roles, problems
    if not isinstance(named, dict):
        return roles, [Problem("files", "应写成“文件名: {role: 角色}”", "it is a mapping of file names to {role: …}")]
    there = "、".join(sorted(roles))
    for key, entry in named.items():
        where, name = f"files.{key}", unicodedata.normalize("NFC", key)
        if "/" in key or "\\" in key or key in (".", ".."):
            zh, en = f"文件名“{key[:60]}”不能含目录", f"“{key[:60]}” must be a name without folders"
            problems.append(Problem(where, zh, en))
        elif name not in roles:
            zh, en = (
                f"没有文件“{key[:60]}”；有的是：{there or '无'}",
                f"there is no file “{key[:60]}”; there is: {there or '-'}",
            )
            problems.append(Problem(where, zh, en))
        else:
            _read_role(entry, where, name, roles, problems)
    return roles, problems


def _read_role(entry: Any, where: str, name: str, roles: dict[str, str], problems: list[Problem]) -> None:
    if isinstance(entry, dict):
        for key in sorted(set(entry) - {"role"}):
            problems.append(
                Problem(f"{where}.{key}", f"没有“{key}”这一项；可用的有：role", f"no “{key}” here; accepted: role")
            )
        entry, where = entry.get("role"), f"{where}.role"
    if entry is None:
        return
    try:
        roles[name] = role_key(entry, where)
    except InvalidRecord as error:
        problems.append(Problem(where, error.message("zh"), error.message("en")))


def role_key(word: object, where: str) -> str:
    """The key of a file's role, from its key, Chinese or English name. Raises `InvalidRecord`."""
    for choice in FILE_ROLES:
        if word in (choice.key, choice.zh, choice.en):
            return choice.key
    shown_ = str(word)[:40]
    raise InvalidRecord(
        f"文件没有“{shown_}”这个角色；可用的有：{'、'.join(f'{r.zh}（{r.key}）' for r in FILE_ROLES)}",
        f"there is no file role “{shown_}”; accepted: {', '.join(r.key for r in FILE_ROLES)}",
        field=where,
    )


def folder_id(raw: dict[str, Any], files: Iterable[IncomingFile]) -> UUID:
    """The same for the same organisation, content as written, file names and bytes; roles and layout do not count."""
    listed = sorted((f.name, f.staged.sha256) for f in files)
    return stream_id("ingest", json.dumps([raw, listed], sort_keys=True, ensure_ascii=False, separators=(",", ":")))


def title_of(file: IncomingFile) -> str:
    """For a text its heading, for everything else the file's name without its ending."""
    stem = Path(file.name).stem or file.name
    if not file.media_type.startswith("text/"):
        return stem
    with file.staged.open() as handle:
        decoded = decode(handle.read(TITLE_SAMPLE))
    lines = [" ".join(line.split()).lstrip("#").strip() for line in decoded.text.splitlines()] if decoded else []
    # Lines of a page's navigation and of its by-line are no titles.
    likely = [line for line in lines if 4 <= len(line) <= 80 and not any(mark in line for mark in "<>|:：")][:12]
    named = (line for line in likely[:6] if line.rstrip("》”」)）").endswith(TITLE_WORDS))
    title = next(named, likely[0] if likely else stem)
    return title if title.isprintable() else stem
