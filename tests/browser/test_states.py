"""Every state that a person can meet says in words what happened and what is safe; each leaves a picture."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Shoot
from tests.browser.room_server import Room, RoomServer
from tests.browser.visitor import Visitor

Enter = Callable[..., Visitor]

SMALL_FRAME_BYTES = 4_096


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RoomServer]:
    with RoomServer(tmp_path / "data") as server:
        yield server


@pytest.fixture
def strict_server(tmp_path: Path) -> Iterator[RoomServer]:
    """A server that takes only small frames."""
    with RoomServer(tmp_path / "data", max_frame_bytes=SMALL_FRAME_BYTES) as server:
        yield server


@pytest.fixture
def gallery(server: RoomServer) -> Room:
    """A room whose link lets everybody look; to draw one needs an invitation."""
    return server.create_room(default_role="viewer")


def test_saved_says_so(enter: Enter, room: Room, shoot: Shoot) -> None:
    ann = enter("Ann", room.link)
    ann.board.draw([(400, 300), (500, 350)])
    ann.await_saved()
    shoot(ann, "state-saved")


def test_an_empty_room_helps_in_one_line_that_goes_with_the_first_stroke(
    enter: Enter, room: Room, shoot: Shoot
) -> None:
    ann = enter("Ann", room.link)
    hint = ann.page.get_by_text("Draw anywhere. Everyone in this room sees it as you do.")
    expect(hint).to_have_css("opacity", "1")
    shoot(ann, "state-empty")
    ann.board.draw([(400, 300), (500, 350)])
    expect(hint).to_have_css("opacity", "0")


def test_a_viewer_is_told_that_he_can_only_look(enter: Enter, gallery: Room, shoot: Shoot) -> None:
    ann = enter("Ann", gallery.member)
    ann.board.draw([(400, 300), (500, 350)])
    vic = enter("Vic", gallery.link)
    vic.await_status("View only")
    vic.board.await_same_as(ann.board)
    vic.chat.open()
    expect(vic.page.get_by_text("View only: you can read here")).to_be_visible()
    expect(vic.chat.input).to_be_disabled()
    shoot(vic, "state-view-only")

    vic.page.keyboard.press("r")
    vic.page.mouse.move(500, 500)
    vic.page.mouse.down()
    vic.page.mouse.move(600, 600, steps=4)
    vic.page.mouse.up()
    assert len(vic.board.ids()) == 1


def test_what_a_modified_client_of_a_viewer_writes_reaches_nobody(enter: Enter, gallery: Room) -> None:
    """[P5] View only is enforced by the server, not by the page."""
    ann, vic = enter("Ann", gallery.member), enter("Vic", gallery.link)
    vic.await_status("View only")
    vic.page.evaluate("() => __thunderline.doc.getMap('elements').set('forged', 1)")
    vic.await_status(re.compile("refused|View only"))
    ann.board.draw([(400, 300), (500, 350)])
    ann.await_saved()
    cleo = enter("Cleo", gallery.link)
    cleo.board.await_same_as(ann.board)
    for visitor in (ann, cleo):
        assert visitor.page.evaluate("() => __thunderline.doc.getMap('elements').has('forged')") is False


def test_offline_counts_what_waits_on_this_device(enter: Enter, room: Room, shoot: Shoot) -> None:
    ann = enter("Ann", room.link)
    ann.await_saved()
    ann.go_offline()
    ann.board.draw([(400, 300), (500, 350)])
    ann.await_status(re.compile(r"Offline: \d+ changes? on this device"))
    shoot(ann, "state-offline")
    ann.go_online()
    ann.await_saved()


def test_refused_work_is_counted_explained_and_offered_back(
    strict_server: RoomServer, enter: Enter, shoot: Shoot
) -> None:
    """[P6] One text is larger than the server takes: the others notice nothing, and nothing vanishes."""
    room = strict_server.create_room()
    ann, bob = enter("Ann", room.link), enter("Bob", room.link)
    accepted = ann.board.draw([(400, 250), (500, 330)], tool="r")
    bob.board.await_element(accepted)
    ann.await_saved()

    line = "This line is one of too many."
    ann.board.write((400, 450), f"{line}\n" * (2 * SMALL_FRAME_BYTES // len(line)))
    ann.await_status(re.compile(r"\d+ changes? refused: see why"))
    ann.page.wait_for_function("() => __thunderline.api.getSceneElements().every((e) => !e.text)")
    ann.board.await_same_as(bob.board)
    shoot(ann, "state-refused")
    ann.status.click()
    ann.page.get_by_role("button", name="See why", exact=True).click()
    expect(ann.page.get_by_text("They are too large for this server.")).to_be_visible()
    shoot(ann, "state-refused-why")
    with ann.page.expect_download() as download:
        ann.page.get_by_role("button", name="Download for Excalidraw").click()
    assert download.value.path().read_text().count(line) * len(line) > SMALL_FRAME_BYTES

    ann.page.keyboard.press("Escape")
    after = bob.board.draw([(600, 250), (700, 330)], tool="o")
    ann.board.await_element(after)


def test_a_restart_of_the_server_is_survived_without_a_reload(
    own_server: RoomServer, enter: Enter, shoot: Shoot
) -> None:
    """The server drains, ends and comes back; the page says so and sends what was drawn meanwhile."""
    room = own_server.create_room()
    ann = enter("Ann", room.link)
    ann.board.draw([(400, 300), (500, 350)])
    ann.await_saved()
    own_server.stop()
    ann.await_status("Offline")
    shoot(ann, "state-restarting")
    ann.board.draw([(400, 400), (500, 450)])
    own_server.start()
    ann.await_saved()
    bob = enter("Bob", room.link)
    bob.board.await_same_as(ann.board)


def test_an_unknown_room_says_so_and_shows_the_way_out(
    server: RoomServer, new_visitor: Callable[..., Visitor], shoot: Shoot
) -> None:
    """[P7] Never an empty board."""
    ann = new_visitor("Ann")
    ann.page.goto(f"{server.address}/r/there-is-no-such-room")
    name = ann.page.get_by_test_id("name-input")
    title = ann.page.get_by_text("There is no such room")
    expect(name.or_(title).first).to_be_visible()
    if name.is_visible():
        name.fill("Ann")
        ann.page.get_by_test_id("enter").click()
    expect(title).to_be_visible()
    expect(ann.page.get_by_text("To the start page")).to_be_visible()
    expect(ann.page.locator("canvas.interactive")).to_have_count(0)
    shoot(ann, "state-unknown-room")


def test_a_room_by_invitation_refuses_those_without_one(
    server: RoomServer, new_visitor: Callable[..., Visitor], shoot: Shoot
) -> None:
    room = server.create_room(access="invite")
    ann = new_visitor("Ann")
    ann.page.goto(room.link)
    ann.page.get_by_test_id("name-input").fill("Ann")
    ann.page.get_by_test_id("enter").click()
    expect(ann.page.get_by_text("This room is by invitation")).to_be_visible()
    shoot(ann, "state-not-admitted")


NO_STORAGE = """
  for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])
    Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError'); } });
