"""Go programs of `tests/interop`, built into the cache folder, outside the tree."""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.servers import cache

HERE = Path(__file__).parent


def package_checker() -> Path:
    """The program `tests/interop/package`. Raises `cache.Unavailable` where it cannot be built."""
    sources = [HERE / "go.mod", HERE / "go.sum", HERE / "package" / "main.go"]
    ours = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    program = cache.folder() / f"package-checker-{ours}"
    with cache.alone("package-checker"):
        if not program.exists():
            with TemporaryDirectory(dir=cache.folder()) as made:
                go, env = cache.go_tool()
                cache.run([go, "-C", HERE, "build", "-o", f"{made}/checker", "./package"], {**env, "CGO_ENABLED": "0"})
                (Path(made) / "checker").replace(program)
    return program
