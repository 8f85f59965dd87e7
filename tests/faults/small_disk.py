"""A disk of a few megabytes that really fills up: a tmpfs in a mount namespace of its own, gone with its process.

As root, or as anyone whom the kernel lets have a user namespace. Nothing of it is seen by the rest of the machine.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli_world import Answer
from tests.faults.bad_input import Held, Office, held

BLOCK = 4096


@dataclass
class SmallDisk:
    """``folder`` is its path within; `place` is the way to it from outside."""

    folder: Path
    holder: int
    flags: tuple[str, ...]

    @property
    def place(self) -> Path:
        return Path(f"/proc/{self.holder}/root{self.folder}")

    @property
    def inside(self) -> tuple[str, ...]:
        """What goes before a command line that is to see the disk."""
        enter = ("nsenter", "-t", str(self.holder), *self.flags, "--", "sh", "-c", 'cd "$0" && exec "$@"')
        return (*enter, str(self.folder))

    def fill(self, leave: int = 0) -> None:
        """Take all room but ``leave`` bytes, in whole pages."""
        with (self.place / "ballast").open("ab", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(BLOCK))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
            size = os.fstat(ballast.fileno()).st_size // BLOCK * BLOCK
            ballast.truncate(max(0, size - leave // BLOCK * BLOCK))

    def free(self) -> None:
        (self.place / "ballast").unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk | None]:
    """None where this machine lets nobody mount anything."""
    folder.mkdir()
    user = () if os.geteuid() == 0 else ("-U", "-r")
    mount = f'mount -t tmpfs -o size={megabytes}m,mode=700 tmpfs "$0" && echo mounted && exec cat'
    tools = all(shutil.which(name) for name in ("unshare", "nsenter", "mount"))
    if not tools:
        yield None
        return
    with subprocess.Popen(
        ["unshare", "-m", *user, "sh", "-c", mount, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        if holder.stdout.readline() == b"mounted\n":
            entered = ("-m",) if not user else ("-m", "-U", "--preserve-credentials")
            yield SmallDisk(folder, holder.pid, entered)
        else:
            yield None
        holder.communicate()  # closes its input: it ends, and the disk with it


@dataclass
class SmallOffice(Office):
    """An office whose archive lies on the small disk."""

    disk: SmallDisk = field(kw_only=True)

    def run(
        self, line: list[str], stdin: str = "", prepare: Callable[[], None] | None = None, **variables: str
    ) -> Answer:
        return super().run([*self.disk.inside, *line], stdin, prepare, **variables)

    def named_in(self, notes: Iterable[str]) -> set[str]:
        """The digests in notes of filings that did not come to their end."""
        staging = self.disk.place / "jianzheng-data" / "staging"
        return {line for note in notes for line in (staging / note).read_text("ascii").splitlines()}

    def held(self) -> Held:
        """Events are read from a copy, as SQLite needs room even to read; of nothing else: what a server keeps for
        itself, like the segments of an index, may go while one looks."""
        home, copy = self.disk.place / "jianzheng-data", self.folder.with_name("looked-at")
        copy.mkdir()
        try:
            for file in home.glob("events.sqlite*"):
                shutil.copy2(file, copy)
            return held(home, copy)
        finally:
            shutil.rmtree(copy)
