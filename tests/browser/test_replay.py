"""The history of a room in real browsers: what was is seen again, and can be brought back."""

from __future__ import annotations

import base64
import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.replay import Replay, elements
from tests.browser.room_server import Room, RoomServer
from tests.browser.visitor import Visitor
from tests.interop.programs import seed

Enter = Callable[..., Visitor]
Pair = tuple[Visitor, Visitor]

HOUR = 3600 * 1_000_000
_LOOK = """async () => {
  const { api } = __thunderline;
  api.updateScene({ appState: { scrollX: 0, scrollY: 0, zoom: { value: 1 }, selectedElementIds: {} } });
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  for (let i = 0; i < 4; i += 1) await frame();
  const canvas = document.querySelector('canvas.static');
  const copy = new OffscreenCanvas(900, 420);
  const context = copy.getContext('2d', { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, 900, 420);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}"""
"""What the board shows of the scene's first 900 by 420 px, as a hash of its pixels."""


@pytest.fixture
def pair(enter: Enter, room: Room) -> Pair:
    """Ann and Bob, each in a browser of their own."""
    return enter("Ann", room.link), enter("Bob", room.link)


def _now(server: RoomServer, room: Room) -> int:
    """The instant of the newest change on the board."""
    request = Request(
        f"{server.address}/api/rooms/{room.id}/history/whiteboard/moment",
        headers={"Authorization": f"Bearer {room.token}"},
    )
    with urlopen(request) as answer:
        at: int = json.load(answer)["at"]
    return at


def _pixels(page: Page) -> str:
    pixels: str = page.evaluate(_LOOK)
    return pixels


