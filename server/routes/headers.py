"""The headers that every answer carries: what browsers must not do with it."""

from __future__ import annotations

from typing import Final

from quart import Response, request

_FOR_OUR_PAGES: Final = (
    "camera", "microphone", "display-capture",
    "autoplay", "clipboard-read", "clipboard-write", "fullscreen", "picture-in-picture", "screen-wake-lock",
)  # fmt: skip
"""Calls; and what playing them, copying on the board and showing it large take."""
_FOR_NOBODY: Final = (
    "accelerometer", "browsing-topics", "compute-pressure", "encrypted-media", "gamepad", "geolocation",
    "gyroscope", "hid", "identity-credentials-get", "idle-detection", "local-fonts", "magnetometer", "midi",
    "otp-credentials", "payment", "publickey-credentials-create", "publickey-credentials-get", "serial",
    "storage-access", "sync-xhr", "usb", "window-management", "xr-spatial-tracking",
)  # fmt: skip
PERMISSIONS_POLICY: Final = ", ".join(
    (*(f"{each}=(self)" for each in _FOR_OUR_PAGES), *(f"{each}=()" for each in _FOR_NOBODY))
)
TRANSPORT_SECURITY: Final = "max-age=31536000"
"""A year. Other names below this one are not ours to speak for."""


async def harden(response: Response) -> Response:
    """[RT10] No answer is guessed at, framed or named to other sites. [HA5] Pages of other sites hold no handle of
    ours, devices are for calls alone, and who came by TLS comes by TLS from then on.

    Give it to Quart to run after every request.
    """
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
    response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    if request.scheme.lower() == "https":
        response.headers["Strict-Transport-Security"] = TRANSPORT_SECURITY
    return response
