"""Every private name of aiortc 1.16 and aioice 0.13 that the forwarder relies on; nobody else may use one.

- RTCPeerConnection.__createTransceiver: where our receiver and sender take the places of theirs
- RTCRtpTransceiver.__sender, .__receiver; RTCRtpSender._ssrc, ._rtx_ssrc, ._stream_id; RTCRtpReceiver._set_rtcp_ssrc
- RTCDtlsTransport._rx_srtp, ._tx_srtp, ._state, ._register_rtp_receiver, ._unregister_rtp_receiver,
  ._register_rtp_sender, ._unregister_rtp_sender, ._rtp_router (.ssrc_table); they call _handle_rtcp_packet and
  _handle_disconnect of a receiver, _handle_rtcp_packet of a sender
- RTCIceTransport._connection; aioice.Connection._nominated, .data_received; aioice.ice.get_host_addresses
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Final

import aioice.ice
import pylibsrtp
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, rtp
from aiortc.codecs import is_rtx
from aiortc.rtcdtlstransport import RTCDtlsTransport, RtpRouter
from aiortc.rtcdtlstransport import State as DtlsState
from aiortc.rtcrtpparameters import RTCRtpReceiveParameters, RTCRtpSendParameters
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from aiortc.rtcrtpsender import RTCRtpSender
from aiortc.rtcrtptransceiver import RTCRtpTransceiver
from aiortc.stats import RTCStatsReport

from server.media.forwarder.packets import HEADER_BYTES, HeaderWriter, read_extension, read_packet
from server.media.forwarder.sink import Sink
from server.media.forwarder.source import Codec, Kind, SenderReport, Source

MAX_WAITING_BYTES: Final = 1024 * 1024
"""What may wait in a UDP socket of ours; while there is more, packets are dropped."""
_LOOK_EVERY: Final = 32
MID: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"
AUDIO_LEVEL: Final = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
SEND_TIME: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"

_CLASS_NAMES: Final[tuple[tuple[type, tuple[str, ...]], ...]] = (
    (RTCPeerConnection, ("_RTCPeerConnection__createTransceiver",)),
    (RTCRtpReceiver, ("_set_rtcp_ssrc", "_handle_rtcp_packet", "_handle_disconnect", "setTransport")),
    (RTCRtpSender, ("_handle_rtcp_packet", "setTransport")),
    (
        RTCDtlsTransport,
        (
            "_register_rtp_receiver", "_unregister_rtp_receiver", "_register_rtp_sender", "_unregister_rtp_sender",
            "_recv_next",
        ),
    ),
    (aioice.ice.Connection, ("data_received",)),
    (aioice.ice.StunProtocol, ("datagram_received",)),
)  # fmt: skip
_SET_NAMES: Final[tuple[tuple[type, tuple[str, ...]], ...]] = (
    (RTCRtpTransceiver, ("self.__sender", "self.__receiver")),
    (RTCRtpSender, ("self._ssrc", "self._rtx_ssrc", "self._stream_id")),
    (RTCDtlsTransport, ("self._rx_srtp", "self._tx_srtp", "self._rtp_router", "self._state")),
    (RtpRouter, ("self.ssrc_table",)),
    (aioice.ice.Connection, ("self._nominated",)),
)
"""Attributes that an instance gets when it is made; they are looked for in the class's source."""


def missing_names() -> list[str]:
    """[FW12] Which of the private names are gone; with any, streams are relayed by aiortc's own MediaRelay."""
    missing = [f"{kind.__name__}.{name}" for kind, names in _CLASS_NAMES for name in names if not hasattr(kind, name)]
    for kind, names in _SET_NAMES:
        text = inspect.getsource(kind)
        missing += [f"{kind.__name__}: {name}" for name in names if name not in text]
    if not callable(getattr(aioice.ice, "get_host_addresses", None)):
        missing.append("aioice.ice.get_host_addresses")
    return missing


def use_addresses(addresses: Sequence[str]) -> None:
    """Offer these addresses of the machine instead of all but 127.0.0.1, for the whole process."""
    if addresses:
        aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: list(addresses)


