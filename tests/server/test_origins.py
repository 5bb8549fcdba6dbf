"""Pages of other origins: what a browser sends of them, over real connections."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect

from server.errors import PermissionRefused
from server.origins import check_origin, own_origin
from server.routes.cross_origin import ALLOWED_HEADERS
from tests.server.live import Live, close_of, configured, guest_key, serving, told

FRIEND = "https://friend.example"
EVIL = "https://evil.example"


@pytest.mark.parametrize(
    ("scheme", "host", "origin"),
    [
        ("http", "rooms.example", "http://rooms.example"),
        ("ws", "rooms.example:8000", "http://rooms.example:8000"),
        ("wss", "Rooms.Example:443", "https://rooms.example"),
        ("HTTPS", "rooms.example:80", "https://rooms.example:80"),
        ("http", "127.0.0.1:80", "http://127.0.0.1"),
        ("http", "[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_the_own_origin_is_as_browsers_write_it(scheme: str, host: str, origin: str) -> None:
    """[HA1] Lower case, without the scheme's own port, the same for a page and its sockets."""
    assert own_origin(scheme, host) == origin
    check_origin([origin], origin, [])


@pytest.mark.parametrize(
    "origin",
    [
        "null", "", "http://rooms.example:8001", "https://rooms.example:8000", "http://rooms.example",
        "http://rooms.example.evil.example:8000", "http://evil.example#http://rooms.example:8000",
        "http://user@rooms.example:8000", "http://rooms.example:8000/", "rooms.example:8000",
        "http://rooms.example:8000 http://evil.example", "http://r\xf6\xf6ms.example:8000", "http://", "*",
    ],
)  # fmt: skip
def test_any_other_origin_is_another_one(origin: str) -> None:
    """[HA1] Scheme, host and port count, all of them and nothing more."""
    with pytest.raises(PermissionRefused):
        check_origin([origin], "http://rooms.example:8000", [FRIEND])


def test_origins_that_are_named_are_allowed() -> None:
    """[HA1] By name or by `*`; a page without an origin cannot be named, and two at once are none."""
    own = own_origin("http", "rooms.example")
    check_origin([FRIEND], own, {FRIEND})
    check_origin([FRIEND], own, {FRIEND + ":443"})
    check_origin([EVIL], own, {"*"})
    for given in (["null"], [own, own], [FRIEND, own]):
        with pytest.raises(PermissionRefused):
            check_origin(given, own, {"*", FRIEND, "null"})


@pytest.fixture(params=["signal/room", "sync/room/whiteboard"])
def path(request: pytest.FixtureRequest) -> str:
    """Both sockets."""
    kept: str = request.param
    return kept


@asynccontextmanager
async def _socket(
    live: Live, path: str, origin: str | None, token: str | None = None, **headers: str
) -> AsyncIterator[ClientConnection]:
    given = {**headers, **({} if origin is None else {"Origin": origin})}
    url = f"ws://127.0.0.1:{live.port}/{path}?token={live.token('room') if token is None else token}"
    async with connect(url, compression=None, additional_headers=given, proxy=None) as socket:
        yield socket


async def test_a_page_of_another_origin_gets_no_socket(live: Live, path: str) -> None:
    """[HA1] Accepted and closed with the code, before the token is looked at: a good one changes nothing."""
    await live.room()
    for origin in (EVIL, "null", f"https://127.0.0.1:{live.port}", f"http://127.0.0.1:{live.port + 1}"):
        for token in (None, "none"):
            async with _socket(live, path, origin, token) as socket:
                assert await close_of(socket) == (4403, "permission_denied")


async def test_our_own_page_and_programs_get_their_sockets(live: Live, path: str) -> None:
    """[HA1] The page's address as the browser knows it; who names no origin is judged by the token."""
    await live.room()
    for origin in (f"http://127.0.0.1:{live.port}", None):
        async with _socket(live, path, origin) as socket:
            assert await socket.recv()
        async with _socket(live, path, origin, "none") as socket:
            assert await close_of(socket) == (4401, "token_invalid")


async def test_allowed_pages_get_their_sockets(tmp_path: Path, path: str) -> None:
    """[HA1] Those that `allowed_origins` names, and no other."""
    async with serving(configured(tmp_path, allowed_origins=f"https://other.example, {FRIEND}")) as live:
        await live.room()
        async with _socket(live, path, FRIEND) as socket:
            assert await socket.recv()
        async with _socket(live, path, EVIL) as socket:
            assert await close_of(socket) == (4403, "permission_denied")


async def test_a_forwarded_host_is_not_believed_unless_a_proxy_is_trusted(live: Live) -> None:
    """[HA1] [HA7] Else a page could not say so, but whatever stands before us might pass it on."""
    await live.room()
    async with _socket(live, "signal/room", EVIL, **{"X-Forwarded-Host": "evil.example"}) as socket:
        assert await close_of(socket) == (4403, "permission_denied")
    async with _socket(live, "signal/room", None) as socket:
        assert (await told(socket))["type"] == "welcome"


