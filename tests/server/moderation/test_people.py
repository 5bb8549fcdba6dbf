"""Roles, permissions, kicking, banning and handing over, over a real server."""

from __future__ import annotations

import asyncio
import json

import pytest

from crdt_docs.ids import RoomId, UserId
from persistence.interfaces import Role
from server.auth.admission import authorize
from server.auth.tokens import Claims
from server.errors import PermissionRefused, TokenInvalid
from server.moderation.people import ban, kick, unban
from server.moderation.room import change_room
from tests.server.live import Live, close_of, guest_key, told, told_of
from tests.server.moderation.rooms import Room, make_room


@pytest.fixture
async def room(live: Live) -> Room:
    return await make_room(live)


async def test_a_role_and_permissions_change_live(room: Room) -> None:
    """[MO3] [SB7] [SG10] [AT1] The person is told, the others see it, and it is an event."""
    ann, ann_token = await room.live.guest(room.id, "Ann")
    async with (
        room.live.signal(room.id, ann_token, "ann-page") as hers,
        room.live.signal(room.id, room.owner, "owner-page") as owners,
    ):
        for page in (hers, owners):
            await told_of(page, "welcome")

        status, rights = await room.set(room.owner, ann, overrides={"draw": False, "record": True})
        assert (status, "draw" in rights["permissions"], "record" in rights["permissions"]) == (200, False, True)
        assert await told_of(hers, "permissions") == {
            "type": "permissions", "role": "member", "permissions": rights["permissions"],
        }  # fmt: skip
        assert (await told_of(owners, "updated"))["person"]["permissions"] == rights["permissions"]

        status, rights = await room.set(room.owner, ann, role="viewer", overrides={"draw": None})
        assert (status, rights["role"], rights["overrides"]) == (200, "viewer", {"record": True})
        assert (await told_of(hers, "permissions"))["permissions"] == ["record"]
    assert (await room.kinds())[:2] == ["permissions_changed", "role_changed"]


async def test_a_change_that_changes_nothing_is_no_event(room: Room) -> None:
    """[MO3] [AT1]"""
    ann, _ = await room.live.guest(room.id)
    before = await room.kinds()
    assert (await room.set(room.owner, ann, role="member", overrides={"draw": None}))[0] == 200
    assert await room.kinds() == before


async def test_nobody_acts_on_equals_or_those_above(room: Room) -> None:
    """[MO1] [MO2] Moderators leave each other and the owner alone, and make nobody what they are."""
    mo, mo_token = await room.live.guest(room.id, "Mo")
    other, _ = await room.live.guest(room.id, "Other")
    ann, _ = await room.live.guest(room.id, "Ann")
    for user in (mo, other):
        assert (await room.set(room.owner, user, role="moderator"))[0] == 200
    owner = room.live.app.services.tokens.read(room.owner).user

    for user in (owner, other, mo):
        for act in ("kick", "ban"):
            assert (await room.act(mo_token, user, act, {}))[1]["error"]["code"] == "permission_denied"
        assert (await room.set(mo_token, user, role="viewer"))[0] == 403
    assert (await room.set(mo_token, ann, role="moderator"))[0] == 403
    assert (await room.set(mo_token, ann, role="owner"))[0] == 403
    assert (await room.set(mo_token, ann, overrides={"moderate": True}))[0] == 403
    assert (await room.set(room.owner, owner, role="viewer"))[0] == 403
    assert (await room.set(room.owner, "nobody", role="viewer"))[1]["error"]["code"] == "unknown_path"
    assert (await room.set(room.admin, owner, role="moderator"))[0] == 200


async def test_who_may_moderate_by_a_permission_stands_among_moderators(room: Room) -> None:
    """[MO1] It is the permission that counts, not the name of the role."""
    ann, ann_token = await room.live.guest(room.id, "Ann")
    bob, _ = await room.live.guest(room.id, "Bob")
    assert (await room.set(room.owner, ann, overrides={"moderate": True}))[0] == 200
    assert (await room.act(ann_token, bob, "kick", {}))[0] == 204
    assert (await room.set(room.owner, ann, overrides={"moderate": False}))[0] == 200
    assert (await room.act(ann_token, bob, "unban"))[0] == 403


async def test_who_is_kicked_goes_at_once_and_his_tokens_are_void(room: Room) -> None:
    """[MO4] [SB9] [SG11] [AD5] He is told why; the link lets him in again as what he may be."""
    key = guest_key()
    ann, token = await room.live.guest(room.id, "Ann", key)
    assert (await room.set(room.owner, ann, role="moderator"))[0] == 200
    async with room.live.signal(room.id, token, "ann-page") as hers:
        await told(hers)
        assert (await room.act(room.owner, ann, "kick", {"reason": "Lunch."}))[0] == 204
        assert await told_of(hers, "removed") == {"type": "removed", "code": "removed", "reason": "Lunch."}
        assert await close_of(hers) == (4403, "removed")
    async with room.live.signal(room.id, token, "ann-page") as again:
        assert await close_of(again) == (4401, "token_invalid")
    status, joined = await room.join(key)
    assert (status, joined["me"]["sub"], joined["me"]["role"]) == (200, ann, "member")


