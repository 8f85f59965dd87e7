"""Signed checkpoints, and the policy by which they are believed (C2SP signed-note, tlog-checkpoint, tlog-policy)."""

from __future__ import annotations

import base64
import hashlib

from adapters.packages.verifier.curve import ed25519
from adapters.packages.verifier.trouble import Wrong

Key = tuple[str, int, bytes]
"""Name, signature type, public key."""

Signatures = list[tuple[str, bytes]]
"""Of a note: who, and key id and signature."""

LOG, WITNESS = 1, 4


def unbase64(text: str) -> bytes:
    """Not empty, and only as an encoder writes it. Raises `Wrong`."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    if not data or base64.b64encode(data).decode() != text:
        raise Wrong("base64 编码不对", "the base64 is wrong")
    return data


def id_of(key: Key) -> bytes:
    """The 4 bytes by which signature lines name a key (C2SP signed-note)."""
    return hashlib.sha256(key[0].encode() + b"\n" + bytes([key[1]]) + key[2]).digest()[:4]


def key_of(vkey: str) -> Key:
    """Name, type and bytes of a vkey. Raises `Wrong`."""
    name, _, rest = vkey.partition("+")
    known, _, encoded = rest.partition("+")
    data = unbase64(encoded)
    key = name, data[0], data[1:]
    if not name or id_of(key).hex() != known:
        raise Wrong("公钥不对", "a key is not valid")
    return key


class Trust:
    """A policy: whose checkpoints are believed, and cosigned by how many. Raises `Wrong` for one that means nothing."""

    def __init__(self, data: bytes) -> None:
        self.logs: list[Key] = []
        self.vkeys: list[str] = []
        self.witnesses: dict[str, Key] = {}
        self.groups: dict[str, tuple[int, list[str]]] = {}
        quorum: list[str] = []
        try:
            for line in data.decode().splitlines():
                words = line.split()
                if words and not words[0].startswith("#"):
                    self._line(words, quorum)
            [self.quorum] = quorum
        except (IndexError, ValueError):
            raise Wrong("信任策略看不懂", "the policy is malformed") from None

    def _line(self, words: list[str], quorum: list[str]) -> None:
        if words[0] == "log":
            self.logs.append(key_of(words[1]))
            self.vkeys.append(words[1])
        elif words[0] == "witness":
            self.witnesses[words[1]] = key_of(words[2])
        elif words[0] == "group":
            least = {"any": 1, "all": len(words) - 3}.get(words[2]) or int(words[2])
            self.groups[words[1]] = least, words[3:]
        elif words[0] == "quorum":
            quorum.append(words[1])
        else:
            raise ValueError(words[0])

    def enough(self, cosigned: set[str]) -> bool:
        met = {"none", *cosigned}
        for name, (least, members) in self.groups.items():  # members come before the groups that they are in
            if sum(member in met for member in members) >= least:
                met.add(name)
        return self.quorum in met

    def opened(self, note: bytes, witnessed: bool = True) -> tuple[str, int, bytes, set[str]]:
        """Origin, size, root and witnesses (enough of them where ``witnessed``) of a checkpoint. Raises `Wrong`."""
        try:
            text, signatures = _parts(note)
            origin, size, root = text.split("\n")[:3]
            tree = int(size)
        except ValueError:
            raise Wrong("检查点读不出", "the checkpoint cannot be read") from None
        self._by_log(text, signatures, origin, "检查点", "the checkpoint")
        cosigned = set()
        for name, blob in signatures:
            for label, key in self.witnesses.items():
                if (name, blob[:4]) == (key[0], id_of(key)) and key[1] == WITNESS:
                    said = b"cosignature/v1\ntime %d\n" % int.from_bytes(blob[4:12], "big") + text.encode()
                    if not ed25519(key[2], said, blob[12:]):
                        raise Wrong(f"见证方 {label} 的签名不成立", f"the cosignature of {label} does not verify")
                    cosigned.add(label)
        if witnessed and not self.enough(cosigned):
            raise Wrong("见证不足", "it is cosigned by fewer witnesses than the policy asks for")
        return origin, tree, unbase64(root), cosigned

    def signed(self, note: bytes, origin: str) -> str:
        """The text of another note of that log. Raises `Wrong`."""
        try:
            text, signatures = _parts(note)
        except ValueError:
            raise Wrong("账本的声明读不出", "a statement of the log cannot be read") from None
        self._by_log(text, signatures, origin, "声明", "the statement")
        return text

    def _by_log(self, text: str, signatures: Signatures, origin: str, zh: str, en: str) -> None:
        logs = 0
        for name, blob in signatures:
            for key in self.logs:
                if (name, blob[:4]) == (key[0], id_of(key)) and name == origin:
                    if key[1] != LOG or not ed25519(key[2], text.encode(), blob[4:]):
                        raise Wrong("账本的签名不成立", "the signature of the log does not verify")
                    logs += 1
        if not logs:
            raise Wrong(f"{zh}不是策略所列账本签的", f"{en} is signed by no log of the policy")


def _parts(note: bytes) -> tuple[str, Signatures]:
    """Text and signatures of a note. Raises `ValueError`, and `Wrong` for signature lines that are none."""
    text, blank, tail = note.decode().rpartition("\n\n")
    lines = [line.split(" ") for line in tail.splitlines()]
    signatures = [(name, unbase64(blob)) for dash, name, blob in lines if dash == "\u2014"]
    if not blank or len(signatures) != len(lines):
        raise Wrong("签名行不对", "a signature line is malformed")
    return text + "\n", signatures
