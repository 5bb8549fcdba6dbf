"""Rooms and the people in them in SQLite."""

from __future__ import annotations

import json
from typing import Any

from crdt_docs.access import Permission, Permissions
from crdt_docs.ids import RoomId, UserId
from persistence.interfaces import Access, Door, Invitation, Member, Micros, Role, RoomRecord
from persistence.sqlite import invitations
from persistence.sqlite.connection import Database, Statement

_ROOMS = """
SELECT id, name, access, default_role, created_at, deleted_at, permissions, door, door_at, max_people, recovery,
    origin, origin_at
FROM rooms
"""
_CREATE = """
INSERT INTO rooms
    (id, name, access, default_role, created_at, deleted_at, permissions, door, door_at, max_people, recovery,
    origin, origin_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_CHANGE = """
UPDATE rooms SET (name, access, default_role, created_at, deleted_at, permissions, door, door_at, max_people, recovery,
    origin, origin_at) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?
"""
_MEMBERS = """
SELECT room, user, name, role, guest_hash, joined_at, role_at, overrides, tokens_from, removed_at, banned_at, family
FROM members WHERE room = ?
"""
_PUT_MEMBER = """
INSERT INTO members
    (room, user, name, role, guest_hash, joined_at, role_at, overrides, tokens_from, removed_at, banned_at, family)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET name = excluded.name, role = excluded.role, guest_hash = excluded.guest_hash,
    joined_at = excluded.joined_at, role_at = excluded.role_at, overrides = excluded.overrides,
    tokens_from = excluded.tokens_from, removed_at = excluded.removed_at, banned_at = excluded.banned_at,
    family = excluded.family
"""
_BANNED = """
SELECT EXISTS (SELECT 1 FROM members WHERE room = :room AND banned_at IS NOT NULL
    AND (user = :user OR (:family <> '' AND family = :family)))
"""


class SqliteRooms:
    """See `persistence.interfaces.Rooms`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, room: RoomRecord) -> bool:
        return await self._database.write(_CREATE, (room.id, *_of_room(room))) == 1

    async def get(self, room: RoomId) -> RoomRecord | None:
        found = await self._database.read(f"{_ROOMS} WHERE id = ?", (room,))
        return _room(found[0]) if found else None

    async def change(self, room: RoomRecord) -> None:
        changes: list[Statement] = [(_CHANGE, [(*_of_room(room), room.id)])]
        if room.deleted_at is not None:
            changes.append(("DELETE FROM cursors WHERE room = ?", [(room.id,)]))
        await self._database.write_all(*changes)

    async def all(self) -> list[RoomRecord]:
        return [_room(record) for record in await self._database.survey(f"{_ROOMS} ORDER BY created_at, rowid")]

    async def put_members(self, *members: Member) -> None:
        await self._database.write_all((_PUT_MEMBER, [_of_member(member) for member in members]))

    async def member(self, room: RoomId, user: UserId) -> Member | None:
        found = await self._database.read(f"{_MEMBERS} AND user = ?", (room, user))
        return _member(found[0]) if found else None

    async def member_by_guest(self, room: RoomId, guest_hash: bytes) -> Member | None:
        found = await self._database.read(
            f"{_MEMBERS} AND guest_hash = ? ORDER BY joined_at, rowid LIMIT 1", (room, guest_hash)
        )
        return _member(found[0]) if found else None

    async def members(self, room: RoomId) -> list[Member]:
        return [
            _member(record) for record in await self._database.read(f"{_MEMBERS} ORDER BY joined_at, rowid", (room,))
        ]

    async def banned(self, room: RoomId, user: UserId, family: str) -> bool:
        [(banned,)] = await self._database.read(_BANNED, {"room": room, "user": user, "family": family})
        return bool(banned)

    async def add_invitation(self, invitation: Invitation) -> None:
        await invitations.add(self._database, invitation)

    async def invitation(self, room: RoomId, key_hash: bytes) -> Invitation | None:
        return await invitations.by_key(self._database, room, key_hash)

    async def invitations(self, room: RoomId) -> list[Invitation]:
        return await invitations.of_room(self._database, room)

    async def revoke_invitation(self, room: RoomId, id_: str, at: Micros) -> bool:
        return await invitations.revoke(self._database, room, id_, at)

    async def count_invitation_use(self, room: RoomId, key_hash: bytes) -> None:
        await invitations.count_use(self._database, room, key_hash)


def _of_room(room: RoomRecord) -> tuple[Any, ...]:
    """What is kept of a room beside its id, in the order of the statements above."""
    return (
        room.name,
        room.access,
        room.default_role,
        room.created_at,
        room.deleted_at,
        json.dumps([permission for permission in Permission if permission in room.permissions]),
        room.door,
        room.door_at,
        room.max_people,
        room.recovery,
        room.origin,
        room.origin_at,
    )


def _room(record: tuple[Any, ...]) -> RoomRecord:
    id_, name, access, role, created_at, deleted_at, permissions, door, door_at, max_people, recovery, *origin = record
    return RoomRecord(
        RoomId(id_),
        name,
        Access(access),
        Role(role),
        Micros(created_at),
        deleted_at,
        _permissions(permissions),
        Door(door),
        Micros(door_at),
        max_people,
        bool(recovery),
        *origin,
    )


def _permissions(text: str) -> Permissions:
    return frozenset(map(Permission, json.loads(text)))


def _of_member(member: Member) -> tuple[Any, ...]:
    return (
        member.room,
        member.user,
        member.name,
        member.role,
        member.guest_hash,
        member.joined_at,
        member.role_at,
        json.dumps(dict(member.overrides)),
        member.tokens_from,
        member.removed_at,
        member.banned_at,
        member.family,
    )


def _member(record: tuple[Any, ...]) -> Member:
    room, user, name, role, guest, joined_at, role_at, overrides, tokens_from, removed_at, banned_at, family = record
    return Member(
        RoomId(room),
        UserId(user),
        name,
        Role(role),
        guest,
        Micros(joined_at),
        Micros(role_at),
        {Permission(name): given for name, given in json.loads(overrides).items()},
        Micros(tokens_from),
        removed_at,
        banned_at,
        family,
    )
