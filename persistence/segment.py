"""A segment: rows of a log that follow each other, sealed into one compressed piece from which they come back exactly.

A zstd frame of these parts, all numbers little-endian:

- head: unsigned 8-bit version (1), unsigned 32-bit number of rows n, unsigned 64-bit seq of the first row, 32 bytes
  link of the row before it (the genesis before row 1), unsigned 32-bit number of authors
- authors: user and session of each, a text being its UTF-8 behind its length as an unsigned 32-bit number
- authors of the rows: n unsigned 32-bit numbers of authors, from 0
- times: n signed 64-bit differences in microseconds to the row before, the first one to 0
- lengths: n unsigned 32-bit lengths of the rows' bytes
- flags: n bytes; 1: the row has no salt (it is erased); 2: its commitment is kept, as it does not follow from the bytes
- salts of 16 bytes, of the rows that have one; commitments of 32 bytes, of the rows whose is kept
- bytes of the rows, one behind the other

The columns of numbers stand in planes, the lowest bytes of all rows first: high bytes, mostly zeros, take nothing then.
A seq is the one before and one more. Checksums, links and the other commitments are not here, they follow from the rest
(`chain.py`). The salts stay: one that followed from something that is kept could not be forgotten for one row alone.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Final, TypeAlias
from zlib import crc32

import zstandard

from persistence import chain

StoredRow: TypeAlias = tuple[int, int, str, str, int, bytes, bytes, bytes | None, bytes]
"""seq, at, user, session, checksum, salt, link, commitment, bytes"""
PlainRow: TypeAlias = tuple[int, int, str, str, int, int | None, bytes]
"""seq, at, user, session, checksum, first (of what was thinned out to this row; such a one is not sealed), bytes"""

LEVEL: Final = 15
"""Lower ones leave a twentieth more, higher ones take twice as long for a hundredth less."""
VERSION: Final = 1

_HEAD: Final = struct.Struct(f"<BIQ{chain.LINK_BYTES}sI")
_LENGTH: Final = struct.Struct("<I")
_NO_SALT: Final = 1
_COMMITMENT: Final = 2


class SegmentDamaged(ValueError):
    """The bytes are not those of a segment."""


def encode(before: bytes, rows: Sequence[StoredRow]) -> bytes:
    """Seal rows that follow each other, behind the link `before`.

    Links and checksums are left out: who seals compares what comes back.

    Raises:
        ValueError, OverflowError: Rows like these have no place in a segment.
    """
    if not rows:
        raise ValueError("a segment has rows")
    authors = {author: number for number, author in enumerate(dict.fromkeys((row[2], row[3]) for row in rows))}
    times = [rows[0][1], *(later[1] - earlier[1] for earlier, later in pairwise(rows))]
    kept = [row[7] for row in rows if row[7] is not None]
    if {len(row[5]) for row in rows} - {0, chain.SALT_BYTES} or {len(each) for each in kept} - {chain.LINK_BYTES}:
        raise ValueError("a salt or a commitment has a length of its own")
    parts = [
        _HEAD.pack(VERSION, len(rows), rows[0][0], before, len(authors)),
        *(_text(text) for author in authors for text in author),
        _planes(array("I", [authors[row[2], row[3]] for row in rows])),
        _planes(array("q", times)),
        _planes(array("I", [len(row[8]) for row in rows])),
        bytes((not row[5]) * _NO_SALT | (row[7] is not None) * _COMMITMENT for row in rows),
        *(row[5] for row in rows),
        *kept,
        *(row[8] for row in rows),
    ]
    return zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(b"".join(parts))


class Segment:
    """What `encode` sealed, read column by column: only what is asked for is built.

    Attributes:
        first, last: Seqs of the first and the last row.
        before: The link before the first row.
        times: The instants of the rows.
        sizes: How many bytes each row has.
    """

    def __init__(self, sealed: bytes) -> None:
        """Raises `SegmentDamaged`."""
        try:
            self._plain = zstandard.ZstdDecompressor().decompress(sealed, allow_extra_data=False)
            version, count, self.first, self.before, authors = _HEAD.unpack_from(self._plain)
            if version != VERSION:
                raise SegmentDamaged(f"a segment has version {version}, and {VERSION} is known")
            self.last: int = self.first + count - 1
            self._authors, place = self._read_authors(authors, _HEAD.size)
            self._by, place = self._column("I", count, place)
            differences, place = self._column("q", count, place)
            self.sizes, place = self._column("I", count, place)
            self._flags = self._plain[place : place + count]
            self._salts = place + count
        except (zstandard.ZstdError, struct.error, UnicodeDecodeError) as exc:
            raise SegmentDamaged(f"a segment cannot be read: {exc}") from exc
        self.times: list[int] = list(accumulate(differences))
        self._updates = self._salts + sum(_taken(flags) for flags in self._flags)
        if self._updates + sum(self.sizes) != len(self._plain) or max(self._by, default=0) >= len(self._authors):
            raise SegmentDamaged("a segment is not as long as it says")

    @property
    def size(self) -> int:
        """Bytes of all rows."""
        return sum(self.sizes)

    @property
    def users(self) -> list[str]:
        """The user of each row."""
        return [self._authors[author][0] for author in self._by]

    def rows(self, after: int = 0, until: int = 1 << 63) -> Iterator[PlainRow]:
        """The rows with `after` < seq ≤ `until`, without what chains them."""
        start, end = max(after + 1 - self.first, 0), max(until + 1 - self.first, 0)
        seqs, times, by = range(self.first, self.last + 1)[start:end], self.times[start:end], self._by[start:end]
        places = pairwise(list(accumulate(self.sizes, initial=self._updates))[start : end + 1])
        for seq, at, author, (begin, stop) in zip(seqs, times, by, places, strict=True):
            update = self._plain[begin:stop]
            yield seq, at, *self._authors[author], crc32(update), None, update

    def stored(self) -> Iterator[StoredRow]:
        """The rows as a database has them, with salts, and links that are computed from `before` on."""
        link = self.before
        for (seq, at, user, session, checksum, _, update), salt, kept in zip(
            self.rows(), self._read_salts(), self._commitments(), strict=True
        ):
            link = chain.link(link, seq, at, user, session, kept or chain.commit(salt, update))
            yield seq, at, user, session, checksum, salt, link, kept, update

    def _read_salts(self) -> Iterator[bytes]:
        place = self._salts
        for flags in self._flags:
            end = place + (0 if flags & _NO_SALT else chain.SALT_BYTES)
            yield self._plain[place:end]
            place = end

    def _commitments(self) -> Iterator[bytes | None]:
        place = self._updates - chain.LINK_BYTES * sum(bool(flags & _COMMITMENT) for flags in self._flags)
        for flags in self._flags:
            if flags & _COMMITMENT:
                yield self._plain[place : place + chain.LINK_BYTES]
                place += chain.LINK_BYTES
            else:
                yield None

    def _read_authors(self, count: int, place: int) -> tuple[list[tuple[str, str]], int]:
        texts = []
        for _ in range(2 * count):
            [length] = _LENGTH.unpack_from(self._plain, place)
            start, place = place + _LENGTH.size, place + _LENGTH.size + length
            texts.append(self._plain[start:place].decode())
        return list(zip(texts[::2], texts[1::2], strict=True)), place

    def _column(self, code: str, count: int, place: int) -> tuple[array[int], int]:
        """Numbers that stand in planes, and where they end."""
        column = array(code)
        width = column.itemsize
        if place + width * count > len(self._plain):
            raise SegmentDamaged("a segment is shorter than it says")
        mixed = bytearray(width * count)
        for plane in range(width):
            mixed[plane::width] = self._plain[place + plane * count : place + (plane + 1) * count]
        column.frombytes(mixed)
        return _little(column), place + width * count


def _taken(flags: int) -> int:
    """Bytes of a row in front of the bytes of all."""
    return (0 if flags & _NO_SALT else chain.SALT_BYTES) + (chain.LINK_BYTES if flags & _COMMITMENT else 0)


def _text(text: str) -> bytes:
    data = text.encode()
    return _LENGTH.pack(len(data)) + data


def _planes(column: array[int]) -> bytes:
    data = _little(column).tobytes()
    return b"".join(data[plane :: column.itemsize] for plane in range(column.itemsize))


def _little(column: array[int]) -> array[int]:
    """The same array between the machine's order of bytes and the segment's."""
    if sys.byteorder == "big":
        column.byteswap()
    return column
