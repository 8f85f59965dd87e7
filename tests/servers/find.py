"""Where a server is had from: an address given, the project's containers, or local packages, in this order."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tests.servers import cache, compose, local
from tests.servers.addresses import check
from tests.servers.cache import Unavailable
from tests.servers.processes import ServerFailed

GIVEN = {"postgres": "TEST_POSTGRES_URL", "s3": "TEST_S3_URL", "elasticsearch": "TEST_ELASTICSEARCH_URL"}


def find(
    kind: str, folder: Path, log: Path, owner: int | None, environ: Mapping[str, str] = os.environ
) -> tuple[str, str]:
    """The server's address, and in words where it is from. `Unavailable` says what was tried."""
    if url := environ.get(GIVEN[kind]):
        return check(kind, url), f"given in {GIVEN[kind]}"
    reasons = []
    try:
        return compose.start(kind, folder, log, owner), "docker compose"
    except (Unavailable, ServerFailed) as error:
        reasons.append(f"docker compose: {error}")
    try:
        return local.start(kind, folder, log, owner).url, "local packages"
    except (Unavailable, ServerFailed) as error:
        reasons.append(f"local packages: {error}")
    raise Unavailable("; ".join([f"{GIVEN[kind]} is not set", *reasons]))


def fetch(kind: str, environ: Mapping[str, str] = os.environ) -> None:
    """Download and build what a local server of the kind needs, unless one is given. Raises `Unavailable`."""
    if not environ.get(GIVEN[kind]):
        {"postgres": cache.postgres, "s3": cache.minio, "elasticsearch": cache.elasticsearch}[kind]()


def release(folder: Path) -> None:
    """Give back what lives outside the folder."""
    compose.release(folder)
