"""A database server carries out what it was sent, also for a client that is gone: a clean-up must reckon with it."""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from adapters.blobs.postgres_gate import AFTERMATH
from adapters.blobs.s3 import S3BlobStore
from adapters.blobs.sealing.store import SealedBlobStore
from adapters.postgres.address import Address
from adapters.postgres.locks import APPEND_LOCK
from indexers.cleanup import clean_up
from tests import forking
from tests.cli_world import servers
from tests.faults.soak.members import waited
from tests.faults.soak.world import make_world

TEXT = "张敏 王芳 签到"
WAITING = (
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
    " WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"
)


@pytest.mark.slow
def test_a_file_stays_while_its_event_may_still_come(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A filing dies while its event waits for a lock; a clean-up comes; then the event is stored, and has its file."""
    with servers("servers", request) as variables:
        world = make_world(tmp_path, variables, 1)
        house, record, digest = world.open(), uuid4(), hashlib.sha256(TEXT.encode()).hexdigest()
        at = Address.parse(variables["JIANZHENG_DATABASE"])
        with psycopg.connect(**at.parameters(), autocommit=True) as other:  # type: ignore[arg-type]  # all of them text
            other.execute("SELECT pg_advisory_lock(%s)", (APPEND_LOCK,))
            command = [sys.executable, "-m", "tests.faults.file_one", str(record), TEXT]
            filing = forking.Popen(command, cwd=tmp_path, env=world.environment())
            for _ in waited(60):
                if other.execute(WAITING).fetchone() == (1,):
                    break
            filing.kill()
            filing.wait()
            assert house.blobs.leftovers() == {digest}
            assert clean_up(house.events, house.blobs) == []
            assert house.events.last_version(record) == 0
        for _ in waited(60):
            if house.events.last_version(record):
                break
        assert house.archive.find(str(record)).files[0].sha256 == digest
        with house.blobs.open(digest) as kept:
            assert kept.read() == TEXT.encode()
        assert isinstance(house.blobs, SealedBlobStore) and isinstance(house.blobs.inner, S3BlobStore)
        house.blobs.inner._now = lambda: time.time() + AFTERMATH + 60
        assert clean_up(house.events, house.blobs) == []
        assert house.blobs.leftovers() == set()
        house.close()
