"""The four roles: how they rank and what each may do."""

from __future__ import annotations

from typing import Final

from persistence.interfaces import Role

_RANK: Final = {Role.VIEWER: 0, Role.MEMBER: 1, Role.MODERATOR: 2, Role.OWNER: 3}

_MEMBER: Final = ("draw", "chat", "voice", "video", "screen_share", "upload")
_PERMISSIONS: Final = {
    Role.VIEWER: (),
    Role.MEMBER: _MEMBER,
    Role.MODERATOR: (*_MEMBER, "record", "moderate"),
    Role.OWNER: (*_MEMBER, "record", "moderate"),
}


def highest(first: Role, *others: Role) -> Role:
    """The role that may do the most."""
    return max((first, *others), key=_RANK.__getitem__)


def permissions(role: Role) -> tuple[str, ...]:
    """What a role may do, in a fixed order."""
    return _PERMISSIONS[role]


def may(role: Role, permission: str) -> bool:
    """Whether a role has a permission."""
    return permission in _PERMISSIONS[role]