class Api:
    """Requests over a real connection."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.own = f"http://127.0.0.1:{live.port}"

    async def __call__(self, method: str, path: str, headers: Mapping[str, str], json: Any = None) -> httpx2.Response:
        async with httpx2.AsyncClient(base_url=self.own, trust_env=False) as client:
            return await client.request(method, path, headers=dict(headers), json=json)


def _cors(answer: httpx2.Response) -> list[str]:
    return sorted(name for name in answer.headers if name.startswith("access-control-"))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": EVIL}, 403),
        ({"Origin": EVIL, "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": FRIEND}, 403),
        ({"Origin": "own"}, 201),
        ({"Origin": "own", "Sec-Fetch-Site": "same-origin"}, 201),
    ],
    ids=repr,
)
async def test_other_pages_change_nothing(live: Live, headers: dict[str, str], status: int) -> None:
    """[HA2] Refused with the code; and without `allowed_origins` no page is told that it may read."""
    api = Api(live)
    if headers.get("Origin") == "own":
        headers = {**headers, "Origin": api.own}

    answer = await api("POST", "/api/rooms", headers, json={})

    assert (answer.status_code, _cors(answer)) == (status, [])
    if status == 403:
        assert answer.json()["error"]["code"] == "permission_denied"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_every_method_that_changes_something_is_guarded(live: Live, method: str) -> None:
    """[HA2] With a token too, on any address of the API; reading is free, for the answer cannot be read."""
    await live.room()
    api = Api(live)
    headers = {"Origin": EVIL, "Authorization": f"Bearer {live.token('room')}"}

    for path in ("/api/rooms/room", "/api/rooms/room/assets/" + "0" * 64, "/api/nothing"):
        answer = await api(method, path, headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission_denied")
    read = await api("GET", "/api/rooms/room", headers)
    assert (read.status_code, _cors(read)) == (200, [])


async def test_a_refusal_tells_the_operator_what_does_not_fit(live: Live) -> None:
    """[HA2] A proxy that is not declared is the usual reason."""
    answer = await Api(live)("POST", "/api/rooms", {"Origin": EVIL}, json={})

    reason = answer.json()["error"]["reason"]
    assert EVIL in reason
    assert f"http://127.0.0.1:{live.port}" in reason
    assert "allowed_origins" in reason


def _preflight(origin: str, method: str = "PUT") -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type,x-file-name",
    }


async def test_allowed_pages_may_use_the_api(tmp_path: Path) -> None:
    """[HA4] Preflight, change and read; never with cookies, and errors can be read as well."""
    async with serving(configured(tmp_path, allowed_origins=FRIEND)) as live:
        api = Api(live)
        preflight = await api("OPTIONS", "/api/rooms", _preflight(FRIEND, "POST"))
        made = await api("POST", "/api/rooms", {"Origin": FRIEND, "Sec-Fetch-Site": "cross-site"}, json={})
        failed = await api("GET", "/api/rooms/nowhere", {"Origin": FRIEND})

    assert (preflight.status_code, preflight.content) == (204, b"")
    assert preflight.headers["access-control-allow-headers"] == ALLOWED_HEADERS
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert (made.status_code, failed.status_code) == (201, 401)
    for answer in (preflight, made, failed):
        assert answer.headers["access-control-allow-origin"] == FRIEND
        assert "access-control-allow-credentials" not in answer.headers
        assert "Origin" in answer.headers.get_list("vary", split_commas=True)


async def test_pages_that_are_not_named_get_no_leave(tmp_path: Path) -> None:
    """[HA4] Not in a preflight, not in an answer; and what is served outside the API is for nobody else."""
    async with serving(configured(tmp_path, allowed_origins=FRIEND)) as live:
        api = Api(live)
        refused = await api("OPTIONS", "/api/rooms", _preflight(EVIL))
        read = await api("GET", "/api/config", {"Origin": EVIL})
        outside = await api("GET", "/healthz", {"Origin": FRIEND})

    assert (refused.status_code, _cors(refused)) == (403, [])
    assert (read.status_code, _cors(read)) == (200, [])
    assert _cors(outside) == []


async def test_any_page_may_be_allowed(tmp_path: Path) -> None:
    """[HA4] `*` allows every page that has an origin."""
    async with serving(configured(tmp_path, allowed_origins="*")) as live:
        api = Api(live)
        made = await api("POST", "/api/rooms", {"Origin": EVIL}, json={})
        nobody = await api("POST", "/api/rooms", {"Origin": "null"}, json={})

    assert (made.status_code, made.headers["access-control-allow-origin"]) == (201, EVIL)
    assert (nobody.status_code, _cors(nobody)) == (403, [])


async def test_a_body_must_be_called_json(live: Live) -> None:
    """[HA3] A form or plain text, which any page may send without asking, is no request; nothing at all may be."""
    api = Api(live)
    wanted = b'{"name":"x"}'
    async with httpx2.AsyncClient(base_url=api.own, trust_env=False) as client:
        for kind, status in (
            ("application/json", 201),
            ("application/json; charset=utf-8", 201),
            ("Application/JSON", 201),
            ("text/plain", 400),
            ("application/x-www-form-urlencoded", 400),
            ("multipart/form-data; boundary=x", 400),
            ("text/plain; x=application/json", 400),
            ("", 400),
        ):
            answer = await client.post("/api/rooms", content=wanted, headers={"Content-Type": kind} if kind else {})
            assert answer.status_code == status, kind
            if status == 400:
                assert answer.json()["error"]["code"] == "malformed_frame"
        assert (await client.post("/api/rooms")).status_code == 201
        joined = await client.post("/api/rooms/nowhere/join", json={"name": "A", "guest_key": guest_key()})
        assert joined.status_code == 404
