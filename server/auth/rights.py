"""What each person may do: the role's preset, what a token says, and what moderators set for one person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from crdt_docs.access import Permission, Permissions
from persistence.interfaces import Role, RoomRecord

ALL: Final[Permissions] = frozenset(Permission)
NOTHING: Final[Permissions] = frozenset()
_RANK: Final = {Role.VIEWER: 0, Role.MEMBER: 1, Role.MODERATOR: 2, Role.OWNER: 3}


def highest(first: Role, *others: Role) -> Role:
    """The role that ranks highest: viewer, member, moderator, owner."""
    return max((first, *others), key=_RANK.__getitem__)


def outranks(role: Role, other: Role) -> bool:
    """Whether a role stands above another."""
    return _RANK[role] > _RANK[other]


def preset(role: Role, room: RoomRecord) -> Permissions:
    """[RI1] Owners and moderators may everything, members what the room lets its members do, viewers nothing."""
    if role is Role.VIEWER:
        return NOTHING
    return room.permissions if role is Role.MEMBER else ALL


def rights(
    role: Role, room: RoomRecord, overrides: Mapping[Permission, bool], claimed: Permissions | None = None
) -> Permissions:
    """What a person may do in a room now.

    [RI2] What a token claims takes the place of the preset. [RI3] What moderators set for one person is the last word,
    except for an owner, who cannot be set.
    """
    if role is Role.OWNER:
        return ALL if claimed is None else claimed
    given = preset(role, room) if claimed is None else claimed
    granted = {permission for permission, on in overrides.items() if on}
    return (given | granted) - {permission for permission, on in overrides.items() if not on}


def in_order(permissions: Iterable[Permission]) -> tuple[Permission, ...]:
    """Permissions in the order in which they are declared, as they are told to clients."""
    given = frozenset(permissions)
    return tuple(permission for permission in Permission if permission in given)
