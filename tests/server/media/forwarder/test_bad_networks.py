"""What networks and strangers do to a call."""

from __future__ import annotations

import asyncio
import gc
import random
import tracemalloc

import pytest

from server.media.forwarder import peer as peers
from server.media.forwarder.losses import WINDOW
from server.media.forwarder.peer import Ice, Publication, Refused
from server.media.forwarder.private import ForwardingFabric, sink_of
from server.media.forwarder.room import CallRoom
from server.media.messages import MAX_FRESH_LINKS, Event, Offered, SessionGone
from tests.server.media.forwarder.pages import Page, open_call

SEED = 20261124


def _loss(seed: int) -> object:
    dice = random.Random(seed)
    return lambda: dice.random() < 0.05


async def test_a_video_survives_five_percent_loss_each_way_between_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """[FW4] NACK and RTX bring back what four lossy paths lose.

    The publisher keeps as many packets as the forwarder asks for, as browsers do: aiortc's 128 are less than half a
    second of this video, so that a busy machine would decide.
    """
    print("seed", SEED)
    monkeypatch.setattr("aiortc.rtcrtpsender.RTP_HISTORY_SIZE", WINDOW)
    async with open_call() as call:
        ada = call.join("ada", "camera", lose=_loss(SEED))
        bob = call.join("bob", lose=_loss(SEED + 1))
        await bob.until(lambda: len(bob.packets_of("ada", "camera")) > 5)
        await bob.until(lambda: len(bob.packets_of("ada", "camera")) > 600)

        source = call.room.participants["ada"].publication.sources["camera"]  # type: ignore[union-attr]
        sink = sink_of(call.room.participants["bob"].subscription.connection.getTransceivers()[1])  # type: ignore[union-attr]
        missing = _missing(bob)
        sent = len(ada.sent["video"])
        print("sent", sent, "repaired up", source.repaired, "down", sink.repeated, "missing", len(missing))
        assert source.repaired > 0
        assert sink.repeated > 0
        assert source._losses.given_up <= 3
        assert len(missing) <= 0.005 * 600


def _missing(page: Page) -> set[int]:
    """Numbers that never came, neither by themselves nor again; the last 40 may be on their way."""
    numbers = [p.sequence_number for p in page.packets_of("ada", "camera")]
    (mid,) = page.mids_of("ada", "camera")
    again = {int.from_bytes(p.payload[:2], "big") for p in page.got[mid] if p.payload_type == 98}
    seen = set(numbers) | again
    return set(range(numbers[0], max(numbers) - 40)) - seen


async def test_a_page_that_never_answers_disturbs_nobody_and_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """[FW14] Its connections are made anew some times; then it has to go."""
    monkeypatch.setattr(peers, "ANSWER_SECONDS", 0.05)
    async with open_call() as call:
        silent = call.join("silent")
        silent.answers = False
        await silent.until(lambda: silent.is_gone)
        links = [e.link for e in call.events if isinstance(e, Offered) and e.session == "silent"]
        assert max(links) <= MAX_FRESH_LINKS + 1
        assert "silent" not in call.room.participants


@pytest.mark.parametrize(
    "sdp", ["", "v=0", "garbage\r\n" * 100, "v=0\r\nm=audio 9 X 1\r\na=mid:" + "9" * 99, "x" * 70_000]
)
async def test_an_answer_that_cannot_be_read_is_refused(sdp: str) -> None:
    """[FW10] Refused with a reason; the offer still waits, and a proper answer is taken."""
    async with open_call() as call:
        ada = call.join("ada", "mic")
        ada.answers = False
        await ada.until(lambda: any(isinstance(e, Offered) for e in call.events))
        call.room.answer("ada", "publish", 1, sdp)
        call.room.answer("ada", "publish", 7, sdp)
        await ada.until(lambda: len(ada.refused) == 1)
        assert call.room.participants["ada"].publication.waits  # type: ignore[union-attr]


async def test_candidates_are_few_and_well_formed() -> None:
    """[FW10] A thousand of them are refused."""
    publication = Publication(ForwardingFabric(), Ice(), 1, lambda: None)
    try:
        await publication.offer()
        with pytest.raises(Refused):
            for number in range(1000):
                await publication.candidate(f"candidate:{number} 1 udp 1 192.0.2.1 {number + 1} typ host")
    finally:
        await publication.close()


async def test_a_page_without_a_lease_is_gone() -> None:
    """[FW13] Nobody renews it: its slots are free again."""
    now = [0.0]
    events: list[Event] = []
    room = CallRoom("room", ForwardingFabric(), Ice(), events.append, clock=lambda: now[0])
    room.join("ada", ["mic"])
    now[0] = 14.0
    room.tick()
    assert "ada" in room.participants
    now[0] = 15.1
    room.tick()
    assert [e.session for e in events if isinstance(e, SessionGone)] == ["ada"]
    await room.close()


async def test_joining_and_leaving_two_hundred_times_leaves_nothing_behind() -> None:
    """[FW11] Neither memory nor tasks nor connections grow with those who were here."""
    async with open_call() as call:
        bob = call.join("bob", "mic")
        await _come_and_go(call, 20)
        gc.collect()
        tracemalloc.start()
        tasks = len(asyncio.all_tasks())
        try:
            await _come_and_go(call, 10)
            gc.collect()
            before = tracemalloc.take_snapshot()
            first = sum(s.size for s in before.statistics("filename") if "/server/media/" in s.traceback[0].filename)
            await _come_and_go(call, 170)
            gc.collect()
            after = tracemalloc.take_snapshot()
            last = sum(s.size for s in after.statistics("filename") if "/server/media/" in s.traceback[0].filename)
        finally:
            tracemalloc.stop()
        print("bytes before", first, "after", last)
        assert last - first < 100_000
        assert len(call.room._tasks) == 0
        assert len(asyncio.all_tasks()) <= tasks + 5
        assert list(call.room.participants) == ["bob"]
        assert len(call.room.participants["bob"].subscription.slots) <= 2  # type: ignore[union-attr]
        assert not bob.is_gone


async def _come_and_go(call: object, times: int) -> None:
    room = call.room  # type: ignore[attr-defined]
    for number in range(times):
        call.events.clear()  # type: ignore[attr-defined]
        room.join(f"guest-{number}", ["mic", "camera"])
        while room._tasks:
            await asyncio.wait(room._tasks)
        room.leave(f"guest-{number}")
        while room._tasks:
            await asyncio.wait(room._tasks)
