"""Rooms, members and invitations in SQLite."""

from __future__ import annotations

from typing import Any

from crdt_docs.ids import RoomId, UserId
from persistence.interfaces import Access, Invitation, Member, Micros, Role, RoomRecord
from persistence.sqlite.connection import Database

_MEMBERS = "SELECT room, user, name, role, guest_hash, joined_at FROM members WHERE room = ?"


class SqliteRooms:
    """See `persistence.interfaces.Rooms`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, room: RoomRecord) -> bool:
        created = await self._database.write(
            "INSERT INTO rooms (id, name, access, default_role, created_at, deleted_at) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (room.id, room.name, room.access, room.default_role, room.created_at, room.deleted_at),
        )
        return created == 1

    async def get(self, room: RoomId) -> RoomRecord | None:
        found = await self._database.read(
            "SELECT id, name, access, default_role, created_at, deleted_at FROM rooms WHERE id = ?", (room,)
        )
        return _room(found[0]) if found else None

    async def change(self, room: RoomRecord) -> None:
        await self._database.write(
            "UPDATE rooms SET name = ?, access = ?, default_role = ?, created_at = ?, deleted_at = ? WHERE id = ?",
            (room.name, room.access, room.default_role, room.created_at, room.deleted_at, room.id),
        )

    async def put_member(self, member: Member) -> None:
        await self._database.write(
            "INSERT INTO members (room, user, name, role, guest_hash, joined_at) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET name = excluded.name, role = excluded.role, guest_hash = excluded.guest_hash,"
            " joined_at = excluded.joined_at",
            (member.room, member.user, member.name, member.role, member.guest_hash, member.joined_at),
        )

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

    async def add_invitation(self, invitation: Invitation) -> None:
        await self._database.write(
            "INSERT INTO invitations (room, key_hash, role, created_at, revoked_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET role = excluded.role, revoked_at = excluded.revoked_at",
            (
                invitation.room,
                invitation.key_hash,
                invitation.role,
                invitation.created_at,
                invitation.revoked_at,
            ),
        )

    async def invitation(self, room: RoomId, key_hash: bytes) -> Invitation | None:
        found = await self._database.read(
            "SELECT room, key_hash, role, created_at, revoked_at FROM invitations WHERE room = ? AND key_hash = ?",
            (room, key_hash),
        )
        if not found:
            return None
        [(_, _, role, created_at, revoked_at)] = found
        return Invitation(room, key_hash, Role(role), Micros(created_at), revoked_at)


def _room(record: tuple[Any, ...]) -> RoomRecord:
    id_, name, access, default_role, created_at, deleted_at = record
    return RoomRecord(RoomId(id_), name, Access(access), Role(default_role), Micros(created_at), deleted_at)


def _member(record: tuple[Any, ...]) -> Member:
    room, user, name, role, guest_hash, joined_at = record
    return Member(RoomId(room), UserId(user), name, Role(role), guest_hash, Micros(joined_at))
