"""The call as a person uses it: through the page, by mouse and keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.call import Call
from tests.browser.conftest import Shoot
from tests.browser.room_server import Room
from tests.browser.visitor import Visitor

Enter = Callable[..., Visitor]
PHONE = {"width": 390, "height": 844}


def _join(page: Page) -> None:
    page.get_by_test_id("call").click()
    expect(page.get_by_test_id("call-preview").locator("video")).to_be_visible()
    page.get_by_test_id("call-join-now").click()
    expect(page.get_by_test_id("call-panel")).to_be_visible()


@pytest.fixture
def pair(enter: Enter, room: Room) -> tuple[Visitor, Visitor]:
    """Ann and Bob in the call, each with a picture of the other."""
    ann, bob = enter("Ann", room.link), enter("Bob", room.link)
    for visitor in (ann, bob):
        _join(visitor.page)
    for one, other in ((ann, bob), (bob, ann)):
        Call(one.page).await_more(Call(other.page).session, "voice", "camera")
    return ann, bob


def test_two_people_see_themselves_then_each_other(pair: tuple[Visitor, Visitor], shoot: Shoot) -> None:
    """A tile for each, with a picture that moves; the other one's muting is seen in words."""
    ann, bob = pair
    tiles = ann.page.get_by_test_id("call-tile")
    expect(tiles).to_have_count(2)
    expect(tiles.locator("video")).to_have_count(2)
    bob.page.get_by_test_id("call-mic").click()
    expect(tiles.filter(has_text="Bob, muted")).to_have_count(1)
    ann.board.draw([(350, 250), (480, 330)], tool="r")
    ann.meet(bob)
    shoot(ann, "call-strip")
    for layout in ("grid", "spotlight"):
        ann.page.get_by_test_id(f"call-layout-{layout}").click()
        shoot(ann, f"call-{layout}")


def test_a_shared_screen_is_a_tile_of_its_own(pair: tuple[Visitor, Visitor], shoot: Shoot) -> None:
    ann, bob = pair
    bob.page.get_by_test_id("call-screen").click()
    expect(ann.page.get_by_test_id("call-tile").filter(has_text="Screen of Bob")).to_have_count(1)
    ann.page.get_by_test_id("call-layout-spotlight").click()
    Call(ann.page).await_more(Call(bob.page).session, "screen")
    shoot(ann, "call-screen")
    bob.page.get_by_test_id("call-screen").click()
    expect(ann.page.get_by_test_id("call-tile")).to_have_count(2)


def test_the_call_is_left_by_keyboard_and_the_room_is_not(pair: tuple[Visitor, Visitor]) -> None:
    ann, bob = pair
    ann.page.get_by_test_id("call-leave").focus()
    ann.page.keyboard.press("Enter")
    expect(ann.page.get_by_test_id("call-panel")).to_have_count(0)
    expect(bob.page.get_by_test_id("call-tile")).to_have_count(1)
    expect(bob.page.get_by_test_id("call-state")).to_have_text("Ann left the call")
    expect(ann.page.get_by_test_id("call")).to_have_accessible_name("Join call, 1 person in it")
    ann.board.draw([(350, 250), (480, 330)], tool="r")
    ann.meet(bob)


def test_who_is_muted_is_heard_while_he_holds_space(pair: tuple[Visitor, Visitor]) -> None:
    ann, bob = pair
    session = Call(ann.page).session
    ann.page.get_by_test_id("call-mic").click()
    Call(bob.page).await_tile(session, mic=False)
    ann.page.evaluate("() => document.activeElement.blur()")
    ann.page.keyboard.down("Space")
    Call(bob.page).await_tile(session, mic=True)
    ann.page.keyboard.up("Space")
    Call(bob.page).await_tile(session, mic=False)


def test_the_connection_is_shown_in_figures_and_tested(pair: tuple[Visitor, Visitor], shoot: Shoot) -> None:
    ann, _ = pair
    ann.page.get_by_test_id("call-more").click()
    details = ann.page.get_by_test_id("call-details")
    expect(details.locator(".call-connections")).to_contain_text("kbit/s")
    ann.page.get_by_test_id("call-test").click()
    results = ann.page.get_by_test_id("call-test-results")
    expect(results).to_contain_text("Direct connection: works")
    expect(results).to_contain_text("Relay: not set up")
    shoot(ann, "call-details")


def test_a_phone_shows_the_call_above_the_boards_bar(enter: Enter, room: Room, shoot: Shoot) -> None:
    """Nothing of it lies outside the screen."""
    ann = enter("Ann", room.link)
    _join(ann.page)
    bob = enter("Bob", room.link, viewport=PHONE, has_touch=True, is_mobile=True)
    _join(bob.page)
    Call(bob.page).await_more(Call(ann.page).session, "camera")
    box = bob.page.get_by_test_id("call-panel").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    shoot(bob, "call-phone")
