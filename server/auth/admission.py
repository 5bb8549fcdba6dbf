"""Who gets in: a token and a room name from outside become a room and an author, or an error with a code."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Protocol

from crdt_docs.errors import InvalidRoomId
from crdt_docs.ids import RoomId, SessionId, parse_room_id
from persistence.interfaces import Access, Member, Role, RoomRecord, Stores
from server.auth.identities import color_of, new_session_id
from server.auth.roles import permissions
from server.auth.tokens import ANY_ROOM, Claims, Tokens
from server.clock import Clock
from server.errors import MalformedRequest, RoomDeleted, TokenInvalid, UnknownRoom
from server.rooms.author import Author

_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class AdmissionParts(Protocol):
    """What admission needs of the running system."""

    @property
    def stores(self) -> Stores: ...
    @property
    def tokens(self) -> Tokens: ...
    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True, slots=True)
class Admitted:
    """A session that may enter a room."""

    room: RoomRecord
    author: Author


async def authorize(parts: AdmissionParts, room_text: str, token: str | None) -> tuple[RoomRecord, Claims]:
    """Check a token, and only then look at anything else: without one nobody learns which rooms exist.

    [AD1] The token's room must be this room. [AD2] A token for `*` opens any room and creates it at first use, for
    invited people only. [AD3] Whoever comes with a token is a member from then on,
    and a guest is called what he last chose.

    Raises:
        TokenInvalid, TokenExpired: The token opens nothing here.
        InvalidRoomId, UnknownRoom, RoomDeleted: There is nothing to open.
        StorageError: It cannot be known.
    """
    claims = parts.tokens.read(token)
    if claims.room not in (ANY_ROOM, room_text):
        raise TokenInvalid
    room_id = parse_room_id(room_text)
    room = await parts.stores.rooms.get(room_id)
    if room is None and claims.room == ANY_ROOM:
        room = await _create(parts, room_id)
    room = existing(room)
    return room, await _remember(parts, room.id, claims)


async def admit(parts: AdmissionParts, room_text: str, token: str | None, session_text: str | None) -> Admitted:
    """Let a socket in. [AD4] A socket that names no session is a session of its own.

    Raises:
        MalformedRequest: The session id has another form than 1 to 64 of `A-Z a-z 0-9 _ -`.
        TokenInvalid, TokenExpired, InvalidRoomId, UnknownRoom, RoomDeleted, StorageError: As `authorize`.
    """
    room, claims = await authorize(parts, room_text, token)
    if session_text and not _SESSION_ID.fullmatch(session_text):
        raise MalformedRequest("A session id has 1 to 64 letters, digits, - or _.")
    session = SessionId(session_text) if session_text else new_session_id()
    color = color_of(claims.user)
    return Admitted(room, Author(claims.user, claims.name, claims.role, session, color, permissions(claims.role)))


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


async def _create(parts: AdmissionParts, room_id: RoomId) -> RoomRecord | None:
    room = RoomRecord(room_id, room_id, Access.INVITE, Role.MEMBER, parts.clock.now_us())
    if await parts.stores.rooms.create(room):
        return room
    return await parts.stores.rooms.get(room_id)  # somebody else was faster


async def _remember(parts: AdmissionParts, room_id: RoomId, claims: Claims) -> Claims:
    """Name people whose token was minted elsewhere in the list of members. A guest is called what he last chose to be
    called, which may be newer than his token."""
    member = await parts.stores.rooms.member(room_id, claims.user)
    if member is None:
        member = Member(room_id, claims.user, claims.name, claims.role, None, parts.clock.now_us())
        await parts.stores.rooms.put_member(member)
    return claims if member.guest_hash is None else replace(claims, name=member.name)
