"""The whole path in one browser: file, find, report, verify; then a kept file is changed, and the check names it."""

from __future__ import annotations

import re
import time
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.behind import write_over
from tests.cli_world import BACK_ENDS
from tests.e2e.conftest import Served, Watched
from tests.e2e.world import CLERK, SECRETARY, picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHRASE = "校史陈列馆的第二批展柜"
SOON = 2_000
"""Milliseconds within which a filed record is found."""


@pytest.mark.parametrize("served", BACK_ENDS, indirect=True)
def test_filed_in_the_browser_is_found_reported_verified_and_its_falsification_named(
    served: Served, watched: Watched, tmp_path: Path
) -> None:
    """Given a record filed in the browser with three files, when one is changed where it lies, then verify names it."""
    page = watched.page
    watched.sign_in(CLERK)

    # File it, as a clerk does: type, drop three files, press the button.
    watched.goto("/file/study_session/theme_day")
    page.select_option("#f-organisation", "qh-01-b2")
    page.fill("#f-title", "主题党日：整理校史资料")
    day = page.evaluate("new Date().toLocaleDateString('sv')")
    page.fill("#f-occurred-from", day)
    page.fill("[name='occurred.from.time']", "09:00")
    page.fill("#f-occurred-to", day)
    page.fill("[name='occurred.to.time']", "11:00")
    page.fill("#f-place", "校史馆")
    page.fill("#f-chair", "张敏")
    page.fill("#f-recorder", "李强")
    page.fill("#f-attendance-expected", "5")
    page.fill("#f-attendance-present", "6")
    page.fill("#f-theme", "整理校史资料")
    page.fill("#f-body", "全体党员整理了建校以来的照片和教案。")
    expect(page.locator("[data-checks] .bad")).to_have_text("实到 6 人多于应到 5 人")
    page.fill("#f-attendance-present", "4")
    page.locator("[data-rows='attendance.on_leave'] [data-add-row]").click()
    page.fill("[name='attendance.on_leave.0.person']", "王芳")
    page.fill("[name='attendance.on_leave.0.reason']", "病假")
    paths = [tmp_path / name for name in ("活动记录.txt", "签到表.png", "现场照片.png")]
    paths[0].write_text(f"我们登记了{PHRASE}，共四十二件。", encoding="utf-8")
    paths[1].write_bytes(picture(7))
    paths[2].write_bytes(picture(8))
    page.set_input_files("#f-files", paths)
    expect(page.locator(".uploads li.done")).to_have_count(3)
    expect(page.locator("[data-checks] .ok")).to_have_text("没有发现问题，可以存证。")
    page.click("[data-submit]")

    # It is acknowledged with its archival code.
    expect(page.locator(".notice.ok h2")).to_have_text("已存证")
    began = time.monotonic()
    code = page.locator(".notice.ok .code").inner_text()
    assert re.fullmatch(r"qh-01-b2-\d{4}-\d{4}", code)
    record = page.url

    # It is found by what one of its files says.
    while PHRASE not in watched.goto(f"/search?q={PHRASE}").inner_text("main") and time.monotonic() - began < 30:
        page.wait_for_timeout(100)
    taken = (time.monotonic() - began) * 1000
    hit = page.locator(".hit", has_text=code)
    expect(hit.locator("mark").first).to_have_text(PHRASE)
    expect(hit.locator(".from a", has_text="活动记录.txt")).to_be_visible()
    assert taken < SOON, f"found after {taken:.0f} ms"

    # Its page says that it is what was recorded, and at which place in the ledger.
    page.goto(record)
    expect(page.locator(".stamp.ok h2")).to_have_text("与存证一致")
    expect(page.locator(".time li").first).to_contain_text("账本第")

    # It counts in the report, and the figure leads to it.
    watched.goto(f"/reports?organisation=qh-01&year={code[-9:-5]}")
    page.locator("#s-held table tr", has_text="主题党日").locator("a").last.click()
    expect(page.locator("main")).to_contain_text("主题党日：整理校史资料")

    # The full check is clean.
    page.context.clear_cookies()
    watched.sign_in(SECRETARY)
    watched.goto("/verify")
    page.click(".run .btn")
    expect(page.locator(".stamp.ok h2")).to_have_text("全部相符，没有发现改动", timeout=60_000)
    expect(page.locator(".spine .ledger .tag.ok")).to_have_text("上次核验无异常")

    # Somebody changes one byte of the sign-in sheet where it lies.
    data = bytearray(paths[1].read_bytes())
    data[len(data) // 2] ^= 1
    write_over(served.settings, _digest(paths[1]), bytes(data))

    # The page of the record says so at once, and the check names record and file.
    page.goto(record)
    expect(page.locator(".stamp.bad h2")).to_have_text("与存证不一致")
    expect(page.locator(".stamp.bad li")).to_contain_text("签到表.png")
    watched.goto("/verify")
    page.click(".run .btn")
    finding = page.locator(".findings li")
    expect(finding).to_have_count(1, timeout=60_000)
    expect(finding).to_contain_text("被改动")
    expect(finding).to_contain_text(code)
    expect(finding).to_contain_text("签到表.png")
    expect(page.locator(".spine .ledger .tag.bad")).to_have_text("上次核验发现 1 处异常")


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()
