"""Other people's log beside ours: Tessera's ``posix-oneshot`` and ``fsck``, built once from their pinned sources."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from adapters.keys.signing import create_key
from tests.interop.programs import FSCK, POSIX_ONESHOT, TESSERA, installed
from tests.servers.cache import Unavailable

ONESHOT_NAME = f"Tessera's `posix-oneshot` {TESSERA}"
FSCK_NAME = f"Tessera's `fsck` {TESSERA}"
ORIGIN = "tessera.example/log"


def had(program: str) -> Path | None:
    """None where it cannot be had on this machine."""
    try:
        return installed(program)
    except Unavailable:
        return None


class Oneshot:
    """A log of Tessera's in a folder, to which entries are added: its program reads each from a file."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program, self._log, self._entries = program, folder / "log", folder / "entries"
        self._key = folder / "key"
        create_key(self._key, ORIGIN)
        self._key.write_text(self._key.read_text().strip())  # it takes no newline at the end
        self._size = 0

    def prepare(self, entries: Sequence[bytes]) -> Callable[[], None]:
        """What adds them, to a signed checkpoint; the files are written before."""
        shutil.rmtree(self._entries, ignore_errors=True)
        self._entries.mkdir()
        for number, each in enumerate(entries):
            (self._entries / f"{number:07d}").write_bytes(each)
        self._size += len(entries)
        size = self._size

        def add() -> None:
            line = [
                str(self._program),
                f"--storage_dir={self._log}",
                f"--entries={self._entries / '*'}",
                f"--private_key={self._key}",
            ]
            subprocess.run(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            if int((self._log / "checkpoint").read_text().splitlines()[1]) != size:
                raise AssertionError("Tessera's log has another size than what was added to it")

        return add


def one_shot(folder: Path) -> Oneshot | None:
    """An empty log of Tessera's in this folder; None where its program cannot be had."""
    program = had(POSIX_ONESHOT)
    return None if program is None else Oneshot(program, folder)


class Fsck:
    """Tessera's checker of other people's logs."""

    def __init__(self, program: Path, vkey: str, folder: Path) -> None:
        self._program, self._key = program, folder / "vkey"
        self._key.write_text(vkey)

    def walk(self, address: str) -> None:
        """The whole log at ``file://…/`` or ``http://…/``. Raises `AssertionError` where it finds a fault."""
        line = [str(self._program), f"--storage_url={address}", f"--public_key={self._key}", "--ui=false", "--N=2"]
        ran = subprocess.run(line, capture_output=True, text=True, check=False)
        if "Successfully fsck'd log" not in ran.stderr:  # its exit code says nothing
            raise AssertionError(ran.stderr)


def fsck(vkey: str, folder: Path) -> Fsck | None:
    """For the log of this key; None where the program cannot be had."""
    program = had(FSCK)
    return None if program is None else Fsck(program, vkey, folder)
