"""A package index on loopback in which every package of a lock has a newer release than the one that the lock names.

What is installed from it is what the lock says, or the recipe is wrong: so looks an index in a year. The wheels are the
real ones, fetched by hash from wherever this machine's pip is told to look; a newer release is a wheel that nobody
needs to be able to use, for it is never to be taken.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.servers.plugin import do_without

NEWER = "9999"
"""The version of every newer release."""


def named(wheel: Path) -> tuple[str, str]:
    """Project and version of a wheel; the project as package tools compare it."""
    distribution, version = wheel.name.split("-")[:2]
    return re.sub(r"[-_.]+", "-", distribution).lower(), version


def fetch(folder: Path, *requirements: Path) -> list[Path]:
    """The wheels that these requirements (with hashes) name for this machine.

    Without a way to an index a developer's run skips the test; with ``CI=true`` it fails.
    """
    named = [word for path in requirements for word in ("-r", str(path))]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes",
         "--dest", folder, *named],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        do_without("the packages of the lock", done.stderr.strip()[-500:])
    return sorted(folder.glob("*.whl"))


@contextmanager
def serving(folder: Path, wheels: Iterable[Path]) -> Iterator[dict[str, str]]:
    """Serves these wheels and the newer releases; gives the variables that make pip ask there and nowhere else.

    The layout is that of the simple repository API: a page of links for each project.
    """
    for wheel in wheels:
        project = folder / "simple" / named(wheel)[0]
        project.mkdir(parents=True, exist_ok=True)
        os.link(wheel, project / wheel.name)
        _release(project, wheel.name.split("-")[0])
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield {
                "PIP_INDEX_URL": f"http://127.0.0.1:{server.server_port}/simple/",
                "PIP_CONFIG_FILE": os.devnull,
                "PIP_NO_CACHE_DIR": "1",
                "NO_PROXY": "127.0.0.1",
                "no_proxy": "127.0.0.1",
            }
        finally:
            server.shutdown()
            thread.join()


def _release(project: Path, distribution: str) -> None:
    """The newer release: a wheel with nothing in it but its name and version."""
    inside = f"{distribution}-{NEWER}.dist-info"
    with zipfile.ZipFile(project / f"{distribution}-{NEWER}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{inside}/METADATA", f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {NEWER}\n")
        wheel.writestr(f"{inside}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{inside}/RECORD", f"{inside}/METADATA,,\n{inside}/WHEEL,,\n{inside}/RECORD,,\n")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """pip says what it asked for."""
