"""Erasing what a person drew and wrote: from what everybody sees, from the history, and from the files.

First the content is deleted by an edit as any other, so that whoever is here or comes back deletes it too; then the
rows and snapshots that hold it are replaced, with a signed record. Whatever fails on the way can be done again.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Protocol

from crdt_docs.access import Permission
from crdt_docs.erasing import deletion_of
from crdt_docs.errors import CorruptLog
from crdt_docs.ids import ClientId, DocumentId, RoomId, Seq, UserId
from crdt_docs.mending import deletion_and_mending
from crdt_docs.updates import decode_state_vector
from persistence.errors import CorruptStorage, SeqTaken, StorageUnavailable
from persistence.interfaces import Role
from server.auth.identities import color_of, new_session_id
from server.history.erasures import sign_erasure
from server.history.heads import SigningKey
from server.retention import RetentionParts, leave_trace
from server.rooms.author import Author
from server.rooms.document import LiveDocument
from server.rooms.registry import Registry

log = logging.getLogger(__name__)

ERASED_FILE_NAME = "file"
"""What his files are called that others show, too."""
ATTEMPTS = 5
"""How often rows are looked at again when somebody else changed what is kept meanwhile."""


class ErasingParts(RetentionParts, Protocol):
    """What erasing needs of the running system."""

    @property
    def registry(self) -> Registry: ...
    @property
    def signing_key(self) -> SigningKey: ...


@dataclass(slots=True)
class ErasedContent:
    """What went."""

    rows: int = 0
    """Changes that hold nothing of the person any more."""
    files: int = 0
    """Files that he had uploaded and that nothing names any more, and recordings of his voice, face and screen."""


async def erase_content(parts: ErasingParts, room: RoomId | None, user: UserId, by: UserId) -> ErasedContent:
    """[EA8] Erase what a person drew, wrote and uploaded, in one room or (None) in all, deleted ones too.

    His pages must have been sent away before, else he goes on writing.

    Raises:
        CorruptLog, CorruptStorage: A document is damaged; those before it in its room were erased, and [EA10] all that
            is in other rooms.
        StorageError: A document could not be erased; those before it were.
    """
    rooms = [room] if room is not None else [each.id for each in await parts.stores.rooms.all()]
    erased, damage = ErasedContent(), list[CorruptLog | CorruptStorage]()
    for each in rooms:
        try:
            await _erase_in_room(parts, each, user, by, erased)
        except (CorruptLog, CorruptStorage) as exc:
            log.warning("what %s made in the room %s could not all be erased: %s", user, each, exc)
            damage.append(exc)
    if not damage or erased != ErasedContent():
        if not await parts.stores.erasures.scrub():
            log.warning("what was erased stays in the write-ahead log until nobody reads from it")
        await leave_trace(parts, "content_erased", room, by, user=user, rows=erased.rows, files=erased.files)
    if damage:
        raise damage[0]
    return erased


async def _erase_in_room(parts: ErasingParts, room: RoomId, user: UserId, by: UserId, erased: ErasedContent) -> None:
    """Counts what goes as it goes."""
    for document in await parts.stores.updates.documents(room):
        erased.rows += await _erase_document(parts, document, user, by)
    for mark in await parts.stores.marks.of_room(room):
        if mark.user == user:
            await parts.stores.marks.remove(room, mark.id)
    erased.files += await _erase_files(parts, room, user)
    erased.files += await parts.stores.recordings.erase(room, user)


async def _erase_document(parts: ErasingParts, document: DocumentId, user: UserId, by: UserId) -> int:
    """Gives how many rows were replaced."""
    bindings = await parts.stores.updates.bindings(document)
    clients = {binding.client for binding in bindings if binding.user == user}
    if not clients:
        return 0
    eraser = Eraser(by)
    async with parts.registry.enter(document, eraser) as live:
        await eraser.delete(live, clients)
    for _ in range(ATTEMPTS):
        holdings = await parts.stores.erasures.holdings(document, user)
        if not holdings.rows and not holdings.snapshots:
            return 0
        erasure = sign_erasure(parts.signing_key, holdings, by, parts.clock.now_us())
        try:
            await parts.stores.erasures.replace(holdings, erasure)
        except SeqTaken:
            continue
        return len(holdings.rows)
    raise StorageUnavailable(f"{document} was changed again and again while it was looked at.")


async def _erase_files(parts: ErasingParts, room: RoomId, user: UserId) -> int:
    """Remove the files that he uploaded and that no row names any more; gives how many. Others lose their names."""
    files = [asset for asset in await parts.stores.assets.of_room(room) if asset.uploader == user]
    unnamed = await parts.stores.assets.unnamed(files)
    for asset in files:
        if asset in unnamed:
            await parts.stores.assets.remove(asset)
        else:
            await parts.stores.assets.rename(asset, ERASED_FILE_NAME)
    return len(unnamed)


class Eraser:
    """Sits on a document like a socket, says one thing, and is told when it is on disk."""

    def __init__(self, user: UserId) -> None:
        self.author = Author(user, "", Role.OWNER, new_session_id(), color_of(user), frozenset(Permission))
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def delete(self, document: LiveDocument, clients: set[ClientId]) -> None:
        """Delete everything of these clients; returns when that is committed and on its way to everybody.

        Raises:
            StorageUnavailable: The document was discarded.
        """
        state = document.ydoc.get_update()
        clocks = decode_state_vector(document.ydoc.get_state())
        deletion = deletion_of({client: clocks[client] for client in clients & clocks.keys()})
        for update in await asyncio.to_thread(deletion_and_mending, document.id.kind, state, deletion):
            document.amend(self, update)
        document.request_acknowledgement(self)
        await self._done

    def acknowledge(self, through: int, seq: Seq) -> None:
        """See `Subscriber`."""
        if not self._done.done():
            self._done.set_result(None)

    def drop(self, code: str) -> None:
        """See `Subscriber`."""
        if not self._done.done():
            self._done.set_exception(StorageUnavailable("The document is being loaded anew."))

    def settled(self) -> int:
        """See `Subscriber`."""
        return 0

    def retry(self) -> bool:
        """See `Subscriber`: nothing of it waits."""
        return False

    def ask(self, frame: bytes) -> None:
        """See `Subscriber`: it has no replica."""

    def give_state(self, frame: bytes, seq: Seq) -> None:
        """See `Subscriber`: it has no replica."""

    def show(self, frame: bytes | None, seq: Seq) -> None:
        """See `Subscriber`: it has no replica."""

    def announce(self, frame: bytes) -> None:
        """See `Subscriber`: it looks at nobody."""

    def credit(self, *, messages: int) -> None:
        """See `Subscriber`: nothing is counted of it."""