class Wire:
    """What goes in and out of one connection, without a task for a packet."""

    def __init__(self, transport: RTCDtlsTransport) -> None:
        self._transport = transport
        self._ice = transport.transport._connection
        self._by_ssrc: dict[int, Source] = {}
        self._by_mid: dict[bytes, Source] = {}
        self._level_ids: dict[Source, int] = {}
        self._mid_id = 0
        self._sent = 0
        self._is_full = False
        self.lose: Callable[[], bool] | None = None
        """For tests: whether the next packet, in or out, is lost."""
        self._slowly = self._ice.data_received
        self._ice.data_received = self._received  # type: ignore[method-assign]

    def listen(self, source: Source, mid: str, mid_id: int, ssrcs: Sequence[int]) -> None:
        """Give a source what comes with one of its SSRCs, or with its mid."""
        self._mid_id = mid_id or self._mid_id
        self._by_mid[mid.encode()] = source
        for ssrc in ssrcs:
            self._by_ssrc[ssrc] = source

    def close(self) -> None:
        """Let go of everything that it calls."""
        self._by_ssrc.clear()
        self._by_mid.clear()
        self._ice.data_received = self._slowly  # type: ignore[method-assign]

    def _received(self, data: bytes, component: int) -> None:
        """[FW3] RTP goes straight to its source; RTCP, DTLS and what comes too early take aiortc's own path."""
        srtp = self._transport._rx_srtp
        if srtp is None or len(data) < HEADER_BYTES or data[0] >> 6 != 2 or 192 <= data[1] <= 223:
            self._slowly(data, component)
            return
        if self.lose is not None and self.lose():
            return
        try:
            plain = srtp.unprotect(data)
        except (pylibsrtp.Error, ValueError):
            return
        ssrc = int.from_bytes(plain[8:12], "big")
        source = self._by_ssrc.get(ssrc) or self._find(plain)
        if source is not None and (packet := read_packet(plain, source.level_id)) is not None:
            source.take(packet)

    def _find(self, plain: bytes) -> Source | None:
        mid = read_extension(plain, self._mid_id) if self._mid_id else None
        return self._by_mid.get(mid) if mid is not None else None

    def send(self, data: bytes) -> bool:
        """Send an RTP packet; False if it was dropped: not connected, or too much waits already."""
        if self._transport._state is not DtlsState.CONNECTED:
            return False
        pair = self._ice._nominated.get(1)
        if pair is None or self._is_crowded(pair.protocol.transport):
            return False
        if self.lose is not None and self.lose():
            return False
        pair.protocol.transport.sendto(self._transport._tx_srtp.protect(data), pair.remote_addr)
        return True

    def _is_crowded(self, socket: Any) -> bool:
        self._sent += 1
        if self._is_full or self._sent % _LOOK_EVERY == 0:
            waiting = getattr(socket, "get_write_buffer_size", None)
            self._is_full = waiting is not None and waiting() > MAX_WAITING_BYTES
        return self._is_full

    def send_rtcp(self, data: bytes) -> None:
        """Send an RTCP packet, if the connection stands."""
        pair = self._ice._nominated.get(1)
        if self._transport._state is DtlsState.CONNECTED and pair is not None:
            pair.protocol.transport.sendto(self._transport._tx_srtp.protect_rtcp(data), pair.remote_addr)


class SourceReceiver(RTCRtpReceiver):
    """Stands in a transceiver where aiortc would decode: hands encoded packets to a source."""

    def __init__(self, kind: str, connection: ForwardingConnection, transport: RTCDtlsTransport) -> None:
        super().__init__(kind, transport)
        self.source: Source | None = None
        self._connection = connection
        self._dtls = transport
        self._own_ssrc = 0
        self._is_on = False

    def setTransport(self, transport: RTCDtlsTransport) -> None:  # noqa: N802
        """Bundling moves sections to the first one's transport."""
        super().setTransport(transport)
        self._dtls = transport

    def _set_rtcp_ssrc(self, ssrc: int) -> None:
        super()._set_rtcp_ssrc(ssrc)
        self._own_ssrc = ssrc

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        """Start, once: what was negotiated is told to the source."""
        source = self.source
        if self._is_on or source is None:
            return
        self._is_on = True
        codecs = [
            Codec(c.payloadType or 0, c.name, c.clockRate, int(c.parameters.get("apt") or 0) if is_rtx(c) else 0)
            for c in parameters.codecs
        ]
        ids = {extension.uri: extension.id for extension in parameters.headerExtensions}
        wire = self._connection.wire_of(self._dtls)
        media = [encoding.ssrc for encoding in parameters.encodings]
        repairs = [encoding.rtx.ssrc for encoding in parameters.encodings if encoding.rtx]
        ssrc = media[0] if media else None
        source.agree(codecs, ssrc, self._own_ssrc, ids.get(AUDIO_LEVEL, 0), wire.send_rtcp)
        self._dtls._register_rtp_receiver(self, parameters)
        wire.listen(source, parameters.muxId, ids.get(MID, 0), [*media, *repairs])

    async def stop(self) -> None:
        """Stop; the source ends."""
        if self._is_on:
            self._dtls._unregister_rtp_receiver(self)
        if self.source is not None:
            self.source.close()

    def _handle_disconnect(self) -> None:
        """The connection's state tells."""

    async def _handle_rtcp_packet(self, packet: rtp.AnyRtcpPacket) -> None:
        if isinstance(packet, rtp.RtcpSrPacket) and self.source is not None:
            self.source.reported(
                packet.ssrc, SenderReport(packet.sender_info.ntp_timestamp, packet.sender_info.rtp_timestamp)
            )

    async def getStats(self) -> RTCStatsReport:  # noqa: N802
        """Sources count for themselves."""
        return RTCStatsReport()


