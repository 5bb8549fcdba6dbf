"""/api/admin over a real server."""

from __future__ import annotations

from typing import Any

import pytest

from crdt_docs.ids import UserId
from persistence.interfaces import ERASED_NAME, Role
from server.auth.tokens import ADMIN_USER, admin_claims
from tests.server.api import call, eventually, get, get_csv, operator, writer
from tests.server.live import Live, close_of, guest_key, told

READS = ["overview", "rooms", "sessions", "people", "concurrency", "events"]
ACTS = [("POST", "tokens"), ("POST", "tokens/revoke"), ("DELETE", "people/bob")]
NEW_TOKEN = {"room": "*", "sub": "bob", "name": "Bob", "role": "member", "seconds": 60}


@pytest.mark.parametrize(("method", "path"), [*(("GET", path) for path in READS), *ACTS])
async def test_everything_is_the_operators_alone(live: Live, method: str, path: str) -> None:
    """[AM1] 401 without a good token; an owner, also of every room, is refused."""
    for token, wanted in (
        (None, (401, "token_invalid")),
        ("rubbish", (401, "token_invalid")),
        (operator(live, seconds=-60), (401, "token_expired")),
        (live.token("room", "ann", Role.OWNER), (403, "permission_denied")),
        (live.token("*", "ann", Role.OWNER), (403, "permission_denied")),
    ):
        status, answer = await call(live, method, f"/api/admin/{path}", {}, token)
        assert (status, answer["error"]["code"]) == wanted


async def test_a_revoked_admin_link_opens_nothing(live: Live) -> None:
    """[AM1] [AM9] Not even for its own holder."""
    token = operator(live)
    assert (await call(live, "POST", "/api/admin/tokens/revoke", {"token": token}, token))[0] == 204

    status, answer = await call(live, "GET", "/api/admin/overview", token=token)

    assert (status, answer["error"]["code"]) == (401, "token_invalid")


async def test_the_overview_counts_people_pages_and_what_is_stored(live: Live) -> None:
    """[AM2] Two pages of one person in two rooms are one person."""
    token = operator(live)
    empty = await get(live, "/api/admin/overview", token)
    assert (empty["rooms"], empty["rooms_live"], empty["people_now"], empty["sessions_now"]) == (0, 0, 0, 0)
    rooms = [await live.room(name) for name in ("one", "two", "three")]
    await live.app.quart.test_client().delete(
        f"/api/rooms/{rooms[2]}", headers={"Authorization": f"Bearer {token}"}
    )  # fmt: skip

    async with writer(live, "one", session="p1") as one, writer(live, "two", session="p2"):
        await one.put("a", 1)
        await one.saved(1)
        now = await get(live, "/api/admin/overview", token)

    assert (now["name"], now["rooms"], now["rooms_live"]) == ("Thunderline", 2, 2)
    assert (now["people_now"], now["sessions_now"]) == (1, 2)
    assert now["storage"]["update_rows"] == 1
    assert now["storage"]["update_bytes"] > 0
    assert now["storage"]["database_bytes"] >= 4096
    assert abs(now["now"] - live.app.services.clock.now_us()) < 60_000_000


async def test_every_room_is_told_with_what_it_takes_and_who_is_there(live: Live) -> None:
    """[AM3] Deleted ones too."""
    await live.room("one")
    await live.room("gone")
    token = operator(live)
    assert (await call(live, "DELETE", "/api/rooms/gone", token=token))[0] == 204

    async with writer(live, "one") as bob:
        await bob.put("a", 1)
        await bob.saved(1)
        rooms = {each["room"]["id"]: each for each in (await get(live, "/api/admin/rooms", token))["rooms"]}

    one, gone = rooms["one"], rooms["gone"]
    assert (one["people_now"], one["sessions_now"], one["members"], one["update_rows"]) == (1, 1, 2, 1)
    assert one["last_activity"] >= one["created_at"]
    assert one["room"].keys() >= {"name", "access", "default_role", "permissions", "door", "max_people", "recovery"}
    assert (one["deleted_at"], gone["people_now"]) == (None, 0)
    assert gone["deleted_at"] > gone["created_at"]


async def test_open_pages_are_told_with_room_role_and_rights(live: Live) -> None:
    """[AM4] A page that closed is not told any more."""
    await live.room("one")
    token = operator(live)
    async with live.signal("one", live.token("one", "eve", Role.VIEWER), "page") as socket:
        await told(socket)
        (session,) = (await get(live, "/api/admin/sessions", token))["sessions"]
        _, (row,) = await get_csv(live, "/api/admin/sessions?format=csv", token)
        await socket.send('{"type": "leave"}')
        await close_of(socket)

    assert (session["id"], session["user"], session["name"], session["room"]) == ("page", "eve", "Eve", "one")
    assert (session["role"], session["permissions"], session["left_at"]) == ("viewer", [], None)
    assert (row["id"], row["role"], row["permissions"]) == ("page", "viewer", "")

    async def none() -> bool:
        return not (await get(live, "/api/admin/sessions", token))["sessions"]

    assert await eventually(none)


