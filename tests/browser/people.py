"""The list of people, the room's settings and the door of one page, used as those who moderate use them."""

from __future__ import annotations

import re
from typing import Literal

from playwright.sync_api import Locator, Page, expect

Act = Literal["rights", "mute-mic", "mute-camera", "mute-screen", "handover", "kick", "ban"]
Tab = Literal["room", "access", "rights", "invitations", "activity", "danger"]


class People:
    """The panel of people; opens it when it is first needed."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def open(self) -> None:
        people = self._page.get_by_test_id("person").first
        if not people.is_visible():
            self._page.get_by_test_id("dock-people").click()
        expect(people).to_be_visible()

    def row(self, name: str) -> Locator:
        return self._page.get_by_test_id("person").filter(has=self._page.locator(".person-name", has_text=name))

    def menu(self, name: str) -> Locator:
        """Open what can be done with somebody."""
        self.open()
        self.row(name).get_by_test_id("person-menu").click()
        menu = self._page.get_by_role("menu", name=f"What can be done with {name}")
        expect(menu).to_be_visible()
        return menu

    def act(self, name: str, act: Act) -> Locator:
        """Choose an entry of somebody's menu.

        Returns:
            The dialog that it may open.
        """
        self.menu(name).get_by_test_id(f"menu-{act}").click()
        return self._page.locator("dialog[open]")

    def set_role(self, name: str, role: str) -> None:
        """Choose the role in the dialog of a person's rights, and close it once it is saved."""
        dialog = self.act(name, "rights")
        dialog.get_by_test_id("role").select_option(role)
        expect(dialog.get_by_role("status")).to_have_text("Saved. It holds at once.")
        self._page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()

    def send_away(self, name: str, act: Literal["kick", "ban"], reason: str = "") -> None:
        dialog = self.act(name, act)
        dialog.get_by_test_id("reason").fill(reason)
        dialog.get_by_test_id("confirm").click()
        expect(dialog).to_be_hidden()

    def former(self, name: str) -> Locator:
        """Somebody who is not here now; unfolds their list."""
        self.open()
        folded = self._page.get_by_test_id("former")
        if folded.get_attribute("open") is None:
            folded.locator("summary").click()
        return self._page.get_by_test_id("former-person").filter(has_text=name)


class Settings:
    """The dialog of the room's settings."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @property
    def dialog(self) -> Locator:
        return self._page.get_by_role("dialog", name="Room settings")

    def open(self, tab: Tab) -> Locator:
        """Returns: the dialog, at that tab."""
        if not self.dialog.is_visible():
            self._page.get_by_test_id("room-menu").click()
            self._page.get_by_role("button", name="Room settings").click()
        self.dialog.get_by_test_id(f"tab-{tab}").click()
        return self.dialog

    def choose(self, tab: Tab, name: str) -> None:
        """Choose one of the alternatives of a tab by its first words; it may ask once more."""
        self.open(tab).get_by_role("radio", name=re.compile(f"^{name}")).click()

    def await_saved(self) -> None:
        expect(self.dialog.get_by_test_id("settings-state")).to_have_text("Saved")

    def close(self) -> None:
        self.dialog.get_by_role("button", name="Close", exact=True).first.click()
        expect(self.dialog).to_be_hidden()


class Stopped:
    """The page that stands instead of a room that does not go on."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @property
    def card(self) -> Locator:
        return self._page.get_by_test_id("stopped")

    def says(self, title: str, *sentences: str) -> None:
        """Wait for that title; the sentences are somewhere below it."""
        expect(self.card.get_by_role("heading", name=title)).to_be_visible(timeout=20_000)
        for sentence in sentences:
            expect(self.card).to_contain_text(sentence)

    def try_again(self) -> None:
        self.card.get_by_test_id("retry").click()
