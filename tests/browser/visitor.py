"""Somebody in a room: one browser with storage of its own, and the page he looks at."""

from __future__ import annotations

import json
import re
from secrets import token_urlsafe
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.board import Board
from tests.browser.chat import Chat
from tests.browser.people import People, Settings, Stopped
from tests.browser.room_server import Room, RoomServer

DESKTOP = {"width": 1280, "height": 800}
SAVED = "Saved"

# What a page's document says of the board, in one order.
_HOLDS = """() => {
  const sorted = (value) => value?.constructor === Object
    ? Object.entries(value).sort().map(([key, one]) => [key, sorted(one)]) : value;
  return JSON.stringify(sorted(__thunderline.doc.getMap('elements').toJSON()));
}"""
_HAS = f"(wanted) => ({_HOLDS})() === wanted"


class Visitor:
    """A person at a browser. Errors that the page throws are collected in `errors`."""

    def __init__(self, browser: Browser, name: str, **options: Any) -> None:
        """Args: options: of the browser context (viewport, locale, color_scheme, …)."""
        self.name = name
        self.errors: list[str] = []
        self.context: BrowserContext = browser.new_context(**{"viewport": DESKTOP, "locale": "en-GB", **options})
        self.page: Page = self._new_page()

    @property
    def board(self) -> Board:
        return Board(self.page)

    @property
    def chat(self) -> Chat:
        return Chat(self.page)

    @property
    def people(self) -> People:
        return People(self.page)

    @property
    def settings(self) -> Settings:
        return Settings(self.page)

    @property
    def stopped(self) -> Stopped:
        return Stopped(self.page)

    @property
    def notices(self) -> Locator:
        return self.page.get_by_test_id("notice")

    @property
    def status(self) -> Locator:
        return self.page.get_by_test_id("status")

    @property
    def sub(self) -> str:
        """The person's user id in the room."""
        sub: str = self.page.evaluate("() => __thunderline.session.me.get().sub")
        return sub

    def enter(self, link: str) -> None:
        """Open a link to a room for the first time: give a name, wait for the board and what the server has of it."""
        self.ask(link)
        self.await_board()
        self.page.evaluate("() => __thunderline.session.whiteboard.whenSynced")

    def ask(self, link: str) -> None:
        """Open a link to a room for the first time and give a name: the room may not open."""
        self.page.goto(link)
        self.page.get_by_test_id("name-input").fill(self.name)
        self.page.get_by_test_id("enter").click()

    def own(self, server: RoomServer, **room: object) -> Room:
        """Make a room that is this person's, and enter it."""
        guest_key = token_urlsafe(32)
        identity = json.dumps({"guest_key": guest_key, "name": self.name})
        self.context.add_init_script(f"localStorage['thunderline:identity'] ??= '{identity}'")
        made = server.create_room(**{"owner": {"name": self.name, "guest_key": guest_key}, **room})
        self.page.goto(made.link)
        self.await_board()
        return made

    def await_board(self) -> None:
        self.page.wait_for_function("() => window.__thunderline?.api && window.__thunderline?.binding")
        expect(self.page.locator("canvas.interactive")).to_be_visible()

    def await_status(self, text: str | re.Pattern[str]) -> None:
        expect(self.status).to_contain_text(text, timeout=20_000)

    def await_saved(self) -> None:
        self.await_status(SAVED)

    def settle(self) -> None:
        """Wait until everything that is on the board is in the document, and on the server's disk."""
        self.page.evaluate("() => __thunderline.binding.flush()")
        self.page.wait_for_function("() => __thunderline.session.whiteboard.status.get().kind === 'saved'")

    def meet(self, other: Visitor) -> None:
        """Wait until the other one has all that this one has drawn, to its last point, and sees it."""
        self.settle()
        other.page.wait_for_function(_HAS, arg=self.page.evaluate(_HOLDS))
        other.page.evaluate("() => new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))")

    def go_offline(self) -> None:
        self.context.set_offline(True)
        self.await_status("Offline")

    def go_online(self) -> None:
        self.context.set_offline(False)

    def reload(self) -> None:
        self.page.reload()
        self.await_board()

    def await_worker(self) -> None:
        """Wait until the page would open without the server."""
        self.page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")

    def open_people(self) -> None:
        if not self.page.get_by_test_id("person").first.is_visible():
            self.page.get_by_test_id("dock-people").click()
        expect(self.page.get_by_test_id("person").first).to_be_visible()

    def open_again(self, link: str) -> None:
        """Open a room in which this browser has been before, in a new page."""
        self.page = self._new_page()
        self.page.goto(link)
        self.await_board()

    def leave(self) -> None:
        self.context.close()

    def _new_page(self) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.errors.append(f"{self.name}: {error.stack or error}"))
        return page
