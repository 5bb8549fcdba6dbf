"""How a document is read: the newest snapshot, then the rows after it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from crdt_docs.ids import DocumentId, Seq
from persistence.errors import CorruptStorage
from persistence.interfaces import Snapshot, Stores

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A whole document. `updates`, applied in order to an empty `Doc`, give its state after the row `head`."""

    head: Seq
    snapshot_seq: Seq
    """0 when there is no snapshot."""
    updates: list[bytes]
    rows_after_snapshot: int
    bytes_after_snapshot: int


async def load_updates(stores: Stores, document: DocumentId) -> Loaded:
    """Read a document as it is committed now; one that was never written to is empty, with head 0.

    A damaged snapshot is passed over: the log holds everything that it did.

    Raises:
        CorruptStorage: A row is damaged or missing.
        StorageUnavailable: The storage does not answer.
    """
    snapshot = await _newest(stores, document)
    head = start = snapshot.seq if snapshot else Seq(0)
    committed = await stores.updates.head(document)
    if committed < start:
        raise CorruptStorage(f"The log of {document} ends at row {committed}, before its snapshot after row {start}.")
    updates = [snapshot.update] if snapshot else []
    size = 0
    async for row in stores.updates.read_after(document, start):
        if not row.follows(head):
            raise CorruptStorage(f"Row {head + 1} of {document} is missing.")
        head = row.seq
        updates.append(row.update)
        size += len(row.update)
    if head < committed:
        raise CorruptStorage(f"The rows of {document} after {head} cannot be found.")
    return Loaded(head, start, updates, len(updates) - (snapshot is not None), size)


async def _newest(stores: Stores, document: DocumentId) -> Snapshot | None:
    try:
        return await stores.snapshots.newest(document)
    except CorruptStorage as exc:
        log.error("a snapshot is passed over: %s", exc)  # noqa: TRY400 - the reason says it all
        return None
