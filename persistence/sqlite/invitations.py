"""Invitations to rooms in SQLite."""

from __future__ import annotations

from typing import Any

from crdt_docs.ids import RoomId
from persistence.interfaces import Invitation, Micros, Role
from persistence.sqlite.connection import Database

_INVITATIONS = """
SELECT room, key_hash, role, created_at, revoked_at, label, created_by, uses FROM invitations WHERE room = ?
"""
_ADD = """
INSERT INTO invitations (room, key_hash, role, created_at, revoked_at, label, created_by, uses)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET role = excluded.role, revoked_at = excluded.revoked_at, label = excluded.label
"""


async def add(database: Database, invitation: Invitation) -> None:
    """See `persistence.interfaces.Rooms.add_invitation`."""
    kept = (
        invitation.room,
        invitation.key_hash,
        invitation.role,
        invitation.created_at,
        invitation.revoked_at,
        invitation.label,
        invitation.created_by,
        invitation.uses,
    )
    await database.write(_ADD, kept)


async def by_key(database: Database, room: RoomId, key_hash: bytes) -> Invitation | None:
    """See `persistence.interfaces.Rooms.invitation`."""
    found = await database.read(f"{_INVITATIONS} AND key_hash = ?", (room, key_hash))
    return _invitation(found[0]) if found else None


async def of_room(database: Database, room: RoomId) -> list[Invitation]:
    """See `persistence.interfaces.Rooms.invitations`."""
    found = await database.read(f"{_INVITATIONS} ORDER BY created_at, rowid", (room,))
    return [_invitation(record) for record in found]


async def revoke(database: Database, room: RoomId, id_: str, at: Micros) -> bool:
    """See `persistence.interfaces.Rooms.revoke_invitation`."""
    changed = await database.write(
        "UPDATE invitations SET revoked_at = ?"
        " WHERE room = ? AND lower(hex(substr(key_hash, 1, 8))) = ? AND revoked_at IS NULL",
        (at, room, id_),
    )
    return changed > 0


async def count_use(database: Database, room: RoomId, key_hash: bytes) -> None:
    """See `persistence.interfaces.Rooms.count_invitation_use`."""
    await database.write("UPDATE invitations SET uses = uses + 1 WHERE room = ? AND key_hash = ?", (room, key_hash))


def _invitation(record: tuple[Any, ...]) -> Invitation:
    room, key_hash, role, created_at, revoked_at, label, created_by, uses = record
    return Invitation(RoomId(room), key_hash, Role(role), Micros(created_at), revoked_at, label, created_by, uses)