async def test_who_is_kicked_from_a_room_for_invited_people_needs_a_newer_invitation(room: Room) -> None:
    """[MO4] [ME4] The link that he has does not undo it."""
    _, made = await room.live.call("POST", f"/api/rooms/{room.id}/invitations", {"role": "member"}, room.owner)
    assert (await room.live.call("PATCH", f"/api/rooms/{room.id}", {"access": "invite"}, room.owner))[0] == 200
    key = guest_key()
    _, joined = await room.join(key, link=made["key"])
    assert (await room.act(room.owner, joined["me"]["sub"], "kick", {}))[0] == 204
    assert (await room.join(key, link=made["key"]))[1]["error"]["code"] == "not_admitted"
    _, newer = await room.live.call("POST", f"/api/rooms/{room.id}/invitations", {"role": "viewer"}, room.owner)
    status, joined = await room.join(key, link=newer["key"])
    assert (status, joined["me"]["role"]) == (200, "viewer")


async def test_an_older_link_does_not_raise_who_was_lowered(room: Room) -> None:
    """[ME3] The moderator's word is newer."""
    _, made = await room.live.call("POST", f"/api/rooms/{room.id}/invitations", {"role": "moderator"}, room.owner)
    key = guest_key()
    _, joined = await room.join(key, link=made["key"])
    assert joined["me"]["role"] == "moderator"
    assert (await room.set(room.owner, joined["me"]["sub"], role="viewer"))[0] == 200
    assert (await room.join(key, link=made["key"]))[1]["me"]["role"] == "viewer"


async def test_a_ban_holds_for_every_token_of_the_family(room: Room) -> None:
    """[MO5] [MO6] [AD5] Open pages end, nothing lets back in, and it can be taken back."""
    tokens = room.live.app.services.tokens
    claims = [Claims(UserId(f"pad{n}"), "Pad", room.id, Role.MEMBER, family="pads") for n in range(2)]
    first, second = (tokens.issue(each, 600)[0] for each in claims)
    key = guest_key()
    guest, guest_token = await room.live.guest(room.id, "Ann", key)
    async with (
        room.live.signal(room.id, first, "one") as one,
        room.live.signal(room.id, second, "two") as two,
        room.live.signal(room.id, guest_token, "three") as three,
    ):
        for socket in (one, two, three):
            await told(socket)
        assert (await room.act(room.owner, "pad0", "ban", {}))[0] == 204
        assert (await room.act(room.owner, guest, "ban", {}))[0] == 204
        for socket in (one, two, three):
            assert await close_of(socket) == (4403, "banned")
    for token in (first, second, guest_token):
        async with room.live.signal(room.id, token, "again") as again:
            assert await close_of(again) == (4403, "banned")
    assert (await room.join(key))[1]["error"]["code"] == "banned"
    assert (await room.act(room.owner, guest, "unban"))[0] == 204
    assert (await room.join(key))[0] == 200


async def test_a_ban_and_a_join_at_once_end_in_a_ban(room: Room) -> None:
    """[RI4] Neither undoes the other, in whatever order they come."""
    for _ in range(20):
        key = guest_key()
        ann, _ = await room.live.guest(room.id, "Ann", key)
        await asyncio.gather(room.act(room.owner, ann, "ban", {}), room.join(key, "Anna"))
        assert (await room.join(key))[1]["error"]["code"] == "banned"


async def test_an_owner_hands_over(room: Room) -> None:
    """[MO7] The other one owns the room, the giver moderates; both learn it at once."""
    ann, ann_token = await room.live.guest(room.id, "Ann")
    async with (
        room.live.signal(room.id, ann_token, "ann-page") as hers,
        room.live.signal(room.id, room.owner, "owner-page") as his,
    ):
        await told(hers)
        await told(his)
        assert (await room.act(room.owner, ann, "handover"))[0] == 204
        assert (await told_of(hers, "permissions"))["role"] == "owner"
        assert (await told_of(his, "permissions"))["role"] == "moderator"
    assert (await room.act(room.owner, ann, "handover"))[0] == 403
    assert (await room.act(room.admin, ann, "handover"))[0] == 403


async def test_of_tokens_and_moderators_the_newest_decides(room: Room) -> None:
    """[AD6] [RI2] A token from before a change of role does not undo it; one minted later does."""
    tokens = room.live.app.services.tokens
    claims = Claims(UserId("pad"), "Pad", room.id, Role.MODERATOR)
    old = tokens.issue(claims, 600)[0]
    assert (await room.live.call("GET", f"/api/rooms/{room.id}", token=old))[0] == 200
    assert (await room.set(room.owner, "pad", role="viewer"))[0] == 200
    assert (await room.live.call("PATCH", f"/api/rooms/{room.id}", {"name": "Mine"}, old))[0] == 403
    new = tokens.issue(claims, 600)[0]
    assert (await room.live.call("PATCH", f"/api/rooms/{room.id}", {"name": "Mine"}, new))[0] == 200


