"""[P5] TH8: coming back to where one was sent away from, or where nobody may be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Map
from websockets.exceptions import ConnectionClosed

from crdt_docs.ids import RoomId, UserId
from persistence.interfaces import Role
from server.auth.tokens import Claims
from tests.crdt_docs.wire import run, update
from tests.hostile.attacker import hand, put
from tests.hostile.room import EVERY_DOCUMENT, NOTES, HonestRoom
from tests.hostile.witness import Witness
from tests.server.api import operator
from tests.server.live import Live, close_of, configured, guest_key, serving, told, told_of

MINE = 77_777


async def stays_out(room: HonestRoom, code: str, token: str | None = None, session: str = "") -> None:
    """No socket of either kind lets Mallory in, and neither gives him a frame."""
    token = token or room.mallory.token
    for document in EVERY_DOCUMENT:
        async with hand(room, document, token, session=session) as mallory:
            assert await mallory.close_reason() == code
            assert mallory.heard == []
    async with room.live.signal(room.id, token, session) as socket:
        with pytest.raises(ConnectionClosed):
            await told(socket)
        assert socket.close_reason == code


async def comes_in(room: HonestRoom, token: str, session: str = "") -> bool:
    """Whether a sync socket is let in."""
    async with hand(room, NOTES, token, session=session) as someone:
        try:
            await someone.settle()
        except ConnectionClosed:
            return False
        return True


async def set_door(room: HonestRoom, door: str) -> None:
    """Olga moves the door."""
    assert (await room.call("PATCH", "", {"door": door}, room.olga))[0] == 200


async def test_a_locked_room_lets_no_new_page_in(room: HonestRoom) -> None:
    """[P5] TH8: not with a good token, not by the link or an invitation, not with a session of one's own making or
    with that of a page that is inside."""
    async with room.at_work():
        async with hand(room, NOTES, room.ann, session=room.page("ann")) as anns:
            await anns.settle()
            await set_door(room, "locked")
            for session in ("", "made-up"):
                async with hand(room, NOTES, session=session) as mallory:
                    assert await mallory.close_reason() == "room_locked"
            async with hand(room, NOTES, session=room.page("ann")) as mallory:
                assert await mallory.close_reason() in ("room_locked", "permission_denied")
            for key in (None, room.links["member"].partition("#k=")[2]):
                body = {"name": "Eve", "guest_key": guest_key(), "key": key}
                assert await room.refused("POST", "/join", body) == "room_locked"
        assert await comes_in(room, room.ann.token, session=room.page("ann"))


async def test_an_old_session_does_not_open_a_lock_twice(room: HonestRoom) -> None:
    """[P5] TH8: the page that was inside may come back; not with somebody else's token, and not after a kick."""
    async with hand(room, NOTES, session=room.page("mallory")) as mallory:
        await mallory.settle()
    async with room.at_work():
        await set_door(room, "locked")
        assert await comes_in(room, room.mallory.token, session=room.page("mallory"))
        assert not await comes_in(room, room.bob.token, session=room.page("mallory"))
        assert (await room.call("POST", f"/members/{room.mallory.user}/kick", {}, room.olga))[0] == 204
        await stays_out(room, "token_invalid", session=room.page("mallory"))
        body = {"name": "Mallory", "guest_key": room.mallory.key}
        assert await room.refused("POST", "/join", body) == "room_locked"


async def test_a_closed_room_is_closed_to_pages_that_were_inside(room: HonestRoom) -> None:
    """[P5] TH8: everybody is sent away, nothing that was sent at the last moment counts, and no page comes back."""
    async with hand(room, NOTES, session=room.page("mallory")) as mallory:
        await mallory.settle()
        await set_door(room, "closed")
        await mallory.update(update(run(MINE, 0, put())))
        assert await mallory.close_reason() == "room_locked"
        await stays_out(room, "room_locked", session=room.page("mallory"))
        assert await room.refused("POST", "/join", {"name": "M", "guest_key": room.mallory.key}) == "room_locked"
        await set_door(room, "open")
        async with room.at_work() as work:
            assert "forged" not in work.names()


