"""Cosignatures (C2SP ``tlog-cosignature`` v1.0.1): what a witness says of a checkpoint, and when it said so.

A cosignature is a signature of a note whose bytes are a time and a signature over that time and the checkpoint. Two
kinds are read and made: Ed25519 over lines of text, and ML-DSA-44 over a structure. The arithmetic is in
`adapters/keys/signing.py`.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from domain.ledger.checkpoint import Checkpoint, parse_checkpoint
from domain.ledger.errors import InvalidNote
from domain.ledger.note import COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44, Signature, VerifierKey

SIGNATURE_SIZES = {COSIGNATURE_ED25519: 64, COSIGNATURE_ML_DSA_44: 2420}
MAX_TIME = 2**63 - 1

_TIME = struct.Struct(">Q")
_RANGE = struct.Struct(">QQ")
_LABEL = b"subtree/v1\n\x00"
MAX_NAME = 255
"""Bytes of the names in what an ML-DSA-44 key signs."""


class Cosignature(NamedTuple):
    """``time``: seconds since 1970, as the witness's clock had it."""

    time: int
    signature: bytes

    def blob(self) -> bytes:
        """The bytes behind the key id in a signature line: the time in 8 bytes, big-endian, then the signature."""
        return _TIME.pack(self.time) + self.signature


def read_cosignature(kind: int, blob: bytes) -> Cosignature:
    """The parts of a signature's bytes. Raises `InvalidNote` for a wrong length and for a time that says nothing."""
    if kind not in SIGNATURE_SIZES or len(blob) != _TIME.size + SIGNATURE_SIZES[kind]:
        raise InvalidNote("见证签名的长度不对", "the cosignature has the wrong length")
    (time,) = _TIME.unpack_from(blob)
    if not 0 < time <= MAX_TIME:  # zero is for subtrees: no statement that this is the largest tree seen
        raise InvalidNote("见证签名的时间不对", "the time of the cosignature is out of range")
    return Cosignature(time, blob[_TIME.size :])


def signed_message(key: VerifierKey, time: int, text: str) -> bytes:
    """The bytes that a witness signs for a checkpoint, the ``text`` of a note. Raises `InvalidNote`."""
    checkpoint = parse_checkpoint(text)
    if key.kind == COSIGNATURE_ED25519:
        return f"cosignature/v1\ntime {time}\n{text}".encode()
    if key.kind == COSIGNATURE_ML_DSA_44:
        return _cosigned_message(key.name, time, checkpoint)
    raise InvalidNote("不是见证密钥", "it is not the key of a witness")


def _cosigned_message(name: str, time: int, checkpoint: Checkpoint) -> bytes:
    """``cosigned_message`` for a whole tree (RFC 8446, section 3). Extension lines are no part of it."""
    whole = _RANGE.pack(0, checkpoint.size)
    return _LABEL + _opaque(name) + _TIME.pack(time) + _opaque(checkpoint.origin) + whole + checkpoint.root


def _opaque(text: str) -> bytes:
    data = text.encode()
    if not 0 < len(data) <= MAX_NAME:
        raise InvalidNote("名称太长", "a name is longer than 255 bytes")
    return bytes([len(data)]) + data


def cosigned_at(signature: Signature, key: VerifierKey) -> int:
    """When a signature that was verified with this key was made, in seconds since 1970."""
    return read_cosignature(key.kind, signature.blob).time
