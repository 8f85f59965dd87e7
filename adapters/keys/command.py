"""A key that a program of the operator's signs with: one in a security module, or on another machine.

The program is given the message on standard input and answers the 64 bytes of an Ed25519 signature, or their base64, on
standard output; which key it is to use stands in its environment. It is believed nothing: its answer counts when the
public key verifies it. What it says on standard error is thrown away, since it may hold a secret.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

from adapters.keys.signing import verifier_of
from domain.errors import Unavailable
from domain.ledger.note import VerifierKey

TIME_LIMIT = 20.0
"""Seconds for one signature: a module that waits for its card, not a person who looks for it."""

LONGEST_ANSWER = 1024
LONGEST_MESSAGE = 32 * 1024
"""Bytes: a pipe takes them without anybody reading. A checkpoint has a few hundred."""

_SIGNATURE = 64

KEY_VARIABLE = "SIGN_KEY"
"""What tells the program which key is meant: its vkey."""


class SigningFailed(Unavailable):
    """Nothing was published; the ledger goes on when the program signs again."""

    code = "signing_failed"
    zh = "签名命令没有给出密钥 {key} 的有效签名：{why_zh}。"
    en = "The signing command gave no valid signature of the key {key}: {why_en}."
    next_zh = "记录照常保存，账本会在签名恢复后自动跟上。请检查 JIANZHENG_SIGN_COMMAND 和签名设备。"
    next_en = (
        "Records are filed as usual, and the ledger follows once signing works again. Check JIANZHENG_SIGN_COMMAND"
        " and the signing device."
    )

    def __init__(self, key: str, why_zh: str, why_en: str) -> None:
        super().__init__(key=key, why_zh=why_zh, why_en=why_en)


class CommandSigner:
    """`domain.ports.ledger.Signer`. ``command`` is a program and its arguments; no shell is asked."""

    def __init__(self, key: VerifierKey, command: Sequence[str], time_limit: float = TIME_LIMIT) -> None:
        self.name, self.key = key.name, key
        self._command, self._time_limit = tuple(command), time_limit

    def __repr__(self) -> str:
        return f"CommandSigner({self.key.encode()!r})"  # never the command: its arguments may hold a PIN

    def vkey(self) -> str:
        return self.key.encode()

    def sign(self, message: bytes) -> bytes:
        """Raises `SigningFailed`."""
        signature = _signature(self._run(message))
        if signature is None:
            raise self._failed("答复不是 64 字节的签名", "its answer is not a signature of 64 bytes")
        if not verifier_of(self.key).check(message, signature):
            raise self._failed("签名与公钥或内容不符", "the public key does not verify it")
        return signature

    def _run(self, message: bytes) -> bytes:
        if len(message) > LONGEST_MESSAGE:
            raise self._failed("要签的内容太长", "the message is too long")
        deadline = time.monotonic() + self._time_limit
        environment = {name: value for name, value in os.environ.items() if not name.startswith("JIANZHENG_")}
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**environment, KEY_VARIABLE: self.vkey()},
                start_new_session=True,
            )
        except (OSError, ValueError):
            raise self._failed("程序启动不了", "it cannot be started") from None
        assert process.stdin is not None and process.stdout is not None
        try:
            with suppress(OSError), process.stdin as pipe:  # one that reads nothing may answer all the same
                pipe.write(message)  # shorter than a pipe is long
            answer = self._read(process.stdout, deadline)
            if process.wait(max(0.0, deadline - time.monotonic())) != 0:
                raise self._failed(f"退出码是 {process.returncode}", f"it ended with {process.returncode}")
        except subprocess.TimeoutExpired:
            raise self._too_slow() from None
        finally:
            _end(process)
        return answer

    def _read(self, pipe: IO[bytes], deadline: float) -> bytes:
        answer = b""
        with selectors.DefaultSelector() as ready:
            ready.register(pipe, selectors.EVENT_READ)
            while True:
                if not ready.select(max(0.0, deadline - time.monotonic())):
                    raise self._too_slow()
                some = os.read(pipe.fileno(), LONGEST_ANSWER + 1)
                if not some:
                    return answer
                answer += some
                if len(answer) > LONGEST_ANSWER:
                    raise self._failed("答复太长", "its answer is too long")

    def _too_slow(self) -> SigningFailed:
        seconds = f"{self._time_limit:g}"
        return self._failed(f"{seconds} 秒内没有答复", f"it did not answer within {seconds} seconds")

    def _failed(self, why_zh: str, why_en: str) -> SigningFailed:
        return SigningFailed(self.key.key_id.hex(), why_zh, why_en)


def _end(process: subprocess.Popen[bytes]) -> None:
    """The program and all that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _signature(answer: bytes) -> bytes | None:
    if len(answer) == _SIGNATURE:
        return answer
    try:
        decoded = b64decode(answer.strip(), validate=True)
    except (Base64Error, ValueError):
        return None
    return decoded if len(decoded) == _SIGNATURE else None
