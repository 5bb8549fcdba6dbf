"""Roles, permissions, kicking, banning and handing over: one person acts on another.

[MO1] The operator stands above owners, owners above those who moderate, these above everybody else; one acts only on
those below. So nobody but the operator touches an owner, moderators leave each other alone (one whose permission to
moderate the owner took is the owner's to set, too), and nobody acts on himself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import IntEnum
from typing import Final

from crdt_docs.access import Permission
from crdt_docs.ids import UserId
from persistence.interfaces import Member, Role, RoomRecord
from server.auth.admission import Caller, in_turn
from server.auth.rights import outranks, rights
from server.errors import Banned, PermissionRefused, Removed, UnknownPerson
from server.moderation.parts import ModerationParts
from server.signaling.messages import Declined


class Standing(IntEnum):
    """How far up a person is."""

    NOBODY = 0
    MODERATOR = 1
    OWNER = 2
    OPERATOR = 3


_OWNERS_TO_GIVE: Final = frozenset({Role.MODERATOR, Role.OWNER})
"""[MO2] Roles and a permission that only owners and the operator give and take."""


async def change_member(
    parts: ModerationParts,
    caller: Caller,
    user: UserId,
    *,
    role: Role | None = None,
    overrides: Mapping[Permission, bool | None] | None = None,
) -> Member:
    """[MO3] Give a person another role, or set single permissions for him (None: as his role says again).

    Raises:
        PermissionRefused: The caller may not do that to this person.
        UnknownPerson: Nobody of that name ever joined.
        StorageError: It could not be kept.
    """
    async with in_turn(parts, caller) as actor:
        if role in _OWNERS_TO_GIVE or Permission.MODERATE in (overrides or {}):
            _require_owner(actor)
        member = changed = await _below(parts, actor, user)
        if role is not None and role is not member.role:
            changed = replace(changed, role=role, role_at=parts.clock.now_us())
        if overrides:
            merged = {**member.overrides, **overrides}
            changed = replace(changed, overrides={each: on for each, on in merged.items() if on is not None})
        if changed != member:
            await parts.stores.rooms.put_members(changed)
            parts.sessions.set_rights(actor.room, changed)
    await _record_change(parts, caller, member, changed)
    return changed


async def kick(parts: ModerationParts, caller: Caller, user: UserId, reason: str = "") -> None:
    """[MO4] Send a person away: his tokens are void, and joining again needs what a newcomer needs.

    Raises:
        PermissionRefused, UnknownPerson, StorageError: As `change_member`.
    """
    async with in_turn(parts, caller) as actor:
        member = await _below(parts, actor, user)
        await parts.stores.rooms.put_members(_without_way_back(parts, member))
        parts.sessions.send_away(actor.room.id, Removed(reason or None), user=user)
    await parts.audit.note("kicked", caller.room.id, caller.user, user=user, reason=reason)


async def ban(parts: ModerationParts, caller: Caller, user: UserId, reason: str = "") -> None:
    """[MO5] Send a person away for good, with every token of his family.

    Raises:
        PermissionRefused, UnknownPerson, StorageError: As `change_member`.
    """
    error = Banned(reason or None)
    async with in_turn(parts, caller) as actor:
        member = _without_way_back(parts, await _below(parts, actor, user))
        await parts.stores.rooms.put_members(replace(member, banned_at=member.removed_at))
        for page in parts.sessions.pages(actor.room.id):
            if page.author.user == user or (
                member.family and any(shown.family == member.family for shown in page.tokens)
            ):
                page.end(error)
    parts.hub.answer_knock(caller.room.id, user, Declined(error.reason), error)
    await parts.audit.note("banned", caller.room.id, caller.user, user=user, reason=reason)


async def unban(parts: ModerationParts, caller: Caller, user: UserId) -> None:
    """[MO6] Let a banned person come in again as a newcomer may.

    Raises:
        PermissionRefused, UnknownPerson, StorageError: As `change_member`.
    """
    async with in_turn(parts, caller) as actor:
        member = await _below(parts, actor, user)
        await parts.stores.rooms.put_members(replace(member, banned_at=None))
    if member.banned_at is not None:
        await parts.audit.note("unbanned", caller.room.id, caller.user, user=user)


async def hand_over(parts: ModerationParts, caller: Caller, user: UserId) -> None:
    """[MO7] Give one's role to another: an owner is a moderator afterwards, a moderator a member.

    Raises:
        PermissionRefused: The caller's role is not one to hand over, or he may not moderate, or the other one was sent
            away.
        UnknownPerson, StorageError: As `change_member`.
    """
    async with in_turn(parts, caller) as giver:
        giver.require(Permission.MODERATE)
        if giver.admin or giver.role not in _OWNERS_TO_GIVE or user == giver.user:
            raise PermissionRefused("Only owners and moderators can hand over what they are, and to somebody else.")
        room, rooms = giver.room, parts.stores.rooms
        heir, before = await _member(parts, room, user), await _member(parts, room, giver.user)
        if heir.removed_at is not None or heir.banned_at is not None or heir.role is Role.OWNER:
            raise PermissionRefused("This person cannot take it over.")
        if giver.role is not caller.role:
            raise PermissionRefused("You have handed it over already.")
        now = parts.clock.now_us()
        lower = Role.MODERATOR if giver.role is Role.OWNER else Role.MEMBER
        after = replace(heir, role=giver.role, role_at=now), replace(before, role=lower, role_at=now)
        await rooms.put_members(*after)
        for member in after:
            parts.sessions.set_rights(room, member)
    await parts.audit.note("handover", room.id, caller.user, user=user, role=caller.role)


def standing(role: Role, permissions: frozenset[Permission], *, admin: bool = False) -> Standing:
    """How far up a person with this role and these permissions is."""
    if admin:
        return Standing.OPERATOR
    if role is Role.OWNER:
        return Standing.OWNER
    moderates = role is Role.MODERATOR or Permission.MODERATE in permissions
    return Standing.MODERATOR if moderates else Standing.NOBODY


async def _below(parts: ModerationParts, caller: Caller, user: UserId) -> Member:
    """The person, if the caller stands above him."""
    caller.require(Permission.MODERATE)
    member = await _member(parts, caller.room, user)
    mine = standing(caller.role, caller.permissions, admin=caller.admin)
    theirs = standing(member.role, rights(member.role, caller.room, member.overrides))
    if theirs >= mine or user == caller.user:
        raise PermissionRefused("You may not do that to this person.")
    return member


async def _member(parts: ModerationParts, room: RoomRecord, user: UserId) -> Member:
    member = await parts.stores.rooms.member(room.id, user)
    if member is None:
        raise UnknownPerson
    return member


def _require_owner(caller: Caller) -> None:
    if standing(caller.role, caller.permissions, admin=caller.admin) < Standing.OWNER:
        raise PermissionRefused("Only the owner of the room can give or take this.")


def _without_way_back(parts: ModerationParts, member: Member) -> Member:
    now = parts.clock.now_us()
    role = Role.MEMBER if outranks(member.role, Role.MEMBER) else member.role
    denied = {permission: on for permission, on in member.overrides.items() if not on}
    return replace(member, role=role, role_at=now, overrides=denied, tokens_from=now, removed_at=now)


async def _record_change(parts: ModerationParts, caller: Caller, before: Member, after: Member) -> None:
    room, user = caller.room.id, after.user
    if before.role is not after.role:
        await parts.audit.note("role_changed", room, caller.user, user=user, before=before.role, after=after.role)
    if before.overrides != after.overrides:
        told = {permission.value: on for permission, on in after.overrides.items()}
        await parts.audit.note("permissions_changed", room, caller.user, user=user, overrides=told)