async def test_people_are_told_over_all_rooms(live: Live) -> None:
    """[AM5] In how many, how often, and whether they are here."""
    token = operator(live)
    for room in ("one", "two"):
        await live.room(room)
        async with live.signal(room, live.token(room, "bob")) as socket:
            await told(socket)

    async def settled() -> Any:
        people = (await get(live, "/api/admin/people", token))["people"]
        return [person for person in people if not person["present"] and person["rooms"] == 2]

    (bob,) = await eventually(settled)
    assert (bob["user"], bob["name"], bob["sessions"]) == ("bob", "Bob", 2)
    assert bob["last_seen_at"] >= bob["first_joined_at"]
    _, rows = await get_csv(live, "/api/admin/people?format=csv", token)
    assert [(row["user"], row["present"], row["rooms"]) for row in rows] == [("bob", "false", "2")]


async def test_concurrency_is_told_of_all_rooms_or_of_one(live: Live) -> None:
    """[AM6] One person in two rooms is one person."""
    token = operator(live)
    now = live.app.services.clock.now_us()
    query = f"since={now - 60_000_000}&until={now + 60_000_000}&step=120000000"
    await live.room("one")
    await live.room("two")
    async with (
        live.signal("one", live.token("one", "bob")) as bob,
        live.signal("two", live.token("two", "bob")) as again,
        live.signal("two", live.token("two", "eve")) as eve,
    ):
        for socket in (bob, again, eve):
            await told(socket)
        everywhere = await get(live, f"/api/admin/concurrency?{query}", token)
        here = await get(live, f"/api/admin/concurrency?{query}&room=one", token)
        _, (row,) = await get_csv(live, f"/api/admin/concurrency?{query}&format=csv", token)

    assert [(point["people"], point["sessions"]) for point in everywhere["points"]] == [(2, 3)]
    assert [(point["people"], point["sessions"]) for point in here["points"]] == [(1, 1)]
    assert (row["people"], row["sessions"]) == ("2", "3")


async def test_the_audit_trail_can_be_narrowed(live: Live) -> None:
    """[AM7] To a kind, to a room, also to one that is deleted; as CSV too."""
    token = operator(live)
    for room in ("one", "two"):
        await live.room(room)
        await call(live, "PATCH", f"/api/rooms/{room}", {"name": f"Plan {room}"}, token)
    await call(live, "DELETE", "/api/rooms/two", token=token)

    changed = (await get(live, "/api/admin/events?kind=room_changed", token))["events"]
    of_two = (await get(live, "/api/admin/events?room=two&kind=room_deleted", token))["events"]
    _, rows = await get_csv(live, "/api/admin/events?format=csv&kind=room_changed", token)

    assert [(event["room"], event["user"], event["details"]) for event in changed] == [
        ("two", ADMIN_USER, {"name": "Plan two"}), ("one", ADMIN_USER, {"name": "Plan one"}),
    ]  # fmt: skip
    assert [event["user"] for event in of_two] == [ADMIN_USER]
    assert [(row["room"], row["details"]) for row in rows] == [
        ("two", '{"name":"Plan two"}'), ("one", '{"name":"Plan one"}'),
    ]  # fmt: skip
    assert (await call(live, "GET", "/api/admin/events?room=no%20room", token=token))[0] == 400


async def test_a_token_is_made_and_opens_what_it_says(live: Live) -> None:
    """[AM8] Its making is recorded, itself is not."""
    await live.room("one")
    token = operator(live)
    wanted = NEW_TOKEN | {"room": "one", "role": "viewer", "permissions": ["chat", "draw"]}

    status, made = await call(live, "POST", "/api/admin/tokens", wanted, token)

    assert status == 201
    claims = live.app.services.tokens.read(made["token"])
    assert (claims.user, claims.name, claims.room, claims.role, claims.jti) == (
        "bob", "Bob", "one", Role.VIEWER, made["jti"],
    )  # fmt: skip
    assert claims.permissions == {"draw", "chat"}
    assert claims.expires_at == made["expires_at"]
    async with live.signal("one", made["token"]) as socket:
        assert (await told(socket))["permissions"] == ["draw", "chat"]
    (event,) = (await get(live, "/api/admin/events?kind=token_minted", token))["events"]
    assert (event["room"], event["user"], event["details"]["user"]) == ("one", ADMIN_USER, "bob")
    assert event["details"]["permissions"] == ["draw", "chat"]
    assert made["token"] not in str(event)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sub": "admin"}, "malformed_frame"),
        ({"sub": "a b"}, "malformed_frame"),
        ({"name": "\u200b"}, "malformed_frame"),
        ({"role": "admin"}, "malformed_frame"),
        ({"seconds": 0}, "malformed_frame"),
        ({"seconds": 400 * 86_400}, "malformed_frame"),
        ({"permissions": ["fly"]}, "malformed_frame"),
        ({"room": "nowhere"}, "unknown_room"),
        ({"room": "no room"}, "unknown_room"),
        ({"room": "gone"}, "room_deleted"),
        ({"room": None}, "malformed_frame"),
    ],
    ids=str,
)
async def test_a_token_that_could_not_be_used_is_not_made(live: Live, change: dict[str, Any], code: str) -> None:
    """[AM8] And nothing is recorded."""
    await live.room("gone")
    token = operator(live)
    await call(live, "DELETE", "/api/rooms/gone", token=token)

    status, answer = await call(live, "POST", "/api/admin/tokens", NEW_TOKEN | change, token)

    assert status in (400, 404, 410)
    assert answer["error"]["code"] == code
    assert (await get(live, "/api/admin/events?kind=token_minted", token))["events"] == []


