"""[P5] TH13: a page of another site that uses the browser, and the good token, of somebody who is in a room."""

from __future__ import annotations

import json
from collections.abc import Mapping

import httpx2
import pytest
from websockets.asyncio.client import connect

from tests.hostile.room import NOTES, HonestRoom
from tests.server.live import close_of

EVIL = "https://evil.example"


def origins(room: HonestRoom) -> tuple[str, ...]:
    """Those that are not ours, though some look so."""
    port = room.live.port
    return (
        EVIL, "null", f"https://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}", f"http://localhost:{port}",
        f"http://127.0.0.1:{port}.evil.example", f"http://evil.example#http://127.0.0.1:{port}", "file://",
        f"http://user@127.0.0.1:{port}",
    )  # fmt: skip


async def request(
    room: HonestRoom, method: str, path: str, headers: Mapping[str, str], content: bytes | None = None
) -> httpx2.Response:
    """A request as a browser would send it."""
    address = f"http://127.0.0.1:{room.live.port}"  # no TLS, so there are no certificates to load each time
    async with httpx2.AsyncClient(base_url=address, trust_env=False, verify=False) as client:
        return await client.request(method, path, headers=dict(headers), content=content)


@pytest.mark.parametrize("kind", ["sync", "signal"])
async def test_another_sites_page_opens_no_socket(room: HonestRoom, kind: str) -> None:
    """[P5] TH13: with Ann's own token, on both sockets; it hears nothing of the room before it is closed."""
    path = f"sync/{room.id}/{NOTES}" if kind == "sync" else f"signal/{room.id}"
    async with room.at_work():
        for origin in origins(room):
            url = f"ws://127.0.0.1:{room.live.port}/{path}?token={room.ann.token}"
            async with connect(url, compression=None, additional_headers={"Origin": origin}, proxy=None) as socket:
                assert await close_of(socket) == (4403, "permission_denied"), origin


async def test_another_sites_page_changes_nothing(room: HonestRoom) -> None:
    """[P5] TH13: every method that changes something, with Olga's token, and no leave to read an answer."""
    async with room.at_work():
        bearer = {"Authorization": f"Bearer {room.olga.token}", "Content-Type": "application/json"}
        for origin in origins(room):
            for method, path in (
                ("PATCH", f"/api/rooms/{room.id}"), ("DELETE", f"/api/rooms/{room.id}"), ("POST", "/api/rooms"),
                ("POST", f"/api/rooms/{room.id}/members/{room.ann.user}/kick"),
                ("PUT", f"/api/rooms/{room.id}/assets/" + "0" * 64),
            ):  # fmt: skip
                answer = await request(room, method, path, {**bearer, "Origin": origin}, b'{"name":"Mine"}')
                assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission_denied")
                assert "access-control-allow-origin" not in answer.headers
        assert (await room.call("GET", by=room.olga))[1]["room"]["name"] == "Untitled room"


async def test_a_form_is_no_request(room: HonestRoom) -> None:
    """[P5] TH13: what a page may send without asking: forms and plain text whose content happens to be JSON."""
    body = json.dumps({"name": "Mine"}).encode()
    kinds = (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "text/plain;json",
    )
    async with room.at_work():
        for origin in (EVIL, "null", None):
            for kind in kinds:
                headers = {"Origin": origin} if origin else {}
                headers |= {"Content-Type": kind} if kind else {}
                answer = await request(room, "POST", "/api/rooms", headers, body)
                assert answer.status_code in (400, 403), (origin, kind)
                answer = await request(room, "POST", f"/api/rooms/{room.id}/join", headers, b'name=x&guest_key="')
                assert answer.status_code in (400, 403), (origin, kind)
        for site in ("cross-site", "same-site"):
            answer = await request(room, "POST", "/api/rooms", {"Sec-Fetch-Site": site}, None)
            assert answer.status_code == 403


async def test_a_browser_is_given_no_leave_for_another_site(room: HonestRoom) -> None:
    """[P5] TH13: preflights are refused, nothing may be framed, and no cookie is ever set that a form would carry."""
    async with room.at_work():
        asked = {
            "Origin": EVIL,
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "authorization",
        }
        answer = await request(room, "OPTIONS", f"/api/rooms/{room.id}", asked)
        assert answer.status_code == 403
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        for path in ("/", f"/r/{room.id}", "/admin", f"/api/rooms/{room.id}", "/healthz"):
            answer = await request(room, "GET", path, {"Origin": EVIL, "Authorization": f"Bearer {room.ann.token}"})
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"
            assert "access-control-allow-origin" not in answer.headers
            assert "set-cookie" not in answer.headers


async def test_a_token_in_a_form_or_a_cookie_is_none(room: HonestRoom) -> None:
    """[P5] TH13: requests take it from the header alone, which no page of another site can set."""
    path = f"/api/rooms/{room.id}"
    async with room.at_work():
        for headers, query in (
            ({"Cookie": f"token={room.olga.token}"}, ""), ({}, f"?token={room.olga.token}"),
            ({"Authorization": f"Basic {room.olga.token}"}, ""), ({"X-Authorization": f"Bearer {room.olga.token}"}, ""),
        ):  # fmt: skip
            answer = await request(room, "GET", path + query, headers)
            assert answer.json()["error"]["code"] == "token_invalid"
