"""`thunderline backup` and `thunderline restore`: a whole data folder as one file, and back."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from persistence.errors import StorageError
from server.auth.tokens import ADMIN_USER
from server.clock import SystemClock
from server.commands.ending import EXIT_DATA, EXIT_USAGE, CannotBeDone
from server.commands.files import new_file, require_database
from server.commands.transfer import opened
from server.config import Config
from server.data_lock import locked
from server.history.archive import pack, unpack
from server.history.backup import BACKUP, Lost, back_up, checked
from server.history.restore import restore


def backup(config: Config, given: argparse.Namespace) -> None:
    """Write the data folder to a file, also while a server runs (CM13).

    Raises:
        CannotBeDone: There is no file then.
    """
    require_database(config)
    path, lost = Path(given.file), list[Lost]()
    try:
        with new_file(path) as file:
            file.writelines(pack(back_up(config.data, path.absolute().parent, SystemClock().now_us(), lost), BACKUP))
    except StorageError as exc:
        raise CannotBeDone(EXIT_DATA, f"The data folder cannot be backed up: {exc.reason}") from exc
    except OSError as exc:
        raise CannotBeDone(EXIT_USAGE, f"The backup cannot be written: {exc.filename}: {exc.strerror}.") from exc
    for each in lost:
        print(f"WARNING: {each.path} is missing or damaged, and so it is in the backup.", file=sys.stderr)
    print(f"Backed up {config.data} to {path}. It holds the keys of the installation: keep it as you keep these.")


def restore_(config: Config, given: argparse.Namespace) -> None:
    """Fill an empty data folder from a backup (CM14).

    Raises:
        CannotBeDone, FolderUnusable: The folder is as it was.
    """
    path = Path(given.file)
    try:
        with opened(path, "restored") as file, locked(config.data):
            rooms = restore(file, config.data, ADMIN_USER, SystemClock().now_us())
    except StorageError as exc:
        raise CannotBeDone(EXIT_DATA, f"The backup's database cannot be used: {exc.reason}") from exc
    print(
        f"Restored {path} to {config.data}: {rooms} rooms, all in recovery. What came after the backup returns from "
        "the browsers of those who moderate; switch recovery off when they have been there (thunderline recovery)."
    )


def verify_backup(path: Path) -> None:
    """Check a backup without restoring it (CM12).

    Raises:
        CannotBeDone: It is not what it was.
    """
    with opened(path, "read") as file:
        for _ in checked(unpack(file, BACKUP)):
            pass
    print(f"{path}: ok.")
