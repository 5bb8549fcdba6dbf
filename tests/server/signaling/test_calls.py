"""The call on the /signal socket, over a real server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from persistence.interfaces import Role
from server.key_files import SecretUnusable
from server.signaling.ice import IceServers
from tests.server.clocks import StandingClock
from tests.server.live import Live, close_of, configured, serving, told, told_of

SEND = "v=0\r\ns=-\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendrecv\r\n"
SHARE = SEND + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=recvonly\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=sendonly\r\n"


async def _say(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


@dataclass
class Caller:
    """Somebody in the call."""

    socket: ClientConnection
    session: str
    call: str

    async def say(self, to: Caller, type_: str, **more: Any) -> None:
        await _say(self.socket, type=type_, to=to.session, peer=to.call, link=0, **more)

    async def refused(self) -> dict[str, Any]:
        error: dict[str, Any] = await told_of(self.socket, "error")
        return error

    async def settled(self) -> list[str]:
        """Wait until all that was said before is heeded; gives the types of what was told meanwhile."""
        await _say(self.socket, type="roster")
        types: list[str] = []
        while (message := await told(self.socket))["type"] != "roster":
            types.append(message["type"])
        return types


@asynccontextmanager
async def calling(live: Live, room: str, *names: str, role: Role = Role.MEMBER) -> AsyncIterator[list[Caller]]:
    """These people in the call of a room, each on one page."""
    async with AsyncExitStack() as stack:
        callers = []
        for name in names:
            socket = await stack.enter_async_context(live.signal(room, live.token(room, name, role), f"page-{name}"))
            await told_of(socket, "welcome")
            caller = Caller(socket, f"page-{name}", f"call-of-{name}")
            await _say(socket, type="call", id=caller.call)
            await caller.settled()
            callers.append(caller)
        for caller in callers:
            await caller.settled()
        yield callers


async def _shown(caller: Caller) -> dict[str, Any]:
    person: dict[str, Any] = (await told_of(caller.socket, "updated"))["person"]
    return person


async def test_who_joins_and_leaves_the_call_is_seen_by_all(live: Live) -> None:
    """[CA1] With what he sends; another id, and leaving, switch that off."""
    room = await live.room()
    async with calling(live, room, "ann", "bob") as (ann, bob):
        await _say(bob.socket, type="media", mic=True)
        assert (await _shown(ann))["media"]["mic"]
        await _say(bob.socket, type="call", id="another-call")
        shown = await _shown(ann)
        assert (shown["call"], shown["media"]["mic"]) == ("another-call", False)
        await _say(bob.socket, type="media", mic=True, camera=True)
        assert (await _shown(ann))["media"]["camera"]
        await _say(bob.socket, type="call", id="")
        shown = await _shown(ann)
        assert (shown["call"], shown["media"]) == ("", {"mic": False, "camera": False, "screen": False})
        await _say(bob.socket, type="media", mic=True)
        error = await bob.refused()
        assert (error["code"], error["about"]) == ("malformed_frame", "media")
        await _say(bob.socket, type="media")
        assert await bob.settled() == []


async def test_what_is_said_to_a_page_reaches_that_page_under_the_name_of_who_said_it(live: Live) -> None:
    """[CA2] [CA3] Whatever the sender writes there himself."""
    room = await live.room()
    async with calling(live, room, "ann", "bob", "cleo") as (ann, bob, cleo):
        signed = {"from": "page-ann", "peer": "call-of-ann", "link": 0}
        candidate = {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0}
        for type_, more in (
            ("offer", {"sdp": SEND}),
            ("answer", {"sdp": SEND}),
            ("candidate", {"candidate": candidate}),
            ("candidate", {"candidate": None}),
            ("hangup", {}),
        ):
            await ann.say(bob, type_, **more, **{"from": "page-cleo"})
            assert await told_of(bob.socket, type_) == {"type": type_, **signed, **more}
        assert await cleo.settled() == []
        assert await ann.settled() == []


async def test_words_to_a_page_that_is_not_in_the_call_come_back(live: Live) -> None:
    """[CA2] [CA7] Of the same room and under the id that is known; and however many, the socket stays open."""
    room, other = await live.room(), await live.room("other")
    async with calling(live, room, "ann", "bob") as (ann, bob), calling(live, other, "eve") as (eve,):
        gone = Caller(bob.socket, bob.session, "call-before")
        nowhere = Caller(bob.socket, "page-nobody", bob.call)
        for to in (gone, nowhere, eve, ann):
            await ann.say(to, "candidate", candidate=None)
            error = await ann.refused()
            assert (error["code"], error["about"], error["to"]) == ("unknown_path", "candidate", to.session)
        for _ in range(60):
            await ann.say(gone, "candidate", candidate=None)
        assert await ann.settled() == ["error"] * 60
        assert await eve.settled() == []


async def test_who_is_not_in_the_call_says_nothing_to_those_who_are(live: Live) -> None:
    """[CA4]"""
    room = await live.room()
    async with calling(live, room, "ann", "bob") as (ann, bob):
        await _say(ann.socket, type="call", id="")
        for type_, more in (("offer", {"sdp": SEND}), ("candidate", {"candidate": None}), ("hangup", {})):
            await ann.say(bob, type_, **more)
            assert (await ann.refused())["code"] == "permission_denied"
        await _say(ann.socket, type="quality", loss=0.1)
        assert (await ann.refused())["code"] == "permission_denied"
        assert await bob.settled() == ["updated"]


async def test_a_description_promises_only_what_its_sender_may_send_at_this_moment(live: Live) -> None:
    """[CA5] [CA6]"""
    room = await live.room()
    owner = live.token(room, "olga", Role.OWNER)
    async with calling(live, room, "ann", "bob") as (ann, bob):
        await ann.say(bob, "offer", sdp=SHARE)
        assert (await told_of(bob.socket, "offer"))["sdp"] == SHARE
        changed = await live.call(
            "PATCH", f"/api/rooms/{room}/members/ann", {"overrides": {"screen_share": False}}, owner
        )
        assert changed[0] == 200
        await ann.say(bob, "offer", sdp=SHARE)
        error = await ann.refused()
        assert (error["code"], error["about"], error["to"]) == ("permission_denied", "offer", "page-bob")
        await ann.say(bob, "answer", sdp=SEND)
        assert (await told_of(bob.socket, "answer"))["sdp"] == SEND
        await ann.say(bob, "offer", sdp="v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n")
        assert (await ann.refused())["code"] == "malformed_frame"


async def test_a_viewer_listens(live: Live) -> None:
    """[CA6] He is in the call and sends nothing."""
    room = await live.room()
    async with calling(live, room, "vic", role=Role.VIEWER) as (vic,), calling(live, room, "bob") as (bob,):
        await vic.say(bob, "offer", sdp=SEND)
        assert (await vic.refused())["code"] == "permission_denied"
        await vic.say(bob, "offer", sdp=SEND.replace("sendrecv", "recvonly"))
        assert (await told_of(bob.socket, "offer"))["peer"] == "call-of-vic"


@pytest.mark.parametrize(
    "message",
    [
        {"type": "call", "id": "short"},
        {"type": "call", "id": "x" * 65},
        {"type": "call", "id": "with space"},
        {"type": "call"},
        {"type": "offer", "to": "page-ann", "peer": "call-of-ann", "link": -1, "sdp": SEND},
        {"type": "offer", "to": "page-ann", "peer": "call-of-ann", "link": 0},
        {
            "type": "candidate",
            "to": "page-ann",
            "peer": "call-of-ann",
            "link": 0,
            "candidate": {"candidate": "x" * 1001},
        },
        {"type": "candidate", "to": "page-ann", "peer": "call-of-ann", "link": 0, "candidate": "x"},
        {"type": "quality", "loss": 2},
        {"type": "quality", "rtt_ms": -1},
    ],
    ids=lambda message: " ".join(f"{key}={str(value)[:20]!r}" for key, value in message.items()),
)
async def test_a_message_of_another_form_is_refused_and_the_call_goes_on(live: Live, message: dict[str, Any]) -> None:
    """[SG5]"""
    room = await live.room()
    async with calling(live, room, "ann", "bob") as (ann, bob):
        await _say(bob.socket, **message)
        assert (await bob.refused())["code"] == "malformed_frame"
        await bob.say(ann, "hangup")
        assert (await told_of(ann.socket, "hangup"))["peer"] == "call-of-bob"


async def test_a_flood_of_candidates_ends_the_flooder_alone(live: Live) -> None:
    """[SG8] A thousand at once: the others go on, and hear that he is gone."""
    room = await live.room()
    async with calling(live, room, "ann", "bob", "mal") as (ann, bob, mal):
        for _ in range(1000):
            await mal.say(bob, "candidate", candidate=None)
        assert await close_of(mal.socket) == (4529, "rate_limited")
        while (message := await told(ann.socket))["type"] != "left":
            pass
        assert message["session"] == "page-mal"
        await ann.say(bob, "offer", sdp=SEND)
        assert (await told_of(bob.socket, "offer"))["from"] == "page-ann"


async def test_a_page_that_closes_is_out_of_the_call(live: Live) -> None:
    """[CA1]"""
    room = await live.room()
    async with calling(live, room, "ann") as (ann,):
        async with calling(live, room, "bob") as (bob,):
            pass
        assert (await told_of(ann.socket, "left"))["session"] == "page-bob"
        await ann.say(bob, "hangup")
        assert (await ann.refused())["code"] == "unknown_path"


async def test_the_quality_of_connections_is_counted(live: Live) -> None:
    """[CA9]"""
    room = await live.room()
    async with calling(live, room, "ann") as (ann,):
        await _say(ann.socket, type="quality", rtt_ms=42, loss=0.015, up_kbps=500, down_kbps=None)
        await ann.settled()
        text = live.app.services.metrics.text().decode()
        assert 'thunderline_call_round_trip_seconds_bucket{le="0.05"} 1.0' in text
        assert 'thunderline_call_round_trip_seconds_bucket{le="0.02"} 0.0' in text
        assert 'thunderline_call_loss_ratio_bucket{le="0.02"} 1.0' in text
        assert "thunderline_call_up_bits_per_second_sum 500000.0" in text
        assert "thunderline_call_down_bits_per_second_count 0.0" in text


async def test_everybody_gets_servers_and_credentials_of_his_own(tmp_path: Path) -> None:
    """[CA8] As coturn computes them from the shared secret."""
    secret = tmp_path / "turn-secret"
    secret.write_text("north\n")
    config = configured(
        tmp_path / "data", stun_urls="stun:a.example", turn_urls="turn:b.example:3478?transport=tcp, turns:b.example",
        turn_secret_file=secret, turn_ttl=600, relay_only=True,
    )  # fmt: skip
    async with serving(config) as live:
        room = await live.room()
        async with live.signal(room, live.token(room), "page") as ann:
            welcome = await told(ann)
            await _say(ann, type="ice")
            ice = await told_of(ann, "ice")
    assert welcome["mesh_limit"] == 4
    for given in (welcome["ice"], ice):
        stun, turn = given["servers"]
        assert stun == {"urls": ["stun:a.example"]}
        assert turn["urls"] == ["turn:b.example:3478?transport=tcp", "turns:b.example"]
        expires, _, name = turn["username"].partition(":")
        assert (int(expires) * 1_000_000, name, given["relay_only"]) == (given["expires_at"], "page-ann", True)
        mac = hmac.new(b"north", turn["username"].encode(), hashlib.sha1).digest()
        assert turn["credential"] == base64.b64encode(mac).decode()


async def test_without_servers_nothing_runs_out(live: Live) -> None:
    """[CA8]"""
    room = await live.room()
    async with live.signal(room, live.token(room)) as ann:
        assert (await told(ann))["ice"] == {"servers": [], "relay_only": False, "expires_at": 0}


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\n"], ids=["missing", "empty", "blank", "not text"])
def test_a_turn_secret_that_cannot_be_used_is_told_at_the_start(tmp_path: Path, content: bytes | None) -> None:
    """[CA8]"""
    secret = tmp_path / "turn-secret"
    if content is not None:
        secret.write_bytes(content)
    config = configured(tmp_path, turn_urls="turn:b.example", turn_secret_file=secret)
    with pytest.raises(SecretUnusable, match="turn-secret"):
        IceServers(config, StandingClock())
