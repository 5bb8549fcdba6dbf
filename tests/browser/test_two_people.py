"""Two people in one room: what one does, the other sees while it happens."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.pictures import png
from tests.browser.room_server import Room
from tests.browser.visitor import Visitor

Enter = Callable[..., Visitor]
Pair = tuple[Visitor, Visitor]


@pytest.fixture
def pair(enter: Enter, room: Room) -> Pair:
    """Ann and Bob, each in a browser of their own."""
    return enter("Ann", room.link), enter("Bob", room.link)


def test_a_stroke_is_seen_while_the_pen_is_still_down(pair: Pair) -> None:
    """[P2]"""
    ann, bob = pair
    ann.board.press([(400, 300), (440, 330)])
    bob.board.await_count(1)
    (stroke,) = bob.board.point_counts()
    seen = bob.board.point_counts()[stroke]

    ann.board.move([(500, 300), (560, 360)], steps=10)
    bob.board.await_element(stroke, points=seen + 10)
    ann.board.release()

    ann.await_saved()
    bob.board.await_same_as(ann.board)


def test_the_first_stroke_on_an_empty_board_moves_nobodys_view(enter: Enter, room: Room) -> None:
    """Also of somebody who has come in this very moment: what he clicks on must stay where it is."""
    ann = enter("Ann", room.link)
    ann.page.keyboard.press("r")
    ann.page.mouse.move(900, 500)
    bob = enter("Bob", room.link)
    view = bob.board.view()
    ann.page.mouse.down()
    ann.page.mouse.move(1000, 600, steps=3)
    ann.page.mouse.up()
    ann.meet(bob)
    assert bob.board.view() == view


def test_shapes_arrows_and_texts_of_both_stand_on_both_boards(pair: Pair) -> None:
    """[P2]"""
    ann, bob = pair
    ann.board.draw([(350, 250), (480, 330)], tool="r")
    bob.board.draw([(600, 250), (700, 330)], tool="o")
    ann.board.draw([(490, 290), (590, 290)], tool="a")
    bob.board.write((420, 450), "Plan for May")
    ann.board.await_count(4)
    bob.board.await_count(4)

    ann.await_saved()
    bob.await_saved()
    bob.board.await_same_as(ann.board)
    assert [element["type"] for element in ann.board.elements()] == ["rectangle", "ellipse", "arrow", "text"]
    assert ann.board.elements()[3]["text"] == "Plan for May"


def test_a_deleted_shape_goes_from_both_boards_and_undo_brings_it_back(pair: Pair) -> None:
    ann, bob = pair
    shape = ann.board.draw([(350, 250), (480, 330)], tool="r")
    bob.board.await_element(shape)
    ann.page.keyboard.press("Delete")
    bob.board.await_count(0)
    ann.page.keyboard.press("Control+z")
    bob.board.await_element(shape)


def test_an_image_that_is_dropped_is_shown_to_the_other(pair: Pair) -> None:
    ann, bob = pair
    ann.board.drop("blue.png", "image/png", base64.b64encode(png(64, 48)).decode(), (600, 400))
    bob.board.await_count(1)
    bob.board.await_picture()
    ann.await_saved()
    bob.board.await_same_as(ann.board)


def test_each_sees_the_pointer_of_the_other_under_his_name(pair: Pair) -> None:
    ann, bob = pair
    ann.page.mouse.move(500, 400)
    ann.page.mouse.move(520, 410)
    bob.board.await_cursor_of("Ann")
    bob.page.mouse.move(600, 300)
    bob.page.mouse.move(620, 310)
    ann.board.await_cursor_of("Bob")


def test_somebody_who_leaves_is_gone_from_list_and_board_at_once(pair: Pair) -> None:
    ann, bob = pair
    ann.open_people()
    people = ann.page.get_by_test_id("person")
    expect(people).to_have_count(2)
    bob.leave()
    expect(people).to_have_count(1, timeout=3_000)
    ann.page.wait_for_function("() => __thunderline.api.getAppState().collaborators.size === 0", timeout=3_000)


def test_the_chat_goes_both_ways_with_reply_reaction_edit_and_undo_of_a_deletion(pair: Pair) -> None:
    """[P2]"""
    ann, bob = pair
    ann.chat.say("Shall we begin?")
    bob.chat.open()
    expect(bob.chat.message("Shall we begin?")).to_contain_text("Ann")

    bob.chat.act("Shall we begin?", "Reply")
    bob.chat.say("Yes, in a minute")
    reply = ann.chat.message("Yes, in a minute")
    expect(reply.get_by_test_id("chat-original")).to_contain_text("Shall we begin?")

    bob.chat.react("Shall we begin?", "Thumbs up")
    reaction = ann.chat.messages.first.get_by_test_id("chat-reaction")
    expect(reaction).to_contain_text("1")
    reaction.click()
    expect(bob.chat.messages.first.get_by_test_id("chat-reaction")).to_contain_text("2")

    ann.chat.input.press("ArrowUp")
    expect(ann.chat.input).to_have_value("Shall we begin?")
    ann.chat.input.fill("Shall we begin now?")
    ann.chat.input.press("Enter")
    expect(bob.chat.message("Shall we begin now?")).to_contain_text("edited")

    bob.chat.act("Yes, in a minute", "Delete")
    expect(ann.chat.messages.last).to_contain_text("Message deleted")
    bob.page.get_by_test_id("chat-undo").click()
    expect(ann.chat.message("Yes, in a minute")).to_be_visible()


def test_only_your_own_messages_can_be_edited_or_deleted(pair: Pair) -> None:
    ann, bob = pair
    ann.chat.say("Mine")
    bob.chat.open()
    message = bob.chat.message("Mine")
    message.hover()
    expect(message.get_by_role("button", name="React", exact=True)).to_be_visible()
    expect(message.get_by_role("button", name="Edit", exact=True)).to_have_count(0)
    expect(message.get_by_role("button", name="Delete", exact=True)).to_have_count(0)


def test_links_in_messages_are_links_and_markup_is_text(pair: Pair) -> None:
    ann, bob = pair
    ann.chat.say("See https://example.org/a?b=1. <b>javascript:alert(1)</b>")
    bob.chat.open()
    link = bob.chat.messages.first.get_by_role("link")
    expect(link).to_have_count(1)
    expect(link).to_have_attribute("href", "https://example.org/a?b=1")
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(bob.chat.messages.first).to_contain_text("<b>javascript:alert(1)</b>")


def test_a_file_sent_in_the_chat_can_be_downloaded_by_the_other(pair: Pair) -> None:
    ann, bob = pair
    ann.chat.open()
    ann.page.get_by_test_id("chat-file-input").set_input_files(
        {"name": "minutes.txt", "mimeType": "text/plain", "buffer": b"We met."}
    )
    ann.chat.input.fill("The minutes")
    ann.chat.input.press("Enter")
    bob.chat.open()
    expect(bob.chat.message("The minutes")).to_contain_text("minutes.txt")
    ann.await_saved()
    ann.page.wait_for_function("() => navigator.onLine")
    with bob.page.expect_download() as download:
        bob.chat.message("The minutes").get_by_role("button", name="minutes.txt").click()
    assert download.value.suggested_filename == "minutes.txt"
    assert download.value.path().read_bytes() == b"We met."


def test_messages_nobody_has_looked_at_are_counted(pair: Pair) -> None:
    ann, bob = pair
    if bob.chat.input.is_visible():
        bob.page.get_by_test_id("dock-chat").click()
    expect(bob.chat.input).to_be_hidden()
    ann.chat.say("one")
    ann.chat.say("two")
    unread = bob.page.get_by_test_id("unread")
    expect(unread).to_contain_text("2")
    bob.chat.open()
    expect(unread).to_have_count(0)
    bob.reload()
    expect(bob.page.get_by_test_id("unread")).to_have_count(0)


def test_somebody_writing_is_announced(pair: Pair) -> None:
    ann, bob = pair
    bob.chat.open()
    ann.chat.open()
    ann.chat.input.press_sequentially("Hm")
    expect(bob.page.get_by_text("Ann is writing…")).to_be_visible()
    ann.chat.input.press("Enter")
    expect(bob.page.get_by_text("Ann is writing…")).to_be_hidden()


def test_one_person_with_two_pages_is_one_in_the_list(pair: Pair, room: Room) -> None:
    ann, bob = pair
    second = ann.context.new_page()
    second.goto(room.link)
    second.wait_for_function("() => window.__thunderline?.binding")
    bob.open_people()
    expect(bob.page.get_by_test_id("person")).to_have_count(2)
    shared = "() => new Set(__thunderline.session.roster.get().map((p) => p.session)).size === 3"
    bob.page.wait_for_function(shared)
    expect(bob.page.get_by_test_id("person")).to_have_count(2)


def test_following_shows_what_the_other_looks_at_until_one_moves_oneself(pair: Pair) -> None:
    ann, bob = pair
    avatar = (
        bob.page.get_by_test_id("avatar").filter(has_not_text="You").and_(bob.page.get_by_role("button", name="Ann"))
    )
    avatar.click()
    bob.page.wait_for_function("() => __thunderline.api.getAppState().userToFollow?.username === 'Ann'")
    ann.page.mouse.move(600, 400)
    ann.page.mouse.wheel(300, 500)
    ann.page.wait_for_function("() => __thunderline.api.getAppState().scrollY <= -400")
    bob.board.await_view(ann.board.view())

    bob.page.mouse.move(600, 400)
    bob.page.mouse.wheel(0, -100)
    bob.page.wait_for_function("() => !__thunderline.api.getAppState().userToFollow")


def test_a_new_name_reaches_everybody(pair: Pair) -> None:
    ann, bob = pair
    bob.open_people()
    ann.page.evaluate("() => __thunderline.session.rename('Anna Lee')")
    expect(bob.page.get_by_test_id("person").filter(has_text="Anna Lee")).to_be_visible()
