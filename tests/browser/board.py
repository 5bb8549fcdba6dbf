"""What is drawn on a page, and hands that draw: mouse and keys as a person uses them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Page

Point = tuple[float, float]

# What all screens must agree on to the letter. Places are compared apart: strokes travel in steps of 1/8 px.
_SUMMARY = """() => JSON.stringify(__thunderline.api.getSceneElements().map((e) =>
  [e.id, e.type, e.index, e.strokeColor, e.text ?? null, e.points?.length ?? null, e.fileId ?? null, e.locked]))"""
_PLACES = """() => __thunderline.api.getSceneElements().map((e) => [e.x, e.y, e.width, e.height])"""
_GRID = 0.25
"""px by which the same stroke may differ on two screens."""
_SHOWS_SAME = f"""([summary, places]) => window.__thunderline?.api && ({_SUMMARY})() === summary
  && ({_PLACES})().every((place, n) => place.every((value, m) => Math.abs(value - places[n][m]) <= {_GRID}))"""

_DROP = """([name, type, base64, x, y]) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name, { type }));
  document.querySelector('canvas.interactive').dispatchEvent(
    new DragEvent('drop', { dataTransfer, clientX: x, clientY: y, bubbles: true, cancelable: true }));
}"""


class Board:
    """The whiteboard of one page."""

    def __init__(self, page: Page) -> None:
        self._page = page

    # ---- drawing

    def press(self, points: Sequence[Point], tool: str = "p", steps: int = 6) -> None:
        """Take a tool by its key, put the pen down and draw along the points; the pen stays down."""
        first, *rest = points
        self._take(tool)
        self._page.mouse.move(*first)
        self._page.mouse.down()
        self.move(rest, steps)

    def move(self, points: Sequence[Point], steps: int = 6) -> None:
        for point in points:
            self._page.mouse.move(*point, steps=steps)

    def release(self) -> None:
        self._page.mouse.up()

    def draw(self, points: Sequence[Point], tool: str = "p") -> str:
        """Draw with a tool from the first to the last point.

        Returns:
            The id of the new element.
        """
        known = self.ids()
        self.press(points, tool)
        self.release()
        self.await_count(len(known) + 1)
        return next(one for one in self.ids() if one not in known)

    def write(self, at: Point, text: str) -> None:
        """Put a text on the board."""
        count = len(self.ids())
        self._take("t")
        self._page.mouse.click(*at)
        self._page.locator("textarea.excalidraw-wysiwyg").wait_for()
        self._page.keyboard.insert_text(text)
        self._page.keyboard.press("Escape")
        self.await_count(count + 1)
        self._page.keyboard.press("Escape")

    def drop(self, name: str, mime_type: str, base64: str, at: Point) -> None:
        """Drop a file on the board."""
        self._page.evaluate(_DROP, [name, mime_type, base64, *at])

    def _take(self, tool: str) -> None:
        """Leave whatever has the keyboard, and take a tool by its key."""
        self._page.evaluate("() => document.activeElement?.blur()")
        self._page.keyboard.press("Escape")
        self._page.keyboard.press(tool)

    # ---- looking

    def elements(self) -> list[dict[str, Any]]:
        """What is shown, lowest first."""
        found: list[dict[str, Any]] = self._page.evaluate("() => __thunderline.api.getSceneElements()")
        return found

    def ids(self) -> list[str]:
        return [element["id"] for element in self.elements()]

    def point_counts(self) -> dict[str, int]:
        """Element → how many points it is seen to have; 0 for shapes without points."""
        return {element["id"]: len(element.get("points") or ()) for element in self.elements()}

    def stored(self) -> dict[str, Any]:
        """What the page's document holds, by element, also what is deleted or cannot be shown."""
        found: dict[str, Any] = self._page.evaluate("() => __thunderline.doc.getMap('elements').toJSON()")
        return found

    def await_count(self, count: int) -> None:
        """Wait until so many elements are shown."""
        self._page.wait_for_function("(n) => window.__thunderline?.api?.getSceneElements().length === n", arg=count)

    def await_element(self, element: str, points: int = 0) -> None:
        """Wait until an element is shown, with at least so many points."""
        self._page.wait_for_function(
            """([id, points]) => window.__thunderline?.api?.getSceneElements().some(
                 (e) => e.id === id && (e.points?.length ?? 0) >= points)""",
            arg=[element, points],
        )

    def await_same_as(self, other: Board) -> None:
        """Wait until this page shows what the other one shows: elements, z-order, texts, points, places."""
        summary, places = other._page.evaluate(f"() => [({_SUMMARY})(), ({_PLACES})()]")
        try:
            self._page.wait_for_function(_SHOWS_SAME, arg=[summary, places])
        except Exception:
            print("wanted", json.loads(summary), places)
            print("shown ", json.loads(self._page.evaluate(_SUMMARY)), self._page.evaluate(_PLACES))
            raise

    def await_cursor_of(self, name: str) -> None:
        """Wait until somebody's pointer is shown under his name."""
        self._page.wait_for_function(
            """(name) => [...(window.__thunderline?.api?.getAppState().collaborators.values() ?? [])].some(
                 (one) => one.username === name && one.pointer)""",
            arg=name,
        )

    def await_picture(self) -> None:
        """Wait until the bytes of every image on the board have arrived and are ready to be shown."""
        self._page.wait_for_function(
            """() => {
              const images = __thunderline.api.getSceneElements().filter((e) => e.type === 'image');
              const files = __thunderline.api.getFiles();
              return images.length > 0 && images.every((e) => files[e.fileId]?.dataURL);
            }"""
        )

    def view(self) -> tuple[float, float, float]:
        """(scrollX, scrollY, zoom)"""
        x, y, zoom = self._page.evaluate(
            "() => { const s = __thunderline.api.getAppState(); return [s.scrollX, s.scrollY, s.zoom.value]; }"
        )
        return x, y, zoom

    def await_view(self, view: tuple[float, float, float]) -> None:
        """Wait until the board is scrolled and zoomed so, to the pixel."""
        self._page.wait_for_function(
            """([x, y, zoom]) => {
              const s = __thunderline.api.getAppState();
              return Math.abs(s.scrollX - x) < 1 && Math.abs(s.scrollY - y) < 1 && Math.abs(s.zoom.value - zoom) < 0.01;
            }""",
            arg=list(view),
        )
