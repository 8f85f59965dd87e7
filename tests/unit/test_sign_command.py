"""A signing command is believed nothing: whatever it does, there is a signature that verifies, or a clear error."""

from __future__ import annotations

import os
import shlex
import sys
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.home import settings
from adapters.keys.command import KEY_VARIABLE, LONGEST_MESSAGE, CommandSigner, SigningFailed
from adapters.keys.signing import Ed25519Signer, verifier_of
from adapters.servers.bad_setting import BadSetting

KEY = Ed25519PrivateKey.from_private_bytes(bytes([5]) * 32)
SIGNER = Ed25519Signer("archive.example/log", KEY)
MESSAGE = b"archive.example/log\n7\nAAAA\n"
GOOD = SIGNER.sign(MESSAGE).hex()
FLIPPED = f"{int(GOOD[0], 16) ^ 1:x}{GOOD[1:]}"


def program(text: str, time_limit: float = 10.0) -> CommandSigner:
    """A signer whose command is this Python text."""
    return CommandSigner(SIGNER.key, [sys.executable, "-S", "-c", f"import sys, os, time\n{text}"], time_limit)


ANSWERS = {
    "64 bytes": f"sys.stdin.buffer.read(); sys.stdout.buffer.write(bytes.fromhex('{GOOD}'))",
    "base64 and a newline": f"import base64; print(base64.b64encode(bytes.fromhex('{GOOD}')).decode())",
    "noise on standard error": f"sys.stderr.write('PIN' * 99999)\nsys.stdout.buffer.write(bytes.fromhex('{GOOD}'))",
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_signature_is_taken_raw_or_as_base64(answer):
    """Whether or not the program reads what it is given."""
    assert verifier_of(SIGNER.key).check(MESSAGE, program(ANSWERS[answer]).sign(MESSAGE))


WRONG = {
    "nothing": ("pass", "64 bytes"),
    "garbage": ("sys.stdout.write('no such slot')", "64 bytes"),
    "63 bytes": ("sys.stdout.buffer.write(b'x' * 63)", "64 bytes"),
    "65 bytes": (f"sys.stdout.buffer.write(bytes.fromhex('{GOOD}') + b'x')", "64 bytes"),
    "exit 1": (f"sys.stdout.buffer.write(bytes.fromhex('{GOOD}')); sys.stdout.flush(); os._exit(1)", "ended with 1"),
    "killed": ("os.kill(os.getpid(), 9)", "ended with -9"),
    "a huge answer": ("\nwhile True: sys.stdout.write('x' * 65536)", "too long"),
    "a signature of another message": (
        f"sys.stdout.buffer.write(bytes.fromhex('{SIGNER.sign(b'another').hex()}'))",
        "does not verify",
    ),
    "a flipped bit": (f"sys.stdout.buffer.write(bytes.fromhex('{FLIPPED}'))", "does not verify"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_any_other_answer_is_an_error_that_says_what_was_wrong(wrong):
    """Unavailable: the ledger tries again, and publishes nothing meanwhile."""
    text, said = WRONG[wrong]
    with pytest.raises(SigningFailed, match=said) as raised:
        program(text).sign(MESSAGE)
    assert raised.value.exit_code == 3


@pytest.mark.parametrize(
    "text",
    [
        "time.sleep(60)",
        f"sys.stdout.buffer.write(bytes.fromhex('{GOOD}')); sys.stdout.flush(); time.sleep(60)",
        f"os.write(1, bytes.fromhex('{GOOD}')); os.close(1); time.sleep(60)",
        "\nwhile True: sys.stdout.write('x'); sys.stdout.flush(); time.sleep(0.2)",
    ],
    ids=["says nothing", "answers and stays", "answers, hangs up and stays", "drips"],
)
def test_a_program_that_does_not_end_is_ended(text):
    """Within its time, however it spends it."""
    with pytest.raises(SigningFailed, match=r"did not answer|too long"):
        program(text, time_limit=0.7).sign(MESSAGE)


def test_what_the_program_started_is_ended_with_it(tmp_path):
    """A child that keeps the pipe open does not keep the ledger waiting, and does not stay."""
    note = tmp_path / "child"
    text = f"child = os.fork()\nif child: open({str(note)!r}, 'w').write(str(child)); os._exit(0)\ntime.sleep(60)"
    with pytest.raises(SigningFailed, match="did not answer"):
        program(text, time_limit=5.0).sign(MESSAGE)
    pid = int(note.read_text())
    for _ in range(100):
        if not running(pid):
            return
        time.sleep(0.02)
    raise AssertionError("the child still runs")


def running(pid: int) -> bool:
    """Whether a process is there and not a dead one that nobody has asked after."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_program_that_is_not_there_is_the_same_error(tmp_path):
    """And a message that no pipe takes at once is not sent."""
    with pytest.raises(SigningFailed, match="cannot be started"):
        CommandSigner(SIGNER.key, [str(tmp_path / "none")]).sign(MESSAGE)
    with pytest.raises(SigningFailed, match="too long"):
        program("pass").sign(b"x" * (LONGEST_MESSAGE + 1))


def test_the_program_is_told_the_key_and_none_of_our_secrets(tmp_path, monkeypatch):
    """Its surroundings are ours but for the settings."""
    monkeypatch.setenv("JIANZHENG_DATABASE_PASSWORD", "hidden")
    said = tmp_path / "said"
    with pytest.raises(SigningFailed):
        program(f"open({str(said)!r}, 'w').write(repr(dict(os.environ)))").sign(MESSAGE)
    surroundings = said.read_text()
    assert f"'{KEY_VARIABLE}': '{SIGNER.vkey()}'" in surroundings
    assert "hidden" not in surroundings
    assert os.environ["PATH"] in surroundings


def test_nothing_shows_the_command(tmp_path):
    """Its arguments may hold a PIN: neither an error nor a printed form repeats them."""
    signer = CommandSigner(SIGNER.key, [str(tmp_path / "none"), "--pin", "271828"])
    with pytest.raises(SigningFailed) as raised:
        signer.sign(MESSAGE)
    text = shlex.quote(signer.vkey())
    read = settings.read({"JIANZHENG_SIGN_COMMAND": "sign --pin 271828", "JIANZHENG_SIGN_VKEY": text.strip("'")})
    error = raised.value
    shown = repr(signer) + repr(read) + str(error) + str(error.as_dict("zh")) + str(error.as_dict("en"))
    assert read.sign_command == ("sign", "--pin", "271828")
    assert "271828" not in shown


@pytest.mark.parametrize(
    ("command", "vkey", "name"),
    [
        ("", SIGNER.vkey(), "JIANZHENG_SIGN_COMMAND"),
        ("sign 'pin 271828", SIGNER.vkey(), "JIANZHENG_SIGN_COMMAND"),
        ("  ", SIGNER.vkey(), "JIANZHENG_SIGN_COMMAND"),
        ("sign --pin 271828", "", "JIANZHENG_SIGN_VKEY"),
        ("sign --pin 271828", "nonsense", "JIANZHENG_SIGN_VKEY"),
        ("sign --pin 271828", f"{SIGNER.vkey()} nonsense", "JIANZHENG_SIGN_VKEY"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(command, vkey, name):
    """Command and key come together; the command is not repeated."""
    with pytest.raises(BadSetting, match=name) as raised:
        settings.read({"JIANZHENG_SIGN_COMMAND": command, "JIANZHENG_SIGN_VKEY": vkey})
    assert "271828" not in str(raised.value)
