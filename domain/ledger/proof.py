"""Proofs that something is logged (C2SP ``tlog-proof``): an index, an inclusion proof and a checkpoint, as one text."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass

from domain.ledger.errors import InvalidNote, InvalidProof
from domain.ledger.note import strict_base64
from domain.ledger.tree import HASH_SIZE

HEADER = "c2sp.org/tlog-proof@v1"
SUFFIX = ".tlog-proof"
MAX_HASHES = 63
MAX_PROOF = 16 << 20
"""Bytes: far more than the largest event with its proof."""

_INDEX = re.compile("0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class LogProof:
    """``hashes`` from the leaf's sibling up; ``checkpoint``: the signed note verbatim; ``extra`` proves nothing."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    def encode(self) -> str:
        """The proof as text, with the checkpoint verbatim at its end; `parse_proof` reads it."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {b64encode(self.extra).decode()}")
        lines.append(f"index {self.index}")
        lines += [b64encode(each).decode() for each in self.hashes]
        return "\n".join(lines) + "\n\n" + self.checkpoint


def parse_proof(data: bytes | str) -> LogProof:
    """The parts of a proof, nothing verified. Raises `InvalidProof`."""
    try:
        text = data.decode() if isinstance(data, bytes) else data
    except UnicodeError:
        raise InvalidProof("不是 UTF-8", "it is not UTF-8") from None
    if len(text) > MAX_PROOF:
        raise InvalidProof("太长", "it is too long")
    head, blank, checkpoint = text.partition("\n\n")
    if not blank:
        raise InvalidProof("没有检查点", "it has no checkpoint")
    header, *lines = head.split("\n")
    if header != HEADER:
        raise InvalidProof("不是 tlog-proof 文件", "it is not a tlog-proof")
    extra = _base64(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else None
    word, _, index = (lines.pop(0) if lines else "").partition(" ")
    if word != "index" or not _INDEX.fullmatch(index) or int(index) >= 2**63:
        raise InvalidProof("序号行不对", "the index line is malformed")
    if len(lines) > MAX_HASHES:
        raise InvalidProof("证明太长", "the proof is too long")
    hashes = tuple(_base64(line) for line in lines)
    if any(len(each) != HASH_SIZE for each in hashes):
        raise InvalidProof("散列值不是 32 字节", "a hash is not 32 bytes long")
    return LogProof(int(index), hashes, checkpoint, extra)


def _base64(text: str) -> bytes:
    try:
        return strict_base64(text)
    except InvalidNote:
        raise InvalidProof("base64 编码不对", "the base64 is wrong") from None
