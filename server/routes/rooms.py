"""`/api/rooms`: making, joining, reading and changing rooms."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict
from quart import Blueprint, Response

from crdt_docs.access import Permission
from persistence.interfaces import Access, Event, Member, Role, RoomRecord
from server.auth.admission import find_room
from server.auth.identities import clean_name, read_guest_key
from server.auth.membership import CreatedRoom, create_room, join_room
from server.auth.roles import may
from server.auth.tokens import ANY_ROOM, Claims
from server.errors import NotAdmitted, PermissionRefused
from server.routes.http import address, authorized, bearer, json_response, read_body, services
from server.signaling.messages import RoomInfo

rooms = Blueprint("rooms", __name__, url_prefix="/api/rooms")

_Name = Annotated[str, Meta(max_length=400)]
_DefaultRole = Literal["member", "viewer"]


class _Owner(Struct):
    name: _Name
    guest_key: str


class _NewRoom(Struct):
    name: _Name | None = None
    access: Access = Access.LINK
    default_role: _DefaultRole = "member"
    owner: _Owner | None = None


class _Join(Struct):
    name: _Name
    guest_key: str
    key: str | None = None


class _Change(Struct):
    name: _Name | UnsetType = UNSET
    access: Access | UnsetType = UNSET
    default_role: _DefaultRole | UnsetType = UNSET


class _Me(Struct):
    sub: str
    name: str
    role: Role


@rooms.post("")
async def create() -> tuple[Response, int] | Response:
    """[RT2] Make a room. Whoever makes it owns it and gets a link for each role."""
    parts = services()
    _check_may_create()
    parts.limits.creations.take(address())
    wanted = await read_body(_NewRoom)
    made = await create_room(
        parts.stores.rooms,
        parts.clock.now_us(),
        name=clean_name(wanted.name) if wanted.name else None,
        access=wanted.access,
        default_role=Role(wanted.default_role),
        owner_name=clean_name(wanted.owner.name) if wanted.owner else None,
        owner_key=read_guest_key(wanted.owner.guest_key) if wanted.owner else None,
    )
    await parts.stores.events.add(Event(made.room.id, made.room.created_at, "room_created", made.owner.user))
    answer = {"room": RoomInfo.of(made.room), "links": _links(made), **_token(made.room, made.owner)}
    return json_response(answer, 201)


@rooms.post("/<room_text>/join")
async def join(room_text: str) -> Response:
    """[RT3] Turn a link into a token, for the same user after any absence."""
    parts = services()
    room = await find_room(parts.stores, room_text)
    parts.limits.joins.take(room.id)
    wanted = await read_body(_Join)
    guest_key, name = read_guest_key(wanted.guest_key), clean_name(wanted.name)
    now = parts.clock.now_us()
    try:
        member = await join_room(parts.stores.rooms, room, now, guest_key=guest_key, name=name, key=wanted.key)
    except NotAdmitted:
        parts.limits.failures.take(address())
        raise
    parts.hub.rename(room.id, member.user, member.name)
    return json_response({"room": RoomInfo.of(room), **_token(room, member)})


@rooms.get("/<room_text>")
async def read(room_text: str) -> Response:
    """[RT4] The room and everybody who ever joined it."""
    room, _ = await authorized(room_text)
    members = await services().stores.rooms.members(room.id)
    return json_response({"room": RoomInfo.of(room), "members": [_Me(m.user, m.name, m.role) for m in members]})


@rooms.patch("/<room_text>")
async def change(room_text: str) -> Response:
    """[RT5] Change name, access or default role; owners and moderators may, and everybody in the room is told."""
    room, claims = await authorized(room_text)
    if not may(claims.role, Permission.MODERATE):
        raise PermissionRefused
    wanted = await read_body(_Change)
    changed = _changed(room, wanted)
    if changed != room:
        parts = services()
        await parts.stores.rooms.change(changed)
        await parts.stores.events.add(Event(room.id, parts.clock.now_us(), "room_changed", claims.user))
        parts.hub.room_changed(changed)
    return json_response({"room": RoomInfo.of(changed)})


def _changed(room: RoomRecord, wanted: _Change) -> RoomRecord:
    given = {name: value for name, value in asdict(wanted).items() if value is not UNSET}
    return RoomRecord(
        room.id,
        clean_name(given["name"]) if "name" in given else room.name,
        given.get("access", room.access),
        Role(given.get("default_role", room.default_role)),
        room.created_at,
        room.deleted_at,
    )


def _check_may_create() -> None:
    """Raises what refuses the request when `create_rooms` does not let its sender make rooms."""
    policy = services().config.create_rooms
    if policy == "anyone":
        return
    claims = services().tokens.read(bearer())
    if policy == "admin" and claims.room != ANY_ROOM:
        raise PermissionRefused("Only a token for every room may make rooms here.")


def _token(room: RoomRecord, member: Member) -> dict[str, object]:
    parts = services()
    claims = Claims(member.user, member.name, room.id, member.role)
    token, expires_at = parts.tokens.issue(claims, parts.config.token_seconds)
    return {"token": token, "me": _Me(member.user, member.name, member.role), "expires_at": expires_at}


def _links(made: CreatedRoom) -> dict[str, str]:
    plain = f"/r/{made.room.id}"
    return {"room": plain, **{role.value: f"{plain}#k={key}" for role, key in made.keys.items()}}
