"""Recordings of calls: their files in a folder, what is known of them in SQLite."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from crdt_docs.errors import InvalidRoomId
from crdt_docs.ids import RoomId, SessionId, UserId, parse_room_id
from persistence.errors import AssetMissing, CorruptStorage, StorageUnavailable
from persistence.interfaces import Micros, Recording, RecordingTrack
from persistence.sqlite.connection import Database

CHUNK_BYTES: Final = 128 * 1024
_ID: Final = re.compile(r"[0-9a-f]{16}")
_FILE: Final = re.compile(r"[0-9]{1,6}-(mic|camera|screen|sound)\.(webm|mkv)")

_KEEP: Final = """
INSERT INTO recordings (id, room, starter, started_at, ended_at, stopped_by)
SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM rooms WHERE id = ?2)
ON CONFLICT DO NOTHING
"""
_KEEP_TRACK: Final = """
INSERT INTO recording_tracks (recording, file, session, user, kind, codec, begun_at, ended_at, bytes)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE EXISTS (SELECT 1 FROM recordings WHERE id = ?1)
ON CONFLICT DO NOTHING
"""
_READ: Final = """
SELECT recordings.id, room, starter, started_at, recordings.ended_at, stopped_by,
    file, session, user, kind, codec, begun_at, recording_tracks.ended_at, bytes
FROM recordings LEFT JOIN recording_tracks ON recording = recordings.id
WHERE {where} ORDER BY started_at, recordings.id, begun_at, file
"""


class SqliteRecordings:
    """See `persistence.interfaces.Recordings`. Files are there before their rows, and go after them."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder

    @property
    def root(self) -> Path:
        return self._folder

    def folder(self, room: RoomId, id_: str) -> Path:
        try:
            checked = parse_room_id(room)
        except InvalidRoomId as exc:
            raise ValueError("the room id has not the form of one") from exc
        if not _ID.fullmatch(id_):
            raise ValueError("a recording's id is 16 lower-case hexadecimal digits")
        return self._folder / checked / id_

    async def keep(self, recording: Recording) -> None:
        self.folder(recording.room, recording.id)
        row = (recording.id, recording.room, recording.starter, recording.started_at, recording.ended_at,
               recording.stopped_by)  # fmt: skip
        tracks = [
            (recording.id, each.file, each.session, each.user, each.kind, each.codec, each.begun_at, each.ended_at,
             each.bytes)
            for each in recording.tracks
        ]  # fmt: skip
        await self._database.write_all((_KEEP, [row]), (_KEEP_TRACK, tracks))

    async def of_room(self, room: RoomId) -> list[Recording]:
        return _recordings(await self._database.read(_READ.format(where="room = ?"), (room,)))

    async def get(self, room: RoomId, id_: str) -> Recording:
        where = "room = ? AND recordings.id = ?"
        found = _recordings(await self._database.read(_READ.format(where=where), (room, id_)))
        if not found:
            raise AssetMissing("The room has no such recording.")
        return found[0]

    async def read(
        self, recording: Recording, track: RecordingTrack, *, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        if start < 0 or (length is not None and length < 0):
            raise ValueError("a range has no negative numbers")
        left = max(0, track.bytes - start if length is None else min(length, track.bytes - start))
        path = self._path(recording, track)
        try:
            file = await asyncio.to_thread(path.open, "rb")
        except FileNotFoundError as exc:
            raise CorruptStorage(f"The recorded file {path.name} is missing.") from exc
        except OSError as exc:
            raise StorageUnavailable(f"A recorded file cannot be read: {exc.strerror}") from exc
        with file:
            file.seek(start)
            while left > 0:
                chunk = await asyncio.to_thread(file.read, min(left, CHUNK_BYTES))
                if not chunk:
                    raise CorruptStorage(f"The recorded file {path.name} is shorter than it was.")
                left -= len(chunk)
                yield chunk

    async def bytes_of(self, room: RoomId) -> int:
        query = "SELECT coalesce(sum(bytes), 0) FROM recording_tracks JOIN recordings ON id = recording WHERE room = ?"
        [(size,)] = await self._database.read(query, (room,))
        return int(size)

    async def remove(self, recording: Recording) -> None:
        folder = self.folder(recording.room, recording.id)
        await self._database.write("DELETE FROM recordings WHERE room = ? AND id = ?", (recording.room, recording.id))
        await _on_disk(folder)

    async def erase(self, room: RoomId, user: UserId) -> int:
        erased = 0
        for recording in await self.of_room(room):
            own = [each for each in recording.tracks if each.user == user]
            for track in own:
                await _on_disk(self._path(recording, track))
                where = (recording.id, track.file)
                await self._database.write("DELETE FROM recording_tracks WHERE recording = ? AND file = ?", where)
            erased += len(own)
            if own and len(own) == len(recording.tracks):
                await self.remove(recording)
        return erased

    async def ended_before(self, at: Micros) -> list[Recording]:
        return _recordings(await self._database.read(_READ.format(where="recordings.ended_at < ?"), (at,)))

    def _path(self, recording: Recording, track: RecordingTrack) -> Path:
        if not _FILE.fullmatch(track.file):
            raise ValueError("a recorded file has not the name of one")
        return self.folder(recording.room, recording.id) / track.file


async def _on_disk(path: Path) -> None:
    """Remove a file or a folder; one that is not there is no error.

    Raises:
        StorageUnavailable: The disk refused.
    """
    try:
        await asyncio.to_thread(_remove, path)
    except OSError as exc:
        raise StorageUnavailable(f"A recording cannot be removed: {exc.strerror}") from exc


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _recordings(rows: list[tuple[Any, ...]]) -> list[Recording]:
    """Rows in order, one a track, as recordings."""
    found: dict[str, Recording] = {}
    for id_, room, starter, started_at, ended_at, stopped_by, file, *track in rows:
        recording = found.setdefault(
            id_, Recording(id_, RoomId(room), UserId(starter), Micros(started_at), Micros(ended_at), stopped_by, [])
        )
        if file is not None:
            session, user, kind, codec, begun, ended, size = track
            made = RecordingTrack(
                file, SessionId(session), UserId(user), kind, codec, Micros(begun), Micros(ended), size
            )
            recording.tracks.append(made)
    return list(found.values())
