"""The file of an export or a backup: a line that can be read, a zstd stream of records, a SHA-256 of all before it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, BinaryIO, Final, cast

import msgspec
import zstandard

from server.history.records import Record

DIGEST_BYTES: Final = 32
MAX_RECORD_BYTES: Final = 256 * 1024 * 1024
"""More than any update that a server takes; a length beyond is damage, not a reason to ask for memory."""
PIECE_BYTES: Final = 64 * 1024
_LENGTH_BYTES: Final = 4
_LONGEST_LINE: Final = 64
_MAX_WINDOW_BYTES: Final = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: the name in its first line, the newest version that is known, what it is, its records."""

    name: str
    version: int
    what: str
    records: Any

    @property
    def first_line(self) -> bytes:
        """What such a file begins with."""
        return f"thunderline-{self.name} {self.version}\n".encode("ascii")


ROOM: Final = Format("room", 2, "export of a room", Record)


class ArchiveRefused(Exception):
    """The file is not what it should be, or not one that can be trusted; the message is a sentence about it."""


class ArchiveDamaged(ArchiveRefused):
    """It was cut off or changed."""


class ArchiveForeign(ArchiveRefused):
    """It is another kind of file, or was written by a newer program."""


def pack(records: Iterable[msgspec.Struct], format_: Format = ROOM) -> Iterator[bytes]:
    """[EX1] The bytes of the file, in pieces; one record and a piece are in memory at a time."""
    compressor, encoder = zstandard.ZstdCompressor().compressobj(), msgspec.msgpack.Encoder()
    digest = sha256(format_.first_line)
    yield format_.first_line
    waiting = bytearray()
    for record in records:
        content = encoder.encode(record)
        waiting += len(content).to_bytes(_LENGTH_BYTES, "big") + content
        if len(waiting) >= PIECE_BYTES and (piece := compressor.compress(bytes(waiting))):
            digest.update(piece)
            yield piece
        if len(waiting) >= PIECE_BYTES:
            waiting.clear()
    piece = compressor.compress(bytes(waiting)) + compressor.flush()
    digest.update(piece)
    yield piece + digest.digest()


def unpack(file: BinaryIO, format_: Format = ROOM) -> Iterator[Any]:
    """[EX2] The records of a file, one at a time. What they say is good only once the last one has come.

    Raises:
        ArchiveForeign: It is no such file of a version that is known.
        ArchiveDamaged: It was cut off or changed.
        OSError: It cannot be read.
    """
    line = file.readline(_LONGEST_LINE)
    _check_first_line(line, format_)
    body = _Body(file, line)
    try:
        with zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES).stream_reader(
            cast(BinaryIO, body)
        ) as stream:
            yield from _records(stream, msgspec.msgpack.Decoder(format_.records))
    except (zstandard.ZstdError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise ArchiveDamaged(f"it is damaged: {exc}.") from exc
    body.check_digest()


def _check_first_line(line: bytes, format_: Format) -> None:
    match = re.fullmatch(rb"thunderline-%b ([1-9][0-9]{0,8})\n" % format_.name.encode(), line)
    if match is None:
        raise ArchiveForeign(f"it is no {format_.what}.")
    if (version := int(match[1])) > format_.version:
        known = f"this program knows versions up to {format_.version}"
        raise ArchiveForeign(f"it has version {version} of the format, and {known}.")


def _records(stream: zstandard.ZstdDecompressionReader, decoder: msgspec.msgpack.Decoder[Any]) -> Iterator[Any]:
    while head := _read(stream, _LENGTH_BYTES):
        length = int.from_bytes(head, "big")
        if length > MAX_RECORD_BYTES:
            raise ArchiveDamaged(f"it is damaged: a record of {length} bytes.")
        yield decoder.decode(_read(stream, length))


def _read(stream: zstandard.ZstdDecompressionReader, size: int) -> bytes:
    """That many bytes, or none at the end of the stream."""
    data = bytearray()
    while len(data) < size and (piece := stream.read(min(size - len(data), PIECE_BYTES))):
        data += piece
    if data and len(data) < size:
        raise ArchiveDamaged("it is cut off.")
    return bytes(data)


class _Body:
    """The file between its first line and its digest; what is read of it is hashed."""

    def __init__(self, file: BinaryIO, first_line: bytes) -> None:
        self._file = file
        start = file.tell()
        self._left = file.seek(0, os.SEEK_END) - start - DIGEST_BYTES
        file.seek(start)
        if self._left < 0:
            raise ArchiveDamaged("it is cut off.")
        self._digest = sha256(first_line)

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        piece = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(piece)
        self._digest.update(piece)
        return piece

    def check_digest(self) -> None:
        """Read what is left, and compare."""
        while self.read(PIECE_BYTES):
            pass
        if self._file.read() != self._digest.digest():
            raise ArchiveDamaged("it was cut off or changed: its last bytes are not the SHA-256 of the others.")
