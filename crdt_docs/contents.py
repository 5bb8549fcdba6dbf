"""The content of an item in an update: how long it is in clocks and where it ends.

Left out on purpose, because yrs reads other bytes than Yjs there (UP3): ContentJSON (2), of which yrs reads one text
more than it says and which Yjs 13 no longer creates, and XML hooks (type 5), whose name yrs does not read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Never

from crdt_docs.lib0 import read_bytes, read_varint, skip_any, skip_json, skip_text

TYPE: Final = 7
"""The content reference of a shared type."""


def _read_deleted(data: bytes, at: int) -> tuple[int, int]:
    return read_varint(data, at)


def _read_binary(data: bytes, at: int) -> tuple[int, int]:
    length, at = read_varint(data, at)
    return 1, at + length


def _read_string(data: bytes, at: int) -> tuple[int, int]:
    """A string is as long as its UTF-16 form."""
    raw, at = read_bytes(data, at)
    if raw.isascii():
        return len(raw), at
    return len(raw.decode().encode("utf-16-le")) >> 1, at


def _read_embed(data: bytes, at: int) -> tuple[int, int]:
    return 1, skip_json(data, at)


def _read_format(data: bytes, at: int) -> tuple[int, int]:
    return 1, skip_json(data, skip_text(data, at))


def _read_type(data: bytes, at: int) -> tuple[int, int]:
    """0 array, 1 map, 2 text, 3 XML element (named), 4 XML fragment, 6 XML text."""
    reference = data[at]
    if reference > 6 or reference == 5:
        raise ValueError("A struct has an unknown shared type.")
    return 1, skip_text(data, at + 1) if reference == 3 else at + 1


def _read_any(data: bytes, at: int) -> tuple[int, int]:
    count, at = read_varint(data, at)
    return count, skip_any(data, at, count)


def _read_document(data: bytes, at: int) -> tuple[int, int]:
    """A subdocument: its guid and its options, which are an object."""
    at = skip_text(data, at)
    if data[at] != 118:
        raise ValueError("A subdocument has no options.")
    return 1, skip_any(data, at, 1)


def _refuse_content(data: bytes, at: int) -> Never:
    raise ValueError("A struct has an unknown content.")


CONTENTS: Final[tuple[Callable[[bytes, int], tuple[int, int]], ...]] = (
    _refuse_content,
    _read_deleted,
    _refuse_content,
    _read_binary,
    _read_string,
    _read_embed,
    _read_format,
    _read_type,
    _read_any,
    _read_document,
    *[_refuse_content] * 22,
)
"""Reader by content reference (the low five bits of an item's first byte): (data, place) → (length, next place)."""
