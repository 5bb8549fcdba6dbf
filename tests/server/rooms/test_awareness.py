"""Who may say what about whom."""

from __future__ import annotations

from typing import Any

import pytest
from pycrdt import Awareness, Doc

from crdt_docs.frames import Awareness as AwarenessFrame
from crdt_docs.frames import AwarenessEntry, decode_frame
from crdt_docs.ids import ClientId
from server.rooms.awareness import MAX_CLIENTS_PER_SOCKET, AwarenessBook
from tests.server.rooms.reader import author

ANN, BOB = author("ann"), author("bob")


@pytest.fixture
def book() -> AwarenessBook:
    return AwarenessBook(Awareness(Doc()))


def entry(client: int, clock: int, state: dict[str, Any] | None) -> AwarenessEntry:
    return AwarenessEntry(ClientId(client), clock, state)


def told(frame: bytes | None) -> dict[int, Any]:
    if frame is None:
        return {}
    message = decode_frame(frame)
    assert isinstance(message, AwarenessFrame)
    return {each.client: each.state for each in message.entries}


def test_the_server_signs_who_speaks(book: AwarenessBook) -> None:
    """[AW4] A name is the server's to give; everything else is the client's."""
    book.announce("s1", ANN, [entry(7, 1, {"user": {"name": "Bob", "id": "bob", "hat": 1}, "p": [1, 2]})])

    assert told(book.snapshot()) == {
        7: {"user": {"name": "Ann", "id": "ann", "color": "#1c7ed6", "hat": 1}, "p": [1, 2]}
    }


def test_a_rebroadcast_of_others_changes_nothing(book: AwarenessBook) -> None:
    """[AW2] Honest providers repeat what they hear."""
    book.announce("s1", ANN, [entry(7, 1, {"p": 1})])
    book.announce("s2", BOB, [entry(8, 1, {"p": 2})])
    book.take_changes()

    book.announce("s2", BOB, [entry(7, 5, {"p": 3}), entry(7, 6, None)])

    assert not book.changed
    assert told(book.snapshot())[7]["p"] == 1


def test_a_leaver_takes_his_own_ids_along_and_no_others(book: AwarenessBook) -> None:
    """[AW5] Gone at once, not after 30 s."""
    book.announce("s1", ANN, [entry(7, 3, {"p": 1})])
    book.announce("s2", BOB, [entry(8, 1, {"p": 2})])
    book.take_changes()

    book.leave("s1")

    assert told(book.take_changes()) == {7: None}
    assert set(told(book.snapshot())) == {8}


def test_an_echo_of_a_leaver_makes_no_ghost(book: AwarenessBook) -> None:
    """[AW3] Bob's provider repeats Ann's state while she leaves."""
    book.announce("s1", ANN, [entry(7, 3, {"p": 1})])
    book.announce("s2", BOB, [entry(8, 1, {"p": 2})])
    book.leave("s1")
    book.take_changes()

    book.announce("s2", BOB, [entry(7, 3, {"p": 1})])

    assert set(told(book.snapshot())) == {8}


def test_a_returning_page_speaks_under_its_old_id(book: AwarenessBook) -> None:
    """[AW1] A new socket of the same page has the same client id and the same clock."""
    book.announce("s1", ANN, [entry(7, 3, {"p": 1})])
    book.leave("s1")
    book.take_changes()

    book.announce("s3", ANN, [entry(7, 3, {"p": 1})])

    assert set(told(book.snapshot())) == {7}


def test_a_newer_socket_of_the_same_user_takes_over(book: AwarenessBook) -> None:
    """[AW2] The old one may be dead and not know it; its end then changes nothing."""
    book.announce("s1", ANN, [entry(7, 3, {"p": 1})])
    book.announce("s3", ANN, [entry(7, 4, {"p": 2})])
    book.leave("s1")

    assert told(book.snapshot())[7]["p"] == 2


def test_nobody_takes_anothers_id(book: AwarenessBook) -> None:
    """[AW2] Not even as the first thing said."""
    book.announce("s1", ANN, [entry(7, 3, {"p": 1})])
    book.announce("s2", BOB, [entry(7, 9, {"p": 2})])

    assert told(book.snapshot())[7]["user"]["name"] == "Ann"


def test_an_old_clock_is_stale(book: AwarenessBook) -> None:
    """[AW7] The latest state wins."""
    book.announce("s1", ANN, [entry(7, 3, {"p": 1})])
    book.announce("s1", ANN, [entry(7, 2, {"p": 0})])

    assert told(book.snapshot())[7]["p"] == 1


def test_one_socket_announces_a_bounded_number_of_ids(book: AwarenessBook) -> None:
    """[AW1] A flood of ids is cut off."""
    book.announce("s1", ANN, [entry(client, 1, {}) for client in range(100)])

    assert len(told(book.snapshot())) == MAX_CLIENTS_PER_SOCKET


def test_an_empty_room_has_nobody_to_tell_of(book: AwarenessBook) -> None:
    """[AW6] The server itself has no cursor."""
    assert book.snapshot() is None


def test_who_listens_hears_what_was_accepted_and_its_end(book: AwarenessBook) -> None:
    """[AW9] Nothing that is old, or of an id that is somebody else's."""
    heard: list[tuple[str, Any]] = []
    book.on_state = lambda author, state: heard.append((author.user, state))
    book.announce("s1", ANN, [entry(7, 2, {"p": 1}), entry(7, 1, {"p": 0})])
    book.announce("s2", BOB, [entry(8, 1, {"p": 2}), entry(7, 9, {"p": 3})])
    book.announce("s2", BOB, [entry(8, 2, None)])
    book.leave("s1")

    assert heard == [("ann", {"p": 1}), ("bob", {"p": 2}), ("bob", None), ("ann", None)]
