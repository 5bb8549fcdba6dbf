"""Every message of the signaling protocol, as somebody sends it over a real socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, Final

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from crdt_docs.access import Permissions
from crdt_docs.ids import RoomId
from server.presence.page import Page
from tests.server.live import told, told_of
from tests.server.matrix.action import Act, Action
from tests.server.matrix.frames import BE_SEEN
from tests.server.matrix.requests import READ
from tests.server.matrix.room import MatrixRoom, Person

MEDIA: Final = {
    "mic": "Turn on the microphone",
    "camera": "Turn on the camera",
    "screen": "Share the screen",
}
DOOR: Final = "Let in or decline who knocks, ask somebody to mute"
KNOCK: Final = "Knock"
LEAVE: Final = "Leave"

LISTEN: Final = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=recvonly\r\n"
"""The description of somebody who only listens."""

Heard = Callable[[dict[str, Any], dict[str, Any]], bool]
"""Whether a message is the good answer; the second one is the first that the socket was told."""


async def _say(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def _answer(socket: ClientConnection, first: dict[str, Any], heard: Heard) -> str | None:
    while True:
        got = await told(socket)
        if got["type"] == "error":
            code: str = got["code"]
            return code
        if heard(got, first):
            return None


async def _talk(socket: ClientConnection, heard: Heard, *messages: dict[str, Any]) -> str | None:
    """Say it and wait for the answer; gives the code of what refuses it or the socket."""
    try:
        first = await told(socket)
        for message in messages:
            await _say(socket, **message)
        return await _answer(socket, first, heard)
    except ConnectionClosed:
        return None if socket.close_reason == "left" else socket.close_reason


def saying(heard: Heard, **message: Any) -> Act:
    """Say something; `{token}` and `{aim}` stand for one's own token and for what was prepared."""

    async def act(room: MatrixRoom, person: Person, aim: Any) -> str | None:
        places = {"{token}": person.token, "{aim}": aim}
        said = {key: places.get(value, value) for key, value in message.items()}
        async with room.live.signal(room.id, person.token) as socket:
            return await _talk(socket, heard, said)

    return act


def sending(what: str) -> Act:
    """Say that one sends something; who may not is shown without it."""
    heard = _updated(lambda shown: shown["media"][what] is True)

    async def act(room: MatrixRoom, person: Person, aim: Any) -> str | None:
        async with room.live.signal(room.id, person.token) as socket:
            join = {"type": "call", "id": "call-of-me"}
            code = await _talk(socket, heard, join, {"type": "media", what: True})
        pages = room.live.app.services.sessions.pages(RoomId(room.id))
        assert code is None or not any(getattr(page.media, what) for page in pages)
        return code

    return act


async def in_the_call(room: MatrixRoom, person: Person, aim: Any, kind: str, **more: Any) -> str | None:
    """Say something to a page of the call, from within it; that page is told, or not."""
    async with room.live.signal(room.id, room.maker) as page, room.live.signal(room.id, person.token) as socket:
        session = (await told(page))["you"]["session"]
        await _say(page, type="call", id="call-of-the-page")
        joined = _updated(lambda shown: shown["call"] == "call-of-me")
        try:
            first = await told(socket)
            await _say(socket, type="call", id="call-of-me")
            code = await _answer(socket, first, joined)
            while code is None and not any(p.call == "call-of-the-page" for p in _pages(room)):
                await told(page)
        except ConnectionClosed:
            return socket.close_reason
        if code is not None:
            return code
        await _say(socket, type=kind, to=session, peer="call-of-the-page", link=0, **more)
        await _say(socket, type="roster")
        code = await _answer(socket, first, _is("roster"))
        if code is None:
            assert (await told_of(page, kind))["peer"] == "call-of-me"
        return code


def _pages(room: MatrixRoom) -> list[Page]:
    return room.live.app.services.sessions.pages(RoomId(room.id))


def calling(kind: str, **more: Any) -> Act:
    """Say something of that type to a page of the call."""

    async def act(room: MatrixRoom, person: Person, aim: Any) -> str | None:
        return await in_the_call(room, person, aim, kind, **more)

    return act


