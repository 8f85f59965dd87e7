"""Folders and files on the operator's disk: what is to be filed, and reading it so that nothing changes meanwhile.

Nothing here trusts the folder: links are followed only inside it, only regular files are opened, and a file that is
written to, replaced or removed while it is read is refused, because what was read would be no one's document.
"""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from adapters.intake.record_yaml import RECORD_FILE
from domain.errors import Conflict, InputError, Unavailable

CHUNK = 1 << 20
LITTER = frozenset({"thumbs.db", "desktop.ini"})
"""What file managers leave behind; with hidden files and the lock files of office programs it is never filed."""


class PathMissing(InputError):
    code = "path_missing"
    zh = "没有这个文件或文件夹：{file}。"
    en = "There is no such file or folder: {file}."


class NothingToFile(InputError):
    code = "nothing_to_file"
    zh = "{file} 里没有记录：每条记录是一个含有 record.yaml 的文件夹。"
    en = "{file} holds no record: a record is a folder with a record.yaml."


class SubfolderInRecord(InputError):
    """A record's files have no folders: a subfolder would be lost silently, so the record is refused."""

    code = "subfolder_in_record"
    zh = "记录文件夹里还有子文件夹“{name}”，里面的文件不知道该怎么存。"
    en = "The record's folder holds a subfolder “{name}”; its files have no place in the record."
    next_zh = "请把要附的文件移到 record.yaml 旁边，或者把子文件夹移走。"
    next_en = "Move the files that belong to it beside record.yaml, or the subfolder elsewhere."


class OutsideFolder(InputError):
    code = "outside_folder"
    zh = "“{name}”是指向文件夹外面的链接，没有跟随。"
    en = "“{name}” is a link that leads out of the folder; it is not followed."
    next_zh = "请把文件本身复制进来。"
    next_en = "Copy the file itself into the folder."


class NotAFile(InputError):
    code = "not_a_file"
    zh = "“{name}”不是普通文件，不能存。"
    en = "“{name}” is no regular file and cannot be filed."


class BadFileName(InputError):
    code = "bad_file_name"
    zh = "文件名“{name}”不是 UTF-8，无法照原样保存。"
    en = "The file name “{name}” is not UTF-8 and cannot be kept as it is."
    next_zh = "请先给文件改名；多半是旧系统的压缩包解出来的。"
    next_en = "Rename the file first; it probably came out of an old system's archive."


class FileVanished(Conflict):
    code = "file_vanished"
    zh = "“{name}”在读取时不见了，这条记录没有存入。"
    en = "“{name}” vanished while it was read; nothing of this record was filed."
    next_zh = "请确认文件还在，再存一次。"
    next_en = "Make sure that the file is there and file again."


class FileChanged(Conflict):
    code = "file_changed"
    zh = "“{name}”在读取时被改动，这条记录没有存入。"
    en = "“{name}” changed while it was read; nothing of this record was filed."
    next_zh = "请等别的程序写完，再存一次。"
    next_en = "Wait until the other program has finished and file again."


class FileUnreadable(Unavailable):
    code = "file_unreadable"
    zh = "“{name}”读不了（{reason}）。"
    en = "“{name}” cannot be read ({reason})."


@dataclass(frozen=True)
class Found:
    """One thing to file: a record's folder, or a single file (``folder`` is False)."""

    path: Path
    folder: bool


@dataclass(frozen=True)
class Passed:
    """Something that was seen and not filed, with the reason for a person."""

    path: str
    code: str
    zh: str
    en: str


