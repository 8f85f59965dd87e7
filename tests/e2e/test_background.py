"""The page of the background work in a real browser: what was set aside is shown, fits, and is tried again."""

from __future__ import annotations

import time
from contextlib import closing

import pytest

from adapters.home.house import open_archive
from adapters.work.log import MAX_ATTEMPTS, Fault
from domain.errors import BlobMissing
from indexers.loop.quarantine import happened
from tests.e2e.conftest import Served, Watched
from tests.e2e.world import ADMIN

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize(("lang", "width"), [("zh", 1440), ("en", 360)])
def test_what_was_set_aside_is_tried_again_by_a_button(watched: Watched, served: Served, lang: str, width: int) -> None:
    """Given an event that was set aside, when the administrator presses the button, then it is taken in and gone."""
    code, wide = served.codes["lecture"], "cd" * 32
    with closing(open_archive(served.settings)) as house:
        leaf = house.ledger.leaves_of(house.archive.find(code).id)[0]
        for _ in range(MAX_ATTEMPTS):
            house.work.failed("search", happened(leaf), Fault.of(BlobMissing(wide)), time.time(), time.time() + 3600)
    page = watched.page
    watched.sign_in(ADMIN)
    watched.goto("/admin/index")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    [row] = page.locator(".troubles tbody tr").all()
    assert code in row.inner_text()
    assert wide in row.inner_text()
    row.get_by_role("button").click()
    page.wait_for_selector(".notice.ok[role=status]")
    deadline = time.monotonic() + 30
    while page.locator(".troubles").count():
        assert time.monotonic() < deadline, "it was never taken in"
        watched.goto("/admin/index")
