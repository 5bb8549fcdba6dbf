"""The chain over the rows of a log: each row's link covers the row and everything before it.

A log whose last link somebody else has kept cannot be changed, cut within, or put in another order without showing it.
All numbers are big-endian; `‖` joins; a text is its UTF-8 behind its length as an unsigned 32-bit number.

- commitment = SHA-256(salt ‖ bytes), the salt being 16 random bytes. It stands for the bytes where they are erased one
  day, and tells nothing of them to who does not have the salt.
- link = SHA-256(link of the row before ‖ unsigned 64-bit seq ‖ signed 64-bit at, in microseconds ‖ text user ‖ text
  session ‖ commitment)
- genesis = SHA-256(text "thunderline-chain-1" ‖ text origin ‖ text name): the link before the first row. The origin is
  the id of the room in which the log began; under whatever id the room is imported, it stays.
- what is signed of a head = text "thunderline-head-1" ‖ text origin ‖ text name ‖ unsigned 64-bit seq ‖ signed 64-bit
  instant of the signature ‖ link of the row `seq`

What rows hold may be replaced; the links stay, and what stands in place of the old bytes is signed:

- a row from which a person's content was erased has no salt any more and keeps its old commitment. What is signed of an
  erasure = text "thunderline-erasure-1" ‖ text origin ‖ text name ‖ signed 64-bit instant ‖ text id of who erased ‖ for
  each row: unsigned 64-bit seq ‖ commitment ‖ SHA-256 of the bytes that stand there now. Of several the newest counts.
- of a span of rows that was thinned out the last one is kept, with other bytes, an empty salt and perhaps another
  author; its link stays. What is signed of such a checkpoint = text "thunderline-checkpoint-1" ‖ text origin ‖ text
  name ‖ unsigned 64-bit first seq ‖ unsigned 64-bit last seq ‖ link before the first row ‖ link of the last row ‖ the
  link that the kept row would have right behind the one before ‖ signed 64-bit instant
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from struct import Struct
from typing import Final, NamedTuple

HEAD_TAG: Final = "thunderline-head-1"
VERSION_TAG: Final = "thunderline-chain-1"
CHECKPOINT_TAG: Final = "thunderline-checkpoint-1"
ERASURE_TAG: Final = "thunderline-erasure-1"
SALT_BYTES: Final = 16
LINK_BYTES: Final = 32

_PLACE: Final = Struct(">Qq")
_LENGTH: Final = Struct(">I")
_SPAN: Final = Struct(">QQ")
_ERASED: Final = Struct(">Q32s32s")
_INSTANT: Final = Struct(">q")
ERASED_ROW_BYTES: Final = _ERASED.size


class ErasedRow(NamedTuple):
    """A row of an erasure."""

    seq: int
    commitment: bytes
    """To the bytes that stood there first."""
    digest: bytes
    """SHA-256 of those that stand there instead."""


def sized(text: str) -> bytes:
    """A text behind its length."""
    data = text.encode()
    return _LENGTH.pack(len(data)) + data


def genesis(origin: str, name: str) -> bytes:
    """The link before the first row of a document whose log began in the room `origin`."""
    return sha256(_of_log(VERSION_TAG, origin, name)).digest()


def commit(salt: bytes, update: bytes) -> bytes:
    """The commitment to the bytes of a row."""
    return sha256(salt + update).digest()


def link(previous: bytes, seq: int, at: int, user: str, session: str, commitment: bytes) -> bytes:
    """The link of a row behind the link `previous`. Runs for every row that is written: about a microsecond."""
    return sha256(previous + _PLACE.pack(seq, at) + _author(user, session) + commitment).digest()


def head_message(origin: str, name: str, seq: int, link: bytes, at: int) -> bytes:
    """What is signed to say that a log had this link at its row `seq`."""
    return _of_log(HEAD_TAG, origin, name) + _PLACE.pack(seq, at) + link


def pack_erased(rows: Iterable[ErasedRow]) -> bytes:
    """The rows of an erasure as they are signed and kept."""
    return b"".join(_ERASED.pack(*row) for row in rows)


def unpack_erased(packed: bytes) -> list[ErasedRow]:
    """The rows of an erasure; ValueError for what `pack_erased` does not give."""
    if len(packed) % ERASED_ROW_BYTES:
        raise ValueError("the rows of an erasure are cut off")
    return [ErasedRow(*row) for row in _ERASED.iter_unpack(packed)]


def erasure_message(origin: str, name: str, at: int, by: str, rows: bytes) -> bytes:
    """What is signed to say that these rows (packed) were replaced."""
    return _of_log(ERASURE_TAG, origin, name) + _INSTANT.pack(at) + sized(by) + rows


def checkpoint_message(
    origin: str, name: str, first: int, last: int, before: bytes, after: bytes, kept: bytes, at: int
) -> bytes:
    """What is signed to say that one row was kept of a span."""
    place = _SPAN.pack(first, last)
    return _of_log(CHECKPOINT_TAG, origin, name) + place + before + after + kept + _INSTANT.pack(at)


def _of_log(tag: str, origin: str, name: str) -> bytes:
    """How everything begins that is said of one log."""
    return sized(tag) + sized(origin) + sized(name)


@lru_cache(maxsize=1024)
def _author(user: str, session: str) -> bytes:
    """The few who write at a time need not be encoded at each row."""
    return sized(user) + sized(session)