async def test_a_full_room_is_not_made_fuller(room: HonestRoom) -> None:
    """[P5] [P8] TH8: not by sockets side by side, not by either kind of socket, not by joining; Olga finds a place."""
    assert (await room.call("PATCH", "", {"max_people": 2}, room.olga))[0] == 200
    async with room.at_work():
        await stays_out(room, "room_full")
        body = {"name": "Mallory", "guest_key": room.mallory.key}
        assert await room.refused("POST", "/join", body) == "room_full"
        async with (
            hand(room, NOTES, session=room.page("full")) as one,
            hand(room, NOTES, session=room.page("full")) as two,
        ):
            assert [await one.close_reason(), await two.close_reason()] == ["room_full"] * 2
        assert await comes_in(room, room.olga.token)


async def test_who_was_kicked_is_gone_from_all_his_sockets(room: HonestRoom) -> None:
    """[P5] TH8: every page and document; what they send while closing does not count; the old session is void."""
    async with room.at_work() as work:
        async with (
            hand(room, NOTES, session=room.page("one")) as notes,
            hand(room, "chat", session=room.page("two")) as chat,
            room.live.signal(room.id, room.mallory.token, room.page("one")) as signal,
        ):
            await notes.settle()
            await chat.settle()
            await told(signal)
            assert (await room.call("POST", f"/members/{room.mallory.user}/kick", {}, room.olga))[0] == 204
            await notes.update(update(run(MINE, 0, put())))
            assert [await notes.close_reason(), await chat.close_reason()] == ["removed"] * 2
            assert (await told_of(signal, "removed"))["code"] == "removed"
            assert (await close_of(signal))[1] == "removed"
        await stays_out(room, "token_invalid", session=room.page("one"))
        assert "forged" not in work.names()


async def test_a_kick_from_a_room_by_invitation_takes_a_new_one(live: Live, witness: Witness) -> None:
    """[P5] TH8: the invitation that let him in is older than the kick; so are all the others that he has kept."""
    room = await HonestRoom.open(live, witness, access="invite")
    async with room.at_work():
        assert (await room.call("POST", f"/members/{room.mallory.user}/kick", {}, room.olga))[0] == 204
        for role in ("member", "moderator", "viewer"):
            key = room.links[role].partition("#k=")[2]
            body = {"name": "Mallory", "guest_key": room.mallory.key, "key": key}
            assert await room.refused("POST", "/join", body) == "not_admitted"


async def test_a_revoked_invitation_lets_nobody_in(live: Live, witness: Witness) -> None:
    """[P5] TH8: nor does one of another room, or the id by which moderators know it."""
    room = await HonestRoom.open(live, witness, access="invite")
    other = await HonestRoom.open(live, witness, access="invite")
    status, made = await room.call("POST", "/invitations", {"role": "member"}, room.olga)
    assert status == 201
    assert (await room.call("DELETE", f"/invitations/{made['invitation']['id']}", None, room.olga))[0] == 204
    async with room.at_work():
        for key in (made["key"], made["invitation"]["id"], other.links["member"].partition("#k=")[2], "", "*", "'"):
            body = {"name": "Eve", "guest_key": guest_key(), "key": key}
            assert await room.refused("POST", "/join", body) == "not_admitted"


