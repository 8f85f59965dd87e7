"""Where a package is read from, and whether it is whole: a ZIP or a folder that holds a bag (BagIt, RFC 8493)."""

from __future__ import annotations

import hashlib
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Callable  # noqa: UP035  (of this module on Python 3.9)

from adapters.packages.verifier.trouble import NoPackage, Wrong

MOST = 100_000  # files
MAX_RATIO, FREE = 100, 10 << 20  # what unpacks to more than this many times its size is a bomb
SMALL = 32 << 20  # bytes of a file that is read whole
BLOCK = 1 << 20
NOT_READ = (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


class Bag:
    """The files of a package by their paths in it. Raises `NoPackage` for what is none, or is built to do harm."""

    def __init__(self, place: Path) -> None:
        self.files: dict[str, Callable[[], IO[bytes]]] = {}
        self.archive: zipfile.ZipFile | None = None
        if place.is_dir():
            self._folder(place)
            return
        try:
            self.archive = zipfile.ZipFile(place)
        except NOT_READ as error:
            raise NoPackage(f"不是能读的 ZIP 文件（{error}）", f"it is no ZIP that can be read ({error})") from None
        try:
            self._zip(self.archive)
        except NoPackage:
            self.archive.close()
            raise

    def _folder(self, place: Path) -> None:
        for path in sorted(place.rglob("*")):
            name = unicodedata.normalize("NFC", path.relative_to(place).as_posix())
            if path.is_symlink():
                raise NoPackage(f"{name} 是链接", f"{name} is a link")
            if path.is_file() and "__pycache__" not in name:
                self.files[name] = lambda path=path: path.open("rb")  # type: ignore[misc]  # bound at once

    def _zip(self, archive: zipfile.ZipFile) -> None:
        infos, seen, bad, end = archive.infolist(), set(), [], 0
        if len(infos) > MOST:
            raise NoPackage("文件太多", "it has too many files")
        for info in sorted(infos, key=lambda each: each.header_offset):
            name = info.orig_filename
            parts, folded = name.rstrip("/").split("/"), unicodedata.normalize("NFC", name).casefold()
            if "\\" in name or "\0" in name or ":" in parts[0] or {"", ".", ".."} & set(parts):
                bad.append((name, "路径会跑到外面", "its path leads outside"))
            elif stat.S_ISLNK(info.external_attr >> 16):
                bad.append((name, "是链接", "it is a link"))
            elif info.flag_bits & 1:
                bad.append((name, "加了密", "it is encrypted"))
            elif folded in seen:
                bad.append((name, "重名", "its name is there twice"))
            elif info.file_size > info.compress_size * MAX_RATIO + FREE or info.header_offset < end:
                bad.append((name, "是压缩炸弹", "it is a zip bomb"))
            seen.add(folded)
            end = max(end, info.header_offset + 30 + info.compress_size)
            if not info.is_dir():
                inside = unicodedata.normalize("NFC", name.partition("/")[2])
                self.files[inside] = lambda info=info: archive.open(info)  # type: ignore[misc]  # bound at once
        if bad:
            zh, en = (("；", "; ")[n].join(f"{each[0]!r} {each[n + 1]}" for each in bad) for n in (0, 1))
            raise NoPackage(zh, en)
        tops = {info.filename.split("/")[0] for info in infos}
        if len(tops) != 1 or any("/" not in info.filename for info in infos):
            raise NoPackage("里面应只有一个文件夹", "it is to hold one folder and nothing beside it")

    def close(self) -> None:
        if self.archive is not None:
            self.archive.close()

    def chunks(self, name: str) -> Iterator[bytes]:
        try:
            with self.files[name]() as file:
                while block := file.read(BLOCK):
                    yield block
        except NOT_READ as error:
            raise Wrong(f"{name} 读不出（{error}）", f"{name} cannot be read ({error})") from None

    def read(self, name: str) -> bytes:
        """A small file whole. Raises `Wrong` where it is missing, too large, or unreadable."""
        if name not in self.files:
            raise Wrong(f"缺少 {name}", f"{name} is missing")
        data = bytearray()
        for block in self.chunks(name):
            data += block
            if len(data) > SMALL:
                raise Wrong(f"{name} 太大", f"{name} is too large")
        return bytes(data)

    def digest(self, name: str) -> str:
        digest = hashlib.sha256()
        for block in self.chunks(name):
            digest.update(block)
        return digest.hexdigest()


def listed(bag: Bag, manifest: str) -> dict[str, str]:
    """SHA-256 by path, as a manifest of the bag says."""
    digests: dict[str, str] = {}
    for line in bag.read(manifest).decode("utf-8", "replace").splitlines():
        match = re.fullmatch(r"([0-9a-f]{64})[ \t]+\*?(.+)", line)
        if match is None:
            raise Wrong(f"{manifest} 有一行看不懂", f"a line of {manifest} is malformed")
        name = match[2].replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
        if name in digests:
            raise Wrong(f"{manifest} 里 {name} 列了两次", f"{manifest} lists {name} twice")
        digests[name] = match[1]
    return digests


def check_bag(bag: Bag) -> Iterator[Wrong]:
    """Each file that is missing, not listed, or not what the manifests say. Raises `NoPackage` for what is no bag."""
    if "bagit.txt" not in bag.files or not bag.read("bagit.txt").startswith(b"BagIt-Version: "):
        raise NoPackage("里面没有 bagit.txt", "it has no bagit.txt")
    manifest, tags = "manifest-sha256.txt", "tagmanifest-sha256.txt"
    for name, payload in ((tags, False), (manifest, True)):
        try:
            wanted = listed(bag, name)
        except Wrong as error:
            yield error
            continue
        there = {each for each in bag.files if each.startswith("data/") == payload and each != tags}
        for each in sorted(wanted.keys() - there):
            yield Wrong(f"缺少 {each}", f"{each} is missing")
        for each in sorted(there - wanted.keys()):
            yield Wrong(f"{each} 不在清单里", f"{each} is not listed")
        for each in sorted(there & wanted.keys()):
            try:
                if bag.digest(each) != wanted[each]:
                    yield Wrong(f"{each} 与清单不符，被改动过", f"{each} was altered: it is not what the manifest says")
            except Wrong as error:
                yield error
