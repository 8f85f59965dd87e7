"""A lawful erasure in the browser: one person proposes it on the record's page, another decides."""

from __future__ import annotations

from contextlib import closing

import pytest

from adapters.home.house import open_archive
from tests.e2e.conftest import Served, Watched
from tests.e2e.world import ADMIN, CLERK, SECRETARY, filed

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(params=[1440, 390])
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def test_one_proposes_and_another_decides(watched: Watched, served: Served, width: int) -> None:
    """A file alone is rejected with a reason, all of the record is erased: a stub is left, and the list says so."""
    with closing(open_archive(served.settings)) as house:
        clerk, day = house.directory().account(CLERK).actor(), house.archive.today().isoformat()
        files = [("名单.txt", f"要删的名单{width}".encode(), "other"), ("通知.txt", f"通知{width}".encode(), "other")]
        code = filed(house, clerk, "study_session", "党课", "有人要求删除的一讲", day, {}, files).code
    watched.sign_in(SECRETARY)
    page = watched.page
    _propose(watched, code, "教党〔2024〕7号", "名单.txt")
    assert "已提请销毁" in page.locator("#erasure").inner_text()
    assert page.get_by_role("link", name="提请销毁").count() == 0
    _sign_out(watched)
    watched.sign_in(ADMIN)
    watched.goto(f"/records/{code}")
    page.locator("#erasure a").click()
    mine = page.locator("section", has=page.get_by_role("heading", name=code))
    assert "1 个文件" in mine.inner_text()
    mine.get_by_label("原因").fill("尚在诉讼期间")
    mine.get_by_role("button", name="不予销毁").click()
    page.get_by_text("已驳回").wait_for()
    _propose(watched, code, "教党〔2024〕8号")
    watched.goto("/admin/erasures")
    assert "要由另一位管理员批准" in mine.inner_text()
    assert mine.get_by_role("button", name="批准销毁").count() == 0
    mine.get_by_label("原因").fill("由书记提请")
    mine.get_by_role("button", name="不予销毁").click()
    page.get_by_text("已驳回").wait_for()
    _sign_out(watched)
    watched.sign_in(SECRETARY)
    _propose(watched, code, "教党〔2024〕9号")
    _sign_out(watched)
    watched.sign_in(ADMIN)
    watched.goto("/admin/erasures")
    mine.get_by_role("button", name="批准销毁").click()
    page.get_by_text("已批准").wait_for()
    row = page.locator("tr", has_text=code).first
    assert "已销毁" in row.inner_text()
    row.get_by_role("link", name=code).click()
    page.locator("#erasure", has_text="教党〔2024〕9号").wait_for()
    assert "有人要求删除的一讲" not in page.content()


def _propose(watched: Watched, code: str, basis: str, file: str = "") -> None:
    page = watched.goto(f"/records/{code}")
    page.get_by_role("link", name="提请销毁").click()
    page.select_option("#ground", "privacy")
    page.fill("#basis", basis)
    if file:
        page.get_by_label(file).check()
    page.locator("[data-submit]").click()
    page.wait_for_selector("#erasure")


def _sign_out(watched: Watched) -> None:
    watched.page.locator(".spine form[action='/sign-out'] button").click()
    watched.page.wait_for_selector("#username, a[href='/sign-in']")
