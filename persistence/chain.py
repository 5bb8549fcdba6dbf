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
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from struct import Struct
from typing import Final

HEAD_TAG: Final = "thunderline-head-1"
VERSION_TAG: Final = "thunderline-chain-1"
SALT_BYTES: Final = 16
LINK_BYTES: Final = 32

_PLACE: Final = Struct(">Qq")
_LENGTH: Final = Struct(">I")


def sized(text: str) -> bytes:
    """A text behind its length."""
    data = text.encode()
    return _LENGTH.pack(len(data)) + data


def genesis(origin: str, name: str) -> bytes:
    """The link before the first row of a document whose log began in the room `origin`."""
    return sha256(sized(VERSION_TAG) + sized(origin) + sized(name)).digest()


def commit(salt: bytes, update: bytes) -> bytes:
    """The commitment to the bytes of a row."""
    return sha256(salt + update).digest()


def link(previous: bytes, seq: int, at: int, user: str, session: str, commitment: bytes) -> bytes:
    """The link of a row behind the link `previous`. Runs for every row that is written: about a microsecond."""
    return sha256(previous + _PLACE.pack(seq, at) + _author(user, session) + commitment).digest()


def head_message(origin: str, name: str, seq: int, link: bytes, at: int) -> bytes:
    """What is signed to say that a log had this link at its row `seq`."""
    return sized(HEAD_TAG) + sized(origin) + sized(name) + _PLACE.pack(seq, at) + link


@lru_cache(maxsize=1024)
def _author(user: str, session: str) -> bytes:
    """The few who write at a time need not be encoded at each row."""
    return sized(user) + sized(session)
