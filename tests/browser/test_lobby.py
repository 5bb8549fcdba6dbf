"""A room with a lobby: who waits knows for what, and who moderates lets in or declines without leaving the board."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.room_server import Room, RoomServer
from tests.browser.visitor import Visitor

Enter = Callable[..., Visitor]
NewVisitor = Callable[..., Visitor]


@pytest.fixture
def lobby(server: RoomServer) -> Room:
    return server.create_room("Interviews", access="lobby")


def _knocks(visitor: Visitor) -> Locator:
    return visitor.page.get_by_test_id("knock")


def _waiting(visitor: Visitor) -> Locator:
    return visitor.page.get_by_test_id("lobby")


def _press_until(page: Page, key: str, wanted: Locator) -> None:
    for _ in range(12):
        page.keyboard.press(key)
        if wanted.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"{key} does not lead to {wanted}")


def test_a_newcomer_waits_and_is_let_in_with_keys_alone(lobby: Room, enter: Enter, new_visitor: NewVisitor) -> None:
    """[KN1][KN3] The card comes beside the board; F6 leads to it."""
    mia, ned = enter("Mia", lobby.moderator), new_visitor("Ned")
    shape = mia.board.draw([(400, 300), (500, 350)], tool="r")
    mia.await_saved()
    ned.ask(lobby.link)
    expect(_waiting(ned)).to_contain_text("Interviews has a lobby")
    expect(_waiting(ned)).to_contain_text("A moderator has to let you in. One is here and has been told.")
    expect(_knocks(mia)).to_contain_text("Ned wants to come in")
    expect(mia.page.get_by_test_id("knocks-said")).to_have_text("Ned wants to come in")
    assert ned.page.locator("canvas").count() == 0

    _press_until(mia.page, "F6", mia.page.get_by_role("button", name="Let Ned in", exact=True))
    mia.page.keyboard.press("Enter")

    ned.await_board()
    ned.board.await_element(shape)
    ned.await_saved()
    expect(_knocks(mia)).to_have_count(0)
    ned.reload()
    ned.await_saved()


def test_who_is_declined_reads_why_and_may_knock_again(lobby: Room, enter: Enter, new_visitor: NewVisitor) -> None:
    """[KN4]"""
    mia, ned = enter("Mia", lobby.moderator), new_visitor("Ned")
    ned.ask(lobby.link)
    _knocks(mia).get_by_test_id("decline").click()
    mia.page.get_by_test_id("decline-reason").fill("In ten minutes, please")
    mia.page.get_by_test_id("decline-reason").press("Enter")
    expect(_waiting(ned)).to_contain_text("You were not let in")
    expect(_waiting(ned)).to_contain_text("Their reason: In ten minutes, please")
    expect(_knocks(mia)).to_have_count(0)

    ned.page.get_by_test_id("knock-again").click()
    _knocks(mia).get_by_test_id("admit").click()
    ned.await_board()


def test_a_reload_waits_on_under_another_name_too_and_who_goes_is_gone(
    lobby: Room, enter: Enter, new_visitor: NewVisitor
) -> None:
    """[KN7] One person is one card."""
    mia, ned, zoe = enter("Mia", lobby.moderator), new_visitor("Ned"), new_visitor("Zoe")
    ned.ask(lobby.link)
    expect(_knocks(mia)).to_have_count(1)
    ned.page.reload()
    expect(_waiting(ned)).to_contain_text("One is here and has been told.")
    expect(_knocks(mia)).to_have_count(1)
    ned.page.get_by_role("button", name="Change").click()
    ned.page.get_by_label("Your name, as they see it").fill("Ned Stark")
    ned.page.get_by_role("button", name="Save").click()
    expect(_knocks(mia)).to_contain_text("Ned Stark wants to come in")

    zoe.ask(lobby.link)
    expect(mia.page.get_by_test_id("knocks")).to_contain_text("2 people want to come in")
    zoe.page.get_by_test_id("lobby-cancel").click()
    expect(_knocks(mia)).to_have_count(1)
    _knocks(mia).get_by_test_id("admit").click()
    ned.await_board()


def test_who_waits_is_told_when_nobody_is_there_to_open(lobby: Room, new_visitor: NewVisitor, enter: Enter) -> None:
    """[KN1] Those who come find the card."""
    ned = new_visitor("Ned")
    ned.ask(lobby.link)
    expect(_waiting(ned)).to_contain_text("Nobody who can let you in is here right now. Stay on this page")
    mia = enter("Mia", lobby.moderator)
    expect(_waiting(ned)).to_contain_text("One is here and has been told.")
    expect(_knocks(mia)).to_contain_text("Ned wants to come in")
    mia.leave()
    expect(_waiting(ned)).to_contain_text("Nobody who can let you in is here right now.")


def test_an_invitation_opens_the_lobby(lobby: Room, enter: Enter) -> None:
    enter("Ian", lobby.member).await_saved()
