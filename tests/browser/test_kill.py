"""What anyone has seen is on disk (P1), seen from the screens: the server dies in the middle of a stroke."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.room_server import RoomServer
from tests.browser.visitor import Visitor

Enter = Callable[..., Visitor]


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[RoomServer]:
    """A server of this test alone."""
    with RoomServer(tmp_path / "data") as server:
        yield server


def test_nothing_that_was_on_the_other_screen_is_missing_after_kill_9(mortal: RoomServer, enter: Enter) -> None:
    """[P1] [P2] A third browser asks the restarted server alone: those who saw it cannot bring it back before."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    hand = random.Random(seed)
    room = mortal.create_room()
    ann, bob = enter("Ann", room.link), enter("Bob", room.link)
    for n in range(hand.randrange(3, 7)):
        ann.board.draw([(350 + 40 * n, 220 + hand.randrange(200)), (380 + 40 * n, 240 + hand.randrange(200))])
    ann.chat.say("Do you see this?")
    bob.chat.open()
    bob.chat.message("Do you see this?").wait_for()
    ann.board.press([(400, 500), (450, 520)])
    bob.board.await_count(len(ann.board.ids()))
    ann.board.move([(500 + hand.randrange(100), 500 + hand.randrange(100))], steps=hand.randrange(5, 40))

    mortal.kill()
    seen = bob.board.point_counts()
    for visitor in (ann, bob):
        visitor.go_offline()
    ann.board.move([(700, 450)])
    ann.board.release()
    ann.board.draw([(600, 250), (700, 330)], tool="r")
    drawn = len(ann.board.ids())

    mortal.start()
    cleo = enter("Cleo", room.link)
    for element, points in seen.items():
        cleo.board.await_element(element, points)
    cleo.chat.open()
    cleo.chat.message("Do you see this?").wait_for()

    for visitor in (ann, bob):
        visitor.go_online()
    for visitor in (ann, bob, cleo):
        visitor.board.await_count(drawn)
        visitor.await_saved()
    bob.board.await_same_as(ann.board)
    cleo.board.await_same_as(ann.board)


def test_what_was_reported_as_saved_survives_kill_9(mortal: RoomServer, enter: Enter) -> None:
    """[P1]"""
    room = mortal.create_room()
    ann = enter("Ann", room.link)
    stroke = ann.board.draw([(400, 300), (500, 350), (420, 400)])
    ann.board.write((400, 500), "kept")
    ann.await_saved()
    mortal.kill()
    wanted = ann.board.point_counts()
    ann.go_offline()

    mortal.start()
    bob = enter("Bob", room.link)
    for element, points in wanted.items():
        bob.board.await_element(element, points)
    assert stroke in wanted


def test_drawing_goes_on_over_a_crash_as_if_nothing_had_been(mortal: RoomServer, enter: Enter) -> None:
    """[P2]"""
    room = mortal.create_room()
    ann, bob = enter("Ann", room.link), enter("Bob", room.link)
    ann.board.press([(400, 300), (450, 350)])
    bob.board.await_count(1)
    mortal.kill()
    ann.await_status("Offline")
    ann.board.move([(500, 300), (550, 350)], steps=12)
    mortal.start()
    ann.board.release()
    for visitor in (ann, bob):
        visitor.await_saved()
    bob.board.await_element(ann.board.ids()[0], points=ann.board.point_counts()[ann.board.ids()[0]])
    bob.board.await_same_as(ann.board)
