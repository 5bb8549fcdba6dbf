"""What the log shows, and what it never shows: tokens, keys and what people wrote."""

from __future__ import annotations

import logging
import re
from typing import Final

FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
HIDDEN: Final = "[hidden]"

_TOKEN: Final = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")
"""A JSON Web Token: its header begins with `{"`."""
_PARAMETER: Final = re.compile(r"\b((?:token|key|guest_key)=)[^&\s\"'#]+")
_BEARER: Final = re.compile(r"\b(bearer )[^\s\"',]+", re.IGNORECASE)


def configure_logging(level: str) -> None:
    """Log to standard error from `level` (`debug`, `info`, …) on.

    [TK13] Hypercorn writes no access log (its lines would hold `?token=…`) and its errors take the same way as ours.
    aiosqlite's debug messages hold the values of every statement, so they stay out at any level.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(MaskingFormatter(FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("hypercorn.error").setLevel(logging.WARNING)
    logging.getLogger("aiosqlite").setLevel(logging.INFO)


class MaskingFormatter(logging.Formatter):
    """Writes a record, traces included, without the secrets that somebody else's message may have brought along."""

    def format(self, record: logging.LogRecord) -> str:
        """[TK13] The line as it is written."""
        return mask(super().format(record))


def mask(text: str) -> str:
    """[TK13] The text with tokens and keys hidden: JSON Web Tokens anywhere, `token=`, `key=` and `Bearer` values."""
    text = _TOKEN.sub(HIDDEN, text)
    return _BEARER.sub(rf"\1{HIDDEN}", _PARAMETER.sub(rf"\1{HIDDEN}", text))
