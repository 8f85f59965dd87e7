"""A real server process on a free port and a real Chromium; whatever the page complains of fails the test."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, sync_playwright

from adapters.home.settings import Settings, read
from tests.cli_world import servers
from tests.e2e import world

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
START = 60.0
"""Seconds that a server may take to come up on a busy machine."""

SERVE = """
import os
import sys
import uvicorn
from adapters.home.house import open_archive
from adapters.home.settings import read
from api.app import create_app
from indexers.pipeline import Pipeline
house = open_archive(read(os.environ))
uvicorn.run(create_app(house, Pipeline(house)), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
"""


@dataclass
class Served:
    """A running server: where it is, where its archive lies, and the codes of some of its records (`world.fill`)."""

    url: str
    settings: Settings
    codes: dict[str, str]


@dataclass
class Watched:
    """A page, and what went wrong on it: errors of scripts, refused requests, requests to elsewhere."""

    page: Page
    url: str
    complaints: list[str]

    def goto(self, path: str, status: int = 200) -> Page:
        answer = self.page.goto(self.url + path)
        assert answer is not None and answer.status == status, f"{path}: {answer and answer.status}"
        return self.page

    def sign_in(self, username: str) -> None:
        self.goto("/sign-in")
        self.page.fill("#username", username)
        self.page.fill("#password", world.PASSWORD)
        self.page.press("#password", "Enter")
        self.page.wait_for_selector(".spine")


@pytest.fixture(scope="module", params=["embedded"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A filled archive behind a server process of its own."""
    folder = tmp_path_factory.mktemp("archive")
    with servers(request.param, request) as addresses:
        chosen = {"JIANZHENG_HOME": str(folder / "home"), **addresses}
        house = world.make(read(chosen))
        codes = world.fill(house)
        house.close()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        log = (folder / "server.log").open("wb")
        command = [sys.executable, "-c", SERVE, str(port)]
        server = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **chosen})
        try:
            _await(f"http://127.0.0.1:{port}/healthz", server)
            yield Served(f"http://127.0.0.1:{port}", house.settings, codes)
        finally:
            server.terminate()
            server.wait(30)
            log.close()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    assert CHROMIUM, "these tests need Chromium: make setup-system"
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    launched = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
    yield launched
    launched.close()


@pytest.fixture(params=["zh"])
def lang(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def width() -> int:
    return 1440


@pytest.fixture
def watched(browser: Browser, served: Served, lang: str, width: int) -> Iterator[Watched]:
    context = browser.new_context(
        locale="zh-CN" if lang == "zh" else "en-GB",
        viewport={"width": width, "height": 900},
        timezone_id="Asia/Shanghai",
    )
    yield from _watch(context, served)


def _watch(context: BrowserContext, served: Served) -> Iterator[Watched]:
    page = context.new_page()
    complaints: list[str] = []

    def console(message: ConsoleMessage) -> None:
        # An answer of 4xx that a test asked for is logged by the browser too; tests look at those themselves.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            complaints.append(f"{message.type}: {message.text}")

    def request(sent: Request) -> None:
        if not sent.url.startswith((served.url, "data:", "blob:")):
            complaints.append(f"outside: {sent.url}")

    page.on("console", console)
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    context.on("request", request)
    yield Watched(page, served.url, complaints)
    title = page.title()
    context.close()
    assert not complaints
    assert title != "XSS"


def _await(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended"
        try:
            with urlopen(url, timeout=5):
                return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError("the server did not come up")
