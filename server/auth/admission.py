"""Who gets in: a token and a room name from outside become a room and an author, or an error with a code."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from crdt_docs.access import Permission, Permissions
from crdt_docs.errors import InvalidRoomId
from crdt_docs.ids import RoomId, SessionId, UserId, parse_room_id
from persistence.interfaces import Access, Door, Member, Micros, Role, RoomRecord, Stores
from server.audit import Audit
from server.auth.identities import color_of, new_session_id
from server.auth.rights import ALL, rights
from server.auth.tokens import ANY_ROOM, Claims, Tokens
from server.auth.turns import Turns
from server.clock import Clock
from server.config import Config
from server.errors import (
    Banned,
    MalformedRequest,
    NotAdmitted,
    PermissionRefused,
    RoomDeleted,
    RoomFull,
    RoomLocked,
    TokenInvalid,
    UnknownRoom,
)
from server.rooms.author import Author

LOST_SECONDS = 60
"""Whose connection was lost so shortly before the door was locked was in."""
_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NOT_A_PAGE = "forwarder"
"""Under this id the server itself speaks in calls."""


class AdmissionParts(Protocol):
    """What admission needs of the running system."""

    @property
    def stores(self) -> Stores: ...
    @property
    def tokens(self) -> Tokens: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def config(self) -> Config: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def turns(self) -> Turns: ...
    def people(self, room: RoomId) -> Collection[UserId]:
        """Who is in a room now."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with a good token for a room, and what he may do there now."""

    room: RoomRecord
    claims: Claims
    role: Role
    permissions: Permissions

    @property
    def user(self) -> UserId:
        """Who it is."""
        return self.claims.user

    @property
    def admin(self) -> bool:
        """Whether it is the operator."""
        return self.claims.admin

    def require(self, permission: Permission) -> None:
        """Go on only with this permission.

        Raises:
            PermissionRefused: The person does not have it.
        """
        if permission not in self.permissions:
            raise PermissionRefused


@dataclass(frozen=True, slots=True)
class Admitted:
    """A session that may enter a room."""

    room: RoomRecord
    author: Author
    claims: Claims
    device: str = ""


async def authorize(parts: AdmissionParts, room_text: str, token: str | None) -> Caller:
    """Check a token, and only then look at anything else: without one nobody learns which rooms exist.

    [AD1] The token's room must be this room. [AD2] A token for `*` opens any room and creates it at first use, for
    invited people only. [AD3] Whoever comes with a token is a member from then on,
    and a guest is called what he last chose.

    Raises:
        TokenInvalid, TokenExpired: The token opens nothing here, or was revoked.
        Banned, NotAdmitted: The person may not come in.
        InvalidRoomId, UnknownRoom, RoomDeleted: There is nothing to open.
        StorageError: It cannot be known.
    """
    claims = parts.tokens.read(token)
    if claims.knock:
        raise NotAdmitted
    return await _caller(parts, room_text, claims)


async def authorize_knocker(parts: AdmissionParts, room_text: str, token: str | None) -> tuple[RoomRecord, Claims]:
    """Check a token that is good for knocking only.

    Raises:
        TokenInvalid, TokenExpired: It is none.
        Banned: Nobody will open.
        InvalidRoomId, UnknownRoom, RoomDeleted, StorageError: As `authorize`.
    """
    claims = parts.tokens.read(token)
    if not claims.knock or claims.room != room_text:
        raise TokenInvalid
    room = existing(await parts.stores.rooms.get(parse_room_id(room_text)))
    if await parts.stores.rooms.banned(room.id, claims.user, ""):
        raise Banned
    return room, claims


