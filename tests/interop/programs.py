"""Other people's programs that check us, built once and kept outside the tree like the servers (`tests/servers/cache`).

Without Go a developer's run skips the tests that need them and says why; with CI=true it fails.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.interop.package_program import package_checker
from tests.servers import cache
from tests.servers.cache import Unavailable
from tests.servers.plugin import do_without

HERE = Path(__file__).parent
TESSERA = "v1.0.4"
POSIX_ONESHOT = f"github.com/transparency-dev/tessera/cmd/examples/posix-oneshot@{TESSERA}"
FSCK = f"github.com/transparency-dev/tessera/cmd/fsck@{TESSERA}"


def needed(get: Callable[[], Path]) -> Callable[[], Path]:
    """For fixtures: the program, or what is done without it."""

    @wraps(get)
    def found() -> Path:
        try:
            return get()
        except Unavailable as error:
            do_without(get.__name__, str(error))

    return found


@needed
def interop() -> Path:
    """Our own program, which asks other people's packages: the Go module in this folder."""
    return built(HERE, "interop")


@needed
def fsck() -> Path:
    """Tessera's checker of tiled logs."""
    return installed(FSCK)


@needed
def posix_oneshot() -> Path:
    """Tessera's log for the command line."""
    return installed(POSIX_ONESHOT)


def fetch() -> None:
    """All of them, so that no test has to wait. Raises `Unavailable`."""
    built(HERE, "interop")
    installed(FSCK)
    installed(POSIX_ONESHOT)
    package_checker()


def built(module: Path, name: str) -> Path:
    """The program of a Go module of ours, with its pinned packages; built again when a source changes."""
    sources = sorted(path for path in module.iterdir() if path.suffix == ".go" or path.name in ("go.mod", "go.sum"))
    ours = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    return _get(f"{name}-{ours}", ["-C", str(module), "build", "-o"], ["."])


def installed(package: str) -> Path:
    """A command of somebody else's at a pinned version: ``module/path/command@version``."""
    path, _, version = package.partition("@")
    return _get(f"{path.rpartition('/')[2]}-{version}", ["install", package])


def _get(name: str, command: list[str], rest: list[str] | None = None) -> Path:
    program = cache.folder() / name
    with cache.alone(name):
        if not program.exists():
            cache.say(f"Building {name} (once) …")
            with TemporaryDirectory(dir=cache.folder()) as made:
                go, env = cache.go_tool()
                whole = [go, *command] if rest is None else [go, *command, f"{made}/{name}", *rest]
                cache.run(whole, {**env, "GOBIN": made, "CGO_ENABLED": "0"})
                next(Path(made).iterdir()).replace(program)
    return program
