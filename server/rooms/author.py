"""Who stands behind a socket."""

from __future__ import annotations

from dataclasses import dataclass

from crdt_docs.access import Permissions
from crdt_docs.ids import SessionId, UserId
from persistence.interfaces import Role


@dataclass(frozen=True, slots=True)
class Author:
    """One session of one user, as the server has checked it; rows and awareness carry it."""

    user: UserId
    name: str
    role: Role
    session: SessionId
    color: str
    permissions: Permissions
    """What this person may do now."""