async def admit(
    parts: AdmissionParts, room_text: str, token: str | None, session_text: str | None, device: str = ""
) -> Admitted:
    """Let a socket in. [AD4] A socket that names no session is a session of its own.

    Raises:
        MalformedRequest: The session id has another form than 1 to 64 of `A-Z a-z 0-9 _ -`.
        RoomLocked, RoomFull: Nobody is let in now.
        TokenInvalid, TokenExpired, Banned, NotAdmitted, InvalidRoomId, UnknownRoom, RoomDeleted, StorageError: As
            `authorize`.
    """
    caller = await authorize(parts, room_text, token)
    if session_text and (session_text == _NOT_A_PAGE or not _SESSION_ID.fullmatch(session_text)):
        raise MalformedRequest("A session id has 1 to 64 letters, digits, - or _.")
    session = SessionId(session_text) if session_text else new_session_id()
    return await _entering(parts, caller, session, device)


async def readmit(parts: AdmissionParts, admitted: Admitted) -> Admitted:
    """Look again at who was admitted a moment ago: rights, bans and doors as they are now.

    Raises:
        ServerError, DocumentError, StorageError: As `admit`.
    """
    caller = await _caller(parts, admitted.room.id, admitted.claims)
    return await _entering(parts, caller, admitted.author.session, admitted.device)


@asynccontextmanager
async def in_turn(parts: AdmissionParts, caller: Caller) -> AsyncIterator[Caller]:
    """[RI4] Wait for the room's turn, then go on as what the caller is by now: he may have been sent away meanwhile.

    Raises:
        TokenInvalid, Banned, NotAdmitted, UnknownRoom, RoomDeleted, StorageError: As `authorize`.
    """
    async with parts.turns.of(caller.room.id):
        await check_not_revoked(parts, caller.claims)
        room = existing(await parts.stores.rooms.get(caller.room.id))
        yield replace(caller, room=room) if caller.admin else await _as_known(parts, room, caller.claims)


async def check_not_revoked(parts: AdmissionParts, claims: Claims) -> None:
    """[AD9] A token that was revoked opens nothing, whatever else it says.

    Raises:
        TokenInvalid: It was.
        StorageError: It cannot be known.
    """
    if claims.jti and await parts.stores.revocations.is_revoked(claims.jti):
        raise TokenInvalid("This token was revoked.")


async def find_room(stores: Stores, room_text: str) -> RoomRecord:
    """The room of that name, for those who may know of it.

    Raises:
        UnknownRoom, RoomDeleted: There is none.
    """
    try:
        room_id = parse_room_id(room_text)
    except InvalidRoomId as exc:
        raise UnknownRoom from exc
    return existing(await stores.rooms.get(room_id))


def existing(room: RoomRecord | None) -> RoomRecord:
    """The room itself.

    Raises:
        UnknownRoom: There never was one.
        RoomDeleted: There is none any more.
    """
    if room is None:
        raise UnknownRoom
    if room.deleted_at is not None:
        raise RoomDeleted
    return room


async def stays_in(parts: AdmissionParts, room: RoomRecord, user: UserId) -> bool:
    """[AD7] Whether a person was in when the door was locked, or less than `LOST_SECONDS` before, and has not been
    sent away since. Through an open door all come, and nobody stays in a room that was closed: it is False for both.
    """
    if room.door is not Door.LOCKED:
        return False
    member = await parts.stores.rooms.member(room.id, user)
    if member is None or member.tokens_from > room.door_at:
        return False
    since = Micros(room.door_at - LOST_SECONDS * 1_000_000)
    return await parts.stores.sessions.was_here(room.id, user, since, room.door_at)


def rights_of(room: RoomRecord, member: Member, claims: Claims) -> Permissions:
    """What a member with this token may do: its own permissions count unless he was given another role after it.

    A newer token with the same role is no other role: it must not lift what an older one is limited to.
    """
    current = claims.issued_at >= member.role_at or claims.role is member.role
    return rights(member.role, room, member.overrides, claims.permissions if current else None)


def check_space(parts: AdmissionParts, room: RoomRecord, user: UserId, permissions: Permissions) -> None:
    """[AD8] No more people at once than the room and the installation allow; who moderates always finds a place.

    Raises:
        RoomFull: There are as many already.
    """
    most = min(room.max_people or parts.config.max_people, parts.config.max_people)
    if Permission.MODERATE not in permissions and len(set(parts.people(room.id)) - {user}) >= most:
        raise RoomFull


