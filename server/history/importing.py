"""An export becomes a room again: the same rows, links, people and files, or nothing at all."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

import msgspec

from crdt_docs.ids import RoomId, UserId
from persistence.interfaces import Micros
from persistence.sqlite import DATABASE_NAME
from persistence.sqlite.transfer import RoomWriter, writing
from server.history.archive import ArchiveDamaged, ArchiveRefused, unpack
from server.history.checking import ArchiveCheck
from server.history.records import (
    Asset,
    Binding,
    Checkpoint,
    Chunk,
    Document,
    Erasure,
    Head,
    Mark,
    Member,
    Record,
    Room,
    Row,
    Session,
    to_table,
)


class RoomTaken(ArchiveRefused):
    """The id of the room was used already."""


def import_room(file: BinaryIO, folder: Path, as_room: RoomId | None, by: UserId, at: Micros) -> ArchiveCheck:
    """[IM1] Read an export into a new room of a data folder that no server uses; gives what was checked on the way.

    Args:
        as_room: Its id, if not the one that the export names. The links stay: they name where the logs began.

    Raises:
        ArchiveRefused: It is not to be trusted, or the id is taken; the folder is as it was.
        StorageError: It could not be kept; the folder is as it was.
        OSError: The file cannot be read, or those of the room cannot be written.
    """
    check = ArchiveCheck()
    with writing(folder / DATABASE_NAME, folder / "assets") as writer:
        try:
            _Import(writer, check, as_room).take(check.passing(unpack(file)), by, at)
        except (sqlite3.IntegrityError, OverflowError) as exc:
            raise ArchiveDamaged(f"it holds what no database takes: {exc}.") from exc
    return check


class _Import:
    """One import, record by record."""

    def __init__(self, writer: RoomWriter, check: ArchiveCheck, as_room: RoomId | None) -> None:
        self._writer = writer
        self._check = check
        self._as_room = as_room
        self._room = RoomId("")
        self._document = 0

    def take(self, records: Iterator[Record], by: UserId, at: Micros) -> None:
        """Keep all of them, and that they were imported."""
        asset: Asset | None = None
        for record in records:
            while isinstance(record, Asset):
                asset = record
                record = self._keep_file(asset, records)  # noqa: PLW2901 - the first record behind the file
            self._keep(record)
        details = json.dumps({"documents": len(self._check.verdicts)})
        event = {"room": self._room, "at": at, "kind": "room_imported", "user": by, "details": details}
        self._writer.insert("events", event)

    def _keep(self, record: Record) -> None:
        match record:
            case Room():
                self._keep_room(record)
            case Member():
                self._add("members", record, room=self._room)
            case Session():
                self._add_under_any_id("sessions", record, secrets.token_urlsafe(16))
            case Mark():
                self._add_under_any_id("marks", record, secrets.token_hex(8))
            case Document():
                told = {"room": self._room, "name": record.name, "origin": record.origin}
                self._document = self._writer.insert("documents", told) or _twice(record)
            case Head():
                self._add("heads", record, document=self._document)
            case Erasure():
                self._add("erasures", record, document=self._document)
            case Checkpoint():
                self._add("checkpoints", record, document=self._document)
            case Binding():
                self._add("document_clients", record, document=self._document)
            case Row():
                self._keep_row(record)

    def _add(self, table: str, record: Member | Head | Erasure | Checkpoint | Binding | Asset, **more: object) -> None:
        if not self._writer.insert(table, {**more, **to_table(record)}):
            _twice(record)

    def _keep_room(self, room: Room) -> None:
        self._room = self._as_room or RoomId(room.id)
        if self._writer.is_taken(self._room):
            raise RoomTaken(f"there is, or was, a room with the id {self._room}: give it another one with --as.")
        self._writer.insert("rooms", to_table(msgspec.structs.replace(room, id=self._room)))

    def _add_under_any_id(self, table: str, record: Session | Mark, other: str) -> None:
        """Where the room is there a second time, its sessions and marks are too; an id belongs to one of them."""
        told = {"room": self._room, **to_table(record)}
        if not self._writer.insert(table, told):
            self._writer.insert(table, told | {"id": other})

    def _keep_row(self, row: Row) -> None:
        told = {
            "document": self._document, "seq": row.seq, "at": row.at, "user": row.user, "session": row.session,
            "checksum": crc32(row.update), "salt": row.salt, "link": self._check.link, "commitment": row.commitment,
            "bytes": row.update, "first": self._check.first,
        }  # fmt: skip
        self._writer.insert("updates", told)

    def _keep_file(self, asset: Asset, records: Iterator[Record]) -> Record:
        """Keep a file; gives the record behind its bytes."""
        self._add("assets", asset, room=self._room)
        behind: list[Record] = []

        def chunks() -> Iterator[bytes]:
            for record in records:
                if not isinstance(record, Chunk):
                    behind.append(record)
                    return
                yield record.data

        self._writer.write_file(self._room, asset.sha256, chunks())
        if not behind:
            raise ArchiveDamaged("it is cut off.")
        return behind[0]


def _twice(record: Record) -> int:
    raise ArchiveDamaged(f"it says twice the same of a {type(record).__name__.lower()}.")
