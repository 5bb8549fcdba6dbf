"""Token buckets."""

from __future__ import annotations

import pytest

from server.auth.limits import MAX_KEYS, KeyedLimit, KeyedSlots, TokenBucket
from server.errors import RateLimited
from tests.server.clocks import StandingClock


def test_a_burst_passes_and_then_the_rate() -> None:
    """[LI1] None while there is some, else the seconds until there is."""
    clock = StandingClock()
    bucket = TokenBucket(10, 3, clock)

    assert [bucket.take() for _ in range(3)] == [None, None, None]
    assert bucket.take() == pytest.approx(0.1)
    clock.seconds += 0.11
    assert bucket.take() is None
    assert bucket.take() is not None


def test_idle_time_saves_up_no_more_than_the_burst() -> None:
    """[LI1] A bucket has a brim."""
    clock = StandingClock()
    bucket = TokenBucket(10, 3, clock)
    clock.seconds += 1000

    assert [bucket.take() is None for _ in range(4)] == [True, True, True, False]


def test_more_than_the_burst_passes_once_and_is_paid_off() -> None:
    """[LI2] One large thing is not refused for ever."""
    clock = StandingClock()
    bucket = TokenBucket(10, 5, clock)

    assert bucket.take(25) is None
    assert bucket.take() == pytest.approx(2.1)


def test_keys_do_not_pay_for_each_other_and_are_bounded() -> None:
    """[LI3] One bucket a key; the least used is forgotten."""
    limit = KeyedLimit(0.001, 1, StandingClock())
    limit.take("first")
    with pytest.raises(RateLimited) as refused:
        limit.take("first")
    assert refused.value.retry_after is not None

    for number in range(MAX_KEYS):
        limit.take(str(number))
    limit.take("first")


def test_only_so_many_run_at_once() -> None:
    """[LI5] For each key; what ends, however it does, makes room; keys that rest are forgotten."""
    slots = KeyedSlots(2)
    with slots.one("ann"), pytest.raises(ZeroDivisionError):  # noqa: SIM117
        with slots.one("ann"):
            with pytest.raises(RateLimited) as refused, slots.one("ann"):
                pass
            with slots.one("bob"):
                pass
            raise ZeroDivisionError

    assert refused.value.retry_after is not None
    assert (slots.running("ann"), slots.running("bob")) == (0, 0)
    with slots.one("ann"), slots.one("ann"):
        assert slots.running("ann") == 2
