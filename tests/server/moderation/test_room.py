"""A room's settings, its door and its end, over a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.live import Live, close_of, configured, guest_key, serving, told, told_of
from tests.server.moderation.rooms import Room, make_room


@pytest.fixture
async def room(live: Live) -> Room:
    return await make_room(live)


async def test_what_members_may_do_changes_for_all_of_them_at_once(room: Room) -> None:
    """[MO8] [RI1] [SB7] Members follow the room; who was set by himself keeps that; the room is told."""
    ann, ann_token = await room.live.guest(room.id, "Ann")
    bob, bob_token = await room.live.guest(room.id, "Bob")
    assert (await room.set(room.owner, bob, overrides={"chat": True}))[0] == 200
    async with (
        room.live.signal(room.id, ann_token, "ann-page") as hers,
        room.live.signal(room.id, bob_token, "bob-page") as his,
    ):
        for page in (hers, his):
            await told_of(page, "welcome")
        assert (await room.change(room.owner, permissions=["draw"]))[0] == 200
        assert (await told_of(hers, "permissions"))["permissions"] == ["draw"]
        assert (await told_of(his, "permissions"))["permissions"] == ["draw", "chat"]
    assert (await room.kinds())[0] == "room_changed"
    assert ann != bob


async def test_a_locked_door_lets_in_who_moderates_and_who_was_in(room: Room) -> None:
    """[AD7] [RT12] A reload or a lost connection does not shut anybody out; nobody else gets in."""
    _, token = await room.live.guest(room.id, "Ann", key := guest_key())
    _, absent = await room.live.guest(room.id, "Bob", absent_key := guest_key())
    async with room.live.signal(room.id, token, "ann-page") as ann:
        await told(ann)
        assert (await room.change(room.owner, door="locked"))[0] == 200
        assert (await room.join(key))[0] == 200  # renews her token
    assert (await room.join(key))[0] == 200
    for page in ("ann-page", "other-page"):
        async with room.live.signal(room.id, token, page) as back:
            assert (await told(back))["type"] == "welcome"
    async with room.live.signal(room.id, absent, "bob-page") as late:
        assert await close_of(late) == (4403, "room_locked")
    async with room.live.signal(room.id, room.owner, "owner-page") as owner:
        assert (await told(owner))["room"]["door"] == "locked"
    for other in (absent_key, guest_key()):
        assert (await room.join(other))[1]["error"]["code"] == "room_locked"


async def test_who_is_sent_away_from_behind_a_locked_door_stays_out(room: Room) -> None:
    """[AD7] That he was in when it was locked does not help him."""
    ann, token = await room.live.guest(room.id, "Ann", key := guest_key())
    async with room.live.signal(room.id, token, "ann-page") as page:
        await told(page)
        assert (await room.change(room.owner, door="locked"))[0] == 200
        assert (await room.live.call("POST", f"/api/rooms/{room.id}/members/{ann}/kick", {}, room.owner))[0] == 204
        assert await close_of(page) == (4403, "removed")
    assert (await room.join(key))[1]["error"]["code"] == "room_locked"


async def test_who_could_not_come_in_is_no_member(room: Room) -> None:
    """[RT12] [ME4] A locked door keeps nothing of who stood before it: later the room is for invited people."""
    key = guest_key()
    assert (await room.change(room.owner, door="locked"))[0] == 200
    assert (await room.join(key))[1]["error"]["code"] == "room_locked"
    assert (await room.change(room.owner, door="open", access="invite"))[0] == 200
    assert (await room.join(key))[1]["error"]["code"] == "not_admitted"


async def test_closing_sends_everybody_away_who_does_not_moderate(room: Room) -> None:
    """[MO8] [AD7] Pages that were in do not come back before it is open again."""
    _, token = await room.live.guest(room.id, "Ann", key := guest_key())
    async with (
        room.live.signal(room.id, token, "ann-page") as ann,
        room.live.signal(room.id, room.owner, "owner-page") as owner,
    ):
        await told(owner)
        assert (await room.change(room.owner, door="closed"))[0] == 200
        assert (await told_of(ann, "removed"))["code"] == "room_locked"
        assert await close_of(ann) == (4403, "room_locked")
        assert (await told_of(owner, "room"))["room"]["door"] == "closed"
    async with room.live.signal(room.id, token, "ann-page") as back:
        assert await close_of(back) == (4403, "room_locked")
    assert (await room.change(room.owner, door="open"))[0] == 200
    assert (await room.join(key))[0] == 200


async def test_a_full_room_lets_in_only_who_moderates(room: Room) -> None:
    """[AD8] People count, not pages."""
    assert (await room.change(room.owner, max_people=1))[0] == 200
    _, token = await room.live.guest(room.id, "Ann")
    _, other = await room.live.guest(room.id, "Bob", key := guest_key())
    async with room.live.signal(room.id, token, "one") as one, room.live.signal(room.id, token, "two") as two:
        for page in (one, two):
            assert (await told(page))["type"] == "welcome"
        async with room.live.signal(room.id, other, "bob") as bob:
            assert await close_of(bob) == (4529, "room_full")
        assert (await room.join(key))[1]["error"]["code"] == "room_full"
        async with room.live.signal(room.id, room.owner, "owner") as owner:
            assert (await told(owner))["type"] == "welcome"


async def test_the_installation_limits_every_room(tmp_path: Path) -> None:
    """[AD8] A room cannot raise it."""
    async with serving(configured(tmp_path, max_people=1)) as live:
        room = await make_room(live)
        assert (await room.change(room.owner, max_people=50))[0] == 200
        _, token = await live.guest(room.id)
        _, other = await live.guest(room.id)
        async with live.signal(room.id, token, "one") as one:
            await told(one)
            async with live.signal(room.id, other, "two") as two:
                assert await close_of(two) == (4529, "room_full")


async def test_a_deleted_room_is_no_more_for_anybody(room: Room) -> None:
    """[MO9] [RT11] Open pages end, and neither a link nor a token for any room brings it back."""
    _, token = await room.live.guest(room.id, "Ann", key := guest_key())
    mo = room.live.token(room.id, "mo")
    assert (await room.live.call("DELETE", f"/api/rooms/{room.id}", token=mo))[0] == 403
    async with room.live.signal(room.id, token, "ann-page") as ann:
        await told(ann)
        assert (await room.live.call("DELETE", f"/api/rooms/{room.id}", token=room.owner))[0] == 204
        assert (await told_of(ann, "removed"))["code"] == "room_deleted"
        assert await close_of(ann) == (4404, "room_deleted")
    assert (await room.join(key))[1]["error"]["code"] == "room_deleted"
    for gone in (token, room.owner, room.admin, room.live.token("*")):
        assert (await room.live.call("GET", f"/api/rooms/{room.id}", token=gone))[0] == 410
        async with room.live.signal(room.id, gone, "new-page") as again:
            assert await close_of(again) == (4404, "room_deleted")


async def test_invitations_are_made_listed_and_revoked(room: Room) -> None:
    """[RT20] [RT21] [RT22] [ID3] The key is told once; uses are counted; only owners invite moderators."""
    path = f"/api/rooms/{room.id}/invitations"
    status, made = await room.live.call("POST", path, {"role": "viewer", "label": "Board"}, room.owner)
    assert (status, made["link"]) == (201, f"/r/{room.id}#k={made['key']}")
    key = guest_key()
    assert (await room.join(key, link=made["key"]))[1]["me"]["role"] == "viewer"
    assert (await room.join(key, link=made["key"]))[0] == 200
    listed = (await room.live.call("GET", path, token=room.owner))[1]["invitations"]
    [one] = [each for each in listed if each["id"] == made["invitation"]["id"]]
    assert (one["label"], one["uses"], one["revoked_at"], "key" in one) == ("Board", 1, None, False)

    mo, mo_token = await room.live.guest(room.id, "Mo")
    assert (await room.set(room.owner, mo, role="moderator"))[0] == 200
    assert (await room.live.call("POST", path, {"role": "moderator"}, mo_token))[0] == 403
    assert (await room.live.call("DELETE", f"{path}/{one['id']}", token=mo_token))[0] == 204
    assert (await room.live.call("DELETE", f"{path}/{one['id']}", token=mo_token))[0] == 404
    assert (await room.join(guest_key(), link=made["key"]))[1]["me"]["role"] == "member"  # the bare link's


async def test_recovery_is_the_operators(room: Room) -> None:
    """[MO8]"""
    assert (await room.change(room.owner, recovery=True))[0] == 403
    status, changed = await room.change(room.admin, recovery=True)
    assert (status, changed["room"]["recovery"]) == (200, True)
    assert (await room.kinds())[0] == "recovery_changed"
