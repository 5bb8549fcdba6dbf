"""What the log hides."""

from __future__ import annotations

import io
import logging

import jwt
import pytest

from server.logs import FORMAT, HIDDEN, MaskingFormatter, mask

TOKEN = jwt.encode({"sub": "ann"}, "s" * 64, algorithm="HS256")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"GET /sync/r/chat?token={TOKEN}&ext=1", f"GET /sync/r/chat?token={HIDDEN}&ext=1"),
        ("GET /sync/r/chat?ext=1&token=anything%20else", f"GET /sync/r/chat?ext=1&token={HIDDEN}"),
        (f"http://h/admin#token={TOKEN}", f"http://h/admin#token={HIDDEN}"),
        (f"got {TOKEN!r} here", f"got '{HIDDEN}' here"),
        ("{'authorization': 'Bearer abc.d'}", f"{{'authorization': 'Bearer {HIDDEN}'}}"),
        ("/r/room#key=abc", f"/r/room#key={HIDDEN}"),
        ("document room/chat cannot be loaded: token", "document room/chat cannot be loaded: token"),
    ],
)
def test_tokens_and_keys_are_hidden_and_the_rest_is_shown(text: str, shown: str) -> None:
    """[TK13] Wherever they stand."""
    assert mask(text) == shown


def test_a_trace_is_masked_too() -> None:
    """[TK13] An exception's text is part of the line."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(MaskingFormatter(FORMAT))
    logger = logging.Logger("test")
    logger.addHandler(handler)

    try:
        int(TOKEN)
    except ValueError:
        logger.exception("a socket with token=%s broke", "secret")

    assert f"a socket with token={HIDDEN} broke" in written.getvalue()
    assert f"ValueError: invalid literal for int() with base 10: '{HIDDEN}'" in written.getvalue()
    assert TOKEN not in written.getvalue()
