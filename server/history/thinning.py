"""Thinning out old history, and dropping files that nothing names: what a policy of retention may remove of a room."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final, Protocol

from crdt_docs.ids import DocumentId, RoomId, Seq, UserId
from persistence.errors import SeqTaken, StorageError
from persistence.interfaces import Micros, Thinning
from server.history.checkpoints import sign_checkpoint
from server.history.heads import SigningKey
from server.retention import DAY_SECONDS, Forgetful, RetentionParts, days_before, leave_trace

log = logging.getLogger(__name__)

MIN_FILE_DAYS: Final = 1
"""A younger file may be about to be named: it is uploaded before it is shown."""


class ThinningParts(RetentionParts, Protocol):
    """What thinning needs of the running system."""

    @property
    def signing_key(self) -> SigningKey: ...


@dataclass(frozen=True, slots=True)
class Thinner(Forgetful):
    """What thinning needs, where the rest of the system is not running (yet)."""

    signing_key: SigningKey


@dataclass(slots=True)
class Thinned:
    """What went of a room, or would go."""

    room: RoomId
    rows: int = 0
    bytes: int = 0


async def thin_room(
    parts: ThinningParts, room: RoomId, before: Micros, by: UserId | None, *, dry_run: bool = False
) -> Thinned:
    """[TH4] Keep one row of each hour that ended before an instant, in all documents of a room.

    Raises:
        StorageError: A document could not be thinned out; what was done before is kept.
    """
    thinned = Thinned(room)
    for document in await parts.stores.updates.documents(room):
        await _thin(parts, document, before, thinned, dry_run=dry_run)
    if thinned.rows and not dry_run:
        await leave_trace(parts, "thinned", room, by, rows=thinned.rows, bytes=thinned.bytes, before=before)
    return thinned


async def _thin(parts: ThinningParts, document: DocumentId, before: Micros, thinned: Thinned, *, dry_run: bool) -> None:
    behind: Seq | None = Seq(0)
    while behind is not None:
        part = await parts.stores.thinning.plan(document, before, behind)
        if part.spans and not dry_run:
            try:
                await _apply(parts, part)
            except SeqTaken:
                continue
        behind = part.behind
        thinned.rows += sum(span.rows - 1 for span in part.spans)
        thinned.bytes += sum(span.size - len(span.kept.update) for span in part.spans)


async def _apply(parts: ThinningParts, part: Thinning) -> None:
    now = parts.clock.now_us()
    await parts.stores.thinning.apply(
        part, [sign_checkpoint(parts.signing_key, part, each, now) for each in part.spans]
    )


async def drop_files(parts: RetentionParts, room: RoomId, by: UserId | None, *, dry_run: bool = False) -> Thinned:
    """[TH5] Remove the files of a room that nothing in its documents or their history names, older than a day.

    Raises:
        StorageError: One could not be removed; those before it were.
    """
    young = days_before(parts.clock.now_us(), MIN_FILE_DAYS)
    files = [asset for asset in await parts.stores.assets.of_room(room) if asset.uploaded_at < young]
    dropped = Thinned(room)
    for asset in await parts.stores.assets.unnamed(files):
        if not dry_run:
            await parts.stores.assets.remove(asset)
        dropped.rows += 1
        dropped.bytes += asset.size
    if dropped.rows and not dry_run:
        await leave_trace(parts, "files_dropped", room, by, files=dropped.rows, bytes=dropped.bytes)
    return dropped


async def keep_thinning(parts: ThinningParts, days: int) -> None:
    """[TH6] Thin out what is older than so many days at once and then once a day, until cancelled; 0 days: never.

    A room that fails is passed over until the next day.
    """
    while days:
        before = days_before(parts.clock.now_us(), days)
        for room in await _rooms(parts):
            try:
                await thin_room(parts, room, before, None)
            except StorageError as exc:
                log.warning("the history of room %s could not be thinned out: %s", room, exc)
        await asyncio.sleep(DAY_SECONDS)


async def _rooms(parts: ThinningParts) -> list[RoomId]:
    try:
        return [room.id for room in await parts.stores.rooms.all()]
    except StorageError as exc:
        log.warning("history could not be thinned out: %s", exc)
        return []
