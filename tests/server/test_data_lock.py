"""The lock of a data folder."""

from __future__ import annotations

import os
import resource
import stat
from pathlib import Path

import pytest

from server.data_lock import LOCK_NAME, FolderUnusable, locked


def test_a_folder_is_had_by_one_and_free_afterwards(tmp_path: Path) -> None:
    """[CM8] Made if missing, for its owner only; the sentence names folder and process."""
    folder = tmp_path / "new" / "data"

    with locked(folder):
        assert stat.S_IMODE((folder / LOCK_NAME).stat().st_mode) == 0o600
        with pytest.raises(FolderUnusable, match=rf"{folder} is in use .*process {os.getpid()}"), locked(folder):
            pass
    with locked(folder):
        pass


def test_a_full_disk_does_not_keep_a_server_from_its_folder(tmp_path: Path) -> None:
    """[CM8] The number of the process is for the other's sentence only."""
    with locked(tmp_path):
        pass
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limit[1]))
    try:
        with locked(tmp_path), pytest.raises(FolderUnusable, match="process unknown"), locked(tmp_path):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """[CM8] In a sentence."""
    (tmp_path / "file").write_text("")

    with pytest.raises(FolderUnusable, match="file/data cannot be used"), locked(tmp_path / "file" / "data"):
        pass
