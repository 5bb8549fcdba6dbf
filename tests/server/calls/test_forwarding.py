"""A call through the forwarder as pages see it: over /signal of a real server, with its media process."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from websockets.asyncio.client import ClientConnection

from tests.server.live import Live, close_of, told, told_of
from tests.server.media.forwarder.pages import EncodedTrack
from tests.server.signaling.test_calls import Caller, _say, calling

TRACKS = {"mic": False, "camera": True, "screen": False}


class Browser:
    """Answers what the forwarder offers, and notes what arrives."""

    def __init__(self, caller: Caller, *, sends: bool = False) -> None:
        self.socket: ClientConnection = caller.socket
        self.sends = sends
        self.connections: dict[tuple[str, int], RTCPeerConnection] = {}
        self.sections: dict[str, list[str]] = {}
        self.modes: list[str] = []
        self.arrived = asyncio.Event()
        self.from_ = set[str]()

    async def run(self) -> None:
        """Heed what the server says, for ever."""
        while True:
            message = await told(self.socket)
            if message["type"] == "media_mode":
                self.modes.append(message["mode"])
            elif message["type"] == "sections":
                self.sections = {mid: whose for mid, *whose in message["sections"]}
            elif message["type"] == "offer":
                await self._answer(message)

    async def _answer(self, offer: dict[str, Any]) -> None:
        self.from_.add(offer["from"])
        key = (offer["peer"], offer["link"])
        connection = self.connections.setdefault(key, RTCPeerConnection())
        await connection.setRemoteDescription(RTCSessionDescription(offer["sdp"], "offer"))
        for number, transceiver in enumerate(connection.getTransceivers()):
            if offer["peer"] == "subscribe":
                self._watch(transceiver)
            elif self.sends and number == 1:
                transceiver.direction = "sendonly"
                transceiver.sender.replaceTrack(EncodedTrack("video"))
            else:
                transceiver.direction = "inactive"
        await connection.setLocalDescription(await connection.createAnswer())
        sdp = connection.localDescription.sdp
        await _say(self.socket, type="answer", to="forwarder", peer=key[0], link=key[1], sdp=sdp)

    def _watch(self, transceiver: Any) -> None:
        async def take(packet: Any, arrival_time_ms: int) -> None:
            if self.sections.get(transceiver.mid) == ["page-ada", "camera"]:
                self.arrived.set()

        transceiver.receiver._handle_rtp_packet = take

    async def close(self) -> None:
        """Close its connections."""
        for connection in self.connections.values():
            await connection.close()


async def test_a_call_goes_through_the_forwarder_and_comes_back_after_a_crash(live: Live) -> None:
    """[CS2] [CS5] [CS6] Asked for, offered, answered, carried; when the media process dies, carried again."""
    room = await live.room()
    async with calling(live, room, "ada", "bob") as (ada, bob):
        await _say(ada.socket, type="media", **TRACKS)
        browsers = [Browser(ada, sends=True), Browser(bob)]
        tasks = [asyncio.ensure_future(browser.run()) for browser in browsers]
        try:
            await _say(bob.socket, type="media_mode", mode="forwarder")
            async with asyncio.timeout(60):
                await browsers[1].arrived.wait()
            assert browsers[1].from_ == {"forwarder"}
            pid = live.app.services.forwarding.media.pid
            assert pid is not None

            for browser in browsers:
                await browser.close()
                browser.connections.clear()
            browsers[1].arrived.clear()
            os.kill(pid, signal.SIGKILL)
            async with asyncio.timeout(60):
                await browsers[1].arrived.wait()
            assert browsers[1].modes == ["forwarder", "forwarder"]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for browser in browsers:
                await browser.close()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"type": "answer", "to": "forwarder", "peer": "somebody", "link": 1, "sdp": "v=0"}, "permission_denied"),
        ({"type": "offer", "to": "forwarder", "peer": "publish", "link": 1, "sdp": "v=0"}, "permission_denied"),
        ({"type": "media_mode", "mode": "mesh"}, "malformed_frame"),
    ],
)
async def test_what_the_forwarder_cannot_be_told_is_refused(live: Live, words: dict[str, Any], code: str) -> None:
    """[CS6] The socket goes on."""
    room = await live.room()
    async with calling(live, room, "ada") as (ada,):
        await _say(ada.socket, **words)
        assert (await told_of(ada.socket, "error"))["code"] == code


async def test_no_page_may_call_itself_the_forwarder(live: Live) -> None:
    """[CS6] Else it could speak in its name."""
    room = await live.room()
    async with live.signal(room, live.token(room, "eve"), "forwarder") as socket:
        assert (await close_of(socket))[1] == "malformed_frame"
