"""Time stamps (RFC 3161): what one is over and when it was made; its signature is for the program openssl to check."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from adapters.packages.verifier.trouble import Wrong


def der(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, and where the content begins and ends, of the DER element there."""
    tag, length, start = data[at], data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length, start = int.from_bytes(data[start : start + count], "big"), start + count
    if start + length > len(data):
        raise IndexError
    return tag, start, start + length


def inside(data: bytes, *path: int) -> tuple[int, int, int]:
    """The element that is reached by going into the one of each number, beginning with the outermost."""
    element = der(data, 0)
    for number in path:
        at = element[1]
        for _ in range(number):
            at = der(data, at)[2]
        if at >= element[2]:
            raise IndexError
        element = der(data, at)
    return element


def said_by(answer: bytes) -> tuple[bytes, str]:
    """The digest that was stamped, and the time as ``YYYY-MM-DD hh:mm:ss UTC``. Raises `Wrong`."""
    try:
        _, start, end = inside(answer, 1, 1, 0, 2, 1, 0)  # token, SignedData, encapContentInfo, eContent
        info = answer[start:end]
        _, start, end = inside(info, 2, 1)
        imprint = info[start:end]
        _, start, end = inside(info, 4)
        time = info[start:end].decode("ascii")
    except (IndexError, ValueError):
        raise Wrong("时间戳读不出", "the time stamp cannot be read") from None
    return imprint, f"{time[:4]}-{time[4:6]}-{time[6:8]} {time[8:10]}:{time[10:12]}:{time[12:14]} UTC"


def signature_holds(answer: bytes, message: bytes, roots: bytes) -> bool | None:
    """What ``openssl ts -verify`` says; None where there is no such program."""
    program = shutil.which("openssl")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("answer", "message", "roots")]
        for path, data in zip(paths, (answer, message, roots)):  # noqa: B905  (Python 3.9)
            path.write_bytes(data)
        command: list[str | Path] = [program, "ts", "-verify", "-in", paths[0], "-data", paths[1], "-CAfile", paths[2]]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