@pytest.mark.parametrize("by", ["token", "jti"])
async def test_a_revoked_token_opens_nothing_and_its_pages_end_at_once(live: Live, by: str) -> None:
    """[AM9] Other tokens of the same person stay good."""
    await live.room("one")
    token = operator(live)
    _, made = await call(live, "POST", "/api/admin/tokens", NEW_TOKEN | {"room": "one"}, token)
    async with live.signal("one", made["token"]) as socket, live.signal("one", live.token("one", "bob")) as other:
        await told(socket)
        await told(other)

        status, _ = await call(live, "POST", "/api/admin/tokens/revoke", {by: made[by]}, token)

        assert status == 204
        assert await close_of(socket) == (4401, "token_invalid")
        await other.send('{"type": "roster"}')
        assert (await eventually_of(other, "roster"))["type"] == "roster"
    status, answer = await call(live, "GET", "/api/rooms/one", token=made["token"])
    assert (status, answer["error"]["code"]) == (401, "token_invalid")
    (event,) = (await get(live, "/api/admin/events?kind=token_revoked", token))["events"]
    assert (event["user"], event["details"]) == (ADMIN_USER, {"jti": made["jti"]})


async def eventually_of(socket: Any, type_: str) -> Any:
    """The next message of that type."""
    while (message := await told(socket))["type"] != type_:
        pass
    return message


@pytest.mark.parametrize("body", [{}, {"token": "x", "jti": "y"}, {"token": "rubbish"}, {"jti": ""}, {"jti": "ä"}])
async def test_what_names_no_token_is_refused(live: Live, body: dict[str, str]) -> None:
    """[AM9] With 400: it is not the operator's own token that is bad."""
    status, answer = await call(live, "POST", "/api/admin/tokens/revoke", body, operator(live))

    assert (status, answer["error"]["code"]) == (400, "malformed_frame")


async def test_a_token_that_expired_needs_no_revoking(live: Live) -> None:
    """[AM9] It is void already."""
    expired, _ = live.app.services.tokens.issue(admin_claims(), -60)

    assert (await call(live, "POST", "/api/admin/tokens/revoke", {"token": expired}, operator(live)))[0] == 204


async def test_a_person_is_erased_everywhere(live: Live) -> None:
    """[AM10] Rooms, sessions and people know no name any more; open pages end; a signed trace stays."""
    token = operator(live)
    joined = []
    for room in ("one", "two"):
        await live.room(room)
        body = {"name": "Bob", "guest_key": (joined and joined[0]["key"]) or guest_key()}
        await call(live, "PATCH", f"/api/rooms/{room}", {"access": "link"}, token)
        status, answer = await call(live, "POST", f"/api/rooms/{room}/join", body)
        assert status == 200
        joined.append({"key": body["guest_key"], "token": answer["token"], "user": answer["me"]["sub"]})
    user = joined[0]["user"]
    async with live.signal("one", joined[0]["token"]) as socket:
        await told(socket)

        status, answer = await call(live, "DELETE", f"/api/admin/people/{user}", token=token)

        assert (status, answer["erased"] > 0) == (200, True)
        assert await close_of(socket) == (4403, "removed")
    for room in ("one", "two"):
        members = (await get(live, f"/api/rooms/{room}", token))["members"]
        assert [member["name"] for member in members if member["sub"] == user] == [ERASED_NAME]
    names = {person["name"] for person in (await get(live, "/api/admin/people", token))["people"]}
    assert "Bob" not in names
    assert (await call(live, "GET", "/api/rooms/two", token=joined[1]["token"]))[0] == 401
    (event,) = (await get(live, "/api/admin/events?kind=person_erased", token))["events"]
    assert (event["room"], event["user"], event["details"]["user"]) == (None, ADMIN_USER, user)
    assert len(event["details"]["signature"]) == 64


async def test_the_operator_moderates_through_the_room_routes_and_is_recorded(live: Live) -> None:
    """[AM1] [AM7] A kick with the operator's token ends the page, is an event of his, and makes him no member."""
    await live.room("one")
    token = operator(live)
    async with live.signal("one", live.token("one", "bob")) as socket:
        await told(socket)

        status, _ = await call(live, "POST", "/api/rooms/one/members/bob/kick", {"reason": "Test"}, token)

        assert status == 204
        assert await close_of(socket) == (4403, "removed")
    members = [member["sub"] for member in (await get(live, "/api/rooms/one", token))["members"]]
    assert UserId(ADMIN_USER) not in members
    (event,) = (await get(live, "/api/admin/events?kind=kicked&room=one", token))["events"]
    assert (event["user"], event["details"]) == (ADMIN_USER, {"user": "bob", "reason": "Test"})
