"""`jianzheng verify` on the command line: what somebody kept, samples, and going on after an interruption."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from operations.verify.resume import FILE
from tests.cli_world import LECTURE, Shell, make_office


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return make_office(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="module")
def note(shell: Shell) -> str:
    return shell("checkpoint").out


@pytest.mark.parametrize("way", ["file", "standard input", "text"])
def test_a_kept_checkpoint(shell: Shell, note: str, way: str) -> None:
    """It may be a file, come by standard input, or stand on the command line itself."""
    if way == "file":
        (shell.folder / "kept.txt").write_text(note)
    said = {"file": "kept.txt", "standard input": "-", "text": note}[way]
    answer = shell("verify", "--since", said, stdin=note if way == "standard input" else "")
    assert (answer.code, answer.err) == (0, "")


def test_a_kept_receipt(shell: Shell) -> None:
    """A receipt ends in a checkpoint, and serves as one; one whose event was changed shows nothing."""
    assert shell("receipt", LECTURE, "-o", "r.tlog-proof").code == 0
    receipt = shell.folder / "r.tlog-proof"
    assert shell("verify", "--since", receipt.name).code == 0
    receipt.write_text(re.sub(r"^index .*", "index 0", receipt.read_text(), flags=re.MULTILINE))
    answer = shell("verify", "--since", receipt.name, "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "proof_invalid")


def test_what_is_not_there(shell: Shell) -> None:
    """A file that is missing, or is no text."""
    (shell.folder / "bytes").write_bytes(b"\xff\xfe\x00")
    for name in ("missing.txt", "bytes"):
        answer = shell("verify", "--since", name, "--json")
        assert (answer.code, answer.json["error"]["code"]) == (2, "not_found")


def test_a_sample(shell: Shell) -> None:
    """The JSON says of how many files how many were hashed, and how they were chosen."""
    answer = shell("verify", "--sample", "1", "--seed", "3", "--json")
    assert (answer.code, answer.json["sample"]) == (0, {"files": 1, "of": 1, "seed": 3})
    assert shell("verify", "--json").json["sample"] is None


def test_going_on(shell: Shell) -> None:
    """The word is shown where it was asked for; nothing is left behind; another word is refused."""
    answer = shell("verify", "--resume")
    assert answer.code == 0
    assert re.search(r"jianzheng verify --resume [0-9a-f]{24}$", answer.err.strip())
    assert not Path(shell.settings().home, FILE).exists()
    again = shell("verify", "--resume", "0" * 24, "--json")
    assert (again.code, again.json["error"]["code"]) == (2, "resume_refused")
    both = shell("verify", "--resume", "--sample", "1", "--json")
    assert both.code == 2