def _change_something(ann: Visitor, chance: random.Random) -> None:
    """One thing that a person does at a board, within what is compared."""
    shown = ann.board.ids()
    if len(shown) < 3 or chance.random() < 0.6:
        place = len(ann.board.stored())  # each in a cell of its own, so that no press is on another shape
        x, y = 240 + 90 * (place % 7), 160 + 80 * (place // 7)
        end = (x + chance.randrange(20, 60), y + chance.randrange(15, 50))
        ann.board.draw([(x, y), end], tool=chance.choice("rop"))
    else:
        change = chance.choice(["{ isDeleted: true }", "{ strokeColor: '#e03131' }", "{ x: e.x + 15, y: e.y - 12 }"])
        ann.page.evaluate(
            f"""(id) => __thunderline.api.updateScene({{ captureUpdate: 'IMMEDIATELY', elements:
              __thunderline.api.getSceneElementsIncludingDeleted().map((e) => e.id === id
                ? {{ ...e, ...{change}, version: e.version + 1, versionNonce: {chance.randrange(2**31)} }} : e) }})""",
            chance.choice(shown),
        )


def test_replayed_pixels_are_those_that_were_seen(pair: Pair, server: RoomServer, room: Room) -> None:
    """[P4] [RE5] [RE9] At 20 instants of a session: live, and again in any order."""
    ann, bob = pair
    chance = random.Random(seed())
    seen: list[tuple[int, str]] = []
    for _ in range(20):
        _change_something(ann, chance)
        ann.meet(bob)
        seen.append((_now(server, room), _pixels(bob.page)))
    assert len({pixels for _, pixels in seen}) > 15

    replay = Replay(bob.page)
    replay.open()
    chance.shuffle(seen)
    for at, pixels in seen:
        replay.seek(at)
        assert _pixels(bob.page) == pixels

    at, pixels = min(seen)  # the first of them: everything that came later goes, what was deleted comes back
    replay.seek(at)
    replay.do("restore-all")
    bob.page.get_by_test_id("restore-apply").click()
    bob.meet(ann)
    assert _pixels(bob.page) == pixels
    ann.reload()
    assert _pixels(ann.page) == pixels


_COMPARE = """() => {
  const own = globalThis.thunderlineDraw;
  const seen = (window.partsSeen = { parts: 0, differing: 0 });
  globalThis.thunderlineDraw = (draw, drawn, isThrottled) => {
    let isWhole = false;
    own((one, late) => { isWhole ||= one === drawn; draw(one, late); }, drawn, isThrottled);
    if (isWhole) return;
    const { canvas } = drawn;
    const pixels = () => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    const before = pixels();
    draw(drawn, false);
    const after = pixels();
    seen.parts += 1;
    if (before.some((value, index) => value !== after[index])) seen.differing += 1;
  };
}"""
"""Draws all of it after each drawing of a part, and counts where that changes a pixel."""


def test_a_part_is_drawn_as_the_whole_is(pair: Pair) -> None:
    """[RE9] While it plays: shapes over each other, turned, with links and words."""
    ann, bob = pair
    looks = [
        "angle: 0.7",
        "link: 'https://example.org'",
        "strokeWidth: 4",
        "roughness: 2",
        "opacity: 40",
        "fillStyle: 'hachure'",
    ]
    for place, (tool, look) in enumerate(zip("rodpal", looks, strict=True)):
        x = 300 + 60 * place
        shape = ann.board.draw([(x, 250), (x + 110, 330)], tool=tool)
        _set(ann, shape, look + ", backgroundColor: '#ffc9c9'")
        ann.settle()
        _set(ann, shape, "x: e.x + 20, y: e.y - 15")
        ann.meet(bob)
    replay = Replay(bob.page)
    replay.open()
    replay.scrub(0.0)
    bob.page.evaluate(_COMPARE)
    replay.play_to_end()
    seen = bob.page.evaluate("() => window.partsSeen")
    assert seen["parts"] > 5
    assert seen["differing"] == 0


def test_one_scrubs_plays_and_steps_through_what_was(pair: Pair) -> None:
    """[P4] From nothing to everything; the keys do it too."""
    ann, bob = pair
    for index in range(4):
        ann.board.draw([(300 + 90 * index, 250), (370 + 90 * index, 330)], tool="r")
    ann.meet(bob)
    live = elements(bob.page)
    replay = Replay(bob.page)
    replay.open()
    bob.board.await_count(4)
    assert replay.elements() == live
    expect(replay.here).to_contain_text("Ann")

    replay.scrub(0.0)
    bob.board.await_count(0)
    replay.play_to_end()
    assert replay.elements() == live

    replay.scrub(0.0)
    bob.page.keyboard.press("Shift+ArrowRight")
    bob.page.wait_for_function("() => __thunderline.replay.position.get() > __thunderline.replay.span.get().begin")
    bob.page.evaluate("() => document.activeElement.blur()")
    bob.page.keyboard.press("Space")
    bob.page.wait_for_function("() => __thunderline.replay.playing.get()")
    bob.page.wait_for_function("() => !__thunderline.replay.playing.get()")
    assert replay.elements() == live
    replay.back()
    bob.board.await_count(4)


def test_what_is_drawn_meanwhile_is_taken_in(pair: Pair) -> None:
    """[RE12] Who looks at the end goes on looking at it; who looks at a moment stays there."""
    ann, bob = pair
    ann.board.draw([(350, 250), (480, 330)], tool="r")
    ann.settle()
    bob.board.await_count(1)
    replay = Replay(bob.page)
    replay.open()
    bob.board.await_count(1)
    ann.board.draw([(600, 250), (700, 330)], tool="o")
    bob.board.await_count(2)

    replay.scrub(0.0)
    bob.board.await_count(0)
    end = bob.page.evaluate("() => __thunderline.replay.span.get().end")
    ann.board.draw([(350, 400), (480, 470)], tool="r")
    bob.page.wait_for_function("(end) => __thunderline.replay.span.get().end > end", arg=end)
    assert replay.elements() == []


def test_the_live_board_says_who_made_what_is_selected(pair: Pair) -> None:
    """[RE13] And who changed it; somebody who has left, too."""
    ann, bob = pair
    ann.board.draw([(450, 250), (580, 330)], tool="r")
    ann.meet(bob)
    ann.leave()
    expect(bob.page.get_by_role("list", name="People here").get_by_role("listitem")).to_have_count(1)
    bob.page.mouse.click(450, 290)
    line = bob.page.get_by_test_id("attribution")
    expect(line).to_have_text("Made by Ann")
    bob.page.keyboard.press("ArrowRight")
    bob.settle()
    bob.page.mouse.click(700, 600)
    expect(line).to_have_count(0)
    bob.page.mouse.click(452, 290)
    expect(line).to_have_text("Made by Ann · changed by you")


def test_an_element_tells_its_story(pair: Pair) -> None:
    """Who made it, who changed it how, and the way back to that moment."""
    ann, bob = pair
    shape = ann.board.draw([(350, 250), (480, 330)], tool="r")
    ann.meet(bob)
    bob.page.evaluate(
        """(id) => __thunderline.api.updateScene({ captureUpdate: 'IMMEDIATELY', elements:
          __thunderline.api.getSceneElements().map((e) => e.id === id
            ? { ...e, x: e.x + 100, version: e.version + 1, versionNonce: 7 } : e) })""",
        shape,
    )
    bob.settle()
    ann.page.wait_for_function("() => Math.round(__thunderline.api.getSceneElements()[0].x) === 450")
    replay = Replay(ann.page)
    replay.open()
    replay.pick(shape)

    expect(ann.page.get_by_test_id("story-title")).to_have_text("Made by Ann · changed by Bob")
    expect(replay.chapters).to_have_count(2)
    expect(replay.chapters.nth(0)).to_contain_text("Ann made it")
    expect(replay.chapters.nth(1)).to_contain_text("Bob moved it")
    replay.chapters.nth(0).click()
    ann.page.wait_for_function("() => Math.round(__thunderline.api.getSceneElements()[0]?.x) === 350")


def test_what_was_deleted_is_brought_back_and_undo_takes_it_away(pair: Pair, server: RoomServer, room: Room) -> None:
    """[P4] [RE5] Shown first, to nobody else; a new edit, so that what others do meanwhile survives."""
    ann, bob = pair
    shape = ann.board.draw([(350, 250), (480, 330)], tool="r")
    ann.settle()
    then = _now(server, room)
    ann.page.keyboard.press("Delete")
    ann.board.await_count(0)
    ann.settle()
    replay = Replay(bob.page)
    replay.open()
    replay.seek(then)
    bob.board.await_element(shape)
    replay.pick(shape)
    bob.page.get_by_test_id("restore-selection").click()
    expect(bob.page.get_by_test_id("restoring")).to_contain_text("1 element")
    expect(bob.page.locator(".restoring-ghost img")).to_be_visible()
    other = ann.board.draw([(600, 250), (700, 330)], tool="o")
    bob.board.await_element(other)
    assert ann.board.ids() == [other]

    bob.page.get_by_test_id("restore-apply").click()
    ann.board.await_element(shape)
    assert sorted(ann.board.ids()) == sorted([shape, other])
    bob.settle()
    bob.page.keyboard.press("Control+z")
    ann.board.await_count(1)
    assert ann.board.ids() == [other]


def test_undo_goes_on_after_a_visit_to_the_replay(pair: Pair) -> None:
    """[BI11] What was done before is taken back and done again; what others did meanwhile stays."""
    ann, bob = pair
    first = ann.board.draw([(350, 250), (480, 330)], tool="r")
    mine = ann.board.draw([(550, 250), (680, 330)], tool="o")
    _set(ann, first, "x: e.x + 40")
    ann.meet(bob)
    replay = Replay(ann.page)
    replay.open()
    replay.scrub(0.2)
    theirs = bob.board.draw([(350, 450), (480, 530)], tool="r")
    _set(bob, first, "strokeColor: '#e03131'")
    bob.settle()
    replay.back()
    ann.board.await_element(theirs)
    looks = """([id, x, color]) => __thunderline.api.getSceneElements().some(
      (e) => e.id === id && Math.round(e.x) === x && e.strokeColor === color)"""

    ann.page.keyboard.press("Control+z")
    for who in pair:
        who.page.wait_for_function(looks, arg=[first, 350, "#e03131"])
    ann.page.keyboard.press("Control+z")
    for who in pair:
        who.board.await_count(2)
        assert sorted(who.board.ids()) == sorted([first, theirs])
    ann.page.keyboard.press("Control+Shift+z")
    bob.board.await_element(mine)
    ann.page.keyboard.press("Control+Shift+z")
    for who in pair:
        who.page.wait_for_function(looks, arg=[first, 390, "#e03131"])
    # and once more: what can be done again is kept as well
    ann.page.keyboard.press("Control+z")
    ann.settle()
    replay.open()
    replay.back()
    ann.page.keyboard.press("Control+Shift+z")
    bob.page.wait_for_function(looks, arg=[first, 390, "#e03131"])


def test_several_are_selected_and_brought_back_as_one_edit(pair: Pair, server: RoomServer, room: Room) -> None:
    """[RE5] [RE14] Two of three that were deleted; the third stays away, and one Undo takes both back."""
    ann, bob = pair
    shapes = [ann.board.draw([(x, 250), (x + 100, 330)], tool="r") for x in (350, 500, 650)]
    ann.settle()
    then = _now(server, room)
    ann.page.keyboard.press("Control+a")
    ann.page.keyboard.press("Delete")
    ann.board.await_count(0)
    ann.meet(bob)
    replay = Replay(bob.page)
    replay.open()
    replay.seek(then)
    bob.board.await_count(3)
    title = bob.page.get_by_test_id("story-title")

    # by clicks, then by a frame around the last two, then all of them by keys, which also leave them
    replay.pick(shapes[0])
    replay.pick(shapes[1], also=True)
    replay.pick(shapes[2], also=True)
    expect(title).to_have_text("3 elements")
    replay.pick(shapes[1], also=True)
    expect(title).to_have_text("2 elements")
    bob.page.keyboard.press("Escape")
    expect(title).to_have_count(0)
    bob.page.keyboard.press("Control+a")
    expect(title).to_have_text("3 elements")
    bob.page.keyboard.press("Escape")
    view = bob.board.view()
    bob.page.get_by_test_id("select-several").click()
    expect(title).to_have_text("Nothing selected")
    (_, _, left, top), (x, y, l2, t2) = replay.place_of(shapes[1]), replay.place_of(shapes[2])
    bob.page.mouse.move(left - 10, top - 10)
    bob.page.mouse.down()
    bob.page.mouse.move(2 * x - l2 + 10, 2 * y - t2 + 10, steps=5)
    bob.page.mouse.up()
    expect(title).to_have_text("2 elements")
    assert bob.board.view() == view
    # by the list: off and on again
    bob.page.get_by_test_id("selection-list").press("Enter")
    entries = bob.page.get_by_test_id("selection-entry")
    expect(entries).to_have_count(3)
    entries.first.press("Space")
    expect(title).not_to_have_text("2 elements")
    entries.first.press("Space")
    expect(title).to_have_text("2 elements")

    bob.page.get_by_test_id("restore-selection").click()
    expect(bob.page.get_by_test_id("restoring")).to_contain_text("2 elements")
    other = ann.board.draw([(350, 450), (450, 530)], tool="o")
    bob.board.await_element(other)
    bob.page.get_by_test_id("restore-apply").click()
    ann.board.await_count(3)
    assert sorted(ann.board.ids()) == sorted([*shapes[1:], other])
    bob.settle()
    bob.page.keyboard.press("Control+z")
    ann.board.await_count(1)
    assert ann.board.ids() == [other]


def test_what_one_person_did_is_undone_and_the_others_work_stays(pair: Pair, server: RoomServer, room: Room) -> None:
    """[P4] [RE6] Key by key: Bob's colour goes, Ann's place stays."""
    ann, bob = pair
    shape = ann.board.draw([(350, 250), (480, 330)], tool="r")
    ann.meet(bob)
    then = _now(server, room)
    bobs = bob.board.draw([(600, 250), (700, 330)], tool="o")
    _set(bob, shape, "strokeColor: '#e03131'")
    bob.meet(ann)
    ann.board.await_element(bobs)
    _set(ann, shape, "x: e.x + 60")
    ann.meet(bob)
    place = next(each["x"] for each in ann.board.elements() if each["id"] == shape)
    replay = Replay(ann.page)
    replay.open()
    replay.seek(then)
    ann.page.get_by_test_id("replay-person").filter(has_text="Bob").click()
    replay.do("undo-person")
    expect(ann.page.get_by_test_id("restoring")).to_contain_text("Bob")
    ann.page.get_by_test_id("restore-apply").click()

    bob.page.wait_for_function(
        """(id) => { const shown = __thunderline.api.getSceneElements();
          return shown.length === 1 && shown[0].id === id && shown[0].strokeColor === '#1e1e1e'; }""",
        arg=shape,
    )
    (left,) = bob.board.elements()
    assert left["x"] == pytest.approx(place, abs=0.25)


def _set(who: Visitor, element: str, change: str) -> None:
    who.page.evaluate(
        f"""(id) => __thunderline.api.updateScene({{ captureUpdate: 'IMMEDIATELY', elements:
          __thunderline.api.getSceneElementsIncludingDeleted().map((e) => e.id === id
            ? {{ ...e, {change}, version: e.version + 1, versionNonce: e.versionNonce + 1 }} : e) }})""",
        element,
    )


def test_a_new_room_begins_at_any_moment(pair: Pair, server: RoomServer, room: Room) -> None:
    """[HI7] With what was there, and the way back to where it came from."""
    ann, bob = pair
    first = ann.board.draw([(350, 250), (480, 330)], tool="r")
    ann.settle()
    then = _now(server, room)
    ann.board.draw([(600, 250), (700, 330)], tool="o")
    ann.meet(bob)
    replay = Replay(bob.page)
    replay.open()
    replay.seek(then)
    replay.do("branch")
    bob.page.wait_for_function(
        "(room) => !location.pathname.includes(room) && window.__thunderline.binding", arg=room.id
    )
    bob.board.await_element(first)
    assert bob.board.ids() == [first]
    bob.board.draw([(350, 450), (480, 520)], tool="r")
    bob.settle()
    assert len(ann.board.ids()) == 2

    replay.open()
    bob.page.get_by_test_id("replay-origin").click()
    bob.page.wait_for_url(f"**/r/{room.id}/replay**")


def test_messages_and_marks_are_moments_too(pair: Pair) -> None:
    """The chat is as it was; a click on either goes there."""
    ann, bob = pair
    ann.board.draw([(350, 250), (480, 330)], tool="r")
    ann.settle()
    bob.page.get_by_test_id("dock-chat").click()
    bob.chat.say("What about a circle?")
    ann.board.draw([(600, 250), (700, 330)], tool="o")
    ann.settle()
    bob.settle()
    replay = Replay(bob.page)
    replay.open()
    bob.board.await_count(2)
    messages = bob.page.get_by_test_id("chat-message")
    expect(messages).to_have_count(1)
    replay.scrub(0.0)
    expect(messages).to_have_count(0)

    bob.page.get_by_test_id("replay-message").click()
    bob.board.await_count(1)
    replay.mark("Before the circle")
    replay.scrub(1.0)
    bob.board.await_count(2)
    replay.marks.filter(has_text="Before the circle").click()
    bob.board.await_count(1)
    ann_replay = Replay(ann.page)
    ann_replay.open()
    expect(ann_replay.marks).to_have_text(["Before the circle"])


def test_where_people_pointed_and_when_they_came(enter: Enter, server: RoomServer, room: Room) -> None:
    """[RE17] [RE16] [CU2] A cursor is where it was then, of whom it was; somebody's coming is a moment to go to."""
    ann = enter("Ann", room.link)
    ann.board.draw([(350, 250), (480, 330)], tool="r")
    ann.settle()
    bob = enter("Bob", room.link)
    bob.board.await_count(1)
    bob.page.mouse.move(300, 300)
    bob.page.mouse.move(700, 420, steps=30)
    place = bob.page.evaluate("""([x, y]) => {
      const s = __thunderline.api.getAppState();
      return [(x - s.offsetLeft) / s.zoom.value - s.scrollX, (y - s.offsetTop) / s.zoom.value - s.scrollY];
    }""", [700, 420])  # fmt: skip
    Replay(ann.page).await_cursor("Bob", place)
    ann.board.draw([(600, 250), (700, 330)], tool="o")
    ann.board.draw([(350, 400), (480, 480)], tool="r")
    ann.settle()
    pointed = _now(server, room)

    replay = Replay(ann.page)
    replay.open()
    ann.board.await_count(3)
    replay.seek(pointed)
    replay.await_cursor("Bob", place)
    ann.page.get_by_test_id("replay-person").filter(has_text="Ann").click()
    replay.await_no_cursor("Bob")
    ann.page.get_by_test_id("replay-person").filter(has_text="Ann").click()
    replay.await_cursor("Bob", place)

    replay.arrivals.filter(has_text="Bob came").click()
    ann.board.await_count(1)
    replay.await_no_cursor("Bob")
    came = ann.page.evaluate("() => __thunderline.replay.position.get()")
    replay.scrub(0.0)
    passed = [came]
    while passed[-1] <= came and came not in passed[1:]:
        ann.page.keyboard.press("Shift+ArrowRight")
        passed.append(ann.page.evaluate("() => __thunderline.replay.position.get()"))
    assert passed[-1] == came
    ann.page.get_by_test_id("replay-add-mark").click()
    expect(ann.page.locator(".replay-marks li", has_text="Bob came")).to_have_count(1)


def test_who_returns_is_shown_what_he_missed(browser: Browser, tmp_path: Path, new_visitor: Any) -> None:
    """[RE7] After an absence: who changed the board, how many messages came, and the time-lapse from then on."""
    with RoomServer(tmp_path / "data") as server:
        room = server.create_room()
        bob = new_visitor("Bob")
        bob.enter(room.link)
        bob.board.draw([(350, 250), (480, 330)], tool="r")
        bob.settle()
        bob.page.goto("about:blank")
        server.stop()
        _let_an_hour_pass(tmp_path / "data")
        server.start()
        ann = new_visitor("Ann")
        ann.enter(room.link)
        ann.board.await_count(1)
        ann.board.draw([(600, 250), (700, 330)], tool="o")
        ann.settle()
        bob.page.goto(room.link)
        bob.await_board()
        expect(bob.page.get_by_test_id("catch-up")).to_contain_text("Ann")
        bob.page.get_by_test_id("catch-up-watch").click()
        replay = Replay(bob.page)
        replay.await_open()
        bob.page.wait_for_function("() => __thunderline.replay.position.get() >= __thunderline.replay.span.get().end")
        bob.board.await_count(2)
        replay.back()
        bob.await_board()
        expect(bob.page.get_by_test_id("catch-up")).to_have_count(0)


def _let_an_hour_pass(data: Path) -> None:
    """All that is kept becomes an hour older, while no server runs."""
    with sqlite3.connect(data / "thunderline.db") as database:
        for table, column in (
            ("rooms", "created_at"), ("sessions", "joined_at"), ("sessions", "left_at"), ("updates", "at"),
        ):  # fmt: skip
            database.execute(f"UPDATE {table} SET {column} = {column} - {HOUR}")
    database.close()


def test_an_empty_history_says_so_and_a_viewer_brings_nothing_back(enter: Enter, room: Room) -> None:
    """[P5] On a phone, in the dark."""
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "color_scheme": "dark"}
    vera = enter("Vera", room.viewer, **phone)
    vera.page.get_by_test_id("history").click()
    expect(vera.page.locator(".replay-empty")).to_be_visible()
    vera.page.get_by_test_id("replay-back").click()
    vera.await_board()
    ann = enter("Ann", room.member)
    shape = ann.board.draw([(350, 250), (480, 330)], tool="r")
    ann.meet(vera)
    replay = Replay(vera.page)
    replay.open()
    vera.board.await_element(shape)
    replay.pick(shape)
    expect(replay.chapters).to_have_count(1)
    expect(vera.page.get_by_test_id("restore-selection")).to_have_count(0)
    vera.page.get_by_test_id("replay-more").click()
    expect(vera.page.get_by_test_id("save-png")).to_be_visible()
    expect(vera.page.get_by_test_id("restore-all")).to_have_count(0)


