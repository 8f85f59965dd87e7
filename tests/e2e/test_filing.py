"""Filing a record: checks as one types, drafts, uploads that fail and are retried, and a browser without scripts."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.e2e.conftest import Served, Watched
from tests.e2e.world import CLERK, PASSWORD, SECRETARY

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FORM = "/file/discussion/heart_to_heart"


def test_errors_are_shown_beside_the_field_and_gaps_do_not_hinder(watched: Watched) -> None:
    """Given an end before the start, the field says so in red; given what is merely missing, the record is filed."""
    page = watched.page
    watched.sign_in(CLERK)
    watched.goto("/file/study_session/regular_meeting")
    expect(page.locator("[data-checks] li").first).to_contain_text("还没有填：题名、开始时间")
    page.fill("#f-title", "例会")
    page.fill("#f-occurred-from", "2026-03-02")
    page.fill("#f-occurred-to", "2026-03-01")
    expect(page.locator("[data-field='occurred.to'] .said.bad")).to_contain_text("早于开始时间")
    expect(page.locator("#f-occurred-to")).to_have_attribute("aria-invalid", "true")
    page.click("[data-submit]")
    expect(page.locator("#problems li")).to_contain_text("早于开始时间")
    expect(page.locator("#problems")).to_be_focused()
    assert page.input_value("#f-title") == "例会"
    page.fill("#f-occurred-to", "2026-03-02")
    expect(page.locator("[data-field='occurred.to'] .said")).to_have_text("")
    page.click("[data-submit]")
    expect(page.locator(".notice.ok h2")).to_have_text("已存证")
    expect(page.locator(".notice.due h2")).to_contain_text("缺")


def test_a_draft_survives_a_closed_page_and_is_gone_after_filing(watched: Watched) -> None:
    """Given a half-written form, when the page is opened again, then it is restored; filed, it is gone."""
    page = watched.page
    watched.sign_in(CLERK)
    watched.goto(FORM)
    page.fill("#f-title", "谈心谈话草稿")
    page.fill("#f-occurred-from", "2026-03-02")
    expect(page.locator("[data-draft-note]")).to_be_visible()
    watched.goto("/")
    watched.goto(FORM)
    assert page.input_value("#f-title") == "谈心谈话草稿"
    expect(page.locator("[data-draft-said]")).to_contain_text("已恢复")
    page.click("[data-submit]")
    expect(page.locator(".notice.ok h2")).to_have_text("已存证")
    watched.goto(FORM)
    assert page.input_value("#f-title") == ""


def test_people_become_chips_and_are_sent(watched: Watched) -> None:
    """Given names typed one after another or pasted together, each becomes a chip that can be removed."""
    page = watched.page
    watched.sign_in(CLERK)
    watched.goto("/file/study_session/regular_meeting")
    box = page.locator("[data-field='attendance.attendees']")
    typed = box.locator("input:not([type=hidden])")
    typed.fill("张敏")
    typed.press("Enter")
    typed.fill("李强、王芳，")
    expect(box.locator(".chip")).to_have_count(3)
    box.get_by_label("移除 李强").click()
    assert box.locator("input[type=hidden]").input_value() == "张敏、王芳"


def test_an_upload_that_broke_is_retried_and_twins_are_told(watched: Watched, tmp_path: Path) -> None:
    """Given a connection that breaks, the file says so and is sent again; given the same bytes twice, that is told."""
    page = watched.page
    watched.sign_in(CLERK)
    watched.goto(FORM)
    broken: list[str] = []

    def once(route: Route) -> None:
        if broken:
            route.continue_()
        else:
            broken.append(route.request.url)
            route.abort()

    page.route("**/api/v1/uploads*", once)
    first, second = tmp_path / "纪要.txt", tmp_path / "纪要（另一份）.txt"
    first.write_text("一样的内容", encoding="utf-8")
    second.write_text("一样的内容", encoding="utf-8")
    page.set_input_files("#f-files", first)
    row = page.locator(".uploads li")
    expect(row).to_have_class("failed")
    expect(row).to_contain_text("网络中断")
    assert row.locator("select").input_value() == "minutes"
    row.locator("[data-retry]").click()
    expect(row).to_have_class("done")
    page.set_input_files("#f-files", second)
    expect(row.nth(1)).to_contain_text("与“纪要.txt”内容相同")
    row.nth(1).locator("[data-remove]").click()
    expect(row).to_have_count(1)


def test_without_scripts_the_form_still_files_with_its_files(browser: Browser, served: Served, tmp_path: Path) -> None:
    """Given a browser without scripts, when the plain form is sent with a file, then the record is filed with it."""
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(served.url + "/sign-in")
    page.fill("#username", CLERK)
    page.fill("#password", PASSWORD)
    page.click("button")
    page.goto(served.url + FORM)
    page.fill("#f-title", "不用脚本也能存证")
    page.fill("#f-occurred-from", "2026-03-02")
    path = tmp_path / "说明.txt"
    path.write_text("文件", encoding="utf-8")
    page.set_input_files("#f-files", path)
    page.click("[data-submit]")
    assert "已存证" in page.inner_text(".notice.ok")
    assert "说明.txt" in page.inner_text(".files")
    context.close()


def test_the_secretary_returns_and_the_clerk_corrects(watched: Watched) -> None:
    """Given a filed record, when it is returned with a reason and corrected, then both versions can be compared."""
    page = watched.page
    watched.sign_in(CLERK)
    watched.goto("/file/paper/document")
    page.select_option("#f-organisation", "qh-01-b2")
    page.fill("#f-title", "工作计画")
    page.fill("#f-occurred-from", "2026-03-02")
    page.click("[data-submit]")
    code = page.locator(".notice.ok .code").inner_text()
    page.context.clear_cookies()
    watched.sign_in(SECRETARY)
    watched.goto(f"/records/{code}/return")
    page.fill("#said", "题名有错别字")
    page.click("[data-submit]")
    expect(page.locator(".head .tag.bad")).to_have_text("已退回")
    page.context.clear_cookies()
    watched.sign_in(CLERK)
    expect(page.locator("main")).to_contain_text("题名有错别字")
    watched.goto(f"/records/{code}/correct")
    expect(page.locator("[data-checks] li").first).to_contain_text("还没有填：更正原因")
    page.fill("#f-title", "工作计划")
    page.click("[data-submit]")
    expect(page.locator("[data-checks] li").first).to_contain_text("请写明原因。")
    expect(page.locator("#said-f-reason")).to_have_text("请写明原因。")
    page.fill("#f-reason", "改正错别字")
    expect(page.locator("#said-f-reason")).to_have_text("")
    page.click("[data-submit]")
    expect(page.locator("h1")).to_have_text("工作计划")
    page.click("text=比较")
    expect(page.locator(".compare del")).to_have_text("画")
    expect(page.locator(".compare ins")).to_have_text("划")