def _updated(seen: Callable[[dict[str, Any]], bool]) -> Heard:
    def heard(got: dict[str, Any], first: dict[str, Any]) -> bool:
        if got["type"] != "updated" or got["person"]["session"] != first["you"]["session"]:
            return False
        return seen(got["person"])

    return heard


def _is(kind: str) -> Heard:
    return lambda got, _first: bool(got["type"] == kind)


async def muting(room: MatrixRoom, person: Person, aim: Any) -> str | None:
    """Ask a page of the owner to mute; it is told, or not."""
    async with room.live.signal(room.id, room.maker) as page, room.live.signal(room.id, person.token) as socket:
        session = (await told(page))["you"]["session"]
        wanted = {"type": "mute_request", "to": session, "what": "mic"}
        code = await _talk(socket, _is("roster"), wanted, {"type": "roster"})
        if code is None:
            assert (await told_of(page, "muted"))["what"] == "mic"
        return code


async def noting_quality(room: MatrixRoom, person: Person, aim: Any) -> str | None:
    """Tell of one's connections, within the call."""
    async with room.live.signal(room.id, person.token) as socket:
        join = {"type": "call", "id": "call-of-me"}
        return await _talk(socket, _is("roster"), join, {"type": "quality", "loss": 0.5}, {"type": "roster"})


async def asking_for_the_forwarder(room: MatrixRoom, person: Person, aim: Any) -> str | None:
    """Have the call go through the forwarder: everybody is told."""
    async with room.live.signal(room.id, person.token) as socket:
        join = {"type": "call", "id": "call-of-me"}
        return await _talk(socket, _is("media_mode"), join, {"type": "media_mode", "mode": "forwarder"})


def answering(what: str, heard: str) -> Act:
    """Let somebody in who knocks, or not; he hears it."""

    async def act(room: MatrixRoom, person: Person, aim: Any) -> str | None:
        sub, token = await room.knocker()
        async with AsyncExitStack() as stack:
            knocker = await stack.enter_async_context(room.live.signal(room.id, token))
            await told_of(knocker, "waiting")
            socket = await stack.enter_async_context(room.live.signal(room.id, person.token))
            code = await _talk(socket, _is("knock_gone"), {"type": what, "sub": sub})
            if code is None:
                await told_of(knocker, heard)
            return code

    return act


def _is_zoe(shown: dict[str, Any]) -> bool:
    return bool(shown["name"] == "Zoe")


def _inside(_missing: Permissions) -> str:
    """Who is in the room has no need to knock."""
    return "malformed_frame"


def _message(row: str, type_: str, act: Act, note: str = "", **more: Any) -> Action:
    name = f"signal {type_} {note}".rstrip()
    return Action(name, row, act, frozenset({f"signal {type_}"}), at_the_door="permission_denied", **more)


MESSAGES: Final = [
    _message(READ, "roster", saying(_is("roster"), type="roster")),
    _message(BE_SEEN, "rename", saying(_updated(_is_zoe), type="rename", name="Zoe"), spends=True),
    _message(BE_SEEN, "hand", saying(_updated(lambda shown: shown["hand"] is True), type="hand", up=True)),
    _message(BE_SEEN, "renew", saying(_is("renewed"), type="renew", token="{token}")),
    *(_message(row, "media", sending(what), what) for what, row in MEDIA.items()),
    _message(
        BE_SEEN, "call", saying(_updated(lambda shown: shown["call"] == "call-of-me"), type="call", id="call-of-me")
    ),
    _message(BE_SEEN, "offer", calling("offer", sdp=LISTEN)),
    _message(BE_SEEN, "answer", calling("answer", sdp=LISTEN)),
    _message(BE_SEEN, "candidate", calling("candidate", candidate=None)),
    _message(BE_SEEN, "hangup", calling("hangup")),
    _message(READ, "ice", saying(_is("ice"), type="ice")),
    _message(BE_SEEN, "quality", noting_quality),
    _message(BE_SEEN, "media_mode", asking_for_the_forwarder),
    _message(DOOR, "mute_request", muting, changes=True),
    _message(DOOR, "admit", answering("admit", "admitted"), changes=True),
    _message(DOOR, "decline", answering("decline", "declined"), changes=True),
    _message(KNOCK, "knock", saying(_is("waiting"), type="knock"), otherwise=_inside),
    _message(LEAVE, "leave", saying(_is("never"), type="leave")),
]
