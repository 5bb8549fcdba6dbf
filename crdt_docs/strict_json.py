"""JSON as every party reads it: what Python, browsers and yrs would take differently is refused."""

from __future__ import annotations

import json
import math
from typing import Any, Never

MAX_NESTING = 100
"""Levels of arrays and objects; yrs stops at 128, and unbounded depth overflows stacks."""


def parse_json(text: str) -> Any:
    """Parse one JSON text.

    Raises:
        ValueError: Not JSON, nested deeper than `MAX_NESTING`, a number without end (`NaN`, `1e999`),
            or half a surrogate pair.
    """
    try:
        value = _parse(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if text.count("[") + text.count("{") > MAX_NESTING and _depth(value) > MAX_NESTING:
        raise ValueError("nested too deeply")
    if "\\u" in text:
        _refuse_half_pairs(value)
    return value


def _depth(value: Any) -> int:
    depth = 0
    level = [value]
    while level := [item for item in level if isinstance(item, list | dict)]:
        depth += 1
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    return depth


def _refuse_half_pairs(value: Any) -> None:
    json.dumps(value, ensure_ascii=False).encode()


def _refuse(text: str) -> Never:
    raise ValueError(f"not a JSON number: {text[:20]}")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        _refuse(text)
    return number


_parse = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse).decode
