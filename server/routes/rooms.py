"""`/api/rooms`: making, joining, reading, changing and deleting rooms."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict
from quart import Blueprint, Response
from quart_schema import document_request, document_response

from crdt_docs.access import Permission, Permissions
from persistence.interfaces import MEMBER_PERMISSIONS, Access, Door, Member, Role, RoomRecord
from server.auth.admission import check_not_revoked, check_space, find_room, stays_in
from server.auth.identities import clean_name, guest_user, read_guest_key
from server.auth.membership import CreatedRoom, create_room, join_room
from server.auth.rights import NOTHING, in_order, rights
from server.auth.tokens import ANY_ROOM, Claims
from server.errors import NotAdmitted, PermissionRefused, RoomLocked
from server.moderation.room import change_room, delete_room
from server.routes.described import DONE, Token, described
from server.routes.http import (
    address,
    authorized,
    authorized_with,
    bearer,
    failures_counted,
    json_response,
    read_body,
    services,
)
from server.signaling.messages import RoomInfo, RoomSign

rooms = Blueprint("rooms", __name__, url_prefix="/api/rooms")

MAX_PEOPLE = 100_000

_NAMED = "1 to 80 visible characters; spaces run together."
Name = Annotated[str, Meta(max_length=400, description=_NAMED, extra_json_schema={"minLength": 1})]
GuestKey = Annotated[str, Meta(extra_json_schema={"pattern": "^[A-Za-z0-9_-]{43}$"})]
DefaultRole = Literal["member", "viewer"]
MemberPermission = Literal["draw", "chat", "voice", "video", "screen_share", "upload", "record"]
"""What a room may let all of its members do; only persons may moderate."""
PermissionList = Annotated[list[MemberPermission], Meta(max_length=8)]


Overrides = Annotated[dict[Permission, bool], Meta(extra_json_schema={"propertyNames": {"enum": list(Permission)}})]


class Owner(Struct):
    """Who will own the new room."""

    name: Name
    guest_key: GuestKey


class NewRoom(Struct):
    """A room to be made."""

    name: Annotated[str, Meta(max_length=400, description=_NAMED)] | None = None
    access: Access = Access.LINK
    default_role: DefaultRole = "member"
    permissions: PermissionList | None = None
    owner: Owner | None = None


class Join(Struct):
    """Somebody wants to come in."""

    name: Name
    guest_key: GuestKey
    key: str | None = None


class Change(Struct):
    """Settings to change; what is not named stays."""

    name: Name | UnsetType = UNSET
    access: Access | UnsetType = UNSET
    default_role: DefaultRole | UnsetType = UNSET
    permissions: PermissionList | UnsetType = UNSET
    door: Door | UnsetType = UNSET
    max_people: Annotated[int, Meta(ge=0, le=MAX_PEOPLE)] | UnsetType = UNSET
    recovery: bool | UnsetType = UNSET


class Me(Struct):
    """Who somebody is in a room, and what he may do there."""

    sub: str
    name: str
    role: Role
    permissions: tuple[Permission, ...]


class Entry(Struct):
    """The way into a room."""

    room: RoomInfo
    token: str
    me: Me
    expires_at: int


class CreatedEntry(Struct):
    """The way into a new room, and the links for others."""

    room: RoomInfo
    token: str
    me: Me
    expires_at: int
    links: dict[str, str]


class LobbyEntry(Struct):
    """The way to the door of a room: the token is good for knocking only."""

    room: RoomSign
    token: str
    me: Me
    expires_at: int
    lobby: Annotated[bool, Meta(extra_json_schema={"const": True})]


class MemberInfo(Struct):
    """A member of a room. What moderators set is told to those who moderate."""

    sub: str
    name: str
    role: Role
    permissions: tuple[Permission, ...]
    overrides: Overrides
    present: bool
    banned: bool
    removed: bool
    joined_at: int


class RoomState(Struct):
    """A room and everybody who ever joined it."""

    room: RoomInfo
    members: list[MemberInfo]


class ChangedRoom(Struct):
    """A room after a change."""

    room: RoomInfo


@rooms.post("")
@document_request(NewRoom)
@document_response(CreatedEntry, 201)
@described(token=Token.OPTIONAL)
async def create() -> Response:
    """[RT2] Make a room. Whoever makes it owns it and gets a link for each role."""
    parts = services()
    await _check_may_create()
    parts.limits.creations.take(address())
    wanted = await read_body(NewRoom)
    made = await create_room(
        parts.stores.rooms,
        parts.clock.now_us(),
        name=clean_name(wanted.name) if wanted.name else None,
        access=wanted.access,
        default_role=Role(wanted.default_role),
        permissions=_permissions(wanted.permissions),
        owner_name=clean_name(wanted.owner.name) if wanted.owner else None,
        owner_key=read_guest_key(wanted.owner.guest_key) if wanted.owner else None,
    )
    await parts.audit.note("room_created", made.room.id, made.owner.user)
    return created(made)


@rooms.post("/<room_text>/join")
@document_request(Join)
@document_response(Entry)
@document_response(LobbyEntry, 202)
@described(token=Token.NONE, refuses=(429,))
async def join(room_text: str) -> Response:
    """[RT3] Turn a link into a token, for the same user after any absence; or into one for knocking (202)."""
    parts = services()
    room = await find_room(parts.stores, room_text)
    parts.limits.joins.take(room.id)
    wanted = await read_body(Join)
    guest_key, name = read_guest_key(wanted.guest_key), clean_name(wanted.name)
    known = await parts.stores.rooms.member(room.id, guest_user(guest_key))
    now = parts.clock.now_us()
    try:
        async with parts.turns.of(room.id):
            room = await find_room(parts.stores, room_text)  # as it is now that all of the body is here
            stays = await stays_in(parts, room, guest_user(guest_key))
            member = await join_room(
                parts.stores.rooms,
                room,
                now,
                guest_key=guest_key,
                name=name,
                key=wanted.key,
                check=partial(_check_door, room, stays),
            )
    except NotAdmitted:
        if room.access is Access.LOBBY:
            return _to_the_door(room, guest_key, name)
        with failures_counted():
            raise
    if known is None or known.removed_at is not None:
        await parts.audit.note("member_joined", room.id, member.user, role=member.role)
    parts.sessions.rename(room.id, member.user, member.name)
    return json_response(_entry(room, member))


@rooms.get("/<room_text>")
@document_response(RoomState)
async def read(room_text: str) -> Response:
    """[RT4] The room and everybody who ever joined it."""
    caller = await authorized(room_text)
    members = await services().stores.rooms.members(caller.room.id)
    tell_all = Permission.MODERATE in caller.permissions
    present = services().people(caller.room.id)
    told = [_member_info(caller.room, member, member.user in present, tell_all) for member in members]
    return json_response(RoomState(RoomInfo.of(caller.room), told))


@rooms.patch("/<room_text>")
@document_request(Change)
@document_response(ChangedRoom)
async def change(room_text: str) -> Response:
    """[RT5] Change settings; whoever moderates may, and everybody in the room is told."""
    caller, wanted = await authorized_with(room_text, Change)
    caller.require(Permission.MODERATE)
    changed = await change_room(services(), caller, _changes(wanted))
    return json_response(ChangedRoom(RoomInfo.of(changed)))


@rooms.delete("/<room_text>")
@described(responses=DONE)
async def delete(room_text: str) -> Response:
    """[RT11] End the room for good; its owner may."""
    await delete_room(services(), await authorized(room_text))
    return Response(b"", status=204)


def _changes(wanted: Change) -> dict[str, Any]:
    changes = {name: value for name, value in asdict(wanted).items() if value is not UNSET}
    if "name" in changes:
        changes["name"] = clean_name(changes["name"])
    if "default_role" in changes:
        changes["default_role"] = Role(changes["default_role"])
    if "permissions" in changes:
        changes["permissions"] = _permissions(changes["permissions"])
    return changes


def _permissions(wanted: PermissionList | None) -> Permissions:
    return MEMBER_PERMISSIONS if wanted is None else frozenset(map(Permission, wanted))


async def _check_may_create() -> None:
    """Raises what refuses the request when `create_rooms` does not let its sender make rooms."""
    parts = services()
    if parts.config.create_rooms == "anyone":
        return
    with failures_counted():
        claims = parts.tokens.read(bearer())
        await check_not_revoked(parts, claims)
    check_creator(claims)


def check_creator(claims: Claims) -> None:
    """Whether who has a good token may make rooms.

    Raises:
        PermissionRefused: He may not.
    """
    if claims.knock or (services().config.create_rooms == "admin" and claims.room != ANY_ROOM):
        raise PermissionRefused("Only a token for every room may make rooms here.")


def created(made: CreatedRoom) -> Response:
    """The answer to who has made a room: the way in, and the links for others."""
    entry = _entry(made.room, made.owner)
    return json_response(CreatedEntry(entry.room, entry.token, entry.me, entry.expires_at, _links(made)), 201)


def _check_door(room: RoomRecord, stays: bool, member: Member) -> None:
    """[RT12] Who joins comes in unless the door is locked or the room full; who is in already only renews his token,
    and who was in when it was locked comes back."""
    parts = services()
    permissions = rights(member.role, room, member.overrides)
    if member.user in parts.people(room.id):
        return
    if room.door is not Door.OPEN and Permission.MODERATE not in permissions and not stays:
        raise RoomLocked
    check_space(parts, room, member.user, permissions)


def _to_the_door(room: RoomRecord, guest_key: bytes, name: str) -> Response:
    """[RT13] A newcomer to a room with a lobby may knock."""
    parts = services()
    if room.door is not Door.OPEN:
        raise RoomLocked
    user = guest_user(guest_key)
    parts.limits.knocks.take(f"{room.id}/{user}")
    claims = Claims(user, name, room.id, Role.VIEWER, knock=True)
    token, expires_at = parts.tokens.issue(claims, parts.config.token_seconds)
    me = Me(user, name, Role.VIEWER, in_order(NOTHING))
    return json_response(LobbyEntry(RoomSign(room.id, room.name), token, me, expires_at, True), 202)


def _entry(room: RoomRecord, member: Member) -> Entry:
    parts = services()
    claims = Claims(member.user, member.name, room.id, member.role)
    token, expires_at = parts.tokens.issue(claims, parts.config.token_seconds)
    me = Me(member.user, member.name, member.role, in_order(rights(member.role, room, member.overrides)))
    return Entry(RoomInfo.of(room), token, me, expires_at)


def _member_info(room: RoomRecord, member: Member, present: bool, tell_all: bool) -> MemberInfo:
    return MemberInfo(
        member.user,
        member.name,
        member.role,
        in_order(rights(member.role, room, member.overrides)),
        dict(member.overrides) if tell_all else {},
        present,
        tell_all and member.banned_at is not None,
        tell_all and member.removed_at is not None,
        member.joined_at,
    )


def _links(made: CreatedRoom) -> dict[str, str]:
    plain = f"/r/{made.room.id}"
    return {"room": plain, **{role.value: f"{plain}#k={key}" for role, key in made.keys.items()}}
