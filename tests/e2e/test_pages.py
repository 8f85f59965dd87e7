"""Every page in both languages and at both widths: it answers, fits, is labelled, and complains of nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import Served, Watched
from tests.e2e.world import ADMIN, CLERK, MARKUP, SECRETARY

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LECTURE, EVALUATION = "{lecture}", "{evaluation}"

PAGES = (
    (SECRETARY, "/", 200),
    (SECRETARY, "/search", 200),
    (SECRETARY, "/search?q=立行立改&status=filed&from=2020-01-01", 200),
    (SECRETARY, "/search?q=nothing-like-it", 200),
    (SECRETARY, "/search?q=%22", 200),
    (SECRETARY, "/search?from=yesterday", 422),
    (SECRETARY, f"/records/{LECTURE}", 200),
    (SECRETARY, f"/records/{LECTURE}?version=1", 200),
    (SECRETARY, f"/records/{LECTURE}/compare", 200),
    (SECRETARY, f"/records/{LECTURE}/text/0", 200),
    (SECRETARY, f"/records/{LECTURE}/correct", 200),
    (SECRETARY, f"/records/{EVALUATION}", 200),
    *((SECRETARY, f"/records/{LECTURE}/{act}", 200) for act in ("attach", "sign-off", "return", "withdraw", "erase")),
    (SECRETARY, "/records/qh-01-b2-1999-0001", 404),
    (CLERK, "/file", 200),
    (CLERK, "/file/study_session/general_meeting", 200),
    (CLERK, "/file/evaluation/democratic_appraisal", 200),
    (CLERK, "/file/rectification/problem_item", 200),
    (CLERK, "/file/paper/nothing", 404),
    (CLERK, "/reports?organisation=qh-01", 200),
    (CLERK, "/reports?organisation=qh-02", 403),
    (CLERK, "/reports/verify", 200),
    (CLERK, "/admin", 403),
    (ADMIN, "/verify", 200),
    (ADMIN, "/receipt", 200),
    *((ADMIN, f"/admin/{tab}", 200) for tab in ("organisations", "people", "accounts", "erasures", "index")),
    (ADMIN, "/nowhere", 404),
)

UNLABELLED = """() => [...document.querySelectorAll("input, select, textarea, button, a[href], img")].filter((node) => {
  if (node.type === "hidden" || node.closest("[hidden]") || node.getAttribute("aria-hidden") === "true") return false;
  const named = (node.labels && [...node.labels].some((label) => label.textContent.trim())) || node.textContent.trim()
    || node.getAttribute("aria-label") || node.querySelector("img[alt]:not([alt=''])")
    || node.getAttribute("alt") !== null || node.title;
  const by = node.getAttribute("aria-labelledby");
  return !named && !(by && document.getElementById(by));
}).map((node) => node.outerHTML.slice(0, 120))"""

TWICE = """() => { const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  return ids.filter((id, n) => ids.indexOf(id) !== n); }"""

LANDMARKS = """() => [document.querySelectorAll("main").length, document.querySelectorAll("h1").length,
  document.documentElement.lang]"""


@pytest.fixture(params=["zh", "en"])
def lang(request: pytest.FixtureRequest) -> str:
    """Both languages."""
    return str(request.param)


@pytest.fixture(params=[1440, 360])
def width(request: pytest.FixtureRequest) -> int:
    """A desk and a small phone."""
    return int(request.param)


def test_every_page_answers_fits_and_is_labelled(watched: Watched, served: Served, lang: str) -> None:
    """Given a filled archive, every page fits its width, names its controls and speaks the language asked for."""
    page = watched.page
    signed_in = ""
    for path in ("/receipt", "/sign-in"):
        watched.goto(path)
        _sound(page, path, lang)
    for username, path, status in PAGES:
        if username != signed_in:
            page.context.clear_cookies()
            watched.sign_in(username)
            signed_in = username
        watched.goto(path.format(**served.codes), status)
        page.wait_for_load_state("networkidle")
        _sound(page, path, lang)


def _sound(page: Page, path: str, lang: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, f"{path} is too wide"
    assert page.evaluate(UNLABELLED) == [], path
    assert page.evaluate(TWICE) == [], path
    assert page.evaluate(LANDMARKS) == [1, 1, "zh-Hans" if lang == "zh" else "en"], path


def test_what_is_typed_is_never_markup(watched: Watched, served: Served, lang: str, width: int) -> None:
    """Given a record whose every text is markup, when it is shown anywhere, then it is text."""
    page = watched.page
    watched.sign_in(SECRETARY)
    code = served.codes["hostile"]
    for path in (f"/records/{code}", f"/records/{code}/correct", "/search?q=onerror", "/", f"/search?q={MARKUP}"):
        watched.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.title() != "XSS"
        assert page.locator("img[src=x], main script:not([type='application/json'])").count() == 0
    watched.goto(f"/records/{code}")
    assert "<script>" in page.locator("h1").inner_text()
    assert page.locator(".files .name").first.inner_text().startswith("<b>图&片.png")


def test_the_language_is_chosen_and_remembered(watched: Watched, lang: str, width: int) -> None:
    """Given a page in one language, when the other is chosen, then it and the next pages speak that."""
    watched.sign_in(SECRETARY)
    watched.goto("/search?q=立行立改")
    watched.page.locator("[hreflang]").click()
    other = "en" if lang == "zh" else "zh-Hans"
    assert watched.page.url.endswith("/search?q=%E7%AB%8B%E8%A1%8C%E7%AB%8B%E6%94%B9")
    assert watched.page.evaluate("document.documentElement.lang") == other
    watched.goto("/")
    assert watched.page.evaluate("document.documentElement.lang") == other
