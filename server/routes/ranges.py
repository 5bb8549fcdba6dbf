"""Which part of a file a request wants (RFC 9110 §14)."""

from __future__ import annotations

from quart import request


def wanted_range(size: int, etag: str) -> tuple[int, int] | None:
    """Start and length of what is to be sent; None when the range lies outside. Several ranges get the whole."""
    wanted = request.range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return 0, size
    if request.headers.get("If-Range", etag) != etag:
        return 0, size
    span = wanted.range_for_length(size)
    return None if span is None else (span[0], span[1] - span[0])
