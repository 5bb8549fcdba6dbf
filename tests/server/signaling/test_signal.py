"""The /signal socket, over a real server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from crdt_docs.ids import RoomId, UserId
from persistence.interfaces import Role
from server.auth.tokens import Claims
from server.errors import SlowConsumer
from server.signaling.hub import Listener
from server.signaling.messages import Draining
from tests.server.live import Live, close_of, guest_key, told


async def _say(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def test_a_newcomer_is_welcomed_with_everybody_and_the_others_are_told(live: Live) -> None:
    """[SG1] [SG2] welcome first; then diffs, whose versions follow the welcome's without a gap."""
    room = await live.room()
    async with live.signal(room, live.token(room), "a") as ann:
        welcome = await told(ann)
        assert next(iter(welcome)) == "type"
        assert welcome["type"] == "welcome"
        assert (welcome["you"]["sub"], welcome["you"]["session"], welcome["media_mode"]) == ("ann", "a", "mesh")
        assert [person["session"] for person in welcome["roster"]["sessions"]] == ["a"]
        assert "draw" in welcome["permissions"]
        version = welcome["roster"]["version"]

        async with live.signal(room, live.token(room, "bob", Role.VIEWER), "b") as bob:
            bobs = await told(bob)
            joined = await told(ann)
            assert [person["sub"] for person in bobs["roster"]["sessions"]] == ["ann", "bob"]
            assert bobs["permissions"] == []
            assert (joined["type"], joined["version"], joined["person"]["sub"]) == ("joined", version + 1, "bob")
            assert joined["person"]["color"] == bobs["you"]["color"]

        left = await told(ann)
        assert left == {"type": "left", "version": version + 2, "session": "b", "sub": "bob"}


async def test_somebody_who_missed_a_diff_gets_the_whole_roster(live: Live) -> None:
    """[SG3] roster is answered with the roster at its version."""
    room = await live.room()
    async with live.signal(room, live.token(room), "a") as ann:
        welcome = await told(ann)
        await _say(ann, type="roster")
        assert await told(ann) == {"type": "roster", **welcome["roster"]}


async def test_a_new_name_reaches_everybody_and_is_kept(live: Live) -> None:
    """[SG7] rename is cleaned, told as updated, and the list of members has it."""
    room = await live.room()
    async with live.signal(room, live.token(room), "a") as ann:
        await told(ann)
        async with live.signal(room, live.token(room), "a2") as second:
            await told(second)
            await _say(ann, type="rename", name="  Anna \n B ")
            names = [(await told(second))["person"]["name"] for _ in range(2)]
            assert names == ["Anna B", "Anna B"]
    members = await live.app.services.stores.rooms.members(RoomId(room))
    assert {member.user: member.name for member in members}["ann"] == "Anna B"


async def test_a_bad_message_is_answered_and_the_socket_goes_on(live: Live) -> None:
    """[SG5] Until there were 20 in a row."""
    room = await live.room()
    async with live.signal(room, live.token(room)) as ann:
        await told(ann)
        for text in ("", "{", "[]", '{"type":"fly"}', '{"type":"rename"}', '{"type":"rename","name":" "}', "[" * 2000):
            await ann.send(text)
            answer = await told(ann)
            assert (answer["type"], answer["code"]) == ("error", "malformed_frame")
        await ann.send(b"\x00")
        assert (await told(ann))["code"] == "malformed_frame"
        await _say(ann, type="roster")
        assert (await told(ann))["type"] == "roster"
        for _ in range(20):
            await ann.send("no")
        assert await close_of(ann) == (4400, "malformed_frame")


async def test_somebody_who_says_too_much_is_closed_and_nobody_else(live: Live) -> None:
    """[SG8] A flood ends the flooder's socket."""
    room = await live.room()
    async with live.signal(room, live.token(room, "bob"), "b") as bob:
        await told(bob)
        async with live.signal(room, live.token(room), "a") as ann:
            for _ in range(400):
                await _say(ann, type="roster")
            assert await close_of(ann) == (4529, "rate_limited")
        await _say(bob, type="roster")
        while (await told(bob))["type"] != "roster":
            pass


async def test_leave_closes_the_socket(live: Live) -> None:
    """[SG9] A normal end."""
    room = await live.room()
    async with live.signal(room, live.token(room)) as ann:
        await _say(ann, type="leave")
        assert (await close_of(ann))[0] == 1000


