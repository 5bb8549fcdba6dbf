"""Files by content: their bytes in a folder, what is known of them in SQLite."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import mkstemp
from typing import Any, BinaryIO, TypeVar

from crdt_docs.errors import InvalidRoomId
from crdt_docs.ids import RoomId, UserId, parse_room_id
from persistence.errors import AssetMissing, CorruptStorage, QuotaExceeded, StorageUnavailable
from persistence.interfaces import Asset, Micros
from persistence.sqlite.connection import Database
from persistence.sqlite.migrations import sync_folder
from persistence.sqlite.reading import logs, reading, rows_of

T = TypeVar("T")

CHUNK_BYTES = 128 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HASHES = re.compile(rb"(?=([0-9a-f]{64}))")
"""Wherever they begin: what stands before one may look like a part of it."""

_ASSETS = "SELECT room, sha256, mime_type, file_name, size, uploader, uploaded_at FROM assets WHERE room = ?"
_KEEP = """
INSERT INTO assets (room, sha256, mime_type, file_name, size, uploader, uploaded_at)
SELECT :room, :sha256, :mime_type, :file_name, :size, :uploader, :uploaded_at
WHERE (SELECT coalesce(sum(size), 0) FROM assets WHERE room = :room) + :size <= :quota
ON CONFLICT DO NOTHING
"""


class SqliteAssets:
    """See `persistence.interfaces.Assets`. A file is named in the database only after its bytes are durable."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._drafts = folder / ".incoming"  # no room id begins with a dot
        self._finishing = asyncio.Lock()

    async def prepare(self) -> None:
        """Remove what a crash left half written.

        Raises:
            StorageUnavailable: The folder cannot be written to.
        """
        await _on_disk(self._remove_drafts)

    async def put(self, asset: Asset, chunks: AsyncIterator[bytes], *, room_quota: int) -> Asset:
        path = self._path(asset)
        if kept := await self._kept(asset, path):
            return kept
        [(used,)] = await self._database.read(
            "SELECT coalesce(sum(size), 0) FROM assets WHERE room = ? AND sha256 <> ?", (asset.room, asset.sha256)
        )
        if used + asset.size > room_quota:
            raise _quota_exceeded(room_quota)
        draft = await self._receive(asset, chunks)
        try:
            async with self._finishing:
                return await self._finish(asset, draft, path, room_quota)
        finally:
            await _on_disk(draft.unlink, missing_ok=True)

    async def get(self, room: RoomId, sha256: str) -> Asset:
        found = await self._database.read(f"{_ASSETS} AND sha256 = ?", (room, sha256))
        if not found:
            raise AssetMissing("The room has no such file.")
        return _asset(found[0])

    async def read(self, asset: Asset, *, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        if start < 0 or (length is not None and length < 0):
            raise ValueError("a range has no negative numbers")
        left = max(0, asset.size - start) if length is None else min(length, max(0, asset.size - start))
        file = await _on_disk(_open, self._path(asset), start)
        try:
            while left > 0:
                chunk = await _on_disk(file.read, min(left, CHUNK_BYTES))
                if not chunk:
                    raise CorruptStorage(f"The file {asset.sha256} is shorter than it was.")
                left -= len(chunk)
                yield chunk
        finally:
            file.close()

    async def of_room(self, room: RoomId) -> list[Asset]:
        found = await self._database.read(f"{_ASSETS} ORDER BY uploaded_at, rowid", (room,))
        return [_asset(record) for record in found]

    async def unnamed(self, assets: Sequence[Asset]) -> list[Asset]:
        if not assets:
            return []
        named = await asyncio.to_thread(_named_hashes, self._database.path, assets[0].room)
        return [asset for asset in assets if asset.sha256 not in named]

    async def rename(self, asset: Asset, file_name: str) -> None:
        named = (file_name, asset.room, asset.sha256)
        await self._database.write("UPDATE assets SET file_name = ? WHERE room = ? AND sha256 = ?", named)

    async def remove(self, asset: Asset) -> None:
        path = self._path(asset)
        async with self._finishing:
            await self._database.write("DELETE FROM assets WHERE room = ? AND sha256 = ?", (asset.room, asset.sha256))
            await _on_disk(_remove, path)

    def _path(self, asset: Asset) -> Path:
        """Where the bytes are. Raises ValueError, so that no path is ever made of anything but a room id and a hash."""
        if not _SHA256.fullmatch(asset.sha256):
            raise ValueError("a hash is 64 lower-case hexadecimal digits")
        try:
            room = parse_room_id(asset.room)
        except InvalidRoomId as exc:
            raise ValueError("the room id has not the form of one") from exc
        return self._folder / room / asset.sha256[:2] / asset.sha256

    async def _kept(self, asset: Asset, path: Path) -> Asset | None:
        """The asset as the room has it; None if it has not, or has lost the bytes."""
        try:
            kept = await self.get(asset.room, asset.sha256)
        except AssetMissing:
            return None
        return kept if await _on_disk(_size, path) == kept.size else None

    async def _receive(self, asset: Asset, chunks: AsyncIterator[bytes]) -> Path:
        """Write the bytes into a draft and make them durable."""
        file = await _on_disk(self._new_draft)
        draft = Path(file.name)
        digest, size = hashlib.sha256(), 0
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > asset.size:
                    break
                digest.update(chunk)
                await _on_disk(file.write, chunk)
            _refuse_other(asset, size, digest.hexdigest())
            await _on_disk(_sync, file)
        except BaseException:
            await _on_disk(_discard, file, draft)
            raise
        return draft

    async def _finish(self, asset: Asset, draft: Path, path: Path, room_quota: int) -> Asset:
        """Give a durable draft its name, then its row. One at a time, so that two of the same file do not meet."""
        if kept := await self._kept(asset, path):
            return kept
        await _on_disk(_move, draft, path, self._folder)
        try:
            await self._database.write(_KEEP, _named(asset) | {"quota": room_quota})
            return await self.get(asset.room, asset.sha256)
        except AssetMissing:
            await _on_disk(path.unlink)
            raise _quota_exceeded(room_quota) from None
        except StorageUnavailable:
            await self._forget_bytes(asset, path)
            raise

    async def _forget_bytes(self, asset: Asset, path: Path) -> None:
        """Remove bytes whose row failed, unless the row is there after all."""
        with suppress(StorageUnavailable):
            try:
                await self.get(asset.room, asset.sha256)
            except AssetMissing:
                await _on_disk(path.unlink)

    def _remove_drafts(self) -> None:
        self._drafts.mkdir(parents=True, exist_ok=True)
        for draft in self._drafts.iterdir():
            draft.unlink()

    def _new_draft(self) -> BinaryIO:
        handle, name = mkstemp(dir=self._drafts)
        os.close(handle)
        return open(name, "wb")


async def _on_disk(work: Callable[..., T], *arguments: Any, **options: Any) -> T:
    """Do blocking file work on a thread.

    Raises:
        StorageUnavailable: The disk refused.
    """
    try:
        return await asyncio.to_thread(work, *arguments, **options)
    except OSError as exc:
        raise StorageUnavailable(f"A file cannot be read or written: {exc.strerror}") from exc


def _refuse_other(asset: Asset, size: int, sha256: str) -> None:
    if size != asset.size:
        raise ValueError("the file does not have the size it was announced with")
    if sha256 != asset.sha256:
        raise ValueError("the file does not have the hash it was announced with")


def _open(path: Path, start: int) -> BinaryIO:
    try:
        file = path.open("rb")
    except FileNotFoundError as exc:
        raise CorruptStorage(f"The bytes of the file {path.name} are missing.") from exc
    file.seek(start)
    return file


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _remove(path: Path) -> None:
    if path.exists():
        path.unlink()
        sync_folder(path.parent)


def _named_hashes(database: Path, room: RoomId) -> set[str]:
    """Everything in the rows of a room that could be the hash of a file. Blocks."""
    found: set[bytes] = set()
    with reading(database) as connection:
        for log in logs(connection, room):
            for *_, update in rows_of(connection, log):
                found.update(_HASHES.findall(update))
    return {each.decode() for each in found}


def _sync(file: BinaryIO) -> None:
    with file:
        file.flush()
        os.fsync(file.fileno())


def _discard(file: BinaryIO, draft: Path) -> None:
    with suppress(OSError):
        file.close()
    draft.unlink(missing_ok=True)


def _move(draft: Path, path: Path, root: Path) -> None:
    """Rename durably: the folders that are new are synced too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft.rename(path)
    for folder in (path.parent, path.parent.parent, root):
        sync_folder(folder)


def _quota_exceeded(quota: int) -> QuotaExceeded:
    return QuotaExceeded(f"The room may keep {quota} bytes of files; it would be more.")


def _named(asset: Asset) -> dict[str, Any]:
    return asdict(asset)


def _asset(record: tuple[Any, ...]) -> Asset:
    room, sha256, mime_type, file_name, size, uploader, uploaded_at = record
    return Asset(RoomId(room), sha256, mime_type, file_name, size, UserId(uploader), Micros(uploaded_at))
