"""Frames out of packets, whatever the network does to them."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from persistence.interfaces import Micros
from server.media.recording.frames import Codec, FrameBuilder
from server.media.recording.stream_clock import StreamClock
from tests.server.media.samples import Sent, encoded, packets_of, voice

NOW = Micros(10**15)
VIDEO: tuple[Codec, ...] = ("VP8", "H264")


@pytest.mark.parametrize("codec", VIDEO)
@pytest.mark.parametrize("first", [0, 65_500])
def test_frames_come_out_as_they_were_sent(codec: Codec, first: int) -> None:
    """[RC1] Also across the wrap of sequence numbers; twice and shuffled within the window."""
    builder, rng = FrameBuilder(codec), random.Random(5)
    frames = list(packets_of(codec, first=first))
    packets = [packet for frame in frames for packet in frame]
    shuffled = packets[:1] + sorted(
        packets[1:], key=lambda p: ((p.sequence_number - first) & 0xFFFF) + rng.uniform(0, 9)
    )

    built = [frame for packet in shuffled for frame in [*builder.push(packet, NOW), *builder.push(packet, NOW)]]

    assert len(built) >= len(encoded(codec)) - 5
    assert not any(frame.after_loss for frame in built)
    assert [frame.is_key for frame in built[:61]] == [index % 30 == 0 for index in range(61)]
    if codec == "VP8":
        assert tuple(frame.data for frame in built) == encoded(codec)[: len(built)]


@pytest.mark.parametrize("codec", VIDEO)
@pytest.mark.parametrize("which", [0, -1])
def test_a_frame_with_a_gap_never_comes_out(codec: Codec, which: int) -> None:
    """[RC1] [RC2] The first or the last packet of a frame is lost: the next one tells so."""
    builder = FrameBuilder(codec)
    frames = list(packets_of(codec, frames=150))
    broken = next(index for index in range(20, 29) if len(frames[index]) > 1 or which == -1)
    del frames[broken][which]

    built = [frame for sent in frames for packet in sent for frame in builder.push(packet, NOW)]

    times = [frame.timestamp for frame in built]
    assert broken * 3000 not in times
    [told] = [frame.timestamp for frame in built if frame.after_loss]
    sure = codec == "VP8" or which == 0  # where an H264 frame begins is not, if the packet before it is missing
    assert told == (broken + (1 if sure else 2)) * 3000


def test_nothing_waits_long_for_what_is_missing() -> None:
    """[RC2] After half a second a packet is given up, however few have come since."""
    builder = FrameBuilder("opus")
    sent = [Sent(n, n * 960, 1, data) for n, data in enumerate(voice()) if n != 5]
    built = [frame for n, packet in enumerate(sent) for frame in builder.push(packet, Micros(NOW + n * 200_000))]
    assert [frame.timestamp // 960 for frame in built] == [n for n in range(150) if n != 5]
    assert list(builder.push(Sent(152, 0, 1, b"x"), NOW)) == []
    assert [frame.data for frame in builder.flush()] == [b"x"]


def test_a_sender_that_begins_anew_is_followed() -> None:
    """[RC2] Sequence numbers that jump back or ahead are a loss, not an end."""
    for jump in (20_000, 50_000):
        builder = FrameBuilder("opus")
        sent = [Sent(n, n * 960, 1, data) for n, data in enumerate(voice())]
        sent += [Sent((jump + n) & 0xFFFF, n * 960, 1, data) for n, data in enumerate(voice() * 2)]
        built = [frame for packet in sent for frame in builder.push(packet, NOW)]
        assert len(built) >= len(sent) - 100
        assert sum(frame.after_loss for frame in built) == 1


def test_garbage_is_a_loss() -> None:
    """[RC1] What is no payload of the codec never raises."""
    rng = random.Random(7)
    for codec in VIDEO:
        builder = FrameBuilder(codec)
        for n in range(5000):
            payload = rng.randbytes(rng.randrange(6))
            list(builder.push(Sent(n & 0xFFFF, rng.randrange(3) * 3000, rng.randrange(2), payload), NOW))


def test_timestamps_wrap_and_arrivals_jitter() -> None:
    """[RC3] What lies between frames is what their timestamps say."""
    clock, rng = StreamClock(90_000), random.Random(3)
    begin = (1 << 32) - 90_000 * 2
    instants = []
    for n in range(300):
        arrival = Micros(10**15 + n * 33_333 + rng.randrange(0, 50_000) * (n > 0))
        instants.append(clock.instant((begin + n * 3000) & 0xFFFFFFFF, arrival))
    steps = [after - before for before, after in pairwise(instants)]
    assert all(abs(step - 33_333) < 100 for step in steps)


def test_a_clock_that_drifts_is_followed() -> None:
    """[RC4] A sender's clock runs 200 ppm too slow or too fast for an hour: the error stays below 20 ms."""
    for drift in (-200e-6, 200e-6):
        clock, rng = StreamClock(48_000), random.Random(2)
        for n in range(0, 3600 * 50, 5):
            true = n * 20_000
            arrival = Micros(10**15 + true + rng.randrange(0, 30_000) * (n > 0))
            told = clock.instant(round(n * 960 * (1 + drift)) & 0xFFFFFFFF, arrival)
            assert abs(told - 10**15 - true) < 20_000


def test_a_clock_that_jumps_begins_anew() -> None:
    """[RC4] After a jump frames happen when they arrive."""
    clock = StreamClock(90_000)
    clock.instant(0, Micros(10**15))
    assert clock.instant(123_456_789, Micros(10**15 + 40_000)) == 10**15 + 40_000
