"""A whole data folder as one file, taken while its server runs: the database, the files of all rooms, the keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta

from persistence.interfaces import Micros
from persistence.sqlite import DATABASE_NAME
from persistence.sqlite.copying import copy_database, files_named, recordings_named
from server.auth.tokens import SECRET_NAME
from server.history.archive import ArchiveDamaged, Format
from server.history.heads import KEY_NAME
from server.history.records import CHUNK_BYTES

KEY_FILES: Final = (SECRET_NAME, KEY_NAME)
_PATH: Final = re.compile(
    rf"({re.escape(DATABASE_NAME)}|{'|'.join(map(re.escape, KEY_FILES))}"
    r"|assets/[A-Za-z0-9_-]{1,64}/([0-9a-f]{2})/\2[0-9a-f]{62}"
    r"|recordings/[A-Za-z0-9_-]{1,64}/[0-9a-f]{16}/[0-9]{1,6}-(mic|camera|screen|sound)\.(webm|mkv))"
)


class Begin(msgspec.Struct, tag="backup", forbid_unknown_fields=True):
    """First of all: when the backup was begun."""

    at: int


class File(msgspec.Struct, tag="file", forbid_unknown_fields=True):
    """A file of the data folder, by its path; its bytes follow in chunks."""

    path: str


class Part(msgspec.Struct, tag="chunk", forbid_unknown_fields=True):
    """The next bytes of the file."""

    data: Annotated[bytes, Meta(min_length=1, max_length=CHUNK_BYTES)]


class Entry(msgspec.Struct, forbid_unknown_fields=True):
    """A file in the manifest."""

    path: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, tag="manifest", forbid_unknown_fields=True):
    """Last of all: what there was."""

    files: list[Entry]


BackupRecord: TypeAlias = Begin | File | Part | Manifest
BACKUP: Final = Format("backup", 1, "backup", BackupRecord)


class Lost(msgspec.Struct):
    """A file that the database names and whose bytes are lost, or are not the ones of its name."""

    path: str


def back_up(folder: Path, scratch: Path, at: Micros, lost: list[Lost]) -> Iterator[BackupRecord]:
    """[BK1] The records of a backup: the database as it is at one instant, then all files that it names.

    Files are kept before they are named and do not change, so those that the copy names are there.

    Args:
        scratch: Where there is room for a copy of the database meanwhile.
        lost: Gets what could not be backed up.

    Raises:
        StorageError: The database cannot be read or copied.
        OSError: A file cannot be read.
    """
    entries: list[Entry] = []
    yield Begin(at)
    with TemporaryDirectory(dir=scratch, prefix=".thunderline-backup.") as temporary:
        copy = Path(temporary) / DATABASE_NAME
        copy_database(folder / DATABASE_NAME, copy)
        yield from _file(DATABASE_NAME, copy, entries)
        for name in KEY_FILES:
            if (folder / name).exists():
                yield from _file(name, folder / name, entries)
        for room, digest in files_named(copy):
            path = f"assets/{room}/{digest[:2]}/{digest}"
            if (folder / path).is_file():
                yield from _file(path, folder / path, entries)
            if not entries or entries[-1].path != path or entries[-1].sha256 != digest:
                lost.append(Lost(path))
        for place in recordings_named(copy):
            path = "/".join(("recordings", *place))
            if (folder / path).is_file():
                yield from _file(path, folder / path, entries)
            else:
                lost.append(Lost(path))
    yield Manifest(entries)


def _file(name: str, path: Path, entries: list[Entry]) -> Iterator[BackupRecord]:
    digest, size = sha256(), 0
    yield File(name)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
            yield Part(chunk)
    entries.append(Entry(name, size, digest.hexdigest()))


def checked(records: Iterable[BackupRecord]) -> Iterator[BackupRecord]:
    """[BK2] The same records. They are good only once all have passed.

    Raises:
        ArchiveDamaged: One of them does not fit.
    """
    entries: list[Entry] = []
    seen: set[str] = set()
    digest, last = sha256(), None
    for record in records:
        if (last is None) is not isinstance(record, Begin) or isinstance(last, Manifest):
            raise ArchiveDamaged("a record is out of order.")
        match record:
            case File(path):
                if not _PATH.fullmatch(path) or path in seen:
                    raise ArchiveDamaged(f"it holds a file that belongs to no data folder, or twice: {path!r}.")
                seen.add(path)
                entries.append(Entry(path, 0, sha256().hexdigest()))
                digest = sha256()
            case Part(data) if entries:
                digest.update(data)
                entries[-1].size += len(data)
                entries[-1].sha256 = digest.hexdigest()
            case Manifest(files):
                if files != entries or DATABASE_NAME not in {entry.path for entry in files}:
                    raise ArchiveDamaged("its files are not those of its manifest.")
            case Part():
                raise ArchiveDamaged("a record is out of order.")
        last = record
        yield record
    if not isinstance(last, Manifest):
        raise ArchiveDamaged("it is cut off.")
