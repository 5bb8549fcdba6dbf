"""One stream of encoded frames as one WebM file (Matroska for H264), without transcoding."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from struct import unpack_from
from typing import Any, BinaryIO, Final

import av

from persistence.interfaces import Micros
from server.media.recording.frames import Codec, Frame

log = logging.getLogger(__name__)

CLUSTER_MILLISECONDS: Final = 500
"""What a crash loses at most; the muxer writes whole clusters (Matroska, RFC 9559)."""
OPTIONS: Final = {"cluster_time_limit": str(CLUSTER_MILLISECONDS)}
FORMATS: Final[dict[Codec, str]] = {"VP8": "webm", "opus": "webm", "H264": "matroska"}
SUFFIXES: Final[dict[Codec, str]] = {"VP8": "webm", "opus": "webm", "H264": "mkv"}
TYPES: Final = {"webm": "webm", "mkv": "x-matroska"}
OPUS_RATE: Final = 48_000
_MILLISECOND: Final = Fraction(1, 1000)
Spend = Callable[[int], None]
"""Asked before so many bytes are written; raises when they may not be."""


class CannotRecord(Exception):
    """The disk, or the room's quota, takes no more. `reason` is a sentence for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Disk:
    """The file as the muxer sees it; what goes wrong below is remembered, for PyAV may tell it as something else."""

    def __init__(self, file: BinaryIO, spend: Spend) -> None:
        self._file = file
        self._spend = spend
        self.error: OSError | CannotRecord | None = None
        self.name = file.name

    def write(self, data: bytes) -> int:
        try:
            self._spend(len(data))
            self._file.write(data)
        except (OSError, CannotRecord) as exc:
            self.error = exc
            raise
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True


class TrackFile:
    """A file that is being written. [RC5] Its time 0 is its first frame, of which `start` is the instant.

    [RC6] After a loss a picture goes on with the next keyframe. [RC7] It has no frame of another codec.
    """

    def __init__(self, path: Path, codec: Codec, spend: Spend = lambda _: None) -> None:
        self.path = path
        self.codec = codec
        self.start: Micros | None = None
        self.end: Micros | None = None
        self.needs_key = True
        self._spend = spend
        self._file: BinaryIO | None = None
        self._disk: _Disk | None = None
        self._container: Any = None
        self._last = -1

    @property
    def bytes(self) -> int:
        """What is on the disk."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def write(self, frame: Frame, at: Micros) -> bool:
        """Write a frame that happened at an instant; False when it cannot be shown: it lacks what it builds on.

        Raises:
            CannotRecord: Nothing can be written any more; close it.
        """
        if self.codec != "opus" and frame.after_loss and not frame.is_key:
            self.needs_key = True
        if self.needs_key and not frame.is_key:
            return False
        try:
            if self._container is None and not self._begin(frame, at):
                return False
            self._mux(frame, at)
        except (OSError, CannotRecord, av.FFmpegError) as exc:
            raise self._told(exc) from exc
        self.needs_key = False
        return True

    def close(self) -> None:
        """Give the file its duration and its index. Never raises: what the disk refuses is mended at the next start."""
        container, self._container = self._container, None
        if container is not None:
            try:
                container.close()
            except Exception as exc:  # PyAV tells errors of our own file in several ways
                log.warning("%s is not finished: %s", self.path, exc)
        if self._file is not None:
            with suppress(OSError):
                self._file.close()

    def _begin(self, frame: Frame, at: Micros) -> bool:
        size = None if self.codec == "opus" else picture_size(self.codec, frame.data)
        if self.codec != "opus" and size is None:
            return False
        self._file = self.path.open("xb", buffering=0)
        self._disk = _Disk(self._file, self._spend)
        self._container = av.open(self._disk, "w", format=FORMATS[self.codec], options=OPTIONS)
        if self.codec == "opus":
            self._container.add_stream("libopus", rate=OPUS_RATE, layout="stereo")
        elif self.codec == "VP8" and size is not None:
            self._container.add_mux_stream("vp8", rate=30, width=size[0], height=size[1], time_base=_MILLISECOND)
        else:
            with av.open(io.BytesIO(frame.data), format="h264") as shown:
                self._container.add_stream_from_template(shown.streams.video[0], opaque=True)
        self.start = at
        return True

    def _mux(self, frame: Frame, at: Micros) -> None:
        assert self.start is not None
        packet = av.Packet(frame.data)
        packet.stream = self._container.streams[0]
        packet.time_base = _MILLISECOND
        self._last = packet.pts = packet.dts = max(round((at - self.start) / 1000), self._last + 1)
        packet.is_keyframe = frame.is_key
        if self.codec == "opus":
            packet.duration = 20
        self._container.mux_one(packet)
        self.end = Micros(self.start + self._last * 1000)

    def _told(self, exc: Exception) -> CannotRecord:
        cause = self._disk.error if self._disk is not None and self._disk.error is not None else exc
        if isinstance(cause, CannotRecord):
            return cause
        why = cause.strerror if isinstance(cause, OSError) else str(cause)
        return CannotRecord(f"The recording cannot be written: {why}.")


def picture_size(codec: Codec, keyframe: bytes) -> tuple[int, int] | None:
    """Width and height of a keyframe; None when it tells none (H264 without its parameter sets, say)."""
    if codec == "VP8":
        width, height = (each & 0x3FFF for each in unpack_from("<HH", keyframe, 6))
        return (width, height) if width and height else None
    try:
        with av.open(io.BytesIO(keyframe), format="h264") as shown:
            stream = shown.streams.video[0]
            return (stream.width, stream.height) if stream.width and stream.height else None
    except (av.FFmpegError, IndexError):
        return None
