"""Files that hold a private key: made once, readable only by their owner.

A file holds one line in the form of Go's ``sumdb/note``: ``PRIVATE+KEY+<name>+<hex key id>+base64(type ‖ seed)``.
"""

from __future__ import annotations

import stat
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from adapters.disk.durable import write_new
from domain.ledger.errors import InvalidNote, KeyFileExposed, KeyFileInvalid
from domain.ledger.note import VerifierKey, strict_base64

_PREFIX = "PRIVATE+KEY+"
_SEED_SIZE = 32
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Signer(Protocol):
    @property
    def key(self) -> VerifierKey:
        """The public half."""
        ...


SignerT = TypeVar("SignerT", bound=Signer)


def keep_secret(path: Path, key: VerifierKey, seed: bytes) -> None:
    """Mode 0600. ``key`` is the public half. Raises `KeyFileInvalid` where something lies there already."""
    secret = b64encode(bytes([key.kind]) + seed).decode()
    if not write_new(path, f"{_PREFIX}{key.name}+{key.key_id.hex()}+{secret}\n".encode(), mode=0o600):
        raise KeyFileInvalid(file=str(path))


def load_secret(path: Path, signer_of: Callable[[str, int, bytes], SignerT]) -> SignerT:
    """What ``signer_of`` makes of name, type and seed; it raises `ValueError` for a type that it does not know.

    Raises `KeyFileExposed` where group or others have any right to the file, `KeyFileInvalid` where it is no key.
    """
    try:
        if path.stat().st_mode & _OTHERS:
            raise KeyFileExposed(file=str(path))
        line = path.read_text(encoding="utf-8").removesuffix("\n")
        name, hex_id, encoded = line.removeprefix(_PREFIX).split("+", 2)
        secret = strict_base64(encoded)
        if not line.startswith(_PREFIX) or len(secret) != _SEED_SIZE + 1:
            raise KeyFileInvalid(file=str(path))
        signer = signer_of(name, secret[0], secret[1:])
    except (OSError, ValueError, InvalidNote):
        raise KeyFileInvalid(file=str(path)) from None  # the cause may quote the key
    if signer.key.key_id.hex() != hex_id:
        raise KeyFileInvalid(file=str(path))
    return signer
