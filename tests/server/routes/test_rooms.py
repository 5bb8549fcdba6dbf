"""/api/rooms over a real server's application."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crdt_docs.access import Permission
from crdt_docs.ids import RoomId
from persistence.interfaces import Role, RoomRecord
from tests.server.live import Live, configured, guest_key, serving


async def _call(live: Live, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    given = {"data": body} if isinstance(body, bytes) else {"json": body}
    answer = await live.app.quart.test_client().open(path, method=method, headers=headers, **given)
    return answer.status_code, await answer.get_json()


async def _created(live: Live, **body: Any) -> Any:
    status, made = await _call(live, "POST", "/api/rooms", body)
    assert status == 201
    return made


def _key(link: str) -> str:
    return link.partition("#k=")[2]


async def test_whoever_makes_a_room_owns_it_and_gets_links(live: Live) -> None:
    """[RT2] [ME1] 201 with room, token and one link a role; the token opens the room as its owner."""
    made = await _created(live, name=" My  room ", owner={"name": "Ann", "guest_key": guest_key()})

    assert made["room"] == {
        "id": made["room"]["id"], "name": "My room", "access": "link", "default_role": "member", "door": "open",
        "permissions": ["draw", "chat", "voice", "video", "screen_share", "upload"], "max_people": 0, "recovery": False,
        "origin": None,
    }  # fmt: skip
    assert set(made["links"]) == {"room", "member", "moderator", "viewer"}
    assert made["links"]["room"] == f"/r/{made['room']['id']}"
    assert made["me"] | {"sub": ""} == {"sub": "", "name": "Ann", "role": "owner", "permissions": list(Permission)}
    status, read = await _call(live, "GET", f"/api/rooms/{made['room']['id']}", token=made["token"])
    assert (status, read["room"]) == (200, made["room"])
    [member] = read["members"]
    assert {key: member[key] for key in made["me"]} == made["me"]


async def test_a_room_can_be_made_without_saying_anything(live: Live) -> None:
    """[RT2] An empty body makes a room with a fresh owner."""
    status, made = await _call(live, "POST", "/api/rooms", b"")

    assert status == 201
    assert live.app.services.tokens.read(made["token"]).role is Role.OWNER


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"null", {"access": "all"}, {"default_role": "owner"}, {"name": "\u200b"}, {"name": 5},
     {"owner": {"name": "A", "guest_key": "short"}}, {"owner": {"name": "A"}}, b"\xff", b"[" * 60_000],
    ids=lambda body: repr(body)[:30],
)  # fmt: skip
async def test_a_body_of_another_form_is_refused(live: Live, body: Any) -> None:
    """[RT1] 400 malformed_frame, as JSON."""
    status, answer = await _call(live, "POST", "/api/rooms", body)

    assert (status, answer["error"]["code"]) == (400, "malformed_frame")


async def test_a_body_that_is_too_large_is_refused(live: Live) -> None:
    """[RT1] JSON bodies are small."""
    status, answer = await _call(live, "POST", "/api/rooms", b" " * 70_000)

    assert (status, answer["error"]["code"]) == (413, "update_too_large")


async def test_the_same_guest_is_the_same_user_for_ever(live: Live) -> None:
    """[RT3] [ME2] [ME5] Joining again gives the same sub, and the new name counts."""
    room = (await _created(live))["room"]["id"]
    key = guest_key()

    _, first = await _call(live, "POST", f"/api/rooms/{room}/join", {"name": "Bo", "guest_key": key})
    _, again = await _call(live, "POST", f"/api/rooms/{room}/join", {"name": "Bob", "guest_key": key})
    _, other = await _call(live, "POST", f"/api/rooms/{room}/join", {"name": "Eve", "guest_key": guest_key()})

    assert first["me"]["sub"] == again["me"]["sub"] != other["me"]["sub"]
    assert (again["me"]["name"], again["me"]["role"]) == ("Bob", "member")
    assert again["expires_at"] > live.app.services.clock.now_us()
    assert live.app.services.tokens.read(again["token"]).room == room


async def test_the_highest_role_counts(live: Live) -> None:
    """[ME3] Known role, invitation and default: an owner who follows a viewer's link stays owner."""
    owner = guest_key()
    made = await _created(live, owner={"name": "Ann", "guest_key": owner}, default_role="viewer")
    path = f"/api/rooms/{made['room']['id']}/join"
    guest = guest_key()

    roles = []
    for key, link in ((owner, "viewer"), (guest, "room"), (guest, "moderator"), (guest, "viewer")):
        body = {"name": "X", "guest_key": key, "key": _key(made["links"][link]) or None}
        roles.append((await _call(live, "POST", path, body))[1]["me"]["role"])

    assert roles == ["owner", "viewer", "moderator", "moderator"]


async def test_a_room_for_invited_people_lets_in_only_them(live: Live) -> None:
    """[ME4] 403 not_admitted without a key, with a wrong one; with one in, and later without it."""
    made = await _created(live, access="invite")
    path = f"/api/rooms/{made['room']['id']}/join"
    key = guest_key()

    for wrong in (None, "", "wrong", "\udc80".encode("utf-8", "replace").decode()):
        status, answer = await _call(live, "POST", path, {"name": "X", "guest_key": key, "key": wrong})
        assert (status, answer["error"]["code"]) == (403, "not_admitted")
    for given in (_key(made["links"]["member"]), None):
        status, answer = await _call(live, "POST", path, {"name": "X", "guest_key": key, "key": given})
        assert (status, answer["me"]["role"]) == (200, "member")


