"""JSON as every party reads it: what Python, browsers and yrs would take differently is refused."""

from __future__ import annotations

import json
import math
from typing import Any, Never

MAX_NESTING = 100
"""Levels of arrays and objects; yrs stops at 128, and unbounded depth overflows stacks."""
_MAX_DIGITS = 300


def parse_json(text: str) -> Any:
    """Parse one JSON text.

    Raises:
        ValueError: Not JSON, nested deeper than `MAX_NESTING`, a number beyond doubles (`NaN`, `1e999`), or half a
            surrogate pair. The message is a sentence without any of the content.
    """
    try:
        value = _parse(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise ValueError("A text is not the JSON it should be.") from None
    if text.count("[") + text.count("{") > MAX_NESTING and _depth(value) > MAX_NESTING:
        raise ValueError("A JSON value is nested too deeply.")
    return value


def _depth(value: Any) -> int:
    depth = 0
    level = [value]
    while level := [item for item in level if isinstance(item, list | dict)]:
        depth += 1
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    return depth


def _refuse(text: str) -> Never:
    raise ValueError


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _whole(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError
    return int(text)


_parse = json.JSONDecoder(parse_float=_finite, parse_int=_whole, parse_constant=_refuse).decode
