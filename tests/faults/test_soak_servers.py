"""Web processes and workers killed with ``kill -9`` at random under load: nothing is lost, nothing is done twice.

A minute of what `make soak` does for as long as one likes (TEST_SOAK_SECONDS, TEST_SOAK_SEED for another one here).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from random import SystemRandom

import pytest

from tests.faults.soak.run import soak
from tests.servers import own
from tests.servers.addresses import SETTINGS
from tests.servers.local import Server


@pytest.mark.nightly
def test_nothing_is_lost_or_done_twice_however_the_processes_die(
    private_postgres: Server, s3_bucket: str, elasticsearch_prefix: str, tmp_path: Path
) -> None:
    """What was acknowledged is there once, the ledger goes on byte for byte, `verify` is clean, everything levels."""
    with own.own_database(private_postgres.url) as database:  # nobody else's tests lack connections because of us
        survive(tmp_path, dict(zip(SETTINGS.values(), (database, s3_bucket, elasticsearch_prefix), strict=True)), 60.0)


@pytest.mark.nightly
def test_the_same_holds_for_an_archive_in_a_folder(tmp_path: Path) -> None:
    """A server and a worker beside it on one folder."""
    survive(tmp_path, {}, 15.0)


def survive(folder: Path, servers: Mapping[str, str], seconds: float) -> None:
    seconds = float(os.environ.get("TEST_SOAK_SECONDS", seconds))
    seed = int(os.environ.get("TEST_SOAK_SEED", SystemRandom().randrange(10**6)))
    report = soak(folder, servers, seconds=seconds, seed=seed)
    print(report)
    assert not report.faults, str(report)
    assert report.deaths
    assert report.counts["filed"]
