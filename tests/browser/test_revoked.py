"""Who loses the right to draw, at work or while away: nothing of it reaches anybody, nothing of it is lost (P2, P5)."""

from __future__ import annotations

import json
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Shoot
from tests.browser.late_line import LateLine
from tests.browser.room_server import Room, RoomServer
from tests.browser.visitor import Visitor

Enter = Callable[..., Visitor]
NewVisitor = Callable[..., Visitor]

REFUSED = r"\d+ changes? refused: see why"
WHY = "When they arrived you were no longer allowed to do this here."

_WATCH = """() => {
  window.touched = new Set();
  __thunderline.doc.getMap('elements').observeDeep((events) => {
    for (const { path, keys } of events) for (const id of path.length ? path.slice(0, 1) : keys.keys()) touched.add(id);
  });
}"""


def _watch(page: Page) -> Callable[[], set[str]]:
    """Tells which elements the page's document was told anything about since."""
    page.evaluate(_WATCH)
    return lambda: set(page.evaluate("() => [...touched]"))


def _mark(visitor: Visitor, x: float) -> str:
    """Draw something and wait until it is saved: what the server had taken before has then arrived here too."""
    mark = visitor.board.draw([(x, 560), (x + 30, 590)], tool="r")
    visitor.await_saved()
    return mark


def _see_why(visitor: Visitor) -> None:
    visitor.await_status("refused: see why")
    visitor.status.click()
    visitor.page.get_by_role("button", name="See why", exact=True).click()
    expect(visitor.page.get_by_text(WHY)).to_be_visible()


def _download(visitor: Visitor) -> dict[str, int]:
    """The copy that is offered: element → how many points it has."""
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("button", name="Download for Excalidraw").click()
    scene = json.loads(download.value.path().read_text())
    return {element["id"]: len(element.get("points") or ()) for element in scene["elements"]}


