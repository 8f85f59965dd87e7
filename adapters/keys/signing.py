"""Ed25519 keys of the ledger: made once, kept in a file (`adapters.keys.files`)."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from adapters.keys.files import keep_secret, load_secret
from domain.ledger.cosignature import read_cosignature, signed_message
from domain.ledger.errors import InvalidNote
from domain.ledger.note import (
    COSIGNATURE_ML_DSA_44,
    ED25519,
    WITNESS_KEYS,
    Note,
    Signature,
    Verifier,
    VerifierKey,
    check_key_name,
    parse_vkey,
)


class Ed25519Signer:
    """`domain.ports.ledger.Signer`. Its name is the log's origin."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        self.name = check_key_name(name)
        self._key = key
        self.key = VerifierKey(name, ED25519, key.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"Ed25519Signer({self.key.encode()!r})"  # never the private half: this ends up in log lines

    def vkey(self) -> str:
        return self.key.encode()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)

    def known(self) -> tuple[VerifierKey, ...]:
        """The keys whose signatures are taken for this log's own."""
        return (self.key,)

    def sign_note(self, text: str, size: int | None = None) -> str:
        """The signed note of a text that ends in a newline; one key signs whatever the tree size."""
        return Note(text, (Signature(self.name, self.key.key_id, self.sign(text.encode())),)).encode()


def create_key(path: Path, name: str) -> Ed25519Signer:
    """Make a key and keep it under ``path``, mode 0600. Raises `KeyFileInvalid` where something lies there already."""
    return keep_key(generate_key(name), path)


def generate_key(name: str) -> Ed25519Signer:
    """A new key, in memory only."""
    return Ed25519Signer(name, Ed25519PrivateKey.generate())


def keep_key(signer: Ed25519Signer, path: Path) -> Ed25519Signer:
    """Keep a key under ``path``, mode 0600. Raises `KeyFileInvalid` where something lies there already."""
    keep_secret(path, signer.key, signer._key.private_bytes_raw())
    return signer


def load_key(path: Path) -> Ed25519Signer:
    """Raises `KeyFileExposed` where group or others have any right to it, `KeyFileInvalid` where it is no key."""
    return load_secret(path, _from_seed)


def _from_seed(name: str, kind: int, seed: bytes) -> Ed25519Signer:
    if kind != ED25519:
        raise ValueError(kind)
    return Ed25519Signer(name, Ed25519PrivateKey.from_private_bytes(seed))


def verifier(vkey: str) -> Verifier:
    """The verifier of a log's vkey. Raises `InvalidNote`."""
    return verifier_of(parse_vkey(vkey))


def verifier_of(key: VerifierKey) -> Verifier:
    """The verifier of a log's or a witness's key: it is given a note's text and the signature's bytes."""
    verify = _public_key(key).verify

    def check(text: bytes, blob: bytes) -> bool:
        message, signature = text, blob
        try:
            if key.kind in WITNESS_KEYS:
                said = read_cosignature(key.kind, blob)
                message, signature = signed_message(key, said.time, text.decode()), said.signature
            verify(signature, message)
        except (InvalidSignature, InvalidNote):
            return False
        return True

    return Verifier(key, check)


def _public_key(key: VerifierKey) -> Ed25519PublicKey | MLDSA44PublicKey:
    try:
        if key.kind == COSIGNATURE_ML_DSA_44:
            return MLDSA44PublicKey.from_public_bytes(key.public_key)
        return Ed25519PublicKey.from_public_bytes(key.public_key)
    except ValueError:
        raise InvalidNote("不是公钥", "it is not a public key") from None
