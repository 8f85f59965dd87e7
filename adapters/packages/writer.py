"""Writing an evidence package: one pass, flat memory, and the same bytes for the same contents."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from adapters.packages.single_file import single_file
from domain.errors import BlobDamaged
from domain.proofs.packages import Member, Package

BLOCK = 1 << 20
EPOCH = (1980, 1, 1, 0, 0, 0)
MODE = 0o100644 << 16
UNIX = 3


@dataclass(frozen=True)
class Written:
    """What is in the payload."""

    files: int
    bytes: int


def write_package(path: Path, package: Package, open_blob: Callable[[str], IO[bytes]]) -> Written:
    """Raises `BlobMissing`, `BlobDamaged`, and `OSError` of the file. What was begun lies there where it raises."""
    payload: dict[str, str] = {}
    total = 0
    with ZipFile(path, "w", ZIP_STORED) as archive:

        def put(name: str, size: int, blocks: Iterator[bytes]) -> str:
            info = ZipInfo(f"{package.folder}/{name}", EPOCH)
            info.external_attr, info.create_system, info.file_size = MODE, UNIX, size
            digest = hashlib.sha256()
            with archive.open(info, "w") as target:
                for block in blocks:
                    digest.update(block)
                    target.write(block)
            return digest.hexdigest()

        for member in package.members:
            size = member.size if member.blob is not None else len(member.data)
            sha256 = put(member.path, size, _blocks(member, open_blob))
            if member.blob is not None and sha256 != member.blob:
                raise BlobDamaged(member.blob)
            payload[member.path] = sha256
            total += size
        tags = {
            "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
            "bag-info.txt": _info(package, total, len(payload)),
            "manifest-sha256.txt": _manifest(payload),
            "verify.py": single_file(),
        }
        digests = {name: put(name, len(data), iter([data])) for name, data in tags.items()}
        data = _manifest(digests)
        put("tagmanifest-sha256.txt", len(data), iter([data]))
    return Written(len(payload), total)


def _blocks(member: Member, open_blob: Callable[[str], IO[bytes]]) -> Iterator[bytes]:
    if member.blob is None:
        yield member.data
        return
    with open_blob(member.blob) as source:
        while block := source.read(BLOCK):
            yield block


def _manifest(digests: dict[str, str]) -> bytes:
    """RFC 8493, 2.1.3: in a path only line breaks and the percent sign are written otherwise."""
    return "".join(f"{digests[name]}  {_escaped(name)}\n" for name in sorted(digests)).encode()


def _escaped(name: str) -> str:
    return name.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _info(package: Package, total: int, count: int) -> bytes:
    lines = [
        ("Source-Organization", package.origin),
        ("Bagging-Date", package.time.date().isoformat()),
        *(("External-Identifier", code) for code in package.codes),
        ("External-Description", "Evidence package 证据包: python3 verify.py"),
        ("Payload-Oxum", f"{total}.{count}"),
    ]
    return "".join(f"{name}: {value}\n" for name, value in lines).encode()
