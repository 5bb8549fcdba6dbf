"""What pages of other origins may do with the API: nothing, unless the settings name them (Fetch §3.2, CORS)."""

from __future__ import annotations

from typing import Final

from quart import Response, request

from server.errors import PermissionRefused
from server.origins import check_origin, is_allowed, own_origin
from server.routes.http import services

API_PREFIX: Final = "/api/"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
ALLOWED_HEADERS: Final = "Authorization, Content-Type, X-File-Name"
ALLOWED_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE"
READABLE_HEADERS: Final = "Content-Disposition, Content-Range, ETag, Retry-After"
PREFLIGHT_SECONDS: Final = 600
"""How long a browser may remember what it was allowed."""
_FROM_HERE: Final = ("same-origin", "none")
"""What `Sec-Fetch-Site` says of our own pages, and of what a person typed."""


async def check_page() -> Response | None:
    """[HA2] Refuse what a page of another origin would change; [HA4] answer what its browser asks before.

    Give it to Quart to run before every request.

    Raises:
        PermissionRefused: The page may not.
    """
    if not request.path.startswith(API_PREFIX):
        return None
    given = request.headers.getlist("Origin")
    preflight = request.method == "OPTIONS" and bool(given) and "Access-Control-Request-Method" in request.headers
    if request.method in SAFE_METHODS and not preflight:
        return None
    own = own_origin(request.scheme, request.headers.get("Host", ""))
    check_origin(given, own, services().config.origins)
    if not given and request.headers.get("Sec-Fetch-Site", "none") not in _FROM_HERE:
        raise PermissionRefused("Pages of other sites may not use this server.")
    return _preflight() if preflight else None


async def say_who_may_read(response: Response) -> Response:
    """[HA4] Let pages of the allowed origins read the answer; never with cookies, which this API does not use.

    Give it to Quart to run after every request.
    """
    allowed = services().config.origins
    if not allowed or not request.path.startswith(API_PREFIX):
        return response
    response.headers.add("Vary", "Origin")
    origin = request.headers.get("Origin", "")
    if is_allowed(origin, allowed):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = READABLE_HEADERS
    return response


def _preflight() -> Response:
    response = Response(b"", status=204)
    if is_allowed(request.headers["Origin"], services().config.origins):
        response.headers["Access-Control-Allow-Methods"] = ALLOWED_METHODS
        response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    return response
