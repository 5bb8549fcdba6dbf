"""What the edge does for everybody: headers, failures counted by address, addresses that try to leave their folder."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import quote

import pytest
from websockets.asyncio.client import connect

from persistence.interfaces import Role
from server.auth.failures import EXPIRED_WEIGHT, count_failure, network_of
from server.auth.limits import Limits
from server.auth.tokens import load_secret
from server.errors import NotAdmitted, RateLimited, TokenExpired, TokenInvalid
from server.routes.headers import PERMISSIONS_POLICY
from tests.server.clocks import StandingClock
from tests.server.live import WAIT_SECONDS, Live, close_of, configured, guest_key, serving, told


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/config", "/api/rooms/x", "/api/nothing", "/metrics"])
async def test_every_answer_is_hardened(live: Live, path: str) -> None:
    """[RT10] [HA5] Pages, answers and errors alike; nothing is said of TLS where there is none."""
    answer = await live.app.quart.test_client().get(path)

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Permissions-Policy"] == PERMISSIONS_POLICY
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in answer.headers


def test_devices_are_for_calls_alone() -> None:
    """[HA5] Camera, microphone and screen for our own pages; where they are, who pays and what is plugged in: never."""
    policy = dict(each.split("=") for each in PERMISSIONS_POLICY.split(", "))

    assert {policy[each] for each in ("camera", "microphone", "display-capture")} == {"(self)"}
    assert {policy[each] for each in ("geolocation", "payment", "usb", "serial", "hid", "midi")} == {"()"}
    assert set(policy.values()) == {"(self)", "()"}


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::1", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]:4711", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("2001:db8:1:2::/64", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
        ("x" * 1000, "x" * 64),
        ("", ""),
    ],
)
def test_what_counts_as_one_peer(address: str, network: str) -> None:
    """[HA6] One IPv4 address, or one /64: who has it has all of its addresses."""
    assert network_of(address) == network


def test_failures_of_one_network_are_spent_together(tmp_path: Path) -> None:
    """[HA6] Guesses weigh one, expired tokens a tenth; other networks do not pay; time heals."""
    clock = StandingClock()
    limits = Limits(clock, configured(tmp_path))
    for number in range(60):
        count_failure(limits, f"2001:db8::{number:x}", TokenInvalid() if number % 2 else NotAdmitted())
    with pytest.raises(RateLimited) as refused:
        count_failure(limits, "2001:db8::ffff", TokenInvalid())
    assert refused.value.retry_after == pytest.approx(2)
    count_failure(limits, "2001:db8:0:1::1", TokenInvalid())
    clock.seconds += 2.01
    count_failure(limits, "2001:db8::1", TokenInvalid())

    for _ in range(int(60 / EXPIRED_WEIGHT) - 1):
        count_failure(limits, "203.0.113.7", TokenExpired())


async def _fail(live: Live, path: str, token: str = "none") -> tuple[int | None, str | None]:
    async with connect(f"ws://127.0.0.1:{live.port}/{path}?token={token}", compression=None, proxy=None) as socket:
        return await close_of(socket)


@pytest.mark.parametrize("path", ["signal/room", "sync/room/chat"])
async def test_failures_on_sockets_are_counted_like_those_of_requests(live: Live, path: str) -> None:
    """[HA6] [LI4] One count for both; then 4529; but a good token from the same office is let in."""
    await live.room()
    client = live.app.quart.test_client()
    for _ in range(58):
        assert (await client.get("/api/rooms/room", scope_base={"client": ("127.0.0.1", 1)})).status_code == 401

    codes = [await _fail(live, path) for _ in range(4)]

    assert codes[0] == (4401, "token_invalid")
    assert codes[-1] == (4529, "rate_limited")
    for _ in range(5):
        async with live.signal("room", live.token("room")) as socket:
            assert (await told(socket))["type"] == "welcome"
    other = await client.get("/api/rooms/room", scope_base={"client": ("127.0.0.2", 1)})
    assert other.status_code == 401


async def test_every_way_in_counts_its_failures(tmp_path: Path) -> None:
    """[HA6] Reading a room, making one and joining by invitation: one count, and a good invitation is let in."""
    async with serving(configured(tmp_path, create_rooms="token")) as live:
        client = live.app.quart.test_client()
        bearer = {"Authorization": f"Bearer {live.token('*', role=Role.OWNER)}"}
        made = await (await client.post("/api/rooms", json={"access": "invite"}, headers=bearer)).get_json()
        room = f"/api/rooms/{made['room']['id']}"
        key = made["links"]["member"].split("#k=")[1]
        for _ in range(20):
            assert (await client.get(room)).status_code == 401
            assert (await client.post("/api/rooms", json={})).status_code == 401
            assert (await client.post(f"{room}/join", json=_guest("wrong" * 6))).status_code == 403

        assert (await client.get(room)).status_code == 429
        assert (await client.post("/api/rooms", json={})).status_code == 429
        assert (await client.post(f"{room}/join", json=_guest("wrong" * 6))).status_code == 429
        assert (await client.post(f"{room}/join", json=_guest(key))).status_code == 200
        assert (await client.post("/api/rooms", json={}, headers=bearer)).status_code == 201


def _guest(key: str) -> dict[str, str]:
    return {"name": "Guest", "guest_key": guest_key(), "key": key}


async def test_an_office_that_comes_with_expired_tokens_is_not_shut_out(live: Live) -> None:
    """[HA6] A hundred pages whose tokens ran out over night; each renews its token and is let in."""
    await live.room()
    expired = live.token("room", seconds=-3600)
    for _ in range(100):
        assert await _fail(live, "signal/room", expired) == (4401, "token_expired")
    assert await _fail(live, "signal/room") == (4401, "token_invalid")


async def test_an_origin_that_is_refused_is_no_failed_authentication(live: Live) -> None:
    """[HA6] Else any page could have a visitor's office shut out."""
    for _ in range(70):
        url = f"ws://127.0.0.1:{live.port}/signal/room"
        async with connect(url, origin="https://evil.example", compression=None, proxy=None) as socket:  # type: ignore[arg-type]
            assert await close_of(socket) == (4403, "permission_denied")
    assert await _fail(live, "signal/room") == (4401, "token_invalid")


