"""Digests as file names: the one place where a text from outside becomes a path."""

from __future__ import annotations

import re
from pathlib import Path

from domain.errors import InvalidDigest

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


def is_digest(value: str) -> bool:
    """Whether this is the SHA-256 of something, written as 64 lower-case hexadecimal digits."""
    return _DIGEST.fullmatch(value) is not None


def checked_digest(value: str) -> str:
    """The same value. Raises `InvalidDigest`, so that ``../`` and its kind never reach a path."""
    if not is_digest(value):
        raise InvalidDigest(value)
    return value


def kept_path(root: Path, sha256: str) -> Path:
    """``sha256/ab/cd/<digest>`` below the store's root. Raises `InvalidDigest`."""
    return root / kept_name(sha256)


def kept_name(sha256: str) -> str:
    """The same as text, relative to the root: for a caller with very many, to whom a `Path` costs too much."""
    checked_digest(sha256)
    return f"sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}"
