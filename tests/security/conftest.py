"""One archive for all tests of a module: what a stranger may not do leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.http_world import World, make_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("archive") / "home")
    yield made
    made.house.close()