"""


def test_a_browser_that_stores_nothing_is_told_that_its_work_is_only_in_this_page(
    new_visitor: Callable[..., Visitor], room: Room, shoot: Shoot
) -> None:
    ann = new_visitor("Ann")
    ann.context.add_init_script(NO_STORAGE)
    ann.enter(room.link)
    ann.await_saved()
    ann.go_offline()
    ann.board.draw([(400, 300), (500, 350)])
    ann.await_status(re.compile(r"Offline: \d+ changes? only in this page"))
    shoot(ann, "state-no-storage")
    ann.go_online()
    ann.await_saved()


def test_the_frame_is_dark_for_those_who_prefer_it(enter: Enter, room: Room, shoot: Shoot) -> None:
    ann = enter("Ann", room.link, color_scheme="dark")
    assert ann.page.evaluate("() => document.documentElement.dataset.theme") == "dark"
    ann.chat.say("Good evening")
    ann.board.draw([(400, 300), (500, 350)])
    shoot(ann, "state-dark")


def test_german_is_spoken_to_those_who_prefer_it(new_visitor: Callable[..., Visitor], room: Room, shoot: Shoot) -> None:
    ann = new_visitor("Änne", locale="de-DE")
    ann.enter(room.link)
    ann.await_status("Gespeichert")
    assert ann.page.evaluate("() => document.documentElement.lang").startswith("de")
    shoot(ann, "state-german")
