"""What kind of file some bytes are, told by the bytes alone; and whether a browser may show that kind in place."""

from __future__ import annotations

import re
from typing import Final

import filetype  # type: ignore[import-untyped]

HEAD_BYTES: Final = 8192
"""How many bytes from the start of a file decide."""
INLINE_TYPES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
"""Everything else is handed out for download only: SVG and HTML can carry scripts."""

_SVG = re.compile(
    rb"\A(?:\xef\xbb\xbf)?"
    rb"(?:\s|<\?xml[^>]*+>|<!--(?:[^-]|-(?!->))*+-->|<!DOCTYPE[^>\[]*+(?:\[[^\]]*+\]\s*+)?+>)*+<svg[\s>/]",
    re.IGNORECASE,
)
"""Possessive throughout: the bytes are a stranger's."""
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def sniff(head: bytes) -> str:
    """The media type of a file that begins with these bytes (`HEAD_BYTES` of them, or all there are).

    [AS3] SVG is recognised as such, other text is `text/plain` whatever it claims to be, the rest is what its
    signature says, or `application/octet-stream`.
    """
    kind = filetype.guess(head)
    if kind is not None:
        return str(kind.mime)
    if b"<svg" in head.lower() and _SVG.match(head):
        return "image/svg+xml"
    return "text/plain" if _is_text(head) else "application/octet-stream"


def _is_text(head: bytes) -> bool:
    if not head or _BINARY.search(head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as exc:
        # A character may be cut in two at the end of the head.
        return len(head) == HEAD_BYTES and exc.start > HEAD_BYTES - 4
    return True