async def _caller(parts: AdmissionParts, room_text: str, claims: Claims) -> Caller:
    if claims.room not in (ANY_ROOM, room_text):
        raise TokenInvalid
    await check_not_revoked(parts, claims)
    room_id = parse_room_id(room_text)
    room = await parts.stores.rooms.get(room_id)
    if claims.admin:
        return Caller(existing(room), claims, Role.OWNER, ALL)
    if room is None and claims.room == ANY_ROOM:
        room = await _create(parts, room_id)
    room = existing(room)
    return _caller_of(room, await _member(parts, room, claims), claims)


async def _as_known(parts: AdmissionParts, room: RoomRecord, claims: Claims) -> Caller:
    known = await _known(parts, room, claims)
    if known is None:
        raise NotAdmitted
    return _caller_of(room, _as_told(known, claims), claims)


def _caller_of(room: RoomRecord, member: Member, claims: Claims) -> Caller:
    return Caller(room, replace(claims, name=member.name), member.role, rights_of(room, member, claims))


async def _entering(parts: AdmissionParts, caller: Caller, session: SessionId, device: str) -> Admitted:
    room = caller.room
    await _check_door(parts, caller)
    check_space(parts, room, caller.user, caller.permissions)
    author = Author(
        caller.user, caller.claims.name, caller.role, session, color_of(caller.user), caller.permissions
    )  # fmt: skip
    return Admitted(room, author, caller.claims, device)


async def _check_door(parts: AdmissionParts, caller: Caller) -> None:
    if caller.room.door is Door.OPEN or Permission.MODERATE in caller.permissions:
        return
    if not await stays_in(parts, caller.room, caller.user):
        raise RoomLocked


async def _create(parts: AdmissionParts, room_id: RoomId) -> RoomRecord | None:
    room = RoomRecord(room_id, room_id, Access.INVITE, Role.MEMBER, parts.clock.now_us())
    if await parts.stores.rooms.create(room):
        return room
    return await parts.stores.rooms.get(room_id)  # somebody else was faster


async def _member(parts: AdmissionParts, room: RoomRecord, claims: Claims) -> Member:
    """The person as the room knows him, after what this token says of him.

    [AD5] Tokens issued before somebody was sent away are void, and a ban holds for his family of tokens. [AD6] Of
    tokens and moderators the newest one decides on the role; a guest's role is the room's alone.
    """
    known = await _known(parts, room, claims)
    if known is not None and _as_told(known, claims) == known:
        return known
    rooms = parts.stores.rooms
    async with parts.turns.of(room.id):
        known = await rooms.member(room.id, claims.user)
        member = _newcomer(room, claims, parts.clock.now_us()) if known is None else _as_told(known, claims)
        await rooms.put_members(member)
    if known is None:
        await parts.audit.note("member_joined", room.id, claims.user, role=claims.role)
    return member


async def _known(parts: AdmissionParts, room: RoomRecord, claims: Claims) -> Member | None:
    if await parts.stores.rooms.banned(room.id, claims.user, claims.family):
        raise Banned
    return await parts.stores.rooms.member(room.id, claims.user)


def _newcomer(room: RoomRecord, claims: Claims, now: Micros) -> Member:
    return Member(
        room.id, claims.user, claims.name, claims.role, None, now, role_at=claims.issued_at, family=claims.family
    )


def _as_told(known: Member, claims: Claims) -> Member:
    if known.banned_at is not None:
        raise Banned
    if claims.issued_at < known.tokens_from:
        raise TokenInvalid("This token was revoked: join again.")
    if known.guest_hash is not None:
        return known
    member = replace(known, name=claims.name, removed_at=None, family=claims.family or known.family)
    if claims.issued_at >= known.role_at:
        member = replace(member, role=claims.role, role_at=claims.issued_at)
    return member
