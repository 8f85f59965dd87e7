"""The archive that the suites of bad input share: made once, and sound when all of them are through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli_world import PASSWORD, make_office
from tests.faults.bad_input import Office


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """For tests that leave it as it is."""
    made = Office(make_office(tmp_path_factory.mktemp("office")).folder)
    role = ("--role", "reader", "--org", "school-01")
    assert made("user", "add", "reader-01", *role, JIANZHENG_PASSWORD=PASSWORD).code == 0
    yield made
    made.is_sound()


@pytest.fixture
def broken(office: Office, tmp_path: Path) -> Office:
    """A copy that a test may damage."""
    return office.copy(tmp_path / "copy")
