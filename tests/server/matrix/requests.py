"""Every route, as somebody calls it."""

from __future__ import annotations

import secrets
from typing import Any, Final

from crdt_docs.ids import RoomId, UserId
from persistence.interfaces import Mark, Micros, Role
from server.errors import ANSWERS
from tests.contracts.recordings import recorded, recording
from tests.server.live import guest_key
from tests.server.matrix.action import Act, Action, Prepare, nothing
from tests.server.matrix.room import MatrixRoom, Person

PUBLIC: Final = "Open the page, make a room, follow a link"
READ: Final = "Read, watch, replay, branch, download, see who is here"
FORGET_ME: Final = "Erase what names oneself"
CHAT: Final = "Write in the chat, name moments, take back one's own"
OTHERS_WORDS: Final = "Remove messages and marks of others"
UPLOAD: Final = "Upload files"
RECORD: Final = "Start and stop a recording"
RECORDINGS: Final = "Delete recordings"
SETTINGS: Final = "Change the room, make, list and revoke links"
PEOPLE: Final = "Change, kick, ban and unban people below oneself"
STATISTICS: Final = "Read sessions, statistics and the audit trail"
EXPORT: Final = "Export the whole room"
HAND_OVER: Final = "Hand over one's own role"
RANKS: Final = "Invite, make and unmake moderators, make owners"
END: Final = "Erase what names another, delete the room"
OPERATOR: Final = "Switch recovery, use the administration"

_ROOM = "/api/rooms/<room_text>"
_MEMBER = f"{_ROOM}/members/<user>"
_HISTORY = f"{_ROOM}/history/<document_text>"


def _answered(status: int, answer: Any, good: tuple[int, ...]) -> str | None:
    if status in good:
        return None
    code: str = answer["error"]["code"]
    assert status == ANSWERS[code].http
    return code


def calling(method: str, rule: str, body: Any = None, *good: int) -> Act:
    """Call a route; `{aim}` in its body and the names in its path stand for what was prepared."""

    async def act(room: MatrixRoom, person: Person, aim: Any) -> str | None:
        path = rule.replace("<room_text>", room.id)
        for name in ("<user>", "<id_>", "<mark>", "<sha256>", "<recording>", "<document_text>", "<client_file:path>"):
            path = path.replace(name, str(aim))
        path = path.replace("<track_file>", "0-mic.webm")
        sent = {key: aim if value == "{aim}" else value for key, value in body.items()} if body else body
        status, answer = await room.live.call(method, path, sent, person.token)
        if method == "GET":
            assert (await room.live.call("HEAD", path, None, person.token))[0] == status
        return _answered(status, answer, good or (200,))

    return act


async def someone(room: MatrixRoom, person: Person) -> str:
    """A member who has just joined."""
    return (await room.newcomer())[0]


async def a_moderator(room: MatrixRoom, person: Person) -> str:
    """A moderator who has just joined."""
    return (await room.newcomer(Role.MODERATOR))[0]


async def somebody_banned(room: MatrixRoom, person: Person) -> str:
    """A member who was banned."""
    user, _ = await room.newcomer()
    await room.done("POST", f"/members/{user}/ban", {})
    return user


async def oneself(room: MatrixRoom, person: Person) -> str:
    """Who acts."""
    return person.user


async def a_link(room: MatrixRoom, person: Person) -> str:
    """The id of an invitation that is good."""
    made = await room.done("POST", "/invitations", {"role": "viewer"})
    id_: str = made["invitation"]["id"]
    return id_


async def the_file(room: MatrixRoom, person: Person) -> str:
    """The hash of a file that the room has."""
    return room.asset


async def a_mark(room: MatrixRoom, person: Person) -> str:
    """A mark of the owner's."""
    made = await room.done("POST", "/marks", {"label": "There"})
    id_: str = made["id"]
    return id_


async def own_mark(room: MatrixRoom, person: Person) -> str:
    """A mark of whoever acts, wherever it came from."""
    mark = Mark(secrets.token_hex(8), RoomId(room.id), Micros(1), "person", "Mine", UserId(person.user), Micros(1))
    assert await room.live.app.services.stores.marks.add(mark, most=10**6)
    return mark.id


async def a_recording(room: MatrixRoom, person: Person) -> str:
    """A recording with one file."""
    made = recording(secrets.token_hex(8), 10, UserId(person.user), in_room=RoomId(room.id))
    return (await recorded(room.live.app.services.stores, made)).id


async def the_board(room: MatrixRoom, person: Person) -> str:
    """The name of the room's whiteboard."""
    return "whiteboard"


async def a_client_file(room: MatrixRoom, person: Person) -> str:
    """A file of the browser client."""
    return "index.html"


async def upload(room: MatrixRoom, person: Person, aim: Any) -> str | None:
    """Put a file that the room does not have yet."""
    content = f"{person.standing} {room.live.app.services.clock.now_us()}".encode()
    return _answered(*await room.upload(content, person.token), (201,))


def _route(
    row: str, method: str, rule: str, body: Any = None, *good: int, note: str = "", prepare: Prepare = nothing,
    act: Act | None = None, **more: Any,
) -> Action:  # fmt: skip
    covers = {f"{method} {rule}"} | ({f"HEAD {rule}"} if method == "GET" else set())
    name = " ".join(filter(None, (method, rule, note)))
    changes = more.pop("changes", method != "GET")
    made = act or calling(method, rule, body, *good)
    return Action(name, row, made, frozenset(covers), prepare, changes=changes, **more)


