"""Files that hold a secret of the installation: made whole or not at all, for their owner's eyes only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


class SecretUnusable(Exception):
    """A secret cannot be read or made; the message is a sentence for the operator."""


def make_key_file(path: Path, content: str) -> None:
    """Put a file (mode 0600) in place, durably; one that another program has put there meanwhile stays.

    Raises:
        OSError: It cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        temporary.unlink()
