"""Without the private names: slower, but a call."""

from __future__ import annotations

import pytest
from aiortc.rtcrtptransceiver import RTCRtpTransceiver

from server.media.forwarder import private
from server.media.forwarder.relaying import RelayingFabric
from tests.server.media.forwarder.pages import open_call


def test_every_private_name_is_there_in_the_pinned_versions() -> None:
    """[FW12] aiortc 1.16 and aioice 0.13 have what the forwarder relies on."""
    assert private.missing_names() == []


def test_a_name_that_is_gone_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """[FW12] A method of a class, or an attribute that instances get."""
    monkeypatch.delattr(private.RTCDtlsTransport, "_register_rtp_sender")
    monkeypatch.setattr(private, "_SET_NAMES", ((RTCRtpTransceiver, ("self.__sinker",)),))
    assert private.missing_names() == ["RTCDtlsTransport._register_rtp_sender", "RTCRtpTransceiver: self.__sinker"]


async def test_streams_reach_subscribers_by_stock_relays_while_they_are_allowed() -> None:
    """[FW12] [FW9] Decoded and encoded, but with the same rights."""
    async with open_call(RelayingFabric()) as call:
        call.join("ada", "camera")
        bob = call.join("bob")
        await bob.until(lambda: len(bob.packets_of("ada", "camera")) > 20)

        call.room.allow("ada", ["mic"])
        source = call.room.participants["ada"].publication.sources["camera"]  # type: ignore[union-attr]
        read = source.received
        await bob.until(lambda: source.received > read + 5)
        before = len(bob.packets_of("ada", "camera"))
        await bob.until(lambda: source.received > read + 20)
        assert len(bob.packets_of("ada", "camera")) == before
