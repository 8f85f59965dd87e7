"""The key folder: the keys that this machine signs with, and what it knows of all others.

====================  ============================================================================================
``ledger.key``        the first key
``ledger-<id>.key``   keys that came later; one that no event names yet signs nothing
``known``             public keys, a line each: ``anchor`` (trusted by itself) or ``known``. Not there before the
                      first change: then the one key is the anchor
``last-signed``       the rollback guard's memory (`adapters.ledger.guard`)
====================  ============================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from adapters.disk.durable import replace as replace_file
from adapters.disk.durable import storage_errors
from adapters.keys.command import CommandSigner
from adapters.keys.signing import Ed25519Signer, generate_key, keep_key, load_key, verifier_of
from domain.ledger.errors import InvalidNote, KeyFileInvalid
from domain.ledger.note import Verifier, VerifierKey, parse_vkey

FIRST, KNOWN, LAST_SIGNED = "ledger.key", "known", "last-signed"

KeySigner = Ed25519Signer | CommandSigner


@dataclass(frozen=True)
class SigningKeys:
    """What can sign on this machine, and which public keys it trusts and knows."""

    folder: Path
    signers: tuple[KeySigner, ...]
    anchors: tuple[VerifierKey, ...]
    others: tuple[VerifierKey, ...] = ()

    @property
    def name(self) -> str:
        return self.anchors[0].name

    def known(self) -> tuple[VerifierKey, ...]:
        """All keys whose signatures are taken for this log's own, without asking any server."""
        return tuple(dict.fromkeys([*self.anchors, *self.others, *(signer.key for signer in self.signers)]))

    def verifiers(self) -> Iterable[Verifier]:
        """Of all those."""
        return map(verifier_of, self.known())

    def signer(self, key: VerifierKey) -> KeySigner | None:
        return next((signer for signer in self.signers if signer.key == key), None)

    def place(self, key: VerifierKey) -> str | None:
        """The name of the file that holds a key; None for one that is not in a file here."""
        held = self.signer(key)
        if not isinstance(held, Ed25519Signer):
            return None
        files = [self.folder / FIRST, self.folder / _file_name(held)]
        return next((path.name for path in files if path.exists() and load_key(path).key == key), None)

    def learn(self, key: VerifierKey, *, trusted: bool = False) -> SigningKeys:
        """Write down a key, durably, before anything is recorded of it."""
        anchors = tuple(dict.fromkeys([*self.anchors, *([key] if trusted else [])]))
        learnt = replace(self, anchors=anchors, others=tuple(dict.fromkeys([*self.others, key])))
        lines = [f"anchor {each.encode()}\n" for each in learnt.anchors]
        lines += [f"known {each.encode()}\n" for each in learnt.known() if each not in learnt.anchors]
        replace_file(self.folder / KNOWN, "".join(lines).encode(), mode=0o600)
        return learnt

    def with_new(self) -> tuple[SigningKeys, KeySigner]:
        """Together with a key that is made now."""
        made = generate_key(self.name)
        keep_key(made, self.folder / _file_name(made))
        return replace(self, signers=(*self.signers, made)), made


def of_one(signer: KeySigner, folder: Path) -> SigningKeys:
    """The keys of an archive that is being made."""
    return SigningKeys(folder, (signer,), (signer.key,))


def load_keys(folder: Path, commands: Sequence[CommandSigner] = ()) -> SigningKeys:
    """Raises `KeyFileExposed`, and `KeyFileInvalid` for a file that is no key, for one of another ledger, and where
    nothing says which key is the first."""
    with storage_errors():
        later = sorted(path for path in folder.glob("ledger-*.key")) if folder.is_dir() else []
        written = (folder / KNOWN).read_bytes() if (folder / KNOWN).exists() else None
        first = written is None or (folder / FIRST).exists()
    files = [*([folder / FIRST] if first else []), *later]
    signers: list[KeySigner] = [*(load_key(path) for path in files), *commands]
    anchors, others = _read(written, folder / KNOWN) if written is not None else ([signers[0].key], [])
    for path, signer in zip(files, signers, strict=False):
        if signer.name != anchors[0].name:
            raise KeyFileInvalid(file=str(path))
    return SigningKeys(folder, tuple(signers), tuple(anchors), tuple(others))


def _read(data: bytes, path: Path) -> tuple[list[VerifierKey], list[VerifierKey]]:
    keys: dict[str, list[VerifierKey]] = {"anchor": [], KNOWN: []}
    try:
        for line in data.decode().splitlines():
            word, _, vkey = line.partition(" ")
            keys[word].append(parse_vkey(vkey))
    except (UnicodeDecodeError, KeyError, InvalidNote):
        raise KeyFileInvalid(file=str(path)) from None
    if len({key.name for key in _all(keys.values())}) != 1 or not keys["anchor"]:
        raise KeyFileInvalid(file=str(path))
    return keys["anchor"], keys[KNOWN]


def _all(lists: Iterable[list[VerifierKey]]) -> Iterable[VerifierKey]:
    return (key for each in lists for key in each)


def _file_name(signer: Ed25519Signer) -> str:
    return f"ledger-{signer.key.key_id.hex()}.key"