class SinkSender(RTCRtpSender):
    """Stands in a transceiver where aiortc would encode: sends what a sink was given."""

    def __init__(self, kind: str, connection: ForwardingConnection, transport: RTCDtlsTransport) -> None:
        super().__init__(kind, transport)
        self.sink = Sink(is_video=kind == "video")
        self._connection = connection
        self._dtls = transport
        self._is_on = False

    def setTransport(self, transport: RTCDtlsTransport) -> None:  # noqa: N802
        """Bundling moves sections to the first one's transport."""
        super().setTransport(transport)
        self._dtls = transport

    async def send(self, parameters: RTCRtpSendParameters) -> None:
        """Start, once: what was negotiated is told to the sink."""
        if self._is_on:
            return
        self._is_on = True
        self._dtls._register_rtp_sender(self, parameters)
        ids = {extension.uri: extension.id for extension in parameters.headerExtensions}
        writer = HeaderWriter(
            parameters.muxId, ids.get(MID, 0), send_time_id=ids.get(SEND_TIME, 0), level_id=ids.get(AUDIO_LEVEL, 0)
        )
        media = parameters.codecs[0].payloadType or 0
        repair = next((c for c in parameters.codecs if is_rtx(c) and c.parameters.get("apt") == media), None)
        wire = self._connection.wire_of(self._dtls)
        self.sink.agree(
            writer, self._ssrc, media, None if repair is None else (self._rtx_ssrc, repair.payloadType or 0),
            parameters.rtcp.cname or "", wire.send, wire.send_rtcp,
        )  # fmt: skip

    async def stop(self) -> None:
        """Stop; the sink gets nothing any more."""
        self.sink.attach(None)
        if self._is_on:
            self._dtls._unregister_rtp_sender(self)

    async def _handle_rtcp_packet(self, packet: rtp.AnyRtcpPacket) -> None:
        if isinstance(packet, rtp.RtcpRtpfbPacket) and packet.fmt == rtp.RTCP_RTPFB_NACK:
            self.sink.repeat(packet.lost)
        elif isinstance(packet, rtp.RtcpPsfbPacket) and packet.fmt in {rtp.RTCP_PSFB_FIR, rtp.RTCP_PSFB_PLI}:
            self.sink.wants_keyframe()
        elif isinstance(packet, rtp.RtcpRrPacket | rtp.RtcpSrPacket):
            for report in packet.reports:
                if report.ssrc == self._ssrc:
                    self.sink.fraction_lost = report.fraction_lost

    async def getStats(self) -> RTCStatsReport:  # noqa: N802
        """Sinks count for themselves."""
        return RTCStatsReport()


class ForwardingConnection(RTCPeerConnection):
    """A connection whose transceivers forward."""

    def __init__(self, configuration: RTCConfiguration | None = None) -> None:
        super().__init__(configuration or RTCConfiguration(bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._wire: Wire | None = None
        self.lose: Callable[[], bool] | None = None

    def wire_of(self, transport: RTCDtlsTransport) -> Wire:
        """The one wire of this connection: its sections are bundled."""
        if self._wire is None:
            self._wire = Wire(transport)
            self._wire.lose = self.lose
        return self._wire

    async def close(self) -> None:
        """End it, and let go of what its wire calls."""
        if self._wire is not None:
            self._wire.close()
        await super().close()

    def _RTCPeerConnection__createTransceiver(  # noqa: N802
        self, direction: str, kind: str, sender_track: Any = None
    ) -> RTCRtpTransceiver:
        made: RTCRtpTransceiver = super()._RTCPeerConnection__createTransceiver(direction, kind, sender_track)  # type: ignore[misc]
        transport = made.receiver.transport
        sender, receiver = SinkSender(kind, self, transport), SourceReceiver(kind, self, transport)
        sender._stream_id = made.sender._stream_id
        receiver._set_rtcp_ssrc(sender._ssrc)
        made._RTCRtpTransceiver__sender = sender  # type: ignore[attr-defined]
        made._RTCRtpTransceiver__receiver = receiver  # type: ignore[attr-defined]
        return made


class ForwardingFabric:
    """Connections that hand encoded packets on."""

    def connect(self, configuration: RTCConfiguration) -> RTCPeerConnection:
        """A new connection."""
        return ForwardingConnection(configuration)

    def source(self, kind: Kind, section: RTCRtpTransceiver) -> Source:
        """What arrives in a section."""
        receiver = section.receiver
        assert isinstance(receiver, SourceReceiver)
        receiver.source = Source(kind)
        return receiver.source

    def attach(self, section: RTCRtpTransceiver, source: Source | None) -> None:
        """Send a source's stream in a section, or nothing."""
        sink_of(section).attach(source)

    def name_stream(self, section: RTCRtpTransceiver, stream: str) -> None:
        """Put a section's track into a stream: browsers keep the tracks of one stream in step."""
        section.sender._stream_id = stream


def sink_of(section: RTCRtpTransceiver) -> Sink:
    """What a section sends."""
    assert isinstance(section.sender, SinkSender)
    return section.sender.sink
