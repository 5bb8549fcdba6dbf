"""Gives files that a crash cut off their duration and their index, and closes their recording."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import av

from persistence.errors import CorruptStorage
from persistence.interfaces import Micros
from persistence.sqlite.migrations import sync_folder
from server.media.recording.manifest import MANIFEST_NAME, Manifest, read_manifest, write_manifest

log = logging.getLogger(__name__)


def mend_recordings(root: Path) -> list[Manifest]:
    """[RC9] Close every recording below a folder that was cut off; gives all that were not kept yet. Blocks.

    Call when none runs.
    """
    mended = []
    for path in sorted(root.glob(f"*/*/{MANIFEST_NAME}")):
        try:
            manifest = read_manifest(path.parent)
            if manifest.ended_at == 0:
                mend(path.parent, manifest)
            mended.append(manifest)
        except (OSError, CorruptStorage) as exc:
            log.warning("the recording in %s cannot be mended: %s", path.parent, exc)
    return mended


def mend(folder: Path, manifest: Manifest) -> None:
    """Finish what is left of a recording. A track without a single frame goes.

    Raises:
        OSError: It could not be written; it can be done again.
    """
    for track in list(manifest.tracks):
        if track.end:
            continue
        length = remux(folder / track.file)
        if length is None:
            (folder / track.file).unlink(missing_ok=True)
            manifest.tracks.remove(track)
            continue
        track.end = track.start + length
        track.bytes = (folder / track.file).stat().st_size
    manifest.ended_at = max((track.end for track in manifest.tracks), default=manifest.started_at)
    manifest.stopped_by = "crash"
    write_manifest(folder, manifest)


def remux(path: Path) -> Micros | None:
    """Write a file anew up to where it is cut off; gives its length, None when nothing in it can be shown.

    Raises:
        OSError: The disk refuses; the file is as it was.
    """
    draft = path.with_name(f"{path.name}.draft")
    if not path.exists():
        return None
    try:
        with (
            av.open(str(path)) as source,
            av.open(str(draft), "w", format="webm" if path.suffix == ".webm" else "matroska") as sink,
        ):
            last = _copy(source, sink)
    except av.FFmpegError as exc:
        draft.unlink(missing_ok=True)
        if isinstance(exc, OSError) and not isinstance(exc, ValueError):
            raise
        log.warning("%s holds nothing that can be shown: %s", path, exc)
        return None
    if last is None:
        draft.unlink(missing_ok=True)
        return None
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)
    return Micros(round(last * 1_000_000))


def _copy(source: Any, sink: Any) -> float | None:
    """Copy the packets of the only stream; gives the time of the last one, in seconds."""
    stream = source.streams[0]
    target = sink.add_stream_from_template(stream, opaque=True)
    last = None
    try:
        for packet in source.demux(stream):
            if packet.pts is None:
                continue
            last = float(packet.pts * packet.time_base)
            packet.stream = target
            sink.mux_one(packet)
    except av.InvalidDataError:
        log.info("%s is cut off", source.name)
    return last
