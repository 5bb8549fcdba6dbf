"""The replay of a room, as a person uses it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect

_ELEMENTS = """() => __thunderline.api.getSceneElements().map((e) => [e.id, e.type, e.strokeColor, e.text ?? null,
  e.points?.length ?? null, Math.round(e.x), Math.round(e.y), Math.round(e.width), Math.round(e.height)])"""


_CURSORS = "[...__thunderline.api.getAppState().collaborators.values()].filter(({ pointer }) => pointer)"
_IS_THERE = "one.username === name && Math.hypot(one.pointer.x - x, one.pointer.y - y) < 2"


class Replay:
    """The history of a room on one page."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @property
    def here(self) -> Locator:
        """Who was there at the moment that is shown."""
        return self._page.get_by_test_id("replay-here")

    @property
    def marks(self) -> Locator:
        return self._page.get_by_test_id("replay-mark")

    @property
    def arrivals(self) -> Locator:
        """When somebody first came."""
        return self._page.get_by_test_id("replay-arrival")

    def await_cursor(self, name: str, place: tuple[float, float]) -> None:
        """Until the pointer of that person is shown at a place on the board, as live boards show it too."""
        self._page.wait_for_function(f"([name, x, y]) => {_CURSORS}.some((one) => {_IS_THERE})", arg=[name, *place])

    def await_no_cursor(self, name: str) -> None:
        self._page.wait_for_function(f"(name) => !{_CURSORS}.some(({{ username }}) => username === name)", arg=name)

    @property
    def problem(self) -> Locator:
        return self._page.get_by_test_id("replay-problem")

    @property
    def chapters(self) -> Locator:
        """Of the story that is open."""
        return self._page.get_by_test_id("story-chapter")

    def open(self) -> None:
        """From the room."""
        self._page.get_by_test_id("history").click()
        self.await_open()

    def await_open(self) -> None:
        self._page.wait_for_function("() => window.__thunderline?.stage && window.__thunderline.replay")
        self.await_shown()

    def await_shown(self) -> None:
        """Until the moment that was asked for is shown."""
        self._page.wait_for_function("() => !__thunderline.replay.waiting.get()")

    def back(self) -> None:
        """To the room."""
        self._page.get_by_test_id("replay-back").click()
        self._page.wait_for_function("() => window.__thunderline.binding && location.pathname.indexOf('replay') < 0")

    def scrub(self, share: float) -> None:
        """Click on the track at that share of its width."""
        box = self._page.get_by_test_id("replay-scrub").bounding_box()
        assert box is not None
        self._page.mouse.click(box["x"] + 8 + (box["width"] - 16) * share, box["y"] + box["height"] / 2)
        self.await_shown()

    def seek(self, at: float) -> None:
        """To an instant in microseconds."""
        self._page.evaluate("(at) => __thunderline.replay.seek(at)", at)
        self.await_shown()

    def play_to_end(self) -> None:
        self._page.get_by_test_id("replay-play").click()
        self._page.wait_for_function("() => !__thunderline.replay.playing.get()")

    def pick(self, element: str, also: bool = False) -> None:
        """Click on an element that is shown; with shift if it is selected too."""
        x, y, *_ = self.place_of(element)
        if also:
            self._page.keyboard.down("Shift")
        self._page.mouse.click(x, y)
        self._page.keyboard.up("Shift")
        expect(self._page.get_by_test_id("replay-story")).to_be_visible()

    def place_of(self, element: str) -> tuple[float, float, float, float]:
        """Where an element is on the page: its middle, or a line's first point, and its upper left corner."""
        x, y, left, top = self._page.evaluate(
            """(id) => {
              const { api } = __thunderline;
              const e = api.getSceneElements().find((one) => one.id === id);
              const s = api.getAppState();
              const [dx, dy] = e.points?.[0] ?? [e.width / 2, e.height / 2];
              const z = s.zoom.value;
              const place = (x, y) => [(x + s.scrollX) * z + s.offsetLeft, (y + s.scrollY) * z + s.offsetTop];
              return [...place(e.x + dx, e.y + dy), ...place(e.x, e.y)];
            }""",
            element,
        )
        return x, y, left, top

    def do(self, what: str) -> None:
        """Choose from what can be done with the moment."""
        self._page.get_by_test_id("replay-more").click()
        self._page.get_by_test_id(what).click()

    def mark(self, label: str) -> None:
        """Name the moment that is shown."""
        self._page.get_by_test_id("replay-add-mark").click()
        self._page.get_by_test_id("mark-label").fill(label)
        self._page.get_by_test_id("mark-save").click()
        expect(self.marks.filter(has_text=label)).to_be_visible()

    def elements(self) -> list[Any]:
        """What is shown, lowest first."""
        return elements(self._page)


def elements(page: Page) -> list[Any]:
    """Elements that a board shows, live or replayed, with what one sees of them."""
    found: list[Any] = page.evaluate(_ELEMENTS)
    return found
