"""Walking the kept files: what is there, and what has no business there. Symbolic links are never followed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from adapters.blobs.names import is_digest
from adapters.disk.durable import storage_errors

_PAIR = re.compile(r"[0-9a-f]{2}", re.ASCII)


def digests(root: Path) -> Iterator[str]:
    """Every digest kept, ascending; holds one folder's names in memory at a time."""
    for name, _, kept in _walk(root):
        if kept:
            yield name


def strays(root: Path, staging: Path) -> Iterator[str]:
    """Paths below ``root`` of everything that is not a kept file in its right place."""
    for entry in _entries(root):
        if entry.path != str(staging) and not (entry.name == "sha256" and entry.is_dir(follow_symlinks=False)):
            yield entry.name
    for _, path, kept in _walk(root):
        if not kept:
            yield path


def _walk(root: Path) -> Iterator[tuple[str, str, bool]]:
    """(name, path below root, whether it is a kept file) of every leaf of the tree, sorted within each folder."""
    for first in _entries(root / "sha256"):
        if not _is_level(first):
            yield first.name, f"sha256/{first.name}", False
            continue
        for second in _entries(Path(first.path)):
            if not _is_level(second):
                yield second.name, f"sha256/{first.name}/{second.name}", False
                continue
            for leaf in _entries(Path(second.path)):
                kept = (
                    is_digest(leaf.name)
                    and leaf.name.startswith(first.name + second.name)
                    and leaf.is_file(follow_symlinks=False)
                )
                yield leaf.name, f"sha256/{first.name}/{second.name}/{leaf.name}", kept


def _is_level(entry: os.DirEntry[str]) -> bool:
    return _PAIR.fullmatch(entry.name) is not None and entry.is_dir(follow_symlinks=False)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with storage_errors(), os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)
