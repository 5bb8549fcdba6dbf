"""The room without a mouse, and what a screen reader is told."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.room_server import Room
from tests.browser.visitor import Visitor

Enter = Callable[..., Visitor]

_FOCUS_LABEL = """() => {
  const e = document.activeElement;
  return e.getAttribute('aria-label') ?? e.labels?.[0]?.innerText ?? e.innerText ?? '';
}"""
_UNNAMED = """() => [...document.querySelectorAll(
    'button, a[href], input, textarea, select, [role=button], [role=tab]')]
  .filter((e) => !e.closest('.excalidraw') && e.checkVisibility() && e.type !== 'hidden' && e.type !== 'file')
  .filter((e) => !(e.getAttribute('aria-label') || e.labels?.length || e.getAttribute('aria-labelledby') ||
                   e.innerText?.trim() || e.title || e.querySelector('img[alt], svg[aria-label]')))
  .map((e) => e.outerHTML.slice(0, 120))"""


def test_a_room_is_entered_and_drawn_in_with_keys_alone(new_visitor: Callable[..., Visitor], room: Room) -> None:
    ann = new_visitor("Ann")
    ann.page.goto(room.link)
    name = ann.page.get_by_test_id("name-input")
    expect(name).to_be_focused()
    expect(name).not_to_have_value("")
    ann.page.keyboard.press("Control+a")
    ann.page.keyboard.type("Ann")
    ann.page.keyboard.press("Enter")
    ann.await_board()
    assert ann.page.evaluate("() => __thunderline.session.me.get().name") == "Ann"


def test_keys_pressed_in_the_chat_do_nothing_on_the_board(enter: Enter, room: Room) -> None:
    ann = enter("Ann", room.link)
    ann.chat.open()
    ann.chat.input.click()
    ann.page.keyboard.type("rectangle v r d o")
    ann.page.keyboard.press("Shift+Enter")
    ann.page.keyboard.type("second line")
    ann.page.keyboard.press("Enter")
    expect(ann.chat.messages).to_have_count(1)
    expect(ann.chat.messages.first).to_contain_text("second line")
    expect(ann.chat.input).to_have_value("")
    expect(ann.chat.input).to_be_focused()
    assert ann.page.evaluate("() => __thunderline.api.getAppState().activeTool.type") == "selection"


def test_a_message_is_reacted_to_and_answered_with_keys_alone(enter: Enter, room: Room) -> None:
    ann = enter("Ann", room.link)
    ann.chat.say("A question")
    message = ann.chat.message("A question")
    message.focus()
    message.get_by_role("button", name="React", exact=True).focus()
    ann.page.keyboard.press("Enter")
    picker = ann.page.get_by_role("group", name="Choose a reaction")
    expect(picker).to_be_visible()
    ann.page.keyboard.press("Escape")
    expect(picker).to_be_hidden()
    message.get_by_role("button", name="Reply", exact=True).focus()
    ann.page.keyboard.press("Enter")
    expect(ann.chat.input).to_be_focused()
    ann.page.keyboard.type("The answer")
    ann.page.keyboard.press("Enter")
    expect(ann.chat.message("The answer").get_by_test_id("chat-original")).to_contain_text("A question")


def test_new_messages_are_announced_politely(enter: Enter, room: Room) -> None:
    ann = enter("Ann", room.link)
    ann.chat.open()
    log = ann.page.get_by_role("log")
    expect(log).to_have_count(1)
    expect(log).to_have_attribute("aria-live", "polite")  # off until what was there before has been shown
    assert log.get_attribute("aria-label")


def test_every_control_has_a_name(enter: Enter, room: Room) -> None:
    ann = enter("Ann", room.link)
    ann.chat.say("Hello")
    assert ann.page.evaluate(_UNNAMED) == []
    ann.open_people()
    assert ann.page.evaluate(_UNNAMED) == []
    ann.page.get_by_test_id("share").click()
    expect(ann.page.get_by_test_id("share-link")).to_be_visible()
    assert ann.page.evaluate(_UNNAMED) == []


def test_tab_reaches_the_panel_and_the_focus_is_always_visible(enter: Enter, room: Room) -> None:
    ann = enter("Ann", room.link)
    ann.page.get_by_test_id("share").focus()
    reached = set()
    for _ in range(40):
        ann.page.keyboard.press("Tab")
        reached.add(str(ann.page.evaluate(_FOCUS_LABEL)).strip())
    assert any("Chat" in label for label in reached), reached


def test_the_outline_tells_what_is_on_the_board(enter: Enter, room: Room) -> None:
    ann = enter("Ann", room.link)
    ann.board.draw([(400, 250), (500, 330)], tool="r")
    ann.board.write((400, 450), "Plan for May")
    ann.page.get_by_test_id("dock-outline").click()
    expect(ann.page.get_by_text("2 items, lowest first")).to_be_visible()
    expect(ann.page.get_by_role("button", name="Plan for May")).to_be_visible()
