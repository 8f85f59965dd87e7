"""Signed notes and checkpoints: the specifications' examples, and everything malformed."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.keys.signing import create_key, load_key, verifier
from domain.ledger.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from domain.ledger.errors import InvalidNote, KeyFileExposed, KeyFileInvalid
from domain.ledger.note import Note, Signature, open_note, parse_note, parse_vkey

# From the text of C2SP signed-note.
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)


def test_the_specification_s_note() -> None:
    """The example of the specification verifies with its key, and is written back to the byte."""
    note = open_note(NOTE.encode(), [verifier(VKEY)])
    assert note.text == "This is an example message.\n"
    assert note.encode() == NOTE
    assert parse_vkey(VKEY).encode() == VKEY


@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(1, 255))
def test_no_byte_can_change(place: int, change: int) -> None:
    """Whichever byte of a signed note is changed, in whatever way, it does not open any more."""
    data = bytearray(NOTE.encode())
    data[place] ^= change
    with pytest.raises(InvalidNote):
        open_note(bytes(data), [verifier(VKEY)])


def test_unknown_keys_are_ignored() -> None:
    """A note may carry up to 100 signatures of strangers; one that is trusted suffices, none is not enough."""
    stranger = Signature("stranger.example", b"1234", b"x" * 64)
    note = parse_note(NOTE)
    several = Note(note.text, (*[stranger] * 15, *note.signatures))
    assert open_note(several.encode(), [verifier(VKEY)]).signatures == note.signatures
    with pytest.raises(InvalidNote, match="no key that is trusted"):
        open_note(Note(note.text, (stranger,)).encode(), [verifier(VKEY)])
    with pytest.raises(InvalidNote):
        open_note(Note(note.text, (stranger,) * 101).encode(), [verifier(VKEY)])


def test_a_known_key_that_fails_rejects_the_note() -> None:
    """A good signature does not make up for a forged one of a known key."""
    good = parse_note(NOTE).signatures[0]
    forged = good._replace(blob=bytes(64))
    with pytest.raises(InvalidNote, match="does not verify"):
        open_note(Note("This is an example message.\n", (good, forged)).encode(), [verifier(VKEY)])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n",
        "a\n\n",
        "a\n\n— b",
        "a\n\n— b \n",
        "a\n\n— b AAAA\n",
        "a\n\n- b AAAAAAAA\n",
        "a\n\n— b+c AAAAAAAA\n",
        "a\n\n—  AAAAAAAA\n",
        "a\n\n— b AAAAAAB=\n",
        "a\n\n— b AAAA AAAA\n",
        "a\x00\n\n— b AAAAAAAA\n",
        "a\r\n\n— b AAAAAAAA\n",
        "\ud800\n\n— b AAAAAAAA\n",
        "a" * 1_000_001 + "\n\n— b AAAAAAAA\n",
    ],
)
def test_malformed_notes(text: str) -> None:
    """Each is an error of ours."""
    with pytest.raises(InvalidNote):
        parse_note(text)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass"))))
def test_no_bytes_leak_another_error(data: bytes) -> None:
    """Whatever is read as a note, a checkpoint or a key is parsed or refused."""
    for attempt in (
        parse_note,
        lambda d: parse_checkpoint(d.decode("latin-1")),
        lambda d: parse_vkey(d.decode("latin-1")),
    ):
        with suppress(InvalidNote):
            attempt(data)


@pytest.mark.parametrize(
    "vkey",
    [
        VKEY.replace("530d903a", "530d903b"),
        VKEY.replace("+530d903a", ""),
        "example.com/foo",
        VKEY[:-4],
        VKEY.replace("AekyeRrm", "BOkyeRrm"),
        "a b" + VKEY[15:],
    ],
)
def test_malformed_keys(vkey: str) -> None:
    """A vkey whose id does not fit, or that is no Ed25519 key, is refused."""
    with pytest.raises(InvalidNote):
        verifier(vkey)


ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="


def test_checkpoint_text() -> None:
    """The specification's example, with and without extension lines."""
    text = f"example.com/behind-the-sofa\n20852163\n{ROOT}\n"
    assert parse_checkpoint(text).text() == text
    assert parse_checkpoint(text).size == 20852163
    assert parse_checkpoint(text + "more\n").extensions == ("more",)


@pytest.mark.parametrize(
    "text",
    [
        f"o\n1\n{ROOT}",
        f"\n1\n{ROOT}\n",
        f"o\n01\n{ROOT}\n",
        f"o\n-1\n{ROOT}\n",
        f"o\n١\n{ROOT}\n",
        f"o\n9223372036854775808\n{ROOT}\n",
        f"o\n1\n{ROOT[:-1]}\n",
        "o\n1\nAAAA\n",
        f"o\n1\n{ROOT}\n\nx\n",
        "o\n1\n",
    ],
)
def test_malformed_checkpoints(text: str) -> None:
    """Each is an error of ours."""
    with pytest.raises(InvalidNote):
        parse_checkpoint(text)


def test_keys_are_kept_and_found_again(tmp_path: Path) -> None:
    """A key is made once, mode 0600; what it signs verifies with its vkey; its secret is not in its repr."""
    path = tmp_path / "key"
    made = create_key(path, "log.example")
    assert path.stat().st_mode & 0o777 == 0o600
    again = load_key(path)
    assert again.vkey() == made.vkey()
    assert path.read_text().strip().split("+", 4)[4] not in repr(again)
    note = again.sign_note(Checkpoint("log.example", 0, bytes(32)).text())
    assert open_checkpoint(note, "log.example", [verifier(made.vkey())]).size == 0
    with pytest.raises(InvalidNote, match="another log"):
        open_checkpoint(note, "other.example", [verifier(made.vkey())])
    with pytest.raises(KeyFileInvalid):
        create_key(path, "log.example")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610])
def test_a_key_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    """Group and others have no right to it whatever."""
    path = tmp_path / "key"
    create_key(path, "log.example")
    path.chmod(mode)
    with pytest.raises(KeyFileExposed) as caught:
        load_key(path)
    assert "chmod 600" in caught.value.next_step("en")


@pytest.mark.parametrize("content", ["", "PRIVATE+KEY+a", "PRIVATE+KEY+a+00000000+AAAA", "\ud800", None])
def test_what_is_no_key(tmp_path: Path, content: str | None) -> None:
    """A missing or malformed key file is an error that does not quote it."""
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content.encode("utf-8", "surrogatepass"))
        path.chmod(0o600)
    with pytest.raises(KeyFileInvalid):
        load_key(path)


def test_a_key_whose_id_does_not_fit(tmp_path: Path) -> None:
    """A key under another name is not this log's key."""
    path = tmp_path / "key"
    create_key(path, "log.example")
    path.write_text(path.read_text().replace("log.example", "log.sample"))
    with pytest.raises(KeyFileInvalid):
        load_key(path)
