"""The room on a phone, and on the narrowest screen there is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Shoot
from tests.browser.room_server import Room
from tests.browser.visitor import Visitor

Enter = Callable[..., Visitor]

SIZES = [pytest.param((390, 844), id="phone"), pytest.param((320, 568), id="narrow")]

_OVERFLOW = """() => {
  const page = document.documentElement;
  return [page.scrollWidth - page.clientWidth, page.scrollHeight - page.clientHeight];
}"""
_SMALL_TEXT = """() => [...document.querySelectorAll('body *')]
  .filter((e) => !e.closest('.excalidraw') && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
  .filter((e) => e.checkVisibility() && parseFloat(getComputedStyle(e).fontSize) < 12)
  .map((e) => e.outerHTML.slice(0, 80))"""


def on_phone(enter: Enter, room: Room, size: tuple[int, int]) -> Visitor:
    viewport = {"width": size[0], "height": size[1]}
    return enter("Ann", room.link, viewport=viewport, has_touch=True, is_mobile=True, device_scale_factor=2)


@pytest.mark.parametrize("size", SIZES)
def test_the_page_never_scrolls_sideways_and_no_text_is_tiny(
    enter: Enter, room: Room, size: tuple[int, int], shoot: Shoot
) -> None:
    ann = on_phone(enter, room, size)
    assert ann.page.evaluate(_OVERFLOW) == [0, 0]
    shoot(ann, f"phone-{size[0]}-board")
    ann.chat.say(
        "A message that is long enough to need more than one line on a small screen, https://example.org/" + "x" * 80
    )
    assert ann.page.evaluate(_OVERFLOW) == [0, 0]
    assert ann.page.evaluate(_SMALL_TEXT) == []
    shoot(ann, f"phone-{size[0]}-chat")


@pytest.mark.parametrize("size", SIZES)
def test_the_panel_is_closed_at_first_and_opens_as_a_sheet_that_leaves_the_board(
    enter: Enter, room: Room, size: tuple[int, int]
) -> None:
    ann = on_phone(enter, room, size)
    expect(ann.chat.input).to_be_hidden()
    ann.page.get_by_test_id("dock-chat").tap()
    expect(ann.chat.input).to_be_in_viewport(ratio=1)
    expect(ann.page.get_by_test_id("chat-send")).to_be_in_viewport(ratio=1)
    expect(ann.status).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
def test_a_finger_draws(enter: Enter, room: Room, size: tuple[int, int], shoot: Shoot) -> None:
    ann = on_phone(enter, room, size)
    bob = enter("Bob", room.link)
    ann.page.keyboard.press("p")
    touch = ann.context.new_cdp_session(ann.page)
    middle = (size[0] / 2, size[1] / 2)
    for kind, steps in (("touchStart", [0]), ("touchMove", range(10, 80, 10))):
        for step in steps:
            points = [{"x": middle[0] - 40 + step, "y": middle[1] + step / 2, "force": 0.5}]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    ann.board.await_count(1)
    ann.await_saved()
    bob.board.await_same_as(ann.board)
    shoot(ann, f"phone-{size[0]}-drawn")