@dataclass
class Search:
    """Walks what was named on the command line; ``passed`` collects what is no record and would be lost silently."""

    passed: list[Passed] = field(default_factory=list)

    def find(self, path: Path) -> Iterator[Found]:
        """Records at or below ``path`` in the order of their names. Raises `PathMissing` and `NothingToFile`."""
        with faults(shown(path)):
            exists, is_folder = path.exists(), path.is_dir()
        if not exists:
            raise PathMissing(file=shown(path))
        if not is_folder:
            if path.name == RECORD_FILE:
                yield Found(path.parent, True)
            else:
                yield Found(path, False)
            return
        count = 0
        for candidate in self._below(path):
            count += 1
            yield candidate
        if not count:
            raise NothingToFile(file=shown(path))

    def _below(self, folder: Path) -> Iterator[Found]:
        with faults(shown(folder)):
            is_record = (folder / RECORD_FILE).exists()
        if is_record:
            yield Found(folder, True)
            return
        for entry in sorted(listing(folder), key=lambda e: e.name):
            path = folder / entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from self._below(path)
            elif entry.is_symlink():
                self._pass(path, "link_not_followed", "是链接，没有跟随", "is a link and was not followed")
            else:
                self._pass(path, "no_record", "旁边没有 record.yaml，没有存", "has no record.yaml beside it: not filed")

    def _pass(self, path: Path, code: str, zh: str, en: str) -> None:
        self.passed.append(Passed(shown(path), code, zh, en))


def attachments(folder: Path) -> dict[str, Path]:
    """The files of a record's folder by the name they are filed under (Unicode NFC), ``record.yaml`` left out."""
    paths: dict[str, Path] = {}
    for entry in sorted(listing(folder), key=lambda e: e.name):
        name, path = entry.name, folder / entry.name
        if name == RECORD_FILE:
            continue
        if entry.is_symlink():
            path = _inside(folder, path)
        elif entry.is_dir(follow_symlinks=False):
            raise SubfolderInRecord(name=shown(Path(name)), file=shown(folder))
        paths[filed_name(name)] = path
    return paths


def listing(folder: Path) -> list[os.DirEntry[str]]:
    """What is in the folder, without hidden files and litter."""
    try:
        with os.scandir(folder) as entries:
            return [e for e in entries if not (e.name.startswith((".", "~$")) or e.name.lower() in LITTER)]
    except FileNotFoundError:
        raise FileVanished(name=shown(folder)) from None
    except OSError as error:
        raise FileUnreadable(name=shown(folder), reason=_reason(error)) from None


def filed_name(name: str) -> str:
    """The same name, however the file system composes its accents. Raises `BadFileName` for bytes that are no text."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise BadFileName(name=shown(Path(name))) from None
    return unicodedata.normalize("NFC", name)


def chunks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, if it stays as it is meanwhile. Raises `FileChanged`, `FileVanished`, `FileUnreadable`."""
    name = shown(Path(path.name))
    with faults(name):
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        with faults(name):
            before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise NotAFile(name=name)
        count = 0
        while True:
            with faults(name):
                block = os.read(handle, CHUNK)
            if not block:
                break
            count += len(block)
            yield block
        with faults(name):
            after, there = os.fstat(handle), path.stat()
        if _state(before) != _state(after) or count != after.st_size or _state(there) != _state(after):
            raise FileChanged(name=name)
    finally:
        os.close(handle)


def shown(path: Path) -> str:
    """A path as it can be printed and written as JSON, whatever bytes it consists of."""
    return os.fsencode(path).decode("utf-8", "replace")


def _state(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _inside(folder: Path, link: Path) -> Path:
    name = shown(Path(link.name))
    try:
        target, home = link.resolve(strict=True), folder.resolve()
    except FileNotFoundError:
        raise FileVanished(name=name) from None
    except (OSError, RuntimeError):  # a loop of links is a RuntimeError in Python 3.11
        raise NotAFile(name=name) from None
    if target.parent != home:
        raise OutsideFolder(name=name)
    return target


@contextmanager
def faults(name: str) -> Iterator[None]:
    """Turn what the operating system says of a file into one of ours."""
    try:
        yield
    except FileNotFoundError:
        raise FileVanished(name=name) from None
    except IsADirectoryError:
        raise NotAFile(name=name) from None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # it was replaced by a link, or is a socket
            raise NotAFile(name=name) from None
        raise FileUnreadable(name=name, reason=_reason(error)) from None


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
