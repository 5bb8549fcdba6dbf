"""One server per data folder: two on one database would close each other's sessions and number the same rows."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

LOCK_NAME: Final = "thunderline.lock"


class FolderUnusable(Exception):
    """The data folder is another server's, or cannot be locked; the message is a sentence for the operator."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """[CM8] Have the data folder for oneself meanwhile, made (mode 0700) if missing.

    The lock is the kernel's (`flock` on `thunderline.lock`): it ends with the process, however that ends. The file
    stays; it holds the id of the last process that had the folder.

    Raises:
        FolderUnusable: Another process has it, or the folder cannot be used.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise FolderUnusable(f"The data folder {folder} cannot be used: {exc.strerror or exc}.") from exc
    try:
        _take(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
        raise FolderUnusable(f"The data folder {folder} is in use by another server (process {holder}).") from exc
    except OSError as exc:
        raise FolderUnusable(f"The data folder {folder} cannot be locked: {exc.strerror or exc}.") from exc
    with suppress(OSError):  # a full disk: the lock holds all the same, and only others' sentence lacks a number
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
