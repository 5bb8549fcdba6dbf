"""lib0's encoding (v1), read by index: a reader takes the data and a place and returns what is there and the next.

A reader raises IndexError when the data end inside what it reads (or returns a place beyond the end, where the next
one raises it) and ValueError for anything else that is wrong; callers turn both into their own errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crdt_docs.strict_json import MAX_NESTING, parse_json

MAX_SAFE_INTEGER = 2**53 - 1
_MAX_VARINT_BYTES = 8
_TOO_LARGE = "A number is larger than 2**53 - 1."


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned number: 7 bits a byte, low first, at most 2**53 - 1 in at most 8 bytes."""
    byte = data[at]
    if byte < 128:
        return byte, at + 1
    number = byte & 127
    shift = 7
    for index in range(at + 1, at + _MAX_VARINT_BYTES):
        byte = data[index]
        if byte < 128:
            number |= byte << shift
            if number > MAX_SAFE_INTEGER:
                break
            return number, index + 1
        number |= (byte & 127) << shift
        shift += 7
    raise ValueError(_TOO_LARGE)


def varint(number: int) -> bytes:
    """Encode an unsigned number."""
    if number < 128:
        return bytes((number,))
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def signed_varint(number: int) -> bytes:
    """Encode a number with its sign: 6 bits and the sign in the first byte, then 7 bits a byte, low first."""
    sign, rest = (64, -number) if number < 0 else (0, number)
    first = sign | rest & 63
    return bytes((first,)) if rest < 64 else bytes((first | 128,)) + varint(rest >> 6)


def read_signed_varint(data: bytes, at: int) -> tuple[int, int]:
    """What `signed_varint` wrote."""
    first = data[at]
    number, at = first & 63, at + 1
    if first & 128:
        more, at = read_varint(data, at)
        number |= more << 6
    return (-number if first & 64 else number), at


def read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """A length and that many bytes: a buffer, or a text that is not decoded yet."""
    length = data[at]
    at += 1
    if length > 127:
        length, at = read_varint(data, at - 1)
    end = at + length
    if end > len(data):
        raise IndexError
    return data[at:end], end


def skip_text(data: bytes, at: int) -> int:
    """Pass a UTF-8 text. Checked to the last byte: yrs takes it unchecked."""
    raw, at = read_bytes(data, at)
    if not raw.isascii():
        raw.decode()
    return at


def skip_json(data: bytes, at: int) -> int:
    """Pass a text that holds JSON."""
    raw, at = read_bytes(data, at)
    parse_json(raw.decode())
    return at


ANY_WIDTHS: Final[Mapping[int, int]] = {127: 0, 126: 0, 124: 4, 123: 8, 122: 8, 121: 0, 120: 0}
"""Bytes after the tag of each "any" value whose width is fixed."""


def skip_any(data: bytes, at: int, count: int, widths: Mapping[int, int] = ANY_WIDTHS) -> int:
    """Pass `count` "any" values: 127 undefined, 126 null, 125 int, … 116 bytes.

    Of those with a fixed width only the ones in `widths` are known.
    """
    levels: list[tuple[int, bool]] = []
    keyed = False
    while True:
        while not count:
            if not levels:
                return at
            count, keyed = levels.pop()
        count -= 1
        if keyed:
            at = skip_text(data, at)
        tag = data[at]
        at += 1
        if tag == 119:
            at = skip_text(data, at)
        elif tag == 125:
            at = _skip_signed(data, at)
        elif tag in widths:
            at += widths[tag]
        elif tag in (117, 118):
            levels.append((count, keyed))
            if len(levels) > MAX_NESTING:
                raise ValueError("A value is nested too deeply.")
            count, at = read_varint(data, at)
            keyed = tag == 118
        elif tag == 116:
            length, at = read_varint(data, at)
            at += length
        else:
            raise ValueError("A value has an unknown type.")


def _skip_signed(data: bytes, at: int) -> int:
    last = at + _MAX_VARINT_BYTES
    while data[at] > 127:
        at += 1
        if at == last:
            raise ValueError(_TOO_LARGE)
    return at + 1
