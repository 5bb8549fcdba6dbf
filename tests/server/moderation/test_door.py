"""Knocking, letting in, declining, and asking to be quiet, over a real server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from server.auth.limits import KeyedLimit
from tests.server.live import Live, close_of, guest_key, told, told_of
from tests.server.moderation.rooms import Room, make_room


@pytest.fixture
async def room(live: Live) -> Room:
    return await make_room(live, access="lobby", name="Planning")


@asynccontextmanager
async def knocking(room: Room, key: str, name: str = "Ann") -> AsyncIterator[tuple[ClientConnection, str]]:
    """Somebody before the door: his socket and user id."""
    status, asked = await room.join(key, name)
    assert (status, asked["lobby"], asked["room"]) == (202, True, {"id": room.id, "name": "Planning"})
    async with room.live.signal(room.id, asked["token"]) as socket:
        yield socket, asked["me"]["sub"]


async def say(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def test_who_knocks_waits_until_somebody_opens(room: Room) -> None:
    """[RT13] [LO4] [LO5] [MO10] He learns why he waits and how many can open; let in, he is a member for good."""
    key = guest_key()
    async with knocking(room, key) as (ann, user):
        waiting = await told(ann)
        assert (waiting["type"], waiting["room"]["name"], waiting["moderators"]) == ("waiting", "Planning", 0)
        assert waiting["reason"]
        async with room.live.signal(room.id, room.owner, "owner-page") as owner:
            assert [knocker["sub"] for knocker in (await told(owner))["knocks"]] == [user]
            assert (await told_of(ann, "waiting"))["moderators"] == 1
            await say(owner, type="admit", sub=user)
            assert await told_of(ann, "admitted") == {"type": "admitted"}
            assert await told_of(owner, "knock_gone") == {"type": "knock_gone", "sub": user}
    status, joined = await room.join(key)
    assert (status, joined["me"]["sub"], joined["me"]["role"]) == (200, user, "member")
    assert "knock_admitted" in await room.kinds()


async def test_who_is_declined_reads_why(room: Room) -> None:
    """[MO11] And may knock again."""
    key = guest_key()
    async with room.live.signal(room.id, room.owner, "owner-page") as owner:
        await told(owner)
        for _ in range(2):
            async with knocking(room, key) as (ann, user):
                assert (await told_of(owner, "knock"))["sub"] == user
                await say(owner, type="decline", sub=user, reason="Tomorrow.")
                assert (await told_of(ann, "declined"))["reason"] == "Tomorrow."
                assert await close_of(ann) == (4403, "not_admitted")
    assert await room.kinds() == ["knock_declined", "knock_declined", "room_created"]


async def test_who_goes_does_not_wait_any_more(room: Room) -> None:
    """[LO1] [LO2] [LO3] One knock for two pages of one person; it is gone with the last of them."""
    key = guest_key()
    async with room.live.signal(room.id, room.owner, "owner-page") as owner:
        await told(owner)
        async with knocking(room, key) as (first, user):
            assert (await told_of(owner, "knock"))["sub"] == user
            async with knocking(room, key):
                pass
            await say(owner, type="roster")
            assert (await told(owner))["type"] == "roster"  # neither a second knock nor that it is gone
            assert (await told(first))["type"] == "waiting"
        assert (await told(owner)) == {"type": "knock_gone", "sub": user}
        await say(owner, type="admit", sub=user)
        assert (await told(owner))["code"] == "unknown_path"


async def test_who_knocks_again_is_told_that_he_waits(room: Room) -> None:
    """[LO7]"""
    async with knocking(room, guest_key()) as (ann, _):
        await told(ann)
        await say(ann, type="knock")
        assert (await told(ann))["type"] == "waiting"


async def test_a_token_for_knocking_is_good_for_nothing_else(room: Room) -> None:
    """[LO6] Neither REST nor any message but knock."""
    _, asked = await room.join(guest_key())
    status, refused = await room.live.call("GET", f"/api/rooms/{room.id}", token=asked["token"])
    assert (status, refused["error"]["code"]) == (403, "not_admitted")
    async with room.live.signal(room.id, asked["token"]) as ann:
        await told(ann)
        for message in ({"type": "roster"}, {"type": "admit", "sub": asked["me"]["sub"]}, {"type": "hand", "up": True}):
            await say(ann, **message)
            assert (await told(ann))["code"] == "permission_denied"


async def test_a_new_moderator_learns_who_waits(room: Room) -> None:
    """[SG10]"""
    mo = room.live.token(room.id, "mo")
    async with room.live.signal(room.id, mo, "mo-page") as moderator, knocking(room, guest_key()) as (_, user):
        assert (await told(moderator))["knocks"] == []
        assert (await room.set(room.owner, "mo", role="moderator"))[0] == 200
        assert (await told_of(moderator, "knock"))["sub"] == user


async def test_those_who_wait_come_in_when_the_lobby_is_no_more(room: Room) -> None:
    """[LO6] [MO8] The room is open to its link now."""
    async with knocking(room, guest_key()) as (ann, _):
        await told(ann)
        assert (await room.change(room.owner, access="link"))[0] == 200
        assert await told_of(ann, "admitted")


async def test_only_who_moderates_opens_or_asks_to_mute(room: Room) -> None:
    """[MO10] [MO11] [MO12]"""
    member = room.live.token(room.id, "bob")
    async with room.live.signal(room.id, member, "bob-page") as bob, knocking(room, guest_key()) as (_, user):
        assert (await told(bob))["knocks"] == []
        for message in (
            {"type": "admit", "sub": user}, {"type": "decline", "sub": user},
            {"type": "mute_request", "to": "bob-page", "what": "mic"},
        ):  # fmt: skip
            await say(bob, **message)
            assert (await told(bob))["code"] == "permission_denied"


async def test_muting_is_asked_for(room: Room) -> None:
    """[MO12] [SB8] The page is told by whom; what it sends is its own to change, and only what it may."""
    bob_token = room.live.token(room.id, "bob")
    async with (
        room.live.signal(room.id, bob_token, "bob-page") as bob,
        room.live.signal(room.id, room.owner, "owner-page") as owner,
    ):
        await told(owner)
        await say(bob, type="call", id="call-of-bob")
        assert (await told_of(owner, "updated"))["person"]["call"] == "call-of-bob"
        await say(bob, type="media", mic=True, camera=True)
        media = (await told_of(owner, "updated"))["person"]["media"]
        assert media == {"mic": True, "camera": True, "screen": False}
        await say(owner, type="mute_request", to="bob-page", what="mic")
        muted = await told_of(bob, "muted")
        assert (muted["what"], muted["by"]["name"]) == ("mic", "Owner")
        assert (await room.set(room.owner, "bob", overrides={"video": False}))[0] == 200
        assert (await told_of(owner, "updated"))["person"]["media"] == {"mic": True, "camera": False, "screen": False}
        await say(bob, type="media", mic=True, camera=True)
        assert (await told_of(bob, "error"))["code"] == "permission_denied"
        await say(owner, type="mute_request", to="nowhere", what="mic")
        assert (await told_of(owner, "error"))["code"] == "unknown_path"


async def test_coming_back_over_and_over_disturbs_nobody(room: Room) -> None:
    """[LI4] New names cost nothing, so knocking counts by address; the next room has to wait as well."""
    limits, clock = room.live.app.services.limits, room.live.app.services.clock
    limits.knocking = KeyedLimit(rate=1e-9, burst=2, clock=clock)
    for _ in range(2):
        async with knocking(room, guest_key()) as (socket, _user):
            assert (await told(socket))["type"] == "waiting"
    async with knocking(room, guest_key()) as (socket, _user):
        assert await close_of(socket) == (4529, "rate_limited")
