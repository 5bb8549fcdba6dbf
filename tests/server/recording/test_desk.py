"""A recording from its start to its end, in a room with a real peer."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from aiortc import RTCPeerConnection, RTCSessionDescription
from websockets.asyncio.client import ClientConnection, connect

from crdt_docs.ids import RoomId
from persistence.interfaces import Role
from tests.server.api import call, get
from tests.server.live import Live, configured, serving
from tests.server.media.samples import decoded, probe
from tests.server.media.test_peer import _sender

ROOM = "room"
PATH = f"/api/rooms/{ROOM}/recordings"
SWITCH = f"/api/rooms/{ROOM}/recording"


async def _until(socket: ClientConnection, good: Any) -> Any:
    async with asyncio.timeout(40):
        while True:
            heard = json.loads(await socket.recv())
            if good(heard):
                return heard


async def _say(socket: ClientConnection, type_: str, **more: Any) -> None:
    await socket.send(json.dumps({"type": type_, **more}))


def _is_recorder(heard: Any) -> bool:
    return heard["type"] == "joined" and heard["person"]["sub"] == "recorder"


async def _call_recorder(socket: ClientConnection, recorder: Any, sender: RTCPeerConnection) -> None:
    to = {"to": recorder["session"], "peer": recorder["call"], "link": 0}
    await _say(socket, "offer", **to, sdp=sender.localDescription.sdp)
    answer = await _until(socket, lambda heard: heard["type"] in ("answer", "error"))
    assert answer["type"] == "answer", answer
    await sender.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))


async def test_a_call_is_recorded_and_everybody_knows(tmp_path: Path) -> None:
    """[RC17] [RC18] From the first byte on; one at once; what was said can be played when it has been stopped."""
    async with serving(configured(tmp_path / "data")) as live:
        await live.room(ROOM)
        owner = live.token(ROOM, "ann", Role.OWNER)
        url = f"ws://127.0.0.1:{live.port}/signal/{ROOM}?token={owner}&session=page"
        async with connect(url) as socket:
            assert (await _until(socket, lambda heard: heard["type"] == "welcome"))["recording"] is None
            await _say(socket, "call", id="anns-call")
            status, started = await call(live, "POST", SWITCH, token=owner)
            assert status == 201, started
            recorder = (await _until(socket, _is_recorder))["person"]
            assert (await call(live, "POST", SWITCH, token=owner))[1]["error"]["code"] == "conflict"
            sender = await _sender("VP8")
            try:
                await _call_recorder(socket, recorder, sender)
                told = await _until(socket, lambda heard: heard["type"] == "recording")
                assert (told["running"], told["by"]["sub"], told["id"]) == (True, "ann", started["id"])
                async with connect(f"{url}2") as other:
                    welcome = await _until(other, lambda heard: heard["type"] == "welcome")
                    assert welcome["recording"]["id"] == started["id"]
                await asyncio.sleep(2)  # of real time: that is what a recording is of
                assert (await call(live, "DELETE", SWITCH, token=owner))[0] == 204
            finally:
                await sender.close()
            over = await _until(socket, lambda heard: heard["type"] == "recording")
            assert (over["running"], over["reason"]) == (False, "")
        await _check_kept(live, started["id"], owner)


async def _check_kept(live: Live, id_: str, token: str) -> None:
    [told] = (await get(live, PATH, token))["recordings"]
    assert (told["id"], told["by"], told["stopped_by"]) == (id_, "ann", "ann")
    assert {track["kind"] for track in told["tracks"]} == {"mic", "camera"}
    folder = live.app.services.stores.recordings.folder(RoomId(ROOM), id_)
    camera = next(track for track in told["tracks"] if track["kind"] == "camera")
    assert camera["user"] == "ann"
    assert probe(folder / camera["file"])["duration"] > 1
    assert decoded(folder / camera["file"]) > 10
    assert not (folder / "manifest.json").exists()
    events = {event.kind for event in await live.app.services.stores.events.of_room(RoomId(ROOM))}
    assert {"recording_started", "recording_stopped"} <= events


async def test_nobody_without_the_right_records(live: Live) -> None:
    """[RC17] And there is nothing to stop where nothing runs; a recording of nothing is none."""
    await live.room(ROOM)
    member, owner = live.token(ROOM, "bob", Role.MEMBER), live.token(ROOM, "ann", Role.OWNER)
    for method in ("POST", "DELETE"):
        assert (await call(live, method, SWITCH, token=member))[0] == 403
    assert (await call(live, "DELETE", SWITCH, token=owner))[1]["error"]["code"] == "conflict"
    assert (await call(live, "POST", SWITCH, token=owner))[0] == 201
    assert (await call(live, "DELETE", SWITCH, token=owner))[0] == 204
    assert (await get(live, PATH, owner))["recordings"] == []
