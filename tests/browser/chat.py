"""The chat of one page, used as a person uses it."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect


class Chat:
    """The chat panel; opens it when it is first needed."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @property
    def input(self) -> Locator:
        return self._page.get_by_test_id("chat-input")

    @property
    def messages(self) -> Locator:
        return self._page.get_by_test_id("chat-message")

    def open(self) -> None:
        if not self.input.is_visible():
            self._page.get_by_test_id("dock-chat").click()
        expect(self.input).to_be_visible()

    def message(self, text: str) -> Locator:
        """The message that says this, not those that reply to it."""
        return self.messages.filter(has=self._page.locator(".chat-text", has_text=text))

    def say(self, text: str) -> None:
        self.open()
        self.input.fill(text)
        self.input.press("Enter")
        expect(self.message(text)).to_be_visible()

    def act(self, text: str, action: str) -> None:
        """Press a button of a message: React, Reply, Edit or Delete."""
        message = self.message(text)
        message.hover()
        message.get_by_role("button", name=action, exact=True).click()

    def react(self, text: str, emoji_name: str) -> None:
        """React to a message with the emoji of this name (`Thumbs up`)."""
        self.act(text, "React")
        self._page.get_by_role("group", name="Choose a reaction").get_by_role("button", name=emoji_name).click()

    def place(self, text: str) -> int:
        """Where among the messages this text stands, from 0."""
        found = [n for n, shown in enumerate(self.messages.locator(".chat-text").all_inner_texts()) if text in shown]
        assert len(found) == 1, (text, found)
        return found[0]
