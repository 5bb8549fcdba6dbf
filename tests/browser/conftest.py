"""Real Chromium on real servers. Tests wait for what a person would wait for, never for time."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

from tests.browser.room_server import REPOSITORY, Room, RoomServer
from tests.browser.visitor import Visitor

RESULTS = REPOSITORY / "test-results"
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # A camera and a microphone that every page may use, and peers on this machine alone.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
]
PATIENCE_MS = 15_000

Enter = Callable[..., Visitor]
Shoot = Callable[[Visitor, str], None]


def chromium() -> str | None:
    """The one without windows if it is there: the same engine, and a page is open for two thirds of the work."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


def _missing() -> str | None:
    if chromium() is None:
        return "Chromium is not installed"
    if not (REPOSITORY / "web/dist/index.html").is_file():
        return "the browser client is not built: run ./scripts/setup"
    return None


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One a module: while Playwright runs, no other event loop can run in this thread."""
    missing = _missing()
    if missing and os.environ.get("CI"):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomServer]:
    """A server for the tests of one module; those that stop it take one of their own."""
    with RoomServer(tmp_path_factory.mktemp("server") / "data") as server:
        yield server


@pytest.fixture
def room(server: RoomServer) -> Room:
    return server.create_room()


@pytest.fixture
def new_visitor(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors who have not entered yet. What they see when the test fails is kept in `test-results`."""
    visitors: list[Visitor] = []

    def make(name: str, **options: Any) -> Visitor:
        visitor = Visitor(browser, name, **options)
        visitor.page.set_default_timeout(PATIENCE_MS)
        visitors.append(visitor)
        return visitor

    yield make
    failed = getattr(request.node, "failed", False)
    for visitor in visitors:
        if failed:
            _shoot(visitor, f"failed-{request.node.name}-{visitor.name}")
        visitor.leave()
    assert [error for visitor in visitors for error in visitor.errors] == []


@pytest.fixture
def enter(new_visitor: Callable[..., Visitor]) -> Enter:
    """`enter("Ann", room.link)`: a visitor who has entered and sees the board."""

    def enter_room(name: str, link: str, **options: Any) -> Visitor:
        visitor = new_visitor(name, **options)
        visitor.enter(link)
        return visitor

    return enter_room


@pytest.fixture
def shoot() -> Shoot:
    """Keeps what a visitor sees as `test-results/<name>.png`."""
    return _shoot


def _shoot(visitor: Visitor, name: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    path: Path = RESULTS / f"{re.sub(r'[^A-Za-z0-9_-]+', '-', name)}.png"
    try:
        visitor.page.screenshot(path=path)
    except Error as error:
        print(f"no picture {path.name}: {error.message}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.failed = report.failed  # type: ignore[attr-defined]
    return report
