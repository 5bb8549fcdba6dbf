"""Forgetting: persons on request, and what is older than the policy says. Each leaves a signed trace (P4)."""

from __future__ import annotations

from typing import Protocol

import msgspec

from crdt_docs.ids import RoomId, UserId
from persistence.interfaces import Stores
from server.audit import Audit
from server.auth.tokens import Tokens
from server.clock import Clock


class RetentionParts(Protocol):
    """What forgetting needs of the running system."""

    @property
    def stores(self) -> Stores: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def tokens(self) -> Tokens: ...
    @property
    def clock(self) -> Clock: ...


async def erase_person(parts: RetentionParts, room: RoomId | None, user: UserId, by: UserId) -> int:
    """[RE1] Forget who a person is, in one room or (None) everywhere; gives how many entries named him.

    His user id stays, because the log of changes needs it; nothing tells any more whose it was.

    Raises:
        StorageError: Nothing was forgotten.
    """
    erased = await parts.stores.erase_person(room, user, parts.clock.now_us())
    await leave_trace(parts, "person_erased", room, by, user=user, entries=erased)
    return erased


async def leave_trace(
    parts: RetentionParts, kind: str, room: RoomId | None, by: UserId | None, **details: object
) -> None:
    """[RE2] Record that something was forgotten, signed with the installation's secret over what is recorded.

    The signature is HMAC-SHA-256, in hex, of the JSON text of `{at, by, kind, room, …details}` with sorted keys.

    Raises:
        StorageError: It could not be kept.
    """
    at = parts.clock.now_us()
    told = {"at": at, "by": by, "kind": kind, "room": room, **details}
    signature = parts.tokens.sign_trace(msgspec.json.encode(told, order="sorted"))
    await parts.audit.note(kind, room, by, **details, at=at, signature=signature)
