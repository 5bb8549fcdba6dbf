"""The files of a command: the database that it needs, and what it writes, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO

from persistence.sqlite import DATABASE_NAME
from persistence.sqlite.migrations import sync_folder
from server.commands.ending import EXIT_DATA, CannotBeDone
from server.config import Config


def require_database(config: Config) -> None:
    """See that there is something to work on.

    Raises:
        CannotBeDone: Nothing was ever kept in the data folder.
    """
    if not (config.data / DATABASE_NAME).is_file():
        raise CannotBeDone(EXIT_DATA, f"There is no database in the data folder {config.data}.")


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file (mode 0600) that appears under its name when it is whole and durable; one that is there is replaced.

    Raises:
        OSError: It cannot be written.
    """
    handle, name = mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
    try:
        with open(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.absolute().parent)
