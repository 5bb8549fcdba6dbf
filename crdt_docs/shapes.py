"""Plain values out of a Yjs document, checked: everything in it was written by somebody's client.

yrs gives numbers as floats, JSON arrays as lists and JSON objects as dicts. Each function returns the value in its
type or raises SchemaViolation; the reason names the place, never the content. Characters are those of JavaScript,
UTF-16 units, so that a browser finds a text no longer than we do.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from pycrdt import Array, Map

from crdt_docs.errors import SchemaViolation

Pair: TypeAlias = tuple[float, float]

MAX_SAFE_INTEGER = 2**53 - 1
_SHA256 = re.compile(r"[0-9a-f]{64}")


def text(value: Any, place: str, limit: int = 65_536) -> str:
    """A text of at most `limit` characters."""
    if isinstance(value, str) and len(value) <= limit and (2 * len(value) <= limit or characters(value) <= limit):
        return value
    raise SchemaViolation(f"{place} is not a text of at most {limit} characters.")


def characters(value: str) -> int:
    """How long JavaScript finds a text."""
    return len(value) if value.isascii() else len(value.encode("utf-16-le", "surrogatepass")) >> 1


def plain(value: Any, place: str, limit: int) -> Any:
    """A value that is JSON, at most `limit` characters of it: no shared type, no bytes, no infinity."""
    try:
        size = len(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))
    except (TypeError, ValueError):
        raise SchemaViolation(f"{place} is not JSON.") from None
    if size > limit:
        raise SchemaViolation(f"{place} is more than {limit} characters of JSON.")
    return value


def number(value: Any, place: str) -> float:
    """A finite number; true and false are none."""
    if isinstance(value, float | int) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    raise SchemaViolation(f"{place} is not a finite number.")


def whole(value: Any, place: str) -> int:
    """An integer that a double holds exactly."""
    exact = number(value, place)
    if exact.is_integer() and abs(exact) <= MAX_SAFE_INTEGER:
        return int(exact)
    raise SchemaViolation(f"{place} is not a whole number.")


def flag(value: Any, place: str) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise SchemaViolation(f"{place} is neither true nor false.")


def pair(value: Any, place: str) -> Pair:
    """Two finite numbers."""
    if isinstance(value, list) and len(value) == 2:
        return number(value[0], place), number(value[1], place)
    raise SchemaViolation(f"{place} is not a pair of numbers.")


def sha256(value: Any, place: str) -> str:
    """A SHA-256 in lower-case hex."""
    if isinstance(value, str) and _SHA256.fullmatch(value):
        return value
    raise SchemaViolation(f"{place} is not a SHA-256.")


def fields(value: Any, place: str) -> dict[str, Any]:
    """The entries of a Y.Map or of a JSON object, as they are now."""
    if isinstance(value, Map):
        return dict(value.items())
    if isinstance(value, Mapping):
        return dict(value)
    raise SchemaViolation(f"{place} is not a map.")


def values(value: Any, place: str) -> list[Any]:
    """The values of a Y.Array, shared types in it as JSON, or of a JSON array, as they are now.

    By way of JSON, because pycrdt walks to each value from the start: an array of 60,000 pieces would take minutes.
    """
    if isinstance(value, Array):
        found: list[Any] = json.loads(str(value))
        return found
    if isinstance(value, list):
        return value
    raise SchemaViolation(f"{place} is not an array.")
