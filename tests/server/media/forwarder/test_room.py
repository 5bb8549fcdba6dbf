"""A call through the forwarder: what one publishes is what the others get."""

from __future__ import annotations

import pytest

from server.media.forwarder.packets import is_key_vp8
from server.media.messages import Offered
from tests.server.media.forwarder.pages import open_call


async def test_three_subscribers_get_the_same_payloads_bit_for_bit_from_a_keyframe_on() -> None:
    """[FW2] [FW3] [FW8] What arrives is what was sent, under other headers, and video begins at a keyframe."""
    async with open_call() as call:
        ada = call.join("ada", "mic", "camera")
        readers = [call.join(name) for name in ("bob", "cy", "dee")]
        for reader in readers:
            await reader.until(lambda reader=reader: len(reader.packets_of("ada", "camera")) > 60)
            await reader.until(lambda reader=reader: len(reader.packets_of("ada", "mic")) > 20)

        for reader in readers:
            for kind, media in (("mic", "audio"), ("camera", "video")):
                sent = {p.payload: p for p in ada.sent[media]}
                got = reader.packets_of("ada", kind)
                assert [p.payload for p in got if p.payload not in sent] == []
                assert {p.ssrc for p in got}.isdisjoint({p.ssrc for p in ada.sent[media]})
                numbers = [p.sequence_number for p in got]
                assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            assert is_key_vp8(reader.packets_of("ada", "camera")[0].payload)


async def test_who_joins_and_leaves_reuses_sections() -> None:
    """[FW11] The slot of who left carries who comes next, without another offer."""
    async with open_call() as call:
        bob = call.join("bob")
        call.join("ada", "mic", "camera")
        await bob.until(lambda: len(bob.packets_of("ada", "camera")) > 5)
        mids, offers = sorted(bob.sections), sum(isinstance(e, Offered) and e.session == "bob" for e in call.events)
        await call.leave("ada")
        await bob.until(lambda: not bob.sections)

        call.join("cy", "mic", "camera")
        await bob.until(lambda: bool(bob.mids_of("cy", "camera")))
        seen = len(bob.packets_of("cy", "camera"))
        await bob.until(lambda: len(bob.packets_of("cy", "camera")) > seen + 5)

        assert sorted(bob.sections) == mids
        assert sum(isinstance(e, Offered) and e.session == "bob" for e in call.events) == offers
        numbers = [p.sequence_number for p in bob.packets_of("cy", "camera")]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


@pytest.mark.parametrize("kind", ["camera", "mic"])
async def test_a_track_stops_when_its_right_is_taken(kind: str) -> None:
    """[FW9] Nothing that may not be sent gets through, from the next packet on, and it comes back with the right."""
    async with open_call() as call:
        ada = call.join("ada", "mic", "camera")
        bob = call.join("bob")
        await bob.until(lambda: min(len(bob.packets_of("ada", k)) for k in ("mic", "camera")) > 5)

        call.room.allow("ada", [other for other in ("mic", "camera") if other != kind])
        source = call.room.participants["ada"].publication.sources[kind]  # type: ignore[union-attr, index]
        refused, received = source.refused, source.received
        await ada.until(lambda: source.refused > refused + 10)
        assert source.received == received

        call.room.allow("ada", ["mic", "camera"])
        before = len(bob.packets_of("ada", kind))
        await bob.until(lambda: len(bob.packets_of("ada", kind)) > before + 5)


async def test_what_may_never_be_sent_is_never_seen() -> None:
    """[FW9] A page that sends without the right is heard by nobody."""
    async with open_call() as call:
        ada = call.join("ada", "mic", "camera", may=("mic",))
        bob = call.join("bob")
        await bob.until(lambda: len(bob.packets_of("ada", "mic")) > 20)
        await ada.until(lambda: call.room.participants["ada"].publication.sources["camera"].refused > 5)  # type: ignore[union-attr]

        assert bob.packets_of("ada", "camera") == []