async def test_a_persons_data_is_erased_by_himself_or_the_owner(room: Room) -> None:
    """[RE1] [RE2] [RT19] What names him goes, and a signed trace stays; a ban stays, too."""
    key = guest_key()
    ann, token = await room.live.guest(room.id, "Ann", key)
    bob, bob_token = await room.live.guest(room.id, "Bob")
    path = f"/api/rooms/{room.id}/members/{ann}/data"
    assert (await room.live.call("DELETE", path, token=bob_token))[0] == 403
    status, answer = await room.live.call("DELETE", path, token=token)
    assert (status, answer["erased"] > 0) == (200, True)
    [event] = await room.live.app.services.stores.events.of_room(RoomId(room.id), limit=1)
    assert (event.kind, len(json.loads(event.details)["signature"])) == ("person_erased", 64)
    _, state = await room.live.call("GET", f"/api/rooms/{room.id}", token=room.owner)
    assert {member["sub"]: member["name"] for member in state["members"]}[ann] != "Ann"
    assert (await room.act(room.owner, ann, "ban", {}))[0] == 204
    assert (await room.live.call("DELETE", path, token=room.owner))[0] == 200
    assert (await room.join(key))[1]["error"]["code"] == "banned"
    assert bob != ann


async def test_kicking_takes_away_what_was_given_and_leaves_what_was_denied(room: Room) -> None:
    """[MO4] Who moderated by a permission of his own does not come back as somebody who does."""
    key = guest_key()
    ann, _ = await room.live.guest(room.id, "Ann", key)
    assert (await room.set(room.owner, ann, overrides={"moderate": True, "draw": False}))[0] == 200
    assert (await room.act(room.owner, ann, "kick", {}))[0] == 204
    permissions = (await room.join(key))[1]["me"]["permissions"]
    assert ("moderate" in permissions, "draw" in permissions, "chat" in permissions) == (False, False, True)


async def test_a_ban_of_a_family_outlives_the_erasure_of_who_was_banned(room: Room) -> None:
    """[MO5] [RE1]"""
    tokens = room.live.app.services.tokens
    first, second = (
        tokens.issue(Claims(UserId(user), "Pad", room.id, Role.MEMBER, family="pads"), 600)[0] for user in ("p1", "p2")
    )
    assert (await room.live.call("GET", f"/api/rooms/{room.id}", token=first))[0] == 200
    assert (await room.act(room.owner, "p1", "ban", {}))[0] == 204
    assert (await room.live.call("DELETE", f"/api/rooms/{room.id}/members/p1/data", token=room.owner))[0] == 200
    status, refused = await room.live.call("GET", f"/api/rooms/{room.id}", token=second)
    assert (status, refused["error"]["code"]) == (403, "banned")


async def test_erasing_ends_the_pages_that_would_write_the_name_anew(room: Room) -> None:
    """[RE1]"""
    ann, token = await room.live.guest(room.id, "Ann")
    async with room.live.signal(room.id, token, "ann-page") as hers:
        await told(hers)
        assert (await room.live.call("DELETE", f"/api/rooms/{room.id}/members/{ann}/data", token=token))[0] == 200
        assert await close_of(hers) == (4403, "removed")


async def test_rights_are_those_of_the_moment_in_which_a_request_is_complete(room: Room) -> None:
    """[SB7] [RT5] A body that is held back while its sender is banned does nothing."""
    mo, token = await room.live.guest(room.id, "Mo")
    assert (await room.set(room.owner, mo, role="moderator"))[0] == 200
    reader, writer = await asyncio.open_connection("127.0.0.1", room.live.port)
    body = json.dumps({"name": "Mine"}).encode()
    head = (
        f"PATCH /api/rooms/{room.id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body[:1])
    await writer.drain()
    assert (await room.act(room.owner, mo, "ban", {}))[0] == 204
    writer.write(body[1:])
    assert b" 403 " in (await reader.read()).split(b"\r\n", 1)[0]
    writer.close()
    assert "room_changed" not in await room.kinds()


async def test_who_was_lowered_while_he_waited_for_his_turn_does_nothing(room: Room) -> None:
    """[RI4] What counts is what he may do in his turn, not what he might when he asked."""
    services = room.live.app.services
    ann, _ = await room.live.guest(room.id, "Ann")
    mona, token = await room.live.guest(room.id, "Mona")
    assert (await room.set(room.owner, mona, role="moderator"))[0] == 200
    caller = await authorize(services, room.id, token)
    assert (await room.set(room.owner, mona, role="member"))[0] == 200
    for act in (kick, ban, unban):
        with pytest.raises(PermissionRefused):
            await act(services, caller, UserId(ann))
    with pytest.raises(PermissionRefused):
        await change_room(services, caller, {"name": "Mine"})
    assert (await room.act(room.owner, mona, "kick", {}))[0] == 204
    with pytest.raises(TokenInvalid):
        await change_room(services, caller, {"name": "Mine"})
