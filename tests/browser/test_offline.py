"""Days offline, a reload, a return: nothing is lost, nothing is doubled (P2)."""

from __future__ import annotations

import base64
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.pictures import png
from tests.browser.room_server import Room
from tests.browser.visitor import Visitor

Enter = Callable[..., Visitor]


def test_boards_and_chats_of_two_who_worked_offline_are_equal_afterwards(enter: Enter, room: Room) -> None:
    """[P2] One of them reloads while offline; the page comes from the service worker, the work from the device."""
    ann, bob = enter("Ann", room.link), enter("Bob", room.link)
    shared = ann.board.draw([(350, 200), (450, 280)], tool="r")
    bob.board.await_element(shared)
    ann.chat.say("before")
    bob.chat.open()
    expect(bob.chat.message("before")).to_be_visible()
    for visitor in (ann, bob):
        visitor.await_saved()
        visitor.await_worker()
        visitor.go_offline()

    for n in range(3):
        ann.board.draw([(350 + 60 * n, 320), (390 + 60 * n, 360)], tool="p")
        bob.board.draw([(350 + 60 * n, 420), (390 + 60 * n, 460)], tool="d")
    bob.board.write((500, 520), "Bob was here")
    ann.chat.say("from Ann, offline")
    bob.chat.say("from Bob, offline")
    bob.chat.react("before", "Heart")
    ann.chat.react("before", "Party")
    ann.await_status("on this device")
    mine = ann.board.ids()

    ann.reload()
    ann.await_status("on this device")
    ann.board.await_count(len(mine))
    assert ann.board.ids() == mine
    ann.board.draw([(600, 200), (680, 260)], tool="o")

    for visitor in (ann, bob):
        visitor.go_online()
    for visitor in (ann, bob):
        visitor.board.await_count(1 + 3 + 3 + 1 + 1)
        visitor.await_saved()
    bob.board.await_same_as(ann.board)
    ann.chat.open()
    expect(ann.chat.messages).to_have_count(3)
    expect(bob.chat.messages).to_have_count(3)
    expect(ann.chat.messages.first.get_by_test_id("chat-reaction")).to_have_count(2)
    texts = ["before", "from Ann, offline", "from Bob, offline"]
    assert sorted(texts, key=ann.chat.place) == sorted(texts, key=bob.chat.place)

    cleo = enter("Cleo", room.link)
    cleo.board.await_same_as(ann.board)
    cleo.chat.open()
    assert sorted(texts, key=cleo.chat.place) == sorted(texts, key=ann.chat.place)


def test_a_shape_moved_by_one_and_recoloured_by_the_other_offline_keeps_both(enter: Enter, room: Room) -> None:
    """[P2]"""
    ann, bob = enter("Ann", room.link), enter("Bob", room.link)
    shape = ann.board.draw([(400, 250), (500, 330)], tool="r")
    bob.board.await_element(shape)
    for visitor in (ann, bob):
        visitor.await_saved()
        visitor.go_offline()
    ann.page.keyboard.press("ArrowRight")
    x = ann.board.elements()[0]["x"]
    bob.page.evaluate(
        """() => __thunderline.api.updateScene({
             elements: __thunderline.api.getSceneElements().map((e) => (
               { ...e, strokeColor: '#e03131', version: e.version + 1, versionNonce: 7 })) })"""
    )
    for visitor in (ann, bob):
        visitor.go_online()
    for visitor in (ann, bob):
        visitor.page.wait_for_function(
            "(x) => __thunderline.api.getSceneElements().some((e) => e.strokeColor === '#e03131' && e.x === x)", arg=x
        )


def test_the_order_of_shapes_put_on_top_offline_is_the_same_for_all(enter: Enter, room: Room) -> None:
    """[P2]"""
    ann, bob = enter("Ann", room.link), enter("Bob", room.link)
    for visitor in (ann, bob):
        visitor.await_saved()
        visitor.go_offline()
    for n in range(4):
        ann.board.draw([(400 + 10 * n, 300), (480 + 10 * n, 380)], tool="r")
        bob.board.draw([(405 + 10 * n, 310), (485 + 10 * n, 390)], tool="o")
    for visitor in (ann, bob):
        visitor.go_online()
    for visitor in (ann, bob):
        visitor.board.await_count(8)
        visitor.await_saved()
    bob.board.await_same_as(ann.board)
    assert len({element["index"] for element in ann.board.elements()}) == 8


def test_an_image_dropped_offline_is_shown_to_the_other_afterwards(enter: Enter, room: Room) -> None:
    ann, bob = enter("Ann", room.link), enter("Bob", room.link)
    ann.await_saved()
    ann.go_offline()
    ann.board.drop("red.png", "image/png", base64.b64encode(png(40, 30, (224, 49, 49))).decode(), (600, 400))
    ann.board.await_count(1)
    ann.board.await_picture()
    ann.go_online()
    bob.board.await_count(1)
    bob.board.await_picture()


def test_offline_work_of_a_page_that_was_closed_arrives_when_the_room_is_opened_again(enter: Enter, room: Room) -> None:
    """[P2]"""
    ann, bob = enter("Ann", room.link), enter("Bob", room.link)
    ann.await_saved()
    ann.await_worker()
    ann.go_offline()
    shape = ann.board.draw([(400, 250), (500, 330)], tool="r")
    ann.await_status("on this device")
    ann.page.close()
    ann.go_online()
    ann.open_again(room.link)
    bob.board.await_element(shape)
