"""Marks over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from persistence.interfaces import Role
from server.routes import marks as routes
from tests.server.live import Live

MARKS = "/api/rooms/room/marks"


@pytest.fixture
async def room(live: Live) -> Live:
    """A server with a room."""
    await live.room()
    return live


async def test_a_moment_is_named_and_found_again(room: Live) -> None:
    """[MK1] [MK2] Now by default, and tidied as names are; the overview tells it too."""
    ann, viewer = room.token("room", "ann"), room.token("room", "viv", Role.VIEWER)
    status, made = await room.call("POST", MARKS, {"label": "  First   idea "}, ann)
    assert (status, made["label"], made["kind"], made["by"]) == (201, "First idea", "person", "ann")
    _, earlier = await room.call("POST", MARKS, {"label": "Before", "at": made["at"] - 1}, ann)

    assert await room.call("GET", MARKS, token=viewer) == (200, {"marks": [earlier, made]})
    assert (await room.call("GET", "/api/rooms/room/history", token=viewer))[1]["marks"] == [earlier, made]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "malformed_frame"),
        ({"label": "\u200b"}, 400, "malformed_frame"),
        ({"label": "x" * 81}, 400, "malformed_frame"),
        ({"label": "Dawn", "at": -1}, 400, "malformed_frame"),
        ({"label": "Dawn", "at": 1}, 416, "range_invalid"),
        ({"label": "Doom", "at": 2**53 - 1}, 416, "range_invalid"),
    ],
)
async def test_what_is_no_moment_of_the_room_is_refused(room: Live, body: Any, status: int, code: str) -> None:
    """[MK2]"""
    answer = await room.call("POST", MARKS, body, room.token("room"))
    assert (answer[0], answer[1]["error"]["code"]) == (status, code)


async def test_a_room_is_not_filled_with_marks(room: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """[MK2]"""
    monkeypatch.setattr(routes, "MAX_MARKS", 1)
    token = room.token("room")
    assert (await room.call("POST", MARKS, {"label": "One"}, token))[0] == 201
    answer = await room.call("POST", MARKS, {"label": "Two"}, token)
    assert (answer[0], answer[1]["error"]["code"]) == (413, "quota_exceeded")


async def test_only_who_set_it_and_moderators_take_a_mark_away(room: Live) -> None:
    """[MK2] [MK3] Viewers set none."""
    ann, bob = room.token("room", "ann"), room.token("room", "bob")
    boss, viewer = room.token("room", "olga", Role.OWNER), room.token("room", "viv", Role.VIEWER)
    assert (await room.call("POST", MARKS, {"label": "Mine"}, viewer))[0] == 403
    ids = [(await room.call("POST", MARKS, {"label": "Mine"}, ann))[1]["id"] for _ in range(2)]

    assert (await room.call("DELETE", f"{MARKS}/{ids[0]}", token=bob))[0] == 403
    assert (await room.call("DELETE", f"{MARKS}/{ids[0]}", token=ann))[0] == 204
    assert (await room.call("DELETE", f"{MARKS}/{ids[1]}", token=boss))[0] == 204
    gone = await room.call("DELETE", f"{MARKS}/{ids[1]}", token=boss)
    assert (gone[0], gone[1]["error"]["code"]) == (404, "unknown_path")