@pytest.mark.parametrize(
    ("room", "token_room", "seconds", "session", "close"),
    [
        ("room", None, 0, None, (4401, "token_invalid")),
        ("room", "other", 60, None, (4401, "token_invalid")),
        ("room", "room", -60, None, (4401, "token_expired")),
        ("nowhere", "nowhere", 60, None, (4404, "unknown_room")),
        ("nowhere", None, 0, None, (4401, "token_invalid")),
        ("a.b", "*", 60, None, (4404, "unknown_room")),
        ("room", "room", 60, "a.b", (4400, "malformed_frame")),
        ("room", "room", 60, "theirs", (4403, "permission_denied")),
    ],
)
async def test_a_socket_that_may_not_enter_is_told_by_its_close_code(
    live: Live, room: str, token_room: str | None, seconds: int, session: str | None, close: tuple[int, str]
) -> None:
    """[SG0] Accepted, then closed with the code of the table; without a token nobody learns which rooms exist."""
    await live.room()
    async with live.signal("room", live.token("room", "bob"), "theirs") as bob:
        await told(bob)
        token = live.token(token_room, seconds=seconds) if token_room else None
        async with live.signal(room, token, session) as refused:
            assert await close_of(refused) == close


async def test_everybody_is_told_before_the_server_stops(live: Live) -> None:
    """[SG6] draining, then 4503, which is retried."""
    room = await live.room()
    async with live.signal(room, live.token(room)) as ann:
        await told(ann)
        live.stop.set()
        assert await told(ann) == {"type": "draining"}
        assert await close_of(ann) == (4503, "room_draining")


async def test_a_listener_that_lets_its_queue_run_full_is_ended() -> None:
    """[SG4] Bounded, with a stated reaction."""
    listener = Listener(limit=50)
    for _ in range(10):
        listener.tell(Draining())

    async def send(_text: str) -> None:
        raise AssertionError

    with pytest.raises(SlowConsumer):
        await asyncio.wait_for(listener.run(send, 1.0), 5)


async def test_a_listener_that_does_not_take_a_message_in_time_is_ended() -> None:
    """[SG4] A reader that never reads is no member for ever."""
    listener = Listener(limit=5000)
    listener.tell(Draining())

    async def never(_text: str) -> None:
        await asyncio.Event().wait()

    with pytest.raises(SlowConsumer):
        await asyncio.wait_for(listener.run(never, 0.01), 5)


async def test_a_guest_is_called_what_he_last_chose(live: Live) -> None:
    """[AD3] [SG7] In a token from before, too: another page of his may still have that."""
    client = live.app.quart.test_client()
    created = await client.post("/api/rooms", json={"owner": {"name": "Ann", "guest_key": guest_key()}})
    room, token = (answer := await created.get_json())["room"]["id"], answer["token"]
    async with live.signal(room, token, "a") as ann:
        await told(ann)
        await _say(ann, type="rename", name="Anna")
        await told(ann)

    async with live.signal(room, token, "b") as later:
        assert (await told(later))["you"]["name"] == "Anna"


async def test_a_newer_token_of_the_same_person_prolongs_the_stay(live: Live) -> None:
    """[SG12] [SB13] Not somebody else's, not another room's, not an expired one."""
    room = await live.room()
    async with live.signal(room, live.token(room, seconds=60), "a") as ann:
        until = (await told(ann))["expires_at"]
        await _say(ann, type="renew", token=live.token(room, seconds=600))
        assert (await told(ann))["expires_at"] > until
        knocking = Claims(UserId("ann"), "Ann", room, Role.VIEWER, knock=True)
        for token, code in (
            (live.token(room, "bob"), "token_invalid"), (live.token("other"), "token_invalid"), ("x", "token_invalid"),
            (live.token(room, seconds=-60), "token_expired"),
            (live.app.services.tokens.issue(knocking, 60)[0], "not_admitted"),
        ):  # fmt: skip
            await _say(ann, type="renew", token=token)
            answer = await told(ann)
            assert (answer["type"], answer["code"]) == ("error", code)


async def test_a_raised_hand_is_seen(live: Live) -> None:
    """[RO1] As an update of the person."""
    room = await live.room()
    async with live.signal(room, live.token(room), "a") as ann:
        await told(ann)
        await _say(ann, type="hand", up=True)
        assert (await told(ann))["person"]["hand"] is True
