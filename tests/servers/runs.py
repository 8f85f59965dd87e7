"""One set of servers for one run: found once, shared by all processes of the run, gone after it.

A run is a folder with a lock and a file for each server, so that pytest's workers agree without speaking to each other:
who needs a server first finds it, the others read what was found. The owner (the pytest process that people see) ends
the run; if it cannot, the keepers end the servers, and the next run sweeps up the rest.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import stat
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from tests.servers import cache, find
from tests.servers.keeper import descendants, send
from tests.servers.processes import MARK, ServerFailed, tail

PREFIX = "jianzheng-servers-"
LOGS_KEPT = 5  # runs that are over
YOUNG = 3600.0  # seconds in which a folder without an owner's name may still be in the making


@dataclass(frozen=True)
class Outcome:
    """What came of looking for a server: its address and where it is from, or why there is none."""

    url: str = ""
    source: str = ""
    unavailable: str = ""
    log: str = ""


class Run:
    """The servers of one run. ``owner`` None: they stay until `close`, whoever started them."""

    def __init__(self, folder: Path, owner: int | None) -> None:
        self.folder = folder
        self.owner = owner
        self.logs = cache.folder() / "logs" / folder.name

    @classmethod
    def begin(cls, owner: int | None) -> Run:
        """A new run; what a crashed one left behind is removed first."""
        sweep()
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        (folder / "owner.json").write_text(json.dumps({"pid": owner, "since": owner and started(owner)}), "utf-8")
        folder.chmod(0o755)  # the servers may run as another user
        return cls.join(folder)

    @classmethod
    def join(cls, folder: Path) -> Run:
        """A run that another process began."""
        return cls(folder, json.loads((folder / "owner.json").read_text("utf-8"))["pid"])

    def get(self, kind: str) -> Outcome:
        """The server of that kind: found and started if nobody in this run did yet."""
        with FileLock(self.folder / f"{kind}.lock"):
            file = self.folder / f"{kind}.json"
            if file.exists():
                return Outcome(**json.loads(file.read_text("utf-8")))
            self.logs.mkdir(parents=True, exist_ok=True)
            log = self.logs / f"{kind}.log"
            try:
                url, source = find.find(kind, self.folder, log, self.owner)
                outcome = Outcome(url, source, log=str(log))
            except (cache.Unavailable, ServerFailed) as error:
                outcome = Outcome(unavailable=str(error), log=str(log))
            file.touch(0o600)
            file.write_text(json.dumps(asdict(outcome)), "utf-8")
            return outcome

    def found(self) -> dict[str, Outcome]:
        """What was looked for so far."""
        files = sorted(self.folder.glob("*.json"))
        return {file.stem: Outcome(**json.loads(file.read_text("utf-8"))) for file in files if file.stem != "owner"}

    def log(self, kind: str, lines: int = 40) -> str:
        return tail(self.logs / f"{kind}.log", lines)

    def close(self) -> None:
        """End the servers and remove their data; the logs stay."""
        find.release(self.folder)
        end_all(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        _forget_old_logs()


def sweep() -> None:
    """Remove what runs left behind whose owner is gone: processes first, then data."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):  # another run sweeps too
            state = folder.lstat()
            if stat.S_ISDIR(state.st_mode) and state.st_uid == os.geteuid() and _abandoned(folder, state.st_mtime):
                Run(folder, None).close()


def _abandoned(folder: Path, since: float) -> bool:
    try:
        owner = json.loads((folder / "owner.json").read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return time.time() - since > YOUNG
    return owner["pid"] is not None and started(owner["pid"]) != owner["since"]


def started(pid: int) -> str | None:
    """When a process started, in the kernel's ticks: with it a process number names one process for ever."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19]
    except OSError:
        return None


def processes(folder: Path) -> list[int]:
    """The processes whose environment or arguments say that they belong to the folder, and all below them."""
    marks = (f"{MARK}={folder}/".encode(), f"-D\0{folder}/".encode())  # PostgreSQL writes over its environment
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if marks[0] in (entry / "environ").read_bytes() or marks[1] in (entry / "cmdline").read_bytes():
                    found += [int(entry.name), *descendants(int(entry.name))]
    return [pid for pid in dict.fromkeys(found) if pid != os.getpid()]


def end_all(folder: Path) -> None:
    """Kill them, and wait until they are gone."""
    while pids := processes(folder):
        send(pids, signal.SIGKILL)
        for pid in pids:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.02)


def _forget_old_logs() -> None:
    with contextlib.suppress(FileNotFoundError):
        folders = sorted((cache.folder() / "logs").iterdir(), key=lambda path: path.stat().st_mtime)
        over = [folder for folder in folders if not Path(tempfile.gettempdir(), folder.name).exists()]
        for folder in over[:-LOGS_KEPT]:
            shutil.rmtree(folder, ignore_errors=True)
