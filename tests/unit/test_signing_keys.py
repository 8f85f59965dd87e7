"""The key folder: what is read from it, and what makes it unusable."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from adapters.keys.key_folder import KNOWN, SigningKeys, load_keys, of_one
from adapters.keys.signing import Ed25519Signer, create_key, generate_key
from domain.ledger.errors import KeyFileExposed, KeyFileInvalid

ORIGIN = "archive.example/log"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_key(tmp_path / "ledger.key", ORIGIN)
    return tmp_path


def test_a_folder_with_one_key_trusts_that_key(folder):
    """As every archive begins: nothing else need be there."""
    keys = load_keys(folder)
    assert keys.known() == keys.anchors == (keys.signers[0].key,)
    assert keys.name == ORIGIN
    assert not (folder / KNOWN).exists()


def test_a_new_key_lies_beside_it_and_is_no_anchor(folder):
    """Readable by its owner only; the first key stays what one trusts."""
    keys, new = load_keys(folder).with_new()
    keys.learn(new.key)
    again = load_keys(folder)
    assert {signer.key for signer in again.signers} == {keys.anchors[0], new.key}
    assert again.anchors == keys.anchors
    assert again.place(new.key) == f"ledger-{new.key.key_id.hex()}.key"
    assert again.place(again.anchors[0]) == "ledger.key"
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_that_went_is_still_known(folder):
    """Its signatures of before are still this ledger's."""
    keys, new = load_keys(folder).with_new()
    keys.learn(new.key)
    (folder / "ledger.key").unlink()
    again = load_keys(folder)
    assert again.known() == keys.known()
    assert again.signer(keys.anchors[0]) is None
    assert again.place(keys.anchors[0]) is None


def test_a_successor_is_trusted_by_itself(folder):
    """The order says which came first."""
    keys, new = load_keys(folder).with_new()
    keys.learn(new.key, trusted=True)
    assert load_keys(folder).anchors == (*keys.anchors, new.key)


@pytest.mark.parametrize(
    "text",
    [
        "", "nonsense\n", "anchor nonsense\n", f"known {generate_key(ORIGIN).vkey()}\n", "\xff\n",
        f"anchor {generate_key(ORIGIN).vkey()}\nknown {generate_key('other.example/log').vkey()}\n",
    ],
    ids=["empty", "nonsense", "nonsense after its word", "no anchor", "no text", "another origin"],
)  # fmt: skip
def test_what_is_known_is_read_whole_or_not_at_all(folder, text):
    """A damaged file is named; no key is guessed."""
    (folder / KNOWN).write_bytes(text.encode("latin-1"))
    with pytest.raises(KeyFileInvalid, match="known"):
        load_keys(folder)


def test_no_later_key_stands_in_for_the_first(folder):
    """Without the list of what is known, nothing says that it was endorsed."""
    load_keys(folder).with_new()
    (folder / "ledger.key").unlink()
    with pytest.raises(KeyFileInvalid, match=r"ledger\.key"):
        load_keys(folder)


def test_a_key_of_another_ledger_is_refused(folder):
    """It lies there by mistake."""
    create_key(folder / "ledger-00000000.key", "other.example/log")
    with pytest.raises(KeyFileInvalid, match="ledger-00000000"):
        load_keys(folder)


def test_every_key_file_is_its_owners_only(folder):
    """Also those that came later."""
    _, new = load_keys(folder).with_new()
    (folder / f"ledger-{new.key.key_id.hex()}.key").chmod(0o640)
    with pytest.raises(KeyFileExposed):
        load_keys(folder)


def test_nothing_shows_a_private_key(folder):
    """Neither the printed form of the keys nor the list of what is known."""
    keys, new = load_keys(folder).with_new()
    shown = repr(keys.learn(new.key)) + (folder / KNOWN).read_text()
    for path in folder.glob("*.key"):
        secret = path.read_text().strip().split("+", 4)[4]  # base64 has plus signs, too
        assert len(secret) == 44 and secret not in shown
    made = generate_key(ORIGIN)
    assert of_one(made, folder) == SigningKeys(folder, (made,), (made.key,))
    assert isinstance(made, Ed25519Signer)
