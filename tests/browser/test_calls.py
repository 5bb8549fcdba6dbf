"""Calls in real browsers with fake cameras: everybody sees and hears everybody whom the roster lets him."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.call import Call
from tests.browser.room_server import Room, RoomServer
from tests.browser.visitor import Visitor

Enter = Callable[..., Visitor]
NewVisitor = Callable[..., Visitor]

_TAKE_VIDEO = """async ([room, sub]) => {
  const token = await __thunderline.session.token();
  const answer = await fetch(`/api/rooms/${room}/members/${sub}`, {
    method: 'PATCH', headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    body: JSON.stringify({ overrides: { video: false } }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}"""
_SENDS_ONLY = """(session) => {
  const { connection } = __thunderline.session.call.carrier.others.get(session).peer;
  return connection.getTransceivers()[1].currentDirection === 'sendonly';
}"""


def _call(visitor: Visitor) -> Call:
    return Call(visitor.page)


def _pairs(visitors: list[Visitor]) -> list[tuple[Call, Call]]:
    return [(_call(one), _call(other)) for one, other in itertools.permutations(visitors, 2)]


@pytest.fixture
def pair(enter: Enter, room: Room) -> tuple[Call, Call]:
    """Ann and Bob, in the call with microphone and camera, and connected."""
    ann, bob = _call(enter("Ann", room.link)), _call(enter("Bob", room.link))
    ann.join("mic", "camera")
    bob.join("mic", "camera")
    ann.await_more(bob.session, "voice", "camera")
    bob.await_more(ann.session, "voice", "camera")
    return ann, bob


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RoomServer]:
    """A server that may be stopped."""
    with RoomServer(tmp_path / "data") as server:
        yield server


@pytest.mark.parametrize("count", [2, 3])
def test_everybody_sees_and_hears_everybody(enter: Enter, room: Room, count: int) -> None:
    """[P2] Frames decoded and audio energy on every pair, in both directions."""
    visitors = [enter(name, room.link) for name in ("Ann", "Bob", "Cleo")[:count]]
    for visitor in visitors:
        _call(visitor).join("mic", "camera")
    for one, other in _pairs(visitors):
        one.await_more(other.session, "voice", "camera")
        one.await_tile(other.session, connection="connected", mic=True, hasPicture=True)


def test_what_is_switched_off_is_neither_sent_nor_shown(pair: tuple[Call, Call]) -> None:
    """And comes back over the same connection."""
    ann, bob = pair
    for kind, shown in (("mic", "mic"), ("camera", "hasPicture")):
        bob.turn(kind, on=False)
        ann.await_tile(bob.session, **{shown: False})
        bob.turn(kind, on=True)
        ann.await_tile(bob.session, **{shown: True})
    ann.await_more(bob.session, "voice", "camera")
    assert ann.link_of(bob.session) == 0


def test_a_screen_is_shown_beside_the_camera_and_goes_away(pair: tuple[Call, Call]) -> None:
    """Its sender may go on without the camera."""
    ann, bob = pair
    bob.turn("screen", on=True)
    ann.await_tile(f"{bob.session}/screen", kind="screen", hasPicture=True)
    ann.await_more(bob.session, "screen")
    bob.turn("camera", on=False)
    ann.await_more(bob.session, "screen", "voice")
    bob.turn("screen", on=False)
    ann.await_tile(f"{bob.session}/screen", there=False)


def test_who_leaves_is_gone_and_may_come_again(pair: tuple[Call, Call]) -> None:
    ann, bob = pair
    session = bob.session
    bob.leave()
    ann.await_tile(session, there=False)
    bob.join("mic", "camera")
    ann.await_more(session, "voice", "camera")
    bob.await_more(ann.session, "voice", "camera")


def test_a_tab_that_is_killed_is_gone_for_the_others(enter: Enter, room: Room) -> None:
    """Within 5 s."""
    ann, bob = enter("Ann", room.link), enter("Bob", room.link)
    _call(ann).join("mic")
    _call(bob).join("mic")
    session = _call(bob).session
    _call(ann).await_more(session, "voice")
    ann.page.evaluate("() => { window.began = performance.now(); }")
    bob.leave()
    _call(ann).await_tile(session, there=False)
    assert ann.page.evaluate("() => performance.now() - window.began") < 5_000


def test_a_call_outlives_a_restart_of_the_server(own_server: RoomServer, enter: Enter) -> None:
    """The same connections go on, and the roster has both in the call again."""
    room = own_server.create_room()
    ann, bob = _call(enter("Ann", room.link)), _call(enter("Bob", room.link))
    for call in (ann, bob):
        call.join("mic", "camera")
    ann.await_more(bob.session, "voice", "camera")
    own_server.kill()
    ann.await_more(bob.session, "voice", "camera")
    own_server.start()
    for one, other in ((ann, bob), (bob, ann)):
        one.await_tile(one.session, mic=True)
        one.await_tile(other.session, connection="connected", mic=True, hasPicture=True)
        one.await_more(other.session, "voice", "camera")
        assert one.link_of(other.session) == 0


def test_who_may_not_send_any_more_is_neither_seen_nor_heard(
    new_visitor: NewVisitor, enter: Enter, server: RoomServer
) -> None:
    """[P5] By a moderator's word, at once; and is asked for nothing when it is given back."""
    olga = new_visitor("Olga")
    room = olga.own(server)
    bob = enter("Bob", room.link)
    ann, other = _call(olga), _call(bob)
    ann.join()
    other.join("mic", "camera")
    ann.await_more(other.session, "voice", "camera")
    olga.page.evaluate(_TAKE_VIDEO, [room.id, bob.sub])
    ann.await_tile(other.session, hasPicture=False, mic=True)
    bob.page.wait_for_function("() => __thunderline.session.call.local.get().camera.kind === 'off'")
    ann.await_more(other.session, "voice")


def test_a_viewer_sees_and_hears_and_sends_nothing(enter: Enter, room: Room) -> None:
    """[P5]"""
    ann, vic = _call(enter("Ann", room.link)), _call(enter("Vic", room.viewer))
    ann.join("mic", "camera")
    vic.join()
    vic.await_more(ann.session, "voice", "camera")
    ann.await_tile(vic.session, mic=False, hasPicture=False, connection="connected")


def test_a_connection_that_breaks_comes_back(pair: tuple[Call, Call]) -> None:
    """A page gives its connection up as dead: the two make another one."""
    ann, bob = pair
    ann.page.evaluate("(s) => __thunderline.session.call.carrier.others.get(s).peer.options.onDead()", bob.session)
    ann.page.wait_for_function("(s) => __thunderline.session.call.carrier.others.get(s).link === 1", arg=bob.session)
    for one, other in ((ann, bob), (bob, ann)):
        one.await_tile(other.session, connection="connected")
        one.await_more(other.session, "voice", "camera")
        assert one.link_of(other.session) == 1


def test_low_bandwidth_spares_the_pictures(pair: tuple[Call, Call]) -> None:
    """Audio first; screens stay."""
    ann, bob = pair
    ann.page.evaluate("() => __thunderline.session.call.setInView(new Map())")
    ann.page.wait_for_function(_SENDS_ONLY, arg=bob.session)
    ann.await_more(bob.session, "voice")
    bob.await_more(ann.session, "camera")
