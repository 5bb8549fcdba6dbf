"""A new room that begins with what another one had at an instant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from crdt_docs.ids import DocumentId, RoomId, Seq
from persistence.interfaces import Binding, Member, Micros, Role, RoomRecord, Stores, UpdateRow
from persistence.worker_process import WorkerProcess
from server.auth.identities import new_room_id, new_session_id
from server.auth.membership import CreatedRoom, found_room


@dataclass(frozen=True, slots=True)
class _Begin:
    """How a document of the new room begins."""

    row: UpdateRow
    bindings: list[Binding]


async def branch(
    stores: Stores, database: Path, room: RoomRecord, at: Micros, *, name: str, by: Member, now: Micros
) -> CreatedRoom:
    """[HI7] Make a room whose documents begin as those of `room` were at the instant, with its files and settings.

    Each begins with one row by who branched. Whose the client ids are is copied, so who made what is still known; when
    is told by the origin, which the new room names. Until all is there it is a
    deleted room, and stays one if that fails.

    Args:
        database: The file of these stores; the states are built in a process of its own.
        by: Owns the new room, as the same person.

    Raises:
        StorageError: It could not be read or kept; there is no new room.
    """
    made = RoomRecord(
        new_room_id(), name, room.access, room.default_role, now,
        permissions=room.permissions, max_people=room.max_people, origin=room.id, origin_at=at,
    )  # fmt: skip
    worker = WorkerProcess(database)
    try:
        begins = [
            begin
            for document in await stores.updates.documents(room.id)
            if (begin := await _begin(stores, worker, document, made.id, at, by, now)) is not None
        ]
    finally:
        await worker.stop()
    await stores.rooms.create(replace(made, deleted_at=now))
    for begin in begins:
        await stores.updates.append([begin.row], begin.bindings)
    await _copy_files(stores, room.id, made.id, at)
    owner = Member(made.id, by.user, by.name, Role.OWNER, by.guest_hash, now)
    founded = await found_room(stores.rooms, made, owner)
    await stores.rooms.change(made)
    return founded


async def _begin(
    stores: Stores, worker: WorkerProcess, document: DocumentId, room: RoomId, at: Micros, by: Member, now: Micros
) -> _Begin | None:
    found = await stores.updates.moment(document, at)
    if found is None:
        return None
    state = await worker.build(document, found[0])
    copy = DocumentId(room, document.name)
    bindings = [replace(each, document=copy) for each in await stores.updates.bindings(document) if each.at <= at]
    return _Begin(UpdateRow(copy, Seq(1), now, by.user, new_session_id(), state.update), bindings)


async def _copy_files(stores: Stores, origin: RoomId, room: RoomId, at: Micros) -> None:
    """Those that were there; together they are no more than a room may have, because the origin has them."""
    files = [asset for asset in await stores.assets.of_room(origin) if asset.uploaded_at <= at]
    quota = sum(asset.size for asset in files)
    for asset in files:
        await stores.assets.put(replace(asset, room=room), stores.assets.read(asset), room_quota=quota)
