"""Signed notes (C2SP ``signed-note`` v1.0.0): a text, a blank line, and a line for each signature.

The arithmetic of signatures is not here: whoever reads a note passes in verifiers (`adapters/keys/signing.py` makes
them).
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from domain.ledger.errors import InvalidNote

ED25519 = 0x01
"""Signature type of a plain Ed25519 signature over the note's text."""

COSIGNATURE_ED25519 = 0x04
COSIGNATURE_ML_DSA_44 = 0x06
"""Signature types of witnesses (C2SP ``tlog-cosignature``)."""

PUBLIC_KEY_SIZES = {ED25519: 32, COSIGNATURE_ED25519: 32, COSIGNATURE_ML_DSA_44: 1312}
"""Bytes of the public key behind each signature type that we know."""

LOG_KEYS = (ED25519,)
WITNESS_KEYS = (COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44)

MAX_SIGNATURES = 100
MAX_NOTE = 1_000_000
_ID_SIZE = 4
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")


class Signature(NamedTuple):
    name: str
    key_id: bytes  # 4 bytes
    blob: bytes

    def line(self) -> str:
        """As it stands in a note: a dash, the name, base64 of key id and signature, and the newline."""
        return f"— {self.name} {b64encode(self.key_id + self.blob).decode()}\n"


@dataclass(frozen=True)
class Note:
    """``text`` ends in a newline; ``signatures`` in the order of the note."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> str:
        """The whole note, as it is published and as `parse_note` reads it."""
        return self.text + "\n" + "".join(signature.line() for signature in self.signatures)


@dataclass(frozen=True)
class VerifierKey:
    """A vkey: ``<name>+<hex key id>+base64(type ‖ public key)``."""

    name: str
    kind: int
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """The 4 bytes by which signature lines name it."""
        return key_id(self.name, self.kind, self.public_key)

    def encode(self) -> str:
        """The vkey as one line of text without its newline; `parse_vkey` reads it."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(bytes([self.kind]) + self.public_key).decode()}"


@dataclass(frozen=True)
class Verifier:
    """A key one trusts, and how its signatures are checked: ``check(message, blob)``."""

    key: VerifierKey
    check: Callable[[bytes, bytes], bool]


def key_id(name: str, kind: int, public_key: bytes) -> bytes:
    """The first 4 bytes of the SHA-256 over name, newline, signature type and public key (C2SP ``signed-note``)."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[:_ID_SIZE]


def check_key_name(name: str) -> str:
    """The name itself. Raises `InvalidNote` for an empty one and one with a space, a plus or a control character."""
    if not name or "+" in name or any(char.isspace() or ord(char) < 0x20 for char in name):
        raise InvalidNote(
            "密钥名不能为空，也不能含空格或加号", "a key name is not empty and holds no space and no plus"
        )
    return name


def strict_base64(text: str) -> bytes:
    """Standard base64, only as an encoder writes it: no other spelling of the same bytes. Raises `InvalidNote`."""
    try:
        data = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        data = b""
    if not data or b64encode(data).decode() != text:
        raise InvalidNote("base64 编码不对", "the base64 is wrong")
    return data


def parse_vkey(text: str, kinds: Collection[int] = LOG_KEYS) -> VerifierKey:
    """Raises `InvalidNote` for anything but a sound vkey of one of these signature types, whose id fits its key."""
    name, _, rest = text.strip().partition("+")
    hex_id, _, encoded = rest.partition("+")
    material = strict_base64(encoded)
    key = VerifierKey(check_key_name(name), material[0], material[1:])
    if key.kind not in kinds or len(key.public_key) != PUBLIC_KEY_SIZES[key.kind]:
        raise InvalidNote("不是这里可用的公钥", "it is not a public key of a kind that is used here")
    if key.key_id.hex() != hex_id:
        raise InvalidNote("密钥编号与公钥不符", "the key id does not fit the key")
    return key


def parse_note(data: bytes | str) -> Note:
    """The parts of a note, nothing verified. Raises `InvalidNote`."""
    try:
        whole = data.decode() if isinstance(data, bytes) else data
        whole.encode()
    except UnicodeError:
        raise InvalidNote("不是 UTF-8", "it is not UTF-8") from None
    if len(whole) > MAX_NOTE or _CONTROL.search(whole):
        raise InvalidNote("太长，或含有控制字符", "it is too long or holds control characters")
    text, blank, tail = whole.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise InvalidNote("没有签名", "it has no signature")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise InvalidNote("签名太多", "it has too many signatures")
    return Note(text + "\n", tuple(_signature(line) for line in lines))


def open_note(data: bytes | str, verifiers: Iterable[Verifier]) -> Note:
    """The note with the signatures that verified, and only those.

    Signatures of unknown keys are ignored. Raises `InvalidNote` where one of a known key fails or none is left.
    """
    note = parse_note(data)
    known = {(verifier.key.name, verifier.key.key_id): verifier for verifier in verifiers}
    message, good = note.text.encode(), []
    for signature in note.signatures:
        verifier = known.get((signature.name, signature.key_id))
        if verifier is None:
            continue
        if not verifier.check(message, signature.blob):
            raise InvalidNote(f"“{signature.name}”的签名不成立", f"the signature of {signature.name} does not verify")
        good.append(signature)
    if not good:
        raise InvalidNote("没有可信密钥的签名", "it is signed by no key that is trusted")
    return Note(note.text, tuple(dict.fromkeys(good)))


def _signature(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    blob = strict_base64(encoded) if dash == "—" else b""
    if len(blob) <= _ID_SIZE:
        raise InvalidNote("签名行的格式不对", "a signature line is malformed")
    return Signature(check_key_name(name), blob[:_ID_SIZE], blob[_ID_SIZE:])
