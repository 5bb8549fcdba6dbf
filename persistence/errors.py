"""What can go wrong with what is kept.

StorageError
├── StorageUnavailable   storage_unavailable   locked, full, unreachable: may pass
│   └── OutcomeUnknown   storage_unavailable   a commit was given up; it may or may not be there
├── DatabaseNewer        storage_unavailable   written by a newer program: refused at start
├── CorruptStorage       corrupt_log           the database cannot be read
│   └── SegmentCorrupt   corrupt_log           sealed rows cannot be read
├── SeqTaken             conflict              another row stands at that seq
│   └── SeqGap           conflict              the row before that seq is not there
├── QuotaExceeded        quota_exceeded        a room's storage is full
└── AssetMissing         asset_missing         no such asset in that room
"""

from __future__ import annotations

from typing import ClassVar


class StorageError(Exception):
    """Something about the storage is wrong; `code` is the stable name a client sees (DESIGN §5)."""

    code: ClassVar[str]

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class StorageUnavailable(StorageError):
    """The storage does not answer as it should: locked, full, gone. Trying again may help."""

    code = "storage_unavailable"


class OutcomeUnknown(StorageUnavailable):
    """A commit was given up and may or may not have happened: ask the database what it holds."""


class DatabaseNewer(StorageError):
    """The database was written by a newer version of this program."""

    code = "storage_unavailable"


class CorruptStorage(StorageError):
    """The database cannot be read as one."""

    code = "corrupt_log"


class SegmentCorrupt(CorruptStorage):
    """The rows `first` to `last` of a log were sealed together and cannot be read."""

    def __init__(self, first: int, last: int, reason: str) -> None:
        super().__init__(f"The sealed rows {first} to {last} are damaged: {reason}.")
        self.first = first
        self.last = last


class SeqTaken(StorageError):
    """A different row already stands at that place of the log."""

    code = "conflict"


class SeqGap(SeqTaken):
    """The row before that place is not in the log: the writer counts from a row that was never committed."""


class QuotaExceeded(StorageError):
    """A room may not keep more than it does."""

    code = "quota_exceeded"


class AssetMissing(StorageError):
    """The room has no asset of that hash."""

    code = "asset_missing"
