"""What is still to be delivered: bounded, in order within a room, decided on plain values without any waiting."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Delivery:
    """One event on its way. `lane` is what keeps its order: a room, or "" for the whole installation."""

    number: int
    """Rises with each event."""
    id: str
    kind: str
    lane: str
    body: bytes
    attempts: int = 0


@dataclass(slots=True)
class _Lane:
    waiting: deque[Delivery] = field(default_factory=deque)
    due: float = 0.0
    out: Delivery | None = None


class DeliveryQueue:
    """Holds deliveries until they have ended. Of a lane only the first is ever out, and it stays first until then.

    Times are seconds of any one clock.
    """

    def __init__(self, size: int) -> None:
        """Args: size: How many deliveries are held at most, those that are out among them."""
        self._size = size
        self._count = 0
        self._lanes: dict[str, _Lane] = {}

    def __len__(self) -> int:
        return self._count

    def put(self, delivery: Delivery) -> Delivery | None:
        """[WH1] Hold one more. When that is one too many, the oldest that is not out is given up and returned."""
        self._lanes.setdefault(delivery.lane, _Lane()).waiting.append(delivery)
        self._count += 1
        return self._drop_oldest() if self._count > self._size else None

    def take(self, now: float) -> Delivery | None:
        """[WH2] The oldest that may go out now; it is out until `finish` or `put_back`."""
        free = [lane for lane in self._lanes.values() if lane.out is None and lane.due <= now]
        if not free:
            return None
        lane = min(free, key=lambda each: each.waiting[0].number)
        lane.out = lane.waiting.popleft()
        return lane.out

    def finish(self, delivery: Delivery) -> None:
        """It has ended, well or not; the next of its lane may go."""
        lane = self._lanes[delivery.lane]
        lane.out, lane.due = None, 0.0
        self._count -= 1
        if not lane.waiting:
            del self._lanes[delivery.lane]

    def put_back(self, delivery: Delivery, due: float) -> None:
        """It was out in vain: nothing of its lane goes out before `due`, and then this one first."""
        lane = self._lanes[delivery.lane]
        lane.out, lane.due = None, due
        lane.waiting.appendleft(delivery)

    def next_due(self) -> float | None:
        """When something may go out, should nothing else happen; None while nothing waits for the time."""
        return min((lane.due for lane in self._lanes.values() if lane.out is None), default=None)

    def hurry(self) -> None:
        """Let nothing wait for the time any more."""
        for lane in self._lanes.values():
            lane.due = 0.0

    def _drop_oldest(self) -> Delivery:
        lane = min((each for each in self._lanes.values() if each.waiting), key=lambda each: each.waiting[0].number)
        dropped = lane.waiting.popleft()
        self._count -= 1
        if lane.out is None:
            lane.due = 0.0
            if not lane.waiting:
                del self._lanes[dropped.lane]
        return dropped
