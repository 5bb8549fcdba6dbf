"""Files that a command writes: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO

from persistence.sqlite.migrations import sync_folder


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