def test_a_moment_is_saved_as_a_file(enter: Enter, room: Room, server: RoomServer) -> None:
    """For Excalidraw, as a drawing, as a picture, as a film; the first can be dropped on another board."""
    ann = enter("Ann", room.link)
    shape = ann.board.draw([(350, 250), (480, 330)], tool="r")
    ann.settle()
    replay = Replay(ann.page)
    replay.open()
    ann.board.await_element(shape)
    beginnings = {"excalidraw": b"{", "svg": b"<svg", "png": b"\x89PNG", "video": b"\x1aE\xdf\xa3"}
    for kind, beginning in beginnings.items():
        with ann.page.expect_download() as saved:
            replay.do(f"save-{kind}")
        content = Path(saved.value.path()).read_bytes()
        assert content.startswith(beginning)
        assert len(content) > 200
        if kind == "excalidraw":
            assert [each["id"] for each in json.loads(content)["elements"]] == [shape]
            drawing = base64.b64encode(content).decode()
    bob = enter("Bob", server.create_room().link)
    other = bob.board.draw([(600, 250), (700, 330)], tool="o")
    bob.board.drop("moment.excalidraw", "application/json", drawing, (500, 500))
    bob.board.await_count(2)
    bob.settle()
    bob.reload()
    bob.board.await_count(2)
    assert set(bob.board.ids()) == {shape, other}


def test_a_room_that_is_deleted_ends_its_replay(enter: Enter, room: Room, server: RoomServer) -> None:
    """And a history that cannot be reached is asked for again."""
    ann = enter("Ann", room.link)
    ann.board.draw([(350, 250), (480, 330)], tool="r")
    ann.settle()
    replay = Replay(ann.page)
    replay.open()
    ann.context.set_offline(True)
    ann.page.get_by_test_id("replay-back").focus()
    replay.scrub(0.5)
    expect(replay.problem).to_be_visible()
    ann.context.set_offline(False)
    replay.problem.get_by_role("button").click()
    expect(replay.problem).to_have_count(0)
    request = Request(
        f"{server.address}/api/rooms/{room.id}", method="DELETE", headers={"Authorization": f"Bearer {room.token}"}
    )
    urlopen(request).close()
    expect(ann.stopped.card).to_be_visible()
