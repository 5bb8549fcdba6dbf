"""The settings of a room, its door, and its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crdt_docs.access import Permission
from persistence.interfaces import Door, Role, RoomRecord
from server.auth.admission import Caller, in_turn
from server.errors import PermissionRefused, RoomDeleted, RoomLocked
from server.moderation.parts import ModerationParts
from server.signaling.messages import LetIn

CLOSED = "The room was closed."


async def change_room(parts: ModerationParts, caller: Caller, changes: Mapping[str, Any]) -> RoomRecord:
    """[MO8] Change settings of a room; everybody in it is told, and rights that follow from them change at once.

    Closing the door sends everybody away who does not moderate. Recovery is the operator's to switch.

    Args:
        changes: Fields of RoomRecord with their new values.

    Raises:
        PermissionRefused: The caller does not moderate.
        StorageError: It could not be kept.
    """
    async with in_turn(parts, caller) as actor:
        actor.require(Permission.MODERATE)
        if "recovery" in changes and not actor.admin:
            raise PermissionRefused("Only the operator of this server switches recovery.")
        room = actor.room
        changed = replace(room, **changes)
        if changed == room:
            return room
        if changed.door is not room.door:
            changed = replace(changed, door_at=parts.clock.now_us())
        await parts.stores.rooms.change(changed)
        parts.hub.room_changed(changed)
        await _take_effect(parts, room, changed)
    await _record(parts, caller, room, changed)
    return changed


async def delete_room(parts: ModerationParts, caller: Caller) -> None:
    """[MO9] End a room for good. Its name stays taken, so no old page can bring it back; what it held stays on disk.

    Raises:
        PermissionRefused: The caller does not own the room, or his token does not let him moderate.
        StorageError: It could not be kept.
    """
    async with in_turn(parts, caller) as actor:
        actor.require(Permission.MODERATE)
        if actor.role is not Role.OWNER:
            raise PermissionRefused("Only the owner can delete the room.")
        room = actor.room
        await parts.stores.rooms.change(replace(room, deleted_at=parts.clock.now_us()))
        parts.sessions.send_away(room.id, RoomDeleted())
        parts.hub.close(room.id, RoomDeleted())
    await parts.audit.note("room_deleted", room.id, caller.user)


async def _take_effect(parts: ModerationParts, before: RoomRecord, after: RoomRecord) -> None:
    if after.permissions != before.permissions:
        for user in parts.sessions.people(after.id):
            member = await parts.stores.rooms.member(after.id, user)
            if member is not None:
                parts.sessions.set_rights(after, member)
    if after.door is Door.CLOSED and before.door is not Door.CLOSED:
        for page in parts.sessions.pages(after.id):
            if Permission.MODERATE not in page.author.permissions:
                page.end(RoomLocked(CLOSED))
    if after.access is not before.access:
        for knocker in parts.hub.knockers(after.id):
            parts.hub.answer_knock(after.id, knocker.sub, LetIn())
    if after.recovery is not before.recovery:
        parts.registry.set_recovery(after.id, after.recovery)


async def _record(parts: ModerationParts, caller: Caller, before: RoomRecord, after: RoomRecord) -> None:
    changed = {
        name: _told(getattr(after, name))
        for name in ("name", "access", "default_role", "permissions", "door", "max_people")
        if getattr(after, name) != getattr(before, name)
    }
    if changed:
        await parts.audit.note("room_changed", after.id, caller.user, **changed)
    if after.recovery is not before.recovery:
        await parts.audit.note("recovery_changed", after.id, caller.user, recovery=after.recovery)


def _told(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value
