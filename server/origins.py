"""Which pages may talk to this server: a browser names the origin of the page that asks (RFC 6454, Fetch §3.2).

Programs that are no browsers name none and are let through: for them, as for everybody, the token decides.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from server.errors import PermissionRefused

ANY_ORIGIN: Final = "*"
_NO_PAGE: Final = "null"
"""What a browser says for pages that have no origin: sandboxed frames, local files."""
_SCHEMES: Final = {"ws": "http", "wss": "https"}
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
_ORIGIN: Final = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#@\s]+)")


def own_origin(scheme: str, host: str) -> str:
    """The origin of pages that come from the address that was asked.

    Args:
        scheme: Of the request, a socket's too.
        host: The `Host` header: name or address and, unless it is the scheme's own, the port.
    """
    scheme = scheme.lower()
    return _normal(f"{_SCHEMES.get(scheme, scheme)}://{host.lower()}")


def is_allowed(origin: str, allowed: Collection[str]) -> bool:
    """Whether the settings name an origin; `null` cannot be named."""
    if origin == _NO_PAGE or not _ORIGIN.fullmatch(origin.lower()):
        return False
    return ANY_ORIGIN in allowed or _normal(origin.lower()) in {_normal(each) for each in allowed}


def check_origin(given: Sequence[str], own: str, allowed: Collection[str]) -> None:
    """[HA1] Let pages of this server's own origin and of the allowed ones through, and who is no page.

    Args:
        given: The `Origin` headers as they came.
        own: As `own_origin` tells it.
        allowed: Origins in lower case; `*` stands for all.

    Raises:
        PermissionRefused: Another page asks, one without an origin, or several at once.
    """
    if not given:
        return
    if len(given) == 1 and (is_allowed(given[0], {own}) or is_allowed(given[0], allowed)):
        return
    raise PermissionRefused(
        f"Pages of {', '.join(given)[:200]} may not use this server: they would have to come from {own} or from "
        "allowed_origins."
    )


def _normal(origin: str) -> str:
    scheme = origin.partition("://")[0]
    return origin.removesuffix(_DEFAULT_PORTS.get(scheme, "\0"))
