"""What is believed of a proxy in front, and TLS of our own: over real connections to a real Hypercorn."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect

from server.routes.headers import TRANSPORT_SECURITY
from tests.server.certificates import make_certificate
from tests.server.live import Live, close_of, configured, serving, told

FAILURES = 60
"""How many a network may have at once."""


@asynccontextmanager
async def _server(folder: Path, *, trusted: bool) -> AsyncIterator[tuple[Live, httpx2.AsyncClient]]:
    async with serving(configured(folder, trusted_proxy=trusted)) as live:
        await live.room()
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{live.port}", trust_env=False) as client:
            yield live, client


async def _fail_often(client: httpx2.AsyncClient, forwarded: str) -> None:
    """Spend what one network may fail; `{n}` in the header counts."""
    for n in range(FAILURES):
        answer = await client.get("/api/rooms/room", headers={"X-Forwarded-For": forwarded.format(n=n)})
        assert answer.status_code == 401


async def _failed_from(client: httpx2.AsyncClient, forwarded: str | None) -> int:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return (await client.get("/api/rooms/room", headers=headers)).status_code


async def test_the_last_hop_of_a_trusted_proxy_is_who_asks(tmp_path: Path) -> None:
    """[HA7] What the proxy wrote counts; what the client wrote before it does not, whatever it is."""
    async with _server(tmp_path, trusted=True) as (_, client):
        await _fail_often(client, "10.0.{n}.1, 198.51.100.{n}, 203.0.113.7")

        assert await _failed_from(client, "203.0.113.7") == 429
        assert await _failed_from(client, "192.0.2.1, 203.0.113.7:5555") == 429
        assert await _failed_from(client, "203.0.113.7, 203.0.113.8") == 401
        assert await _failed_from(client, None) == 401


async def test_addresses_of_one_household_count_as_one(tmp_path: Path) -> None:
    """[HA6] [HA7] By /64, as a proxy tells IPv6."""
    async with _server(tmp_path, trusted=True) as (_, client):
        await _fail_often(client, "2001:db8:0:1::{n:x}")

        assert await _failed_from(client, "2001:db8:0:1:ffff::1") == 429
        assert await _failed_from(client, "2001:db8:0:2::1") == 401


async def test_without_a_trusted_proxy_nobody_says_who_he_is(tmp_path: Path) -> None:
    """[HA7] The connection alone counts."""
    async with _server(tmp_path, trusted=False) as (_, client):
        await _fail_often(client, "203.0.113.{n}")

        assert await _failed_from(client, "203.0.113.99") == 429


async def _signal(live: Live, **headers: str) -> ClientConnection:
    url = f"ws://127.0.0.1:{live.port}/signal/room?token={headers.pop('token', None) or live.token('room')}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await connect(url, compression=None, proxy=None, additional_headers=named)


async def test_sockets_come_from_where_the_proxy_says(tmp_path: Path) -> None:
    """[HA6] [HA7] Their failures count there."""
    async with _server(tmp_path, trusted=True) as (live, client):
        await _fail_often(client, "203.0.113.7")
        codes = []
        for forwarded in ("203.0.113.7", "203.0.113.7, 203.0.113.8"):
            async with await _signal(live, token="none", X_Forwarded_For=forwarded) as socket:
                codes.append((await close_of(socket))[0])

    assert codes == [4529, 4401]


@pytest.mark.parametrize("trusted", [True, False])
async def test_the_page_has_the_origin_that_a_trusted_proxy_tells(tmp_path: Path, *, trusted: bool) -> None:
    """[HA7] Scheme and host as the client sees them: the page's own requests and sockets pass, as they should."""
    told_by_proxy = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "rooms.example"}
    headers = {name.replace("_", "-"): value for name, value in told_by_proxy.items()}
    async with _server(tmp_path, trusted=trusted) as (live, client):
        made = await client.post("/api/rooms", headers={**headers, "Origin": "https://rooms.example"})
        async with await _signal(live, Origin="https://rooms.example", **told_by_proxy) as socket:
            if trusted:
                assert (await told(socket))["type"] == "welcome"
            else:
                assert await close_of(socket) == (4403, "permission_denied")
        async with await _signal(live, Origin="http://rooms.example", **told_by_proxy) as socket:
            assert await close_of(socket) == (4403, "permission_denied")

    assert made.status_code == (201 if trusted else 403)


@pytest.mark.parametrize(("trusted", "told_of"), [(True, TRANSPORT_SECURITY), (False, None)])
async def test_a_trusted_proxy_says_whether_it_was_tls(tmp_path: Path, *, trusted: bool, told_of: str | None) -> None:
    """[HA5] [HA7] Strict-Transport-Security is for those who came by TLS."""
    async with _server(tmp_path, trusted=trusted) as (_, client):
        for scheme, expected in (("https", told_of), ("http", None)):
            answer = await client.get("/healthz", headers={"X-Forwarded-Proto": scheme})
            assert answer.headers.get("Strict-Transport-Security") == expected


@pytest.mark.parametrize("http2", [False, True])
async def test_tls_of_our_own(tmp_path: Path, *, http2: bool) -> None:
    """[HA9] https and wss with a certificate of one's own; the origin is the https one; HTTP/2 is not spoken."""
    certificate, key = make_certificate(tmp_path)
    settings = configured(tmp_path / "data", tls_certificate=certificate, tls_key=key)
    trust = ssl.create_default_context(cafile=certificate)
    async with serving(settings) as live:
        await live.room()
        own = f"https://localhost:{live.port}"
        async with httpx2.AsyncClient(base_url=own, verify=trust, http2=http2, trust_env=False) as client:
            alive = await client.get("/healthz")
            made = await client.post("/api/rooms", headers={"Origin": own}, json={})
            plain = await client.post("/api/rooms", headers={"Origin": own.replace("https", "http")}, json={})
        url = f"wss://localhost:{live.port}/signal/room?token={live.token('room')}"
        async with connect(url, ssl=trust, origin=own, compression=None, proxy=None) as socket:  # type: ignore[arg-type]
            welcome = await told(socket)

    assert alive.http_version == "HTTP/1.1"
    assert alive.headers["Strict-Transport-Security"] == TRANSPORT_SECURITY
    assert (made.status_code, plain.status_code) == (201, 403)
    assert welcome["type"] == "welcome"


async def test_a_refused_upload_ends_nothing_but_itself(tmp_path: Path) -> None:
    """[HA9] Its body may come after the answer; what else the same client does goes on."""
    certificate, key = make_certificate(tmp_path)
    settings = configured(tmp_path / "data", tls_certificate=certificate, tls_key=key)
    trust = ssl.create_default_context(cafile=certificate)
    async with serving(settings) as live:
        await live.room()
        base = f"https://localhost:{live.port}"
        async with httpx2.AsyncClient(base_url=base, verify=trust, http2=True, trust_env=False) as client:
            for _ in range(3):
                refused = await client.put("/api/rooms/room/assets/x", content=bytes(1 << 20))
                alive = await client.get("/healthz")
                assert (refused.status_code, alive.status_code) == (401, 200)


async def test_who_does_not_know_the_certificate_does_not_connect(tmp_path: Path) -> None:
    """[HA9] And plain HTTP is not answered on that port."""
    certificate, key = make_certificate(tmp_path)
    settings = configured(tmp_path / "data", tls_certificate=certificate, tls_key=key)
    async with serving(settings) as live, httpx2.AsyncClient(trust_env=False) as client:
        for scheme in ("https", "http"):
            with pytest.raises(httpx2.TransportError):
                await client.get(f"{scheme}://localhost:{live.port}/healthz")