def _discard(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Discard", exact=True).click()
    visitor.page.get_by_role("alert").get_by_role("button", name="Discard", exact=True).click()
    expect(visitor.page.locator("dialog")).to_have_count(0)


def test_what_a_stroke_adds_after_the_right_was_taken_reaches_nobody_and_is_offered_back(
    new_visitor: NewVisitor, enter: Enter, server: RoomServer, room: Room, shoot: Shoot
) -> None:
    """[P5][PE3] The page hears of it late, so the points are on their way when the server refuses them."""
    ann = new_visitor("Ann")
    LateLine.install(ann.context)
    ann.enter(room.link)
    bob = enter("Bob", room.link)
    ann.page.evaluate("() => { window.marked = true; }")
    ann.board.press([(400, 250), (480, 280)])
    bob.board.await_count(1)
    (stroke,) = bob.board.ids()
    ann.board.move([(560, 250)], steps=10)

    LateLine(ann.page).hold()
    server.set_rights(room, ann.sub, draw=False)
    first = _mark(bob, 400)
    accepted = bob.board.stored()[stroke]
    touched = _watch(bob.page)
    ann.board.move([(640, 300), (700, 250)], steps=10)
    ann.page.wait_for_function(
        "([id, points]) => (__thunderline.doc.getMap('elements').toJSON()[id].pts.length > points)",
        arg=[stroke, len(accepted["pts"])],
    )
    second = _mark(bob, 460)
    assert touched() == {second}
    assert bob.board.stored()[stroke] == accepted

    drawn = ann.board.point_counts()[stroke]
    LateLine(ann.page).release()
    ann.board.move([(760, 320)], steps=10)
    ann.board.release()
    _see_why(ann)
    shoot(ann, "revoked-why")
    assert _download(ann)[stroke] >= drawn > bob.board.point_counts()[stroke]
    _discard(ann)
    ann.await_status("View only")
    ann.board.await_same_as(bob.board)
    assert ann.board.ids() == [stroke, first, second]
    third = _mark(bob, 520)
    assert touched() == {second, third}
    assert bob.board.stored()[stroke] == accepted

    server.set_rights(room, ann.sub, draw=None)
    ann.await_saved()
    again = ann.board.draw([(400, 400), (500, 450)])
    bob.board.await_element(again)
    assert ann.page.evaluate("() => window.marked") is True


def test_a_pen_that_loses_its_right_between_two_points_writes_no_more(
    enter: Enter, server: RoomServer, room: Room
) -> None:
    """[PE3] Nothing was on its way, so nothing is refused: the board shows what everybody has."""
    ann, bob = enter("Ann", room.link), enter("Bob", room.link)
    ann.board.press([(400, 250), (480, 280)])
    ann.await_saved()
    bob.board.await_count(1)
    server.set_rights(room, ann.sub, draw=False)
    ann.await_status("View only")
    accepted = bob.board.stored()
    touched = _watch(bob.page)
    ann.board.move([(560, 250), (640, 300)], steps=10)
    ann.board.release()
    mark = _mark(bob, 400)
    ann.board.await_same_as(bob.board)
    assert touched() == {mark}
    assert bob.board.stored().items() >= accepted.items()
    expect(ann.page.get_by_test_id("notice")).to_contain_text("What you may do here has changed. You can look, chat")


def test_somebody_who_only_looks_draws_as_soon_as_he_is_allowed_to(
    enter: Enter, server: RoomServer, room: Room
) -> None:
    """[PE1] The right counts, not the role."""
    vic, bob = enter("Vic", room.viewer), enter("Bob", room.link)
    vic.await_status("View only")
    server.set_rights(room, vic.sub, draw=True)
    vic.await_saved()
    bob.board.await_element(vic.board.draw([(400, 250), (480, 280)]))


def _draw_three(visitor: Visitor) -> set[str]:
    tools = enumerate("rop")
    return {visitor.board.draw([(380 + 90 * n, 320), (440 + 90 * n, 380)], tool=tool) for n, tool in tools}


def test_what_was_drawn_far_away_after_the_right_was_taken_is_refused_once_and_kept(
    enter: Enter, server: RoomServer, room: Room, shoot: Shoot
) -> None:
    """[RF2][RF4] Three shapes of somebody offline, who loads the page again before he is back."""
    ann, bob = enter("Ann", room.link), enter("Bob", room.link)
    shared = ann.board.draw([(400, 250), (480, 280)])
    bob.board.await_element(shared)
    ann.await_saved()
    ann.await_worker()
    ann.go_offline()
    drawn = _draw_three(ann)
    ann.await_status("on this device")
    server.set_rights(room, ann.sub, draw=False)
    touched = _watch(bob.page)
    ann.reload()
    ann.await_status("on this device")
    ann.board.await_count(4)

    ann.go_online()
    ann.await_status("refused: see why")
    ann.board.await_same_as(bob.board)
    shoot(ann, "revoked-offline")
    ann.reload()
    ann.board.await_count(1)
    _see_why(ann)
    assert set(_download(ann)) == {shared, *drawn}
    ann.page.get_by_role("button", name="Keep for later").click()
    ann.await_status("View only")

    server.set_rights(room, ann.sub, draw=None)
    ann.await_saved()
    after = ann.board.draw([(400, 420), (480, 450)])
    bob.board.await_element(after)
    ann.reload()
    ann.await_saved()
    mark = _mark(bob, 400)
    assert touched() == {after, mark}
    cleo = enter("Cleo", room.link)
    cleo.board.await_same_as(ann.board)
    for visitor in (ann, bob, cleo):
        assert set(visitor.board.stored()) == {shared, after, mark}


def test_refused_work_does_not_come_back_through_another_tab(enter: Enter, server: RoomServer, room: Room) -> None:
    """[RF3][RF4] Two tabs share database and channel; either may be first to hear that the right is gone."""
    ann, bob = enter("Ann", room.link), enter("Bob", room.link)
    shared = ann.board.draw([(400, 250), (480, 280)])
    bob.board.await_element(shared)
    first = ann.page
    ann.open_again(room.link)
    ann.await_saved()
    ann.go_offline()
    drawn = _draw_three(ann)
    first.wait_for_function("(n) => __thunderline.api.getSceneElements().length === n", arg=4)
    server.set_rights(room, ann.sub, draw=False)
    touched = _watch(bob.page)
    ann.go_online()
    ann.await_status("refused: see why")
    ann.board.await_same_as(bob.board)
    second, ann.page = ann.page, first
    ann.board.await_same_as(bob.board)

    server.set_rights(room, ann.sub, draw=None)
    made = set()
    for n, page in enumerate((first, second)):
        ann.page = page
        ann.page.bring_to_front()
        page.wait_for_function("() => __thunderline.session.may('draw')")
        made.add(ann.board.draw([(400 + 100 * n, 420), (480 + 100 * n, 450)]))
        bob.board.await_element([*made][-1])
        ann.reload()
    ann.open_again(room.link)
    ann.page.wait_for_function("() => __thunderline.session.whiteboard.status.get().kind === 'saved'")
    mark = _mark(bob, 400)
    cleo = enter("Cleo", room.link)
    cleo.board.await_same_as(bob.board)
    assert touched() == {*made, mark}
    third = ann.page
    for page in (first, second, third):
        ann.page = page
        ann.board.await_same_as(bob.board)
        assert not drawn & set(ann.board.stored())
    assert set(cleo.board.stored()) == {shared, *made, mark}
