"""What kind of device a page runs on, in two words, told by the User-Agent of its socket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("CriOS/", "Chrome"),
    ("FxiOS/", "Firefox"), ("Safari/", "Safari"),
)  # fmt: skip
"""In this order: most browsers also carry the marks of those they resemble."""
_SYSTEMS: Final = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip
OTHER: Final = "Other program"


def device_of(scope: Mapping[str, Any]) -> str:
    """[SB14] `Firefox on Linux`, or less where less is known; nothing that would tell one device from its likes."""
    agent = next((value for name, value in scope["headers"] if name.lower() == b"user-agent"), b"").decode("latin-1")
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or OTHER
