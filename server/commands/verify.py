"""`thunderline verify`: whether what is kept, or an export, is what it was."""

from __future__ import annotations

import argparse
from pathlib import Path

from crdt_docs.errors import InvalidRoomId
from crdt_docs.ids import RoomId, parse_room_id
from persistence.errors import StorageError
from persistence.sqlite import DATABASE_NAME
from persistence.sqlite.reading import logs, reading
from server.commands.backup import verify_backup
from server.commands.ending import EXIT_DATA, EXIT_FAULT, EXIT_USAGE, CannotBeDone
from server.commands.transfer import verify_file
from server.config import Config
from server.history.backup import BACKUP
from server.history.heads import KEY_NAME, read_signing_key
from server.history.verification import verify_all


def verify(config: Config, given: argparse.Namespace) -> None:
    """Check the logs of the data folder or of one room, also while a server runs (CM9).

    Raises:
        CannotBeDone: Something is wrong with a log, or it cannot be read.
        SecretUnusable: The installation's key cannot be read.
    """
    if given.what is not None and Path(given.what).is_file():
        _verify_file(Path(given.what))
        return
    try:
        _verify_folder(config, given.what)
    except StorageError as exc:
        raise CannotBeDone(EXIT_DATA, f"The database cannot be used: {exc.reason}") from exc


def _verify_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            is_backup = file.read(len(BACKUP.first_line)).startswith(b"thunderline-backup ")
    except OSError as exc:
        raise CannotBeDone(EXIT_USAGE, f"{path} cannot be read: {exc.strerror or exc}.") from exc
    (verify_backup if is_backup else verify_file)(path)


def _verify_folder(config: Config, room_text: str | None) -> None:
    with reading(config.data / DATABASE_NAME) as connection:
        room = None if room_text is None else _room(room_text)
        if room is not None and not logs(connection, room):
            raise CannotBeDone(EXIT_USAGE, f"There is no file {room_text!r}, and nothing of a room of that id.")
        rows = documents = faults = 0
        for verdict in verify_all(connection, room, own_key(config)):
            print(verdict)
            documents, rows, faults = documents + 1, rows + verdict.rows, faults + (verdict.fault is not None)
    if faults:
        raise CannotBeDone(EXIT_FAULT, f"{faults} of {documents} documents are not what they were.")
    print(f"{documents} documents, {rows} rows: ok.")


def own_key(config: Config) -> bytes | None:
    """The installation's public key; None before it has one."""
    path = config.data / KEY_NAME
    try:
        return read_signing_key(path).public if path.exists() else None
    except OSError as exc:
        raise CannotBeDone(EXIT_DATA, f"{path} cannot be read: {exc.strerror or exc}.") from exc


def _room(text: str) -> RoomId:
    try:
        return parse_room_id(text)
    except InvalidRoomId as exc:
        raise CannotBeDone(EXIT_USAGE, f"There is no file {text!r}, and no room has such an id.") from exc
