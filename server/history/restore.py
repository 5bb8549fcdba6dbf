"""A backup becomes a data folder again; its rooms are in recovery, so that browsers bring back what came after it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Final

from crdt_docs.ids import UserId
from persistence.interfaces import Micros
from persistence.sqlite import DATABASE_NAME
from persistence.sqlite.copying import begin_recovery
from persistence.sqlite.migrations import sync_folder
from server.data_lock import LOCK_NAME
from server.history.archive import ArchiveRefused, unpack
from server.history.backup import BACKUP, KEY_FILES, BackupRecord, File, Part, checked

_DRAFT: Final = ".restoring"


class FolderNotEmpty(ArchiveRefused):
    """The data folder holds something."""


def restore(file: BinaryIO, folder: Path, by: UserId, at: Micros) -> int:
    """[RS1] Fill an empty data folder, which the caller has locked; gives how many rooms there are.

    Everything is written beside its place and checked, and the database gets its name last: a folder without it is
    no data folder yet.

    Raises:
        ArchiveRefused: The folder is not empty, or the backup is not to be trusted; the folder is as it was.
        StorageError: The database cannot be used; the folder is as it was.
        OSError: Something cannot be read or written; the folder is as it was.
    """
    if {path.name for path in folder.iterdir()} - {LOCK_NAME}:
        raise FolderNotEmpty(f"the data folder {folder} is not empty.")
    draft = folder / _DRAFT
    draft.mkdir(mode=0o700)
    try:
        _write(checked(unpack(file, BACKUP)), draft)
        rooms = begin_recovery(draft / DATABASE_NAME, by, at)
        for name in ("assets", "recordings", *KEY_FILES, DATABASE_NAME):
            if (draft / name).exists():
                (draft / name).rename(folder / name)
        sync_folder(folder)
    except BaseException:
        for name in ("assets", "recordings", *KEY_FILES, DATABASE_NAME):
            _remove(folder / name)
        raise
    finally:
        _remove(draft)
    return rooms


def _write(records: Iterable[BackupRecord], draft: Path) -> None:
    """Write the files durably, for their owner alone."""
    file: BinaryIO | None = None
    try:
        for record in records:
            match record:
                case File(path):
                    _close(file)
                    (draft / path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
                    file = open(os.open(draft / path, flags, 0o600), "wb")  # noqa: SIM115 - closed before the next
                case Part(data) if file is not None:
                    file.write(data)
    finally:
        _close(file)
    for folder, _, _ in os.walk(draft):
        sync_folder(Path(folder))


def _close(file: BinaryIO | None) -> None:
    if file is not None and not file.closed:
        with file:
            file.flush()
            os.fsync(file.fileno())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