async def test_owner_and_moderator_change_a_room_and_nobody_else(live: Live) -> None:
    """[RT5] PATCH keeps what it does not name."""
    made = await _created(live, name="Old")
    room = made["room"]["id"]
    path = f"/api/rooms/{room}"

    for role in (Role.MEMBER, Role.VIEWER):
        status, answer = await _call(live, "PATCH", path, {"name": "New"}, live.token(room, "bob", role))
        assert (status, answer["error"]["code"]) == (403, "permission_denied")
    status, answer = await _call(live, "PATCH", path, {"name": "New"}, live.token(room, "mo", Role.MODERATOR))
    assert (status, answer["room"]) == (200, made["room"] | {"name": "New"})
    status, answer = await _call(live, "PATCH", path, {"access": "invite", "default_role": "viewer"}, made["token"])
    assert answer["room"] == made["room"] | {"name": "New", "access": "invite", "default_role": "viewer"}
    status, answer = await _call(live, "PATCH", path, {"access": "none"}, made["token"])
    assert status == 400


@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.parametrize("exists", [True, False])
async def test_without_a_token_nobody_learns_which_rooms_exist(live: Live, method: str, exists: bool) -> None:
    """[AD1] The same answer for rooms that are and that are not."""
    room = (await _created(live))["room"]["id"] if exists else "nowhere"

    for token, code in ((None, "token_invalid"), ("x", "token_invalid"), (live.token("other"), "token_invalid"),
                        (live.token(room, seconds=-60), "token_expired")):  # fmt: skip
        status, answer = await _call(live, method, f"/api/rooms/{room}", {}, token)
        assert (status, answer["error"]["code"]) == (401, code)


async def test_a_token_for_any_room_makes_it_at_first_use(live: Live) -> None:
    """[AD2] [AD3] [RT4] For invited people; whoever brings a token is a member from then on."""
    token = live.token("*", "svc", Role.OWNER)

    status, first = await _call(live, "GET", "/api/rooms/new-room", token=token)
    assert (status, first["room"]["access"]) == (200, "invite")
    assert [(member["sub"], member["name"], member["role"]) for member in first["members"]] == [("svc", "Svc", "owner")]
    status, answer = await _call(live, "GET", "/api/rooms/a.b", token=token)
    assert (status, answer["error"]["code"]) == (404, "unknown_room")
    status, _ = await _call(live, "POST", "/api/rooms/new-room/join", {"name": "X", "guest_key": guest_key()})
    assert status == 403


async def test_rooms_that_are_not_or_no_longer_are_say_so(live: Live) -> None:
    """[AD4] 404 and 410."""
    made = await _created(live)
    stores = live.app.services.stores
    room = await stores.rooms.get(RoomId(made["room"]["id"]))
    assert room is not None
    await stores.rooms.change(
        RoomRecord(
            room.id, room.name, room.access, room.default_role, room.created_at, live.app.services.clock.now_us()
        )
    )
    body = {"name": "X", "guest_key": guest_key()}

    for path, token, expected in (
        (f"/api/rooms/{room.id}/join", None, (410, "room_deleted")),
        ("/api/rooms/nowhere/join", None, (404, "unknown_room")),
        ("/api/rooms/no%20where/join", None, (404, "unknown_room")),
    ):
        status, answer = await _call(live, "POST", path, body, token)
        assert (status, answer["error"]["code"]) == expected
    status, answer = await _call(live, "GET", f"/api/rooms/{room.id}", token=made["token"])
    assert (status, answer["error"]["code"]) == (410, "room_deleted")
    status, answer = await _call(live, "GET", "/api/rooms/nowhere", token=live.token("nowhere"))
    assert (status, answer["error"]["code"]) == (404, "unknown_room")


async def test_too_many_failures_from_one_address_are_slowed_down(live: Live) -> None:
    """[LI4] 429 with a delay, for failures alone."""
    made = await _created(live)
    client = live.app.quart.test_client()
    path = f"/api/rooms/{made['room']['id']}"

    for _ in range(100):
        answer = await client.get(path)
        if answer.status_code == 429:
            break
    assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (429, True)
    assert (await client.get(path, headers={"Authorization": f"Bearer {made['token']}"})).status_code == 200


@pytest.mark.parametrize(
    ("policy", "room", "status"),
    [("token", None, 401), ("token", "other", 201), ("admin", None, 401), ("admin", "other", 403), ("admin", "*", 201)],
)
async def test_the_operator_says_who_makes_rooms(tmp_path: Path, policy: str, room: str | None, status: int) -> None:
    """[RT2] create_rooms = anyone | token | admin."""
    async with serving(configured(tmp_path, create_rooms=policy)) as live:
        got, _ = await _call(live, "POST", "/api/rooms", {}, live.token(room) if room else None)
        assert got == status


async def test_what_is_not_there_is_told_in_the_same_form(live: Live) -> None:
    """[RT1] Unknown paths and methods answer in JSON too."""
    for method, path, expected in (
        ("GET", "/api/nothing", (404, "unknown_path")),
        ("GET", "/../etc/passwd", (404, "unknown_path")),
        ("DELETE", "/api/rooms", (405, "method_not_allowed")),
    ):
        status, answer = await _call(live, method, path)
        assert (status, answer["error"]["code"]) == expected
