"""Checkpoints (C2SP ``tlog-checkpoint`` v1.0.0): origin, size and root of the tree, as the text of a signed note."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass

from domain.ledger.errors import InvalidNote
from domain.ledger.note import Verifier, open_note, strict_base64
from domain.ledger.tree import HASH_SIZE

_DECIMAL = re.compile("0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The text that is signed."""
        lines = (self.origin, str(self.size), b64encode(self.root).decode(), *self.extensions)
        return "\n".join(lines) + "\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint in a note's text. Raises `InvalidNote`."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or not all(lines):
        raise InvalidNote("检查点至少有三行，且没有空行", "a checkpoint has three lines or more, none of them empty")
    origin, size, root, *extensions = lines
    if not _DECIMAL.fullmatch(size) or int(size) >= 2**63:
        raise InvalidNote("检查点的树大小不对", "the tree size is not a decimal number")
    digest = strict_base64(root)
    if len(digest) != HASH_SIZE:
        raise InvalidNote("检查点的根不是 32 字节", "the root is not 32 bytes long")
    return Checkpoint(origin, int(size), digest, tuple(extensions))


def open_checkpoint(data: bytes | str, origin: str, verifiers: Iterable[Verifier]) -> Checkpoint:
    """The checkpoint in a signed note of this very log. Raises `InvalidNote`."""
    checkpoint = parse_checkpoint(open_note(data, verifiers).text)
    if checkpoint.origin != origin:
        raise InvalidNote("这是另一个账本的检查点", "it is the checkpoint of another log")
    return checkpoint
