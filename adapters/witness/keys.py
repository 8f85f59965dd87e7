"""Keys of a witness (C2SP ``tlog-cosignature``): Ed25519 and ML-DSA-44, each in a file (`adapters.keys.files`)."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from adapters.keys.files import keep_secret, load_secret
from domain.ledger.cosignature import Cosignature, signed_message
from domain.ledger.note import (
    COSIGNATURE_ED25519,
    COSIGNATURE_ML_DSA_44,
    Signature,
    VerifierKey,
    check_key_name,
)

FILES = {COSIGNATURE_ED25519: "ed25519.key", COSIGNATURE_ML_DSA_44: "ml-dsa-44.key"}
"""Where the key of each kind lies in a witness's folder."""


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

    def keep(self, path: Path) -> None:
        """Raises `KeyFileInvalid` where something lies there already."""
        keep_secret(path, self.key, self._key.private_bytes_raw())


def create_witness_key(folder: Path, name: str, kind: int) -> WitnessSigner:
    """Make a key and keep it, mode 0600. Raises `KeyFileInvalid` where something lies there already."""
    signer = WitnessSigner(name, _generate(kind))
    signer.keep(folder / FILES[kind])
    return signer


def load_witness_key(path: Path) -> WitnessSigner:
    """Raises `KeyFileExposed` where group or others have any right to it, `KeyFileInvalid` where it is no key."""
    return load_secret(path, lambda name, kind, seed: WitnessSigner(name, _from_seed(kind, seed)))


def _generate(kind: int) -> Ed25519PrivateKey | MLDSA44PrivateKey:
    return MLDSA44PrivateKey.generate() if kind == COSIGNATURE_ML_DSA_44 else Ed25519PrivateKey.generate()


def _from_seed(kind: int, seed: bytes) -> Ed25519PrivateKey | MLDSA44PrivateKey:
    if kind == COSIGNATURE_ED25519:
        return Ed25519PrivateKey.from_private_bytes(seed)
    if kind == COSIGNATURE_ML_DSA_44:
        return MLDSA44PrivateKey.from_seed_bytes(seed)
    raise ValueError(kind)
