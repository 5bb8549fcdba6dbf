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
    for (const event of events) for (const id of event.path.length ? [event.path[0]] : event.keys.keys()) touched.add(id);
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
    expect(visitor.page.get_by_role("dialog")).to_be_hidden()


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
