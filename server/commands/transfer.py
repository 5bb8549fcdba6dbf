"""`thunderline export` and `thunderline import`: a room as one file, and back."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from crdt_docs.errors import InvalidRoomId
from crdt_docs.ids import RoomId, parse_room_id
from persistence.errors import StorageError
from server.auth.tokens import ADMIN_USER
from server.clock import SystemClock
from server.commands.ending import EXIT_DATA, EXIT_FAULT, EXIT_USAGE, CannotBeDone
from server.commands.files import new_file, require_database
from server.config import Config
from server.data_lock import locked
from server.errors import UnknownRoom
from server.history.archive import ArchiveDamaged, ArchiveRefused, pack, unpack
from server.history.checking import ArchiveCheck
from server.history.exporting import export_room
from server.history.heads import key_id, load_signing_key
from server.history.importing import import_room


def export(config: Config, given: argparse.Namespace) -> None:
    """Write a room to a file, also while a server runs (CM10).

    Raises:
        CannotBeDone: There is no file then.
        SecretUnusable: The installation's key cannot be used.
    """
    require_database(config)
    room, path = a_room(given.room), Path(given.file)
    try:
        with new_file(path) as file:
            key = load_signing_key(config.data)
            file.writelines(pack(export_room(config.data, room, key, SystemClock().now_us())))
    except UnknownRoom as exc:
        raise CannotBeDone(EXIT_USAGE, f"There is no room {given.room!r}.") from exc
    except StorageError as exc:
        raise CannotBeDone(EXIT_DATA, f"The room cannot be exported: {exc.reason}") from exc
    except OSError as exc:
        raise CannotBeDone(EXIT_USAGE, f"{path} cannot be written: {exc.strerror or exc}.") from exc
    print(f"Exported room {room} to {path}.")


def import_(config: Config, given: argparse.Namespace) -> None:
    """Read a file that `export` wrote into a new room, while no server runs (CM11).

    Raises:
        CannotBeDone, FolderUnusable: Nothing was changed.
    """
    as_room = None if given.as_room is None else a_room(given.as_room)
    path = Path(given.file)
    try:
        with opened(path, "imported") as file, locked(config.data):
            check = import_room(file, config.data, as_room, ADMIN_USER, SystemClock().now_us())
    except StorageError as exc:
        raise CannotBeDone(EXIT_DATA, f"The room cannot be kept: {exc.reason}") from exc
    tell(check)
    print(f"Imported {path}.")


def verify_file(path: Path) -> None:
    """Check a file that `export` wrote, without importing it (CM12).

    Raises:
        CannotBeDone: It is not what it was, or no such file.
    """
    check = ArchiveCheck()
    with opened(path, "read") as file:
        for _ in check.passing(unpack(file)):
            pass
    tell(check)
    print(f"{path}: ok.")


def tell(check: ArchiveCheck) -> None:
    """Print what an export holds and who says so."""
    for verdict in check.verdicts:
        print(verdict)
    if check.made is not None:
        print(f"Exported by the installation with key {key_id(check.made.key)}.")


@contextmanager
def opened(path: Path, done: str) -> Iterator[BinaryIO]:
    """A file that one of these commands wrote.

    Args:
        done: What cannot be done to it where it cannot be read.

    Raises:
        CannotBeDone: It cannot be read, or it is refused.
    """
    try:
        with path.open("rb") as file:
            yield file
    except ArchiveRefused as exc:
        code = EXIT_FAULT if isinstance(exc, ArchiveDamaged) else EXIT_USAGE
        raise CannotBeDone(code, f"{path} is refused: {exc}") from exc
    except OSError as exc:
        raise CannotBeDone(EXIT_USAGE, f"{path} cannot be {done}: {exc.strerror or exc}.") from exc


def a_room(text: str) -> RoomId:
    """The room id that the operator gave."""
    try:
        return parse_room_id(text)
    except InvalidRoomId as exc:
        raise CannotBeDone(EXIT_USAGE, f"No room can have the id {text!r}.") from exc
