"""[P3] [P5] TH3: being somebody else in the awareness of a document or in the roster of a room."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crdt_docs.frames import MAX_AWARENESS_BYTES, AwarenessEntry, encode_awareness
from crdt_docs.lib0 import varint
from server.auth.identities import color_of
from server.rooms.awareness import MAX_CLIENTS_PER_SOCKET
from tests.hostile.attacker import hand
from tests.hostile.room import NOTES, HonestRoom, Work
from tests.server.live import told, told_of

MINE = 77_777
_OLD_CLOCK, _NEW_CLOCK = 5, 2**40


async def anns_cursor(work: Work) -> dict[str, Any]:
    """Ann shows where she is; gives the state as Bob sees it."""
    await work.ann.socket.send(encode_awareness([AwarenessEntry(work.ann_client, _OLD_CLOCK, {"at": "ann"})]))
    return dict((await work.presence())[work.ann_client])


@pytest.mark.parametrize("clock", [0, _OLD_CLOCK, _NEW_CLOCK])
async def test_nobody_moves_anothers_cursor(room: HonestRoom, clock: int) -> None:
    """[P3] TH3: a newer state under Ann's id is ignored, as every honest provider's echo is."""
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        before = await anns_cursor(work)
        await mallory.awareness((work.ann_client, clock, {"at": "mallory", "user": {"name": "Ann"}}))
        await mallory.settle()
        assert (await work.presence())[work.ann_client] == before
        assert before["at"] == "ann"


@pytest.mark.parametrize("clock", [_OLD_CLOCK, _NEW_CLOCK])
async def test_nobody_makes_another_disappear(room: HonestRoom, clock: int) -> None:
    """[P3] TH3: a removal of Ann and of Bob, sent first and sent after something of one's own."""
    async with room.at_work() as work:
        before = await anns_cursor(work)
        for own in ([], [(MINE, 1, {"at": "mallory"})]):
            async with hand(room, NOTES) as mallory:
                await mallory.awareness(*own, (work.ann_client, clock, None), (work.bob_client, clock, None))
                await mallory.settle()
                assert (await work.presence())[work.ann_client] == before
        assert work.bob_client in await work.presence()


async def test_who_one_is_the_server_says(room: HonestRoom) -> None:
    """[P3] TH3: id, name and colour in a state are Mallory's own, whatever he writes there."""
    anns = {"id": room.ann.user, "name": "Ann", "color": "#000000"}
    forged: list[dict[str, Any]] = [
        {"user": anns}, {"user": "Ann"}, {"user": None}, {"user": [anns]}, {},
        {"user": {"id": [room.ann.user], "name": {"toString": "Ann"}, "__proto__": anns}},
    ]  # fmt: skip
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        for clock, state in enumerate(forged, 1):
            await mallory.awareness((MINE, clock, state))
            await mallory.settle()
            user = (await work.presence())[MINE]["user"]
            assert (user["id"], user["name"]) == (room.mallory.user, "Mallory"), state
            assert user["color"] == color_of(room.mallory.user), state


async def test_a_state_with_two_users_shows_the_servers_word(room: HonestRoom) -> None:
    """[P3] TH3: a key that comes twice in the JSON text must not be read in two ways."""
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        state = f'{{"user":{{"id":"me"}},"user":{{"id":"{room.ann.user}","name":"Ann"}}}}'.encode()
        body = varint(1) + varint(MINE) + varint(1) + varint(len(state)) + state
        await mallory.frame(b"\x01" + varint(len(body)) + body)
        await mallory.settle()
        assert (await work.presence())[MINE]["user"]["id"] == room.mallory.user


async def test_the_same_id_twice_in_a_frame_is_not_checked_once(room: HonestRoom) -> None:
    """[P3] TH3: his own id, then Ann's among it, then his own again."""
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        before = await anns_cursor(work)
        await mallory.awareness(
            (MINE, 1, {"n": 1}), (work.ann_client, _NEW_CLOCK, {"n": 2}), (MINE, 2, {"n": 3}),
            (work.ann_client, _NEW_CLOCK + 1, None),
        )  # fmt: skip
        await mallory.settle()
        assert (await work.presence())[work.ann_client] == before
        assert (await work.presence())[MINE]["n"] == 3


async def test_a_crowd_that_does_not_exist_is_not_shown(room: HonestRoom) -> None:
    """[P5] [P8] TH3: a thousand entries make at most as many cursors as a socket may have; more end the socket."""
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        before = set(await work.presence())
        await mallory.awareness(*((MINE + each, 1, {}) for each in range(1000)))
        await mallory.settle()
        assert len(set(await work.presence()) - before) == MAX_CLIENTS_PER_SOCKET
        await mallory.awareness(*((MINE + each, 1, {}) for each in range(1001)))
        assert await mallory.close_reason() == "malformed_frame"
        assert set(await work.presence()) == before


async def test_a_huge_state_ends_its_sender(room: HonestRoom) -> None:
    """[P6] [P8] TH3: nobody else is sent a megabyte for a cursor."""
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        await mallory.awareness((MINE, 1, {"x": "x" * MAX_AWARENESS_BYTES}))
        assert await mallory.close_reason() == "update_too_large"
        assert MINE not in await work.presence()


async def test_a_deep_state_ends_its_sender(room: HonestRoom) -> None:
    """[P6] TH3: JSON that overflows the stack of whoever reads it by recursion."""
    async with room.at_work(), hand(room, NOTES) as mallory:
        state = b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
        body = varint(1) + varint(MINE) + varint(1) + varint(len(state)) + state
        await mallory.frame(b"\x01" + varint(len(body)) + body)
        assert await mallory.close_reason() == "malformed_frame"


async def test_a_cursor_goes_with_its_socket(room: HonestRoom) -> None:
    """[P5] TH3: who was kicked is not seen any more, and his last word does not bring him back."""
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        await mallory.awareness((MINE, 1, {"at": "mallory"}))
        await mallory.settle()
        assert MINE in await work.presence()
        assert (await room.call("POST", f"/members/{room.mallory.user}/kick", {}, room.olga))[0] == 204
        await mallory.awareness((MINE, 2, {"at": "mallory"}))
        assert await mallory.close_reason() == "removed"
        assert MINE not in await work.presence()


async def test_nobody_is_somebody_else_in_the_roster(room: HonestRoom) -> None:
    """[P3] [P5] TH3: a name can be taken, and nothing else: what a message says of `sub`, role or session is not
    read, and invisible characters are gone."""
    async with room.live.signal(room.id, room.ann.token, room.page("ann")) as anns:
        await told(anns)
        async with room.live.signal(room.id, room.mallory.token, room.page("mallory")) as his:
            await told(his)
            joined = await told_of(anns, "joined")
            await his.send(
                json.dumps(
                    {"type": "rename", "name": "\u202eOlga\u200b", "sub": room.olga.user, "role": "owner",
                     "session": room.page("ann")}
                )
            )  # fmt: skip
            person = (await told_of(anns, "updated"))["person"]
    assert joined["person"]["sub"] == room.mallory.user
    assert (person["name"], person["sub"], person["role"]) == ("Olga", room.mallory.user, "member")
    assert person["session"] == room.page("mallory")
