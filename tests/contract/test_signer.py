"""What every signer promises: an Ed25519 signature that its published verifier key accepts, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.keys.signing import create_key, load_key, verifier
from domain.ports.ledger import Signer


@pytest.fixture(scope="module", params=["key file"])
def signer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Signer:
    path = tmp_path_factory.mktemp("keys") / "ledger.key"
    create_key(path, "archive.example/log")
    return load_key(path)


@given(message=st.binary(max_size=200), other=st.binary(max_size=200))
def test_its_verifier_key_accepts_its_signature_and_nothing_else(signer: Signer, message: bytes, other: bytes) -> None:
    """64 bytes; another message, or one flipped bit, is refused."""
    signature = signer.sign(message)
    check = verifier(signer.vkey()).check
    assert len(signature) == 64
    assert check(message, signature)
    assert check(other, signature) == (other == message)
    assert not check(message, bytes([signature[0] ^ 1]) + signature[1:])


def test_the_key_is_named_in_its_verifier_key(signer: Signer) -> None:
    """`<name>+<key id>+<key>`, as the signed-note format has it."""
    name, key_id, _ = signer.vkey().split("+", 2)
    assert (name, len(key_id)) == (signer.name, 8)


def test_nothing_shows_the_private_key(signer: Signer, tmp_path: Path) -> None:
    """Neither its printed form nor the verifier key."""
    path = tmp_path / "ledger.key"
    made = create_key(path, "archive.example/log")
    secret = path.read_text("ascii").strip().split("+", 4)[4]  # base64 has plus signs, too
    assert secret not in repr(made) + made.vkey() + str(vars(made))
