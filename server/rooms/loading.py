"""From what is on disk to a live document: its state, whose its client ids are, and what guards it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from pycrdt import Doc

from crdt_docs.applying import apply_update
from crdt_docs.authorship import Ownership
from crdt_docs.depth import TypeDepths
from crdt_docs.effects import DocumentLimits
from crdt_docs.errors import CorruptLog, MalformedUpdate
from crdt_docs.ids import ClientId, DocumentId, DocumentKind, Seq, UserId
from crdt_docs.updates import decode_state_vector, read_update
from persistence.interfaces import Stores
from persistence.loading import Loaded, load_updates
from server.config import Config
from server.rooms.document import LiveDocument
from server.rooms.guard import Bound, Guard

UPDATES_PER_STEP = 200
"""How many stored updates are applied before the loop gets its turn."""


async def load_document(
    stores: Stores, config: Config, id_: DocumentId, mark: Callable[[LiveDocument], None]
) -> tuple[LiveDocument, Loaded]:
    """Read a document as it is committed now.

    Raises:
        CorruptLog: A stored update does not apply.
        StorageError: It cannot be read.
    """
    loaded = await load_updates(stores, id_)
    doc: Doc[Any] = Doc()
    depths = TypeDepths()
    for done, update in enumerate(loaded.updates, 1):
        try:
            apply_update(doc, update)
        except MalformedUpdate as exc:
            raise CorruptLog(f"A stored update of {id_} does not apply.") from exc
        if id_.kind is DocumentKind.GENERIC:
            depths.extend(update)
        if done % UPDATES_PER_STEP == 0:
            await asyncio.sleep(0)
    owners = {binding.client: binding.user for binding in await stores.updates.bindings(id_)}
    guard = Guard(
        id_.kind,
        Ownership(owners),
        limits=DocumentLimits(elements=config.max_elements),
        max_bytes=config.max_document_bytes,
        size=sum(map(len, loaded.updates)),
        depths=depths,
    )
    first_writers = await _first_writers(stores, id_, decode_state_vector(doc.get_state()).keys() - owners.keys())
    room = await stores.rooms.get(id_.room)
    guard.recovery = room is not None and room.recovery
    document = LiveDocument(id_, doc, loaded.head, mark, guard=guard)
    document.adopt({client: Bound(user) for client, user in first_writers.items()})
    return document, loaded


async def _first_writers(stores: Stores, id_: DocumentId, clients: set[ClientId]) -> dict[ClientId, UserId]:
    """Who wrote first under each of these ids, by the log: it may be older than the binding of ids to people."""
    found: dict[ClientId, UserId] = {}
    if clients:
        async for row in stores.updates.read_after(id_, Seq(0)):
            for run in read_update(row.update).runs:
                if run.client in clients:
                    found.setdefault(run.client, row.user)
    return found
