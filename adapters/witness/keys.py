"""Keys of a witness (C2SP ``tlog-cosignature``): Ed25519 and ML-DSA-44, each in a file that only its owner may read.

A file holds one line in the form of Go's ``sumdb/note``: ``PRIVATE+KEY+<name>+<hex key id>+base64(type ‖ seed)``.
"""

from __future__ import annotations

import stat
from base64 import b64encode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from adapters.blobs.durable import write_new
from domain.errors import InvalidNote, KeyFileExposed, KeyFileInvalid
from domain.ledger.cosignature import Cosignature, signed_message
from domain.ledger.note import (
    COSIGNATURE_ED25519,
    COSIGNATURE_ML_DSA_44,
    Signature,
    VerifierKey,
    check_key_name,
    strict_base64,
)

FILES = {COSIGNATURE_ED25519: "ed25519.key", COSIGNATURE_ML_DSA_44: "ml-dsa-44.key"}
"""Where the key of each kind lies in a witness's folder."""

_PREFIX = "PRIVATE+KEY+"
_SEED_SIZE = 32
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class WitnessSigner:
    """One key of a witness."""

    def __init__(self, name: str, key: Ed25519PrivateKey | MLDSA44PrivateKey) -> None:
        kind = COSIGNATURE_ED25519 if isinstance(key, Ed25519PrivateKey) else COSIGNATURE_ML_DSA_44
        self._key = key
        self.key = VerifierKey(check_key_name(name), kind, key.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"WitnessSigner({self.key.name!r}, {self.key.kind})"  # never the private half

    def vkey(self) -> str:
        return self.key.encode()

    def cosign(self, text: str, time: int) -> Signature:
        """The cosignature of a checkpoint, the ``text`` of a note, at ``time`` in seconds since 1970."""
        signed = self._key.sign(signed_message(self.key, time, text))
        return Signature(self.key.name, self.key.key_id, Cosignature(time, signed).blob())

    def secret(self) -> str:
        """The line that is kept."""
        seed = b64encode(bytes([self.key.kind]) + self._key.private_bytes_raw()).decode()
        return f"{_PREFIX}{self.key.name}+{self.key.key_id.hex()}+{seed}\n"


def create_witness_key(folder: Path, name: str, kind: int) -> WitnessSigner:
    """Make a key and keep it, mode 0600. Raises `KeyFileInvalid` where something lies there already."""
    signer = WitnessSigner(name, _generate(kind))
    path = folder / FILES[kind]
    if not write_new(path, signer.secret().encode(), mode=0o600):
        raise KeyFileInvalid(file=str(path))
    return signer


def load_witness_key(path: Path) -> WitnessSigner:
    """Raises `KeyFileExposed` where group or others have any right to it, `KeyFileInvalid` where it is no key."""
    try:
        if path.stat().st_mode & _OTHERS:
            raise KeyFileExposed(file=str(path))
        line = path.read_text(encoding="utf-8").removesuffix("\n")
        name, hex_id, encoded = line.removeprefix(_PREFIX).split("+", 2)
        secret = strict_base64(encoded)
        if not line.startswith(_PREFIX) or len(secret) != _SEED_SIZE + 1:
            raise KeyFileInvalid(file=str(path))
        signer = WitnessSigner(name, _from_seed(secret[0], secret[1:]))
    except (OSError, ValueError, InvalidNote):
        raise KeyFileInvalid(file=str(path)) from None  # the cause may quote the key
    if signer.key.key_id.hex() != hex_id:
        raise KeyFileInvalid(file=str(path))
    return signer


def _generate(kind: int) -> Ed25519PrivateKey | MLDSA44PrivateKey:
    return MLDSA44PrivateKey.generate() if kind == COSIGNATURE_ML_DSA_44 else Ed25519PrivateKey.generate()


def _from_seed(kind: int, seed: bytes) -> Ed25519PrivateKey | MLDSA44PrivateKey:
    if kind == COSIGNATURE_ED25519:
        return Ed25519PrivateKey.from_private_bytes(seed)
    if kind == COSIGNATURE_ML_DSA_44:
        return MLDSA44PrivateKey.from_seed_bytes(seed)
    raise ValueError(kind)
