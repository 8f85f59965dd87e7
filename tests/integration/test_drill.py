"""A small tamper drill: mutations drawn over all kinds are each named exactly, embedded and on servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drill.cases import Result
from tests.drill.limits import LIMITS, OUTSIDE, try_one
from tests.drill.on_servers import archive_on
from tests.drill.runs import drill
from tests.drill.world import build
from tests.drill.yard import Yard

pytestmark = pytest.mark.nightly

EMBEDDED, ON_SERVERS = 40, 12
STEP = 11
"""Cases that are passed over, so that the few that run come from all kinds of tampering."""


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    yield Yard(build(tmp_path_factory.mktemp("drill")))


def quietly(result: Result, mutations: int, on_servers: bool) -> None:
    """What fails is told at the end."""


def test_embedded(yard: Yard) -> None:
    """Everything found, everything named exactly, nothing named falsely, and the archive as it was."""
    outcome = drill(yard, EMBEDDED, 4, quietly, STEP)
    assert [str(each) for each in outcome.results if not each.ok] == []
    total = outcome.total()
    assert (total.found, total.exact, total.false) == (total.all, total.all, 0)


def test_on_servers(postgres_url: str, s3_url: str, elasticsearch_url: str, tmp_path: Path) -> None:
    """The same for what the administrators of the servers can do."""
    urls = {"postgres": postgres_url, "s3": s3_url, "elasticsearch": elasticsearch_url}
    with archive_on(urls, tmp_path) as servers:
        outcome = drill(servers, ON_SERVERS, 7, quietly, STEP)
    assert [str(each) for each in outcome.results if not each.ok] == []


def test_a_history_rewritten_and_signed_with_the_real_key(yard: Yard) -> None:
    """Not found by the check alone; by a kept checkpoint, a kept receipt, a witness and a time stamp, each alone."""
    [rewritten] = [each for each in LIMITS if each.name == "rewritten"]
    assert try_one(yard.made, yard.copy, rewritten).found == set(OUTSIDE)