HOSTILE = (
    "..", "../", "../secret.key", "..%2fsecret.key", "%2e%2e/secret.key",
    "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "%2e%2e%2f%2e%2e%2fetc",
    "..%5c..%5cetc%5cpasswd", "..\\..\\etc\\passwd", "....//....//etc/passwd", "%252e%252e%252fetc%252fpasswd",
    "..%c0%af..%c0%afetc/passwd", "%ef%bc%8e%ef%bc%8e/etc/passwd", "/etc/passwd", "%2fetc%2fpasswd", "//etc/passwd",
    "%00", "index.html%00.png", "..%00/", ".%0d%0a/", "C:%5cWindows%5cwin.ini", "file:%2f%2f%2fetc%2fpasswd", "~root",
    ".incoming", ".%2e", "./", "a%2f..%2f..%2fb", "secret.key", "..;/secret.key", "%c3%28", "%ff%fe", "room%20",
    "a" * 300,
)  # fmt: skip
FRAMES = (
    "/{}", "/assets/{}", "/r/{}", "/r/{}/replay", "/api/rooms/{}", "/api/rooms/{}/join",
    "/api/rooms/room/assets/{}", "/api/rooms/{}/assets/" + "0" * 64, "/api/rooms/room/../{}",
)  # fmt: skip


async def _raw(port: int, method: str, target: str, token: str) -> tuple[int, bytes]:
    """A request whose target goes out as it is: no client tidies it up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    writer.write(request.encode("latin-1"))
    async with asyncio.timeout(WAIT_SECONDS):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), body


def _files(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))


async def test_no_address_leads_out_of_its_folder(tmp_path: Path) -> None:
    """[HA8] Files, rooms and assets: dots, encoded or not, backslashes, NUL and overlong forms find nothing."""
    (tmp_path / "client").mkdir()
    (tmp_path / "client" / "index.html").write_text("the page")
    (tmp_path / "secret.key").write_text("outside")
    async with serving(configured(tmp_path / "data"), client_folder=tmp_path / "client") as live:
        await live.room()
        token = live.token("*", role=Role.OWNER)
        secrets = [load_secret(tmp_path / "data").encode(), b"outside", b"root:"]
        before = _files(tmp_path)
        for frame in FRAMES:
            for hostile in HOSTILE:
                for method in ("GET", "PUT") if "assets/" in frame else ("GET",):
                    status, body = await _raw(live.port, method, frame.format(hostile), token)
                    assert status < 500, (method, frame, hostile)
                    assert not any(secret in body for secret in secrets), (method, frame, hostile)
        assert _files(tmp_path) == before


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_no_room_or_document_has_a_hostile_name(live: Live, hostile: str) -> None:
    """[HA8] A socket with a token for any room makes a room of none of them."""
    await live.room()
    token = live.token("*", role=Role.OWNER)
    for path in (
        f"/signal/{hostile}",
        f"/sync/{hostile}/whiteboard",
        f"/sync/room/{hostile}",
        f"/sync/room/doc-{hostile}",
    ):
        target = path if path.isascii() and "\\" not in path else quote(path, safe="/%")
        async with connect(f"ws://127.0.0.1:{live.port}{target}?token={token}", compression=None, proxy=None) as socket:
            code, _ = await close_of(socket)
            assert code in (4400, 4404), target
    rooms = await live.app.services.stores.rooms.get("room")  # type: ignore[arg-type]
    assert rooms is not None
