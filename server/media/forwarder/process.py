"""The media process: calls of all rooms, told what to do over its standard input; it ends when that closes."""

from __future__ import annotations

import asyncio
import importlib
import logging
import sys
from typing import Any, Final, assert_never

import msgspec

from server.media.forwarder.peer import Fabric, Ice
from server.media.forwarder.relaying import RelayingFabric
from server.media.forwarder.room import CallRoom
from server.media.messages import (
    MAX_LINE_BYTES,
    AllowSending,
    Command,
    Configure,
    Event,
    JoinCall,
    LeaveCall,
    MediaReady,
    RenewLeases,
    RestartPeer,
    TakeAnswer,
    TakeCandidate,
    decode_command,
    encode_line,
)

log = logging.getLogger(__name__)

TICK_SECONDS: Final = 0.05
MAX_WAITING_BYTES: Final = 8 * 1024 * 1024
"""Events that the server does not take; with more the process ends, and is started again."""


class Calls:
    """The rooms that have a call here."""

    def __init__(self, fabric: Fabric, tell: asyncio.WriteTransport) -> None:
        self._fabric, self._out = fabric, tell
        self._rooms: dict[str, CallRoom] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._ice = Ice()

    def tell(self, event: Event) -> None:
        """Send an event to the server."""
        if self._out.get_write_buffer_size() > MAX_WAITING_BYTES:
            log.error("the server takes no events; the media process ends")
            self._out.abort()
        else:
            self._out.write(encode_line(event))

    def do(self, command: Command) -> None:
        """Do what the server says. What is about a room without a call is late, and dropped."""
        match command:
            case Configure():
                self._configure(command)
            case JoinCall(room, session, sends):
                here = self._rooms.get(room) or CallRoom(room, self._fabric, self._ice, self.tell)
                self._rooms[room] = here
                here.join(session, sends)
            case _:
                if (known := self._rooms.get(command.room)) is not None:
                    _do_in(known, command)

    def _configure(self, command: Configure) -> None:
        if command.addresses and (use_addresses := getattr(_private(), "use_addresses", None)):
            use_addresses(command.addresses)
        servers = [(server.urls, server.username, server.credential) for server in command.servers]
        self._ice = Ice(servers, command.relay_only)
        for room in self._rooms.values():
            room.ice = self._ice

    def tick(self) -> None:
        """Let every room say what is due; forget those that everybody left."""
        for room in list(self._rooms.values()):
            room.tick()
            if not room.participants:
                del self._rooms[room.id]
                task = asyncio.create_task(room.close())
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """End every call."""
        await asyncio.gather(*(room.close() for room in self._rooms.values()), *self._closing)


def _do_in(
    room: CallRoom, command: LeaveCall | AllowSending | RenewLeases | TakeAnswer | TakeCandidate | RestartPeer
) -> None:
    match command:
        case LeaveCall(_, session):
            room.leave(session)
        case AllowSending(_, session, sends):
            room.allow(session, sends)
        case RenewLeases(_, sessions):
            room.renew(sessions)
        case TakeAnswer(_, session, peer, link, sdp):
            room.answer(session, peer, link, sdp)
        case TakeCandidate(_, session, peer, link, line):
            room.candidate(session, peer, link, line)
        case RestartPeer(_, session, peer):
            room.restart(session, peer)
        case _:
            assert_never(command)


async def run(*, relay: bool = False) -> None:
    """Serve until standard input closes: a media process never outlives its server. `relay`: decode and encode."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=MAX_LINE_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    out, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, sys.stdout)
    missing = _missing()
    calls = Calls(RelayingFabric() if relay or missing else _private().ForwardingFabric(), out)
    calls.tell(MediaReady(missing))
    ticking = asyncio.create_task(_tick(calls))
    try:
        while line := await reader.readline():
            try:
                calls.do(decode_command(line))
            except msgspec.DecodeError:
                log.exception("the server said what is no command")
    finally:
        ticking.cancel()
        await calls.close()


def _private() -> Any:
    """The module with the private names; importing it may be what fails."""
    return importlib.import_module("server.media.forwarder.private")


def _missing() -> list[str]:
    """[FW12] The private names that are gone."""
    try:
        missing: list[str] = _private().missing_names()
    except ImportError as exc:
        missing = [str(exc)]
    if missing:
        log.error("aiortc or aioice changed; calls are relayed at a high price, because these are gone: %s", missing)
    return missing


async def _tick(calls: Calls) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        calls.tick()
