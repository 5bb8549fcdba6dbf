"""A room as the records of an export, read from its data folder while a server may write to it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from zlib import crc32

import msgspec

from crdt_docs.ids import RoomId, Seq
from persistence import chain
from persistence.errors import CorruptStorage, StorageUnavailable
from persistence.interfaces import Micros, SignedCheckpoint, SignedHead, Tip
from persistence.sqlite import DATABASE_NAME
from persistence.sqlite.reading import Log, checkpoints_of, erasures_of, heads_of, logs, reading, rewrites_of, rows_of
from persistence.sqlite.transfer import chunks_of, records_of, tip_of
from server.errors import UnknownRoom
from server.history.heads import SigningKey
from server.history.records import (
    Asset,
    Binding,
    Checkpoint,
    Chunk,
    Document,
    End,
    Erasure,
    Head,
    Made,
    Mark,
    Member,
    Record,
    Room,
    Row,
    Session,
    columns,
    from_table,
)
from server.history.verification import Told


def export_room(folder: Path, room: RoomId, key: SigningKey, at: Micros) -> Iterator[Record]:
    """[EX4] Everything of a room that an import takes, each document up to the row that is its last now.

    What comes beside the rows is read after that row was looked up, so it holds all that they need.

    Raises:
        UnknownRoom: There is no such room, or it was deleted.
        StorageError: It cannot be read, or a log or a file is not what it was.
    """
    counts: Counter[str] = Counter()
    with reading(folder / DATABASE_NAME) as connection:
        try:
            for record in _records(connection, folder / "assets", room, key, at):
                counts[type(record).__name__] += 1
                yield record
        except msgspec.ValidationError as exc:
            raise CorruptStorage(f"What is kept of the room {room} cannot be exported: {exc}.") from exc
    yield End(*(counts[kind.__name__] for kind in (Member, Session, Mark, Document, Row, Binding, Asset)))


def _records(
    connection: sqlite3.Connection, assets: Path, room: RoomId, key: SigningKey, at: Micros
) -> Iterator[Record]:
    yield _room(connection, room)
    yield Made(at, key.public)
    tips = [(log, tip) for log in logs(connection, room) if (tip := tip_of(connection, log)) is not None]
    for kind, table in ((Member, "members"), (Session, "sessions"), (Mark, "marks")):
        for stored in records_of(connection, table, columns(kind), "room", room):
            yield from_table(kind, stored)
    for log, (seq, link) in tips:
        rewrites = rewrites_of(connection, log.number)
        yield Document(log.document.name, log.origin, seq, link)
        yield from _heads(connection, log, key.sign(Tip(log.document, log.origin, Seq(seq), link), at))
        for each in erasures_of(connection, log):
            yield Erasure(each.at, each.by, each.rows, each.key, each.signature)
        checkpoints = {int(each.last): each for each in checkpoints_of(connection, log)}
        for told in checkpoints.values():
            yield Checkpoint(
                told.first, told.last, told.before, told.after, told.kept, told.at, told.key, told.signature
            )
        for stored in records_of(connection, "document_clients", columns(Binding), "document", log.number):
            yield from_table(Binding, stored)
        yield from _rows(connection, log, (seq, link), checkpoints)
        if rewrites_of(connection, log.number) != rewrites:
            raise StorageUnavailable(f"Rows of {log.document} were replaced meanwhile: export it again.")
    for stored in list(records_of(connection, "assets", columns(Asset), "room", room)):
        asset: Asset = from_table(Asset, stored)
        yield asset
        yield from map(Chunk, chunks_of(assets, room, asset.sha256))


def _room(connection: sqlite3.Connection, room: RoomId) -> Room:
    query = f"SELECT {columns(Room)} FROM rooms WHERE id = ? AND deleted_at IS NULL"  # noqa: S608
    stored = connection.execute(query, (room,)).fetchone()
    if stored is None:
        raise UnknownRoom
    found: Room = from_table(Room, stored)
    return found


def _heads(connection: sqlite3.Connection, log: Log, newest: SignedHead) -> Iterator[Head]:
    """Those that are kept, and one for the last row of the export."""
    kept = [head for head in heads_of(connection, log) if head.seq < newest.seq]
    for head in (*kept, newest):
        yield Head(head.seq, head.link, head.at, head.key, head.signature)


def _rows(
    connection: sqlite3.Connection, log: Log, tip: tuple[int, bytes], checkpoints: Mapping[int, SignedCheckpoint]
) -> Iterator[Row]:
    """The rows, if they are what they were: what does not fit is not given on."""
    link, last = chain.genesis(log.origin, log.document.name), 0
    told = Told({}, {}, checkpoints)
    for seq, at, user, session, checksum, salt, _, commitment, update in rows_of(connection, log, tip[0]):
        if told.is_gap(last + 1, seq) or crc32(update) != checksum:
            raise CorruptStorage(f"Row {last + 1} of {log.document} is missing or damaged.")
        computed = chain.link(link, seq, at, user, session, commitment or chain.commit(salt, update))
        link, last = told.link_behind(link, seq, computed) or b"", seq
        yield Row(seq, at, user, session, salt, update, commitment)
    if link != tip[1]:
        raise CorruptStorage(f"The log of {log.document} is not what it was: verify it.")
