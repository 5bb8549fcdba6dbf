"""Forgetting: persons on request, and what is older than the policy says. Each leaves a signed trace (P4)."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from crdt_docs.ids import RoomId, UserId
from persistence.errors import StorageError
from persistence.interfaces import Micros, Stores
from server.audit import Audit
from server.auth.tokens import Tokens
from server.clock import Clock

log = logging.getLogger(__name__)

DAY_SECONDS: Final = 24 * 3600


def days_before(now: Micros, days: int) -> Micros:
    """The instant so many days ago."""
    return Micros(now - days * DAY_SECONDS * 1_000_000)


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


@dataclass(frozen=True, slots=True)
class Forgetful:
    """What forgetting needs, where the rest of the system is not running yet."""

    stores: Stores
    audit: Audit
    tokens: Tokens
    clock: Clock


async def keep_forgetting(parts: RetentionParts, days: int, cursor_days: int, recording_days: int) -> None:
    """[RE3] Forget what is too old at once and then once a day, until cancelled; a day that fails is passed over."""
    while True:
        try:
            await forget_old(parts, days)
            await forget_cursors(parts, cursor_days)
            await forget_recordings(parts, recording_days)
        except StorageError as exc:
            log.warning("what is too old could not be forgotten: %s", exc)
        await asyncio.sleep(DAY_SECONDS)


async def forget_old(parts: RetentionParts, days: int) -> int:
    """[RE4] Forget sessions that ended and events that happened more than so many days ago (0: none); gives how many.

    The documents stay as they are: their rows are the history. Revocations of tokens that have expired by themselves
    say nothing any more and go as well.

    Raises:
        StorageError: It could not be done.
    """
    now = parts.clock.now_us()
    await parts.stores.revocations.forget_expired(now)
    if days == 0:
        return 0
    before = days_before(now, days)
    entries = await parts.stores.forget_before(before)
    if entries:
        await leave_trace(parts, "retention", None, None, entries=entries, before=before)
    return entries


async def forget_cursors(parts: RetentionParts, days: int) -> int:
    """[RE5] Forget where people pointed more than so many days ago (0: ever); gives how many trails.

    Raises:
        StorageError: It could not be done.
    """
    before = days_before(parts.clock.now_us(), days)
    trails = await parts.stores.cursors.forget_before(before)
    if trails:
        await leave_trace(parts, "retention", None, None, cursors=trails, before=before)
    return trails


async def forget_recordings(parts: RetentionParts, days: int) -> int:
    """[RE6] Remove recordings that ended more than so many days ago (0: none); gives how many.

    Raises:
        StorageError: It could not be done; what was removed is traced at the next time.
    """
    if days == 0:
        return 0
    before = days_before(parts.clock.now_us(), days)
    old = await parts.stores.recordings.ended_before(before)
    for recording in old:
        await parts.stores.recordings.remove(recording)
    if old:
        await leave_trace(parts, "retention", None, None, recordings=len(old), before=before)
    return len(old)
