"""What is left when a private name is gone: aiortc's MediaRelay, which decodes, and encodes for each subscriber."""

from __future__ import annotations

import asyncio
from typing import Any

from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCRtpTransceiver
from aiortc.contrib.media import MediaRelay
from aiortc.mediastreams import MediaStreamError

from server.media.forwarder.source import Kind, Source


class RelayedSource(Source):
    """A stream that aiortc decodes. It is always read, or its frames would queue without limit."""

    def __init__(self, kind: Kind, section: RTCRtpTransceiver) -> None:
        super().__init__(kind)
        self._section = section
        self._relay = MediaRelay()
        self._frames: MediaStreamTrack | None = None
        self._reading: asyncio.Task[None] | None = None

    def new_reader(self) -> MediaStreamTrack | None:
        """A track of its own for one subscriber; None before the publisher answered."""
        track: MediaStreamTrack | None = self._section.receiver.track
        return None if track is None else self._relay.subscribe(track, buffered=False)

    def tick(self) -> None:
        """Begin to read as soon as there is a track."""
        if self._reading is None and (reader := self.new_reader()) is not None:
            self._reading = asyncio.ensure_future(self._read(reader))

    async def _read(self, reader: MediaStreamTrack) -> None:
        try:
            while True:
                await reader.recv()
                self.received += 1
        except MediaStreamError:
            return

    def close(self) -> None:
        """Read no more."""
        if self._reading is not None:
            self._reading.cancel()
        super().close()


class _Gate(MediaStreamTrack):
    """[FW9] A source's frames, while they are allowed."""

    def __init__(self, source: RelayedSource) -> None:
        super().__init__()
        self.kind = "video" if source.is_video else "audio"
        self._source = source
        self._reader: MediaStreamTrack | None = None

    async def recv(self) -> Any:
        """The next frame that may be sent."""
        while True:
            self._reader = self._reader or self._source.new_reader()
            if self._reader is None:
                await asyncio.sleep(0.05)
                continue
            frame = await self._reader.recv()
            if self._source.allowed:
                return frame

    def stop(self) -> None:
        """Let go of the source."""
        if self._reader is not None:
            self._reader.stop()
        super().stop()


class RelayingFabric:
    """[FW12] Connections of stock aiortc, with a relay between them."""

    def connect(self, configuration: RTCConfiguration) -> RTCPeerConnection:
        """A new connection."""
        return RTCPeerConnection(configuration)

    def source(self, kind: Kind, section: RTCRtpTransceiver) -> Source:
        """What arrives in a section."""
        return RelayedSource(kind, section)

    def attach(self, section: RTCRtpTransceiver, source: Source | None) -> None:
        """Send a source's stream in a section, or nothing."""
        old = section.sender.track
        if isinstance(old, _Gate):
            if old._source is source:
                return
            old.stop()
        section.sender.replaceTrack(_Gate(source) if isinstance(source, RelayedSource) else None)

    def name_stream(self, section: RTCRtpTransceiver, stream: str) -> None:
        """Stock senders are all in their connection's one stream."""
