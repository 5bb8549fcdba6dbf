"""The four roles: how they rank and what each may do."""

from __future__ import annotations

from typing import Final

from crdt_docs.access import Permission, Permissions
from persistence.interfaces import Role

_RANK: Final = {Role.VIEWER: 0, Role.MEMBER: 1, Role.MODERATOR: 2, Role.OWNER: 3}

_ALL: Final = frozenset(Permission)
_PERMISSIONS: Final = {
    Role.VIEWER: frozenset[Permission](),
    Role.MEMBER: _ALL - {Permission.RECORD, Permission.MODERATE},
    Role.MODERATOR: _ALL,
    Role.OWNER: _ALL,
}


def highest(first: Role, *others: Role) -> Role:
    """The role that may do the most."""
    return max((first, *others), key=_RANK.__getitem__)


def permissions(role: Role) -> Permissions:
    """What a role may do."""
    return _PERMISSIONS[role]


def may(role: Role, permission: Permission) -> bool:
    """Whether a role has a permission."""
    return permission in _PERMISSIONS[role]
