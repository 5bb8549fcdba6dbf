"""Calls of whole pages through the server's forwarder, which a small `mesh_limit` starts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.call import Call
from tests.browser.room_server import RoomServer
from tests.browser.visitor import Visitor

Enter = Callable[..., Visitor]
NAMES = ("Ann", "Bob", "Cleo", "Dan", "Eve", "Finn")


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[RoomServer]:
    """A server on which two people with a track on are too many for a mesh."""
    with RoomServer(tmp_path / "data", mesh_limit=1) as server:
        yield server


def _callers(server: RoomServer, enter: Enter, count: int) -> list[Call]:
    room = server.create_room()
    calls = [Call(enter(name, room.link).page) for name in NAMES[:count]]
    for call in calls:
        call.join("mic", "camera")
    return calls


def _await_everybody(calls: list[Call]) -> None:
    for one, other in itertools.permutations(calls, 2):
        one.await_more(other.session, "voice", "camera")
        one.await_tile(other.session, connection="connected", mic=True, hasPicture=True)


@pytest.mark.parametrize("count", [2, 6])
def test_a_call_that_grows_goes_through_the_forwarder(narrow: RoomServer, enter: Enter, count: int) -> None:
    """Frames decoded and audio energy on every pair, in both directions."""
    calls = _callers(narrow, enter, count)
    for call in calls:
        call.await_mode("forwarder")
    _await_everybody(calls)


def test_muting_and_a_screen_go_through_the_forwarder(narrow: RoomServer, enter: Enter) -> None:
    ann, bob = _callers(narrow, enter, 2)
    ann.await_mode("forwarder")
    _await_everybody([ann, bob])
    bob.turn("camera", on=False)
    ann.await_tile(bob.session, hasPicture=False, mic=True)
    bob.turn("screen", on=True)
    ann.await_tile(f"{bob.session}/screen", hasPicture=True)
    ann.await_more(bob.session, "voice", "screen")
    bob.turn("camera", on=True)
    ann.await_more(bob.session, "camera")


def test_a_call_in_mesh_goes_over_to_the_forwarder_when_a_page_asks(enter: Enter, server: RoomServer) -> None:
    ann, bob = _callers(server, enter, 2)
    _await_everybody([ann, bob])
    ann.page.evaluate("() => __thunderline.session.signal.askForwarder()")
    for call in (ann, bob):
        call.await_mode("forwarder")
    _await_everybody([ann, bob])