def _public() -> list[Action]:
    pages = ["/", "/r/<room_text>", "/r/<room_text>/replay", "/admin", "/healthz", "/readyz", "/metrics"]
    join = {"name": "Nina", "guest_key": guest_key()}
    return [
        *(_route(PUBLIC, "GET", page) for page in (*pages, "/api/config", "/api/openapi.json")),
        _route(PUBLIC, "GET", "/<client_file:path>", prepare=a_client_file),
        _route(PUBLIC, "POST", "/api/rooms", {"name": "Mine"}, 201),
        _route(PUBLIC, "POST", f"{_ROOM}/join", join, 202, changes=False),
    ]


def _members() -> list[Action]:
    def post(row: str, what: str, prepare: Prepare = someone, **more: Any) -> Action:
        return _route(row, "POST", f"{_MEMBER}/{what}", {}, 204, prepare=prepare, **more)

    def change(row: str, note: str, prepare: Prepare = someone, **body: Any) -> Action:
        return _route(row, "PATCH", _MEMBER, body, note=note, prepare=prepare)

    return [
        change(PEOPLE, "role", role="viewer"),
        change(PEOPLE, "permissions", overrides={"draw": False, "record": True}),
        post(PEOPLE, "kick"),
        post(PEOPLE, "ban"),
        post(PEOPLE, "unban", somebody_banned),
        change(RANKS, "make moderator", role="moderator"),
        change(RANKS, "make owner", role="owner"),
        change(RANKS, "let moderate", overrides={"moderate": True}),
        change(RANKS, "unmake moderator", a_moderator, role="member"),
        change(RANKS, "stop moderating", a_moderator, overrides={"moderate": False}),
        post(RANKS, "kick", a_moderator, note="a moderator"),
        post(RANKS, "ban", a_moderator, note="a moderator"),
        post(HAND_OVER, "handover", spends=True),
        _route(FORGET_ME, "DELETE", f"{_MEMBER}/data", note="own", prepare=oneself, spends=True),
        _route(END, "DELETE", f"{_MEMBER}/data", note="another's", prepare=someone),
    ]


def _room() -> list[Action]:
    settings = {
        "name": "{aim}", "access": "lobby", "default_role": "member", "door": "open", "max_people": 90,
        "permissions": ["draw", "chat", "voice", "video", "screen_share", "upload"],
    }  # fmt: skip
    links = f"{_ROOM}/invitations"
    return [
        _route(READ, "GET", _ROOM),
        _route(READ, "GET", f"{_ROOM}/assets/<sha256>", prepare=the_file),
        _route(READ, "GET", f"{_ROOM}/history"),
        _route(READ, "GET", f"{_ROOM}/history/cursors"),
        _route(READ, "GET", _HISTORY, prepare=the_board),
        _route(READ, "GET", f"{_HISTORY}/authors", prepare=the_board),
        _route(READ, "GET", f"{_ROOM}/marks"),
        _route(READ, "POST", f"{_ROOM}/branch", {}, 201, changes=False),
        _route(CHAT, "POST", f"{_ROOM}/marks", {"label": "Here"}, 201),
        _route(CHAT, "DELETE", f"{_ROOM}/marks/<mark>", None, 204, prepare=own_mark, note="own"),
        _route(OTHERS_WORDS, "DELETE", f"{_ROOM}/marks/<mark>", None, 204, prepare=a_mark, note="another's"),
        _route(READ, "GET", f"{_HISTORY}/moment", prepare=the_board),
        _route(READ, "GET", f"{_HISTORY}/updates", prepare=the_board),
        _route(READ, "GET", f"{_HISTORY}/head", prepare=the_board),
        _route(UPLOAD, "PUT", f"{_ROOM}/assets/<sha256>", act=upload),
        _route(SETTINGS, "PATCH", _ROOM, settings, prepare=someone),
        _route(OPERATOR, "PATCH", _ROOM, {"recovery": True}, note="recovery", stage="new"),
        _route(END, "DELETE", _ROOM, None, 204, stage="new"),
        _route(READ, "GET", f"{_ROOM}/recordings"),
        _route(READ, "GET", f"{_ROOM}/recordings/<recording>", prepare=a_recording),
        _route(READ, "GET", f"{_ROOM}/recordings/<recording>/<track_file>", prepare=a_recording),
        _route(RECORD, "POST", f"{_ROOM}/recording", None, 201, 409, changes=False),
        _route(RECORD, "DELETE", f"{_ROOM}/recording", None, 204, 409, changes=False),
        _route(RECORDINGS, "DELETE", f"{_ROOM}/recordings/<recording>", None, 204, prepare=a_recording),
        _route(SETTINGS, "GET", links),
        _route(SETTINGS, "POST", links, {"role": "member"}, 201),
        _route(RANKS, "POST", links, {"role": "moderator"}, 201, note="for moderators"),
        _route(SETTINGS, "DELETE", f"{links}/<id_>", None, 204, prepare=a_link),
        _route(EXPORT, "GET", f"{_ROOM}/export"),
        *(_route(STATISTICS, "GET", f"{_ROOM}/{what}") for what in ("sessions", "events", "stats")),
    ]


def _administration() -> list[Action]:
    def route(method: str, what: str, body: Any = None, *good: int, **more: Any) -> Action:
        rule = f"/api/admin/{what}"
        return _route(OPERATOR, method, rule, body, *good, at_the_door="permission_denied", **more)

    token = {"room": "*", "sub": "{aim}", "name": "Ann", "role": "owner", "seconds": 60}
    lists = ("overview", "rooms", "sessions", "people", "concurrency", "events")
    return [
        *(route("GET", what) for what in lists),
        route("POST", "tokens", token, 201, prepare=someone),
        route("POST", "tokens/revoke", {"jti": "{aim}"}, 204, prepare=someone),
        route("DELETE", "people/<user>", prepare=someone),
    ]


REQUESTS: Final = [*_public(), *_room(), *_members(), *_administration()]