async def test_a_family_of_tokens_is_banned_together(room: HonestRoom) -> None:
    """[P5] TH8: another user id of the same account, and later tokens of it, open nothing."""
    tokens = room.live.app.services.tokens

    def token(user: str) -> str:
        claims = Claims(UserId(user), "M", room.id, Role.MEMBER, family="account-7")
        return tokens.issue(claims, 600)[0]

    assert await comes_in(room, token("mallory.1"))
    async with room.at_work():
        assert (await room.call("POST", "/members/mallory.1/ban", {}, room.olga))[0] == 204
        for user in ("mallory.1", "mallory.2"):
            await stays_out(room, "banned", token(user))


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_deleted_room_stays_deleted(tmp_path: Path, witness: Witness, restarted: bool) -> None:
    """[P5] TH8: no token, `*` token, owner, operator, session or route brings it back, also after a restart."""
    config = configured(tmp_path / "data")
    async with serving(config) as live:
        room = await HonestRoom.open(live, witness)
        async with hand(room, NOTES, session=room.page("mallory")) as mallory:
            await mallory.update(update(run(MINE, 0, put("before"))))
            await mallory.settle()
            assert (await room.call("DELETE", "", None, room.olga))[0] == 204
            await mallory.update(update(run(MINE, 1, put("after"))))
            assert await mallory.close_reason() == "room_deleted"
        if not restarted:
            await nothing_brings_back(room)
    if restarted:
        async with serving(config) as room.live:
            await nothing_brings_back(room)


async def nothing_brings_back(room: HonestRoom) -> None:
    """Every way that makes, opens or changes a room, with every token there is."""
    live = room.live
    tokens: list[str] = [
        room.olga.token, room.mallory.token, live.token("*", "maker", Role.OWNER),
        live.token(room.id, "newcomer", Role.OWNER), operator(live),
    ]  # fmt: skip
    for token in tokens:
        await stays_out(room, "room_deleted", token, session=room.page("mallory"))
        for method, path, body in (
            ("GET", "", None), ("PATCH", "", {"name": "Back", "door": "open"}), ("DELETE", "", None),
            ("POST", "/invitations", {"role": "member"}), ("POST", f"/members/{room.mallory.user}/unban", None),
            ("GET", "/assets/" + "0" * 64, None), ("PUT", "/assets/" + "0" * 64, None),
        ):  # fmt: skip
            assert await room.refused(method, path, body, token) == "room_deleted", (method, path)
    for key in (None, *(link.partition("#k=")[2] for link in room.links.values())):
        for guest in (room.mallory.key, room.olga.key, guest_key()):
            assert await room.refused("POST", "/join", {"name": "M", "guest_key": guest, "key": key}) == "room_deleted"
    wanted: dict[str, Any] = {"room": room.id, "sub": "x", "name": "X", "role": "owner", "seconds": 600}
    status, minted = await live.call("POST", "/api/admin/tokens", wanted, operator(live))
    if status == 201:
        await stays_out(room, "room_deleted", minted["token"])
    kept = await live.app.services.stores.rooms.get(RoomId(room.id))
    assert kept is not None
    assert kept.deleted_at is not None
    assert "after" not in (await room.stored(NOTES)).get("m", type=Map).to_py()


async def test_a_stranger_does_not_get_past_the_lobby(room: HonestRoom) -> None:
    """[P5] TH8: knocking as somebody who is inside, knocking again after being turned away, a declined token."""
    assert (await room.call("PATCH", "", {"access": "lobby"}, room.olga))[0] == 200
    key = guest_key()
    async with room.at_work(), room.live.signal(room.id, room.olga.token) as olgas:
        await told_of(olgas, "welcome")
        status, eve = await room.call("POST", "/join", {"name": "Ann", "guest_key": key})
        assert (status, eve["me"]["sub"] != room.ann.user) == (202, True)
        async with room.live.signal(room.id, eve["token"]) as outside:
            assert (await told(outside))["type"] == "waiting"
            assert (await told_of(olgas, "knock"))["sub"] == eve["me"]["sub"]
            await olgas.send(json.dumps({"type": "decline", "sub": eve["me"]["sub"]}))
            assert (await told_of(outside, "declined"))["type"] == "declined"
            assert (await close_of(outside))[1] == "not_admitted"
        assert (await room.call("POST", "/join", {"name": "Ann", "guest_key": key}))[0] == 202
        assert not await comes_in(room, eve["token"])
        assert await room.refused("GET", by=eve["token"]) == "not_admitted"
