"""Who stands before the door of one room, since when, and the socket through which he is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from crdt_docs.ids import UserId
from server.errors import RoomFull
from server.signaling.messages import Knocker, ServerMessage

MAX_KNOCKERS = 100
"""People who may wait before one room; more are told to come back later."""
MAX_EARS = 8
"""Pages with which one person may wait."""


class Ear(Protocol):
    """What a knocker hears with."""

    def tell(self, message: ServerMessage) -> None: ...
    def end(self, error: Exception) -> None: ...


@dataclass(frozen=True, slots=True)
class _Waiting:
    knocker: Knocker
    ears: list[Ear]


class Lobby:
    """A person knocks once, however many of his pages wait."""

    def __init__(self) -> None:
        self._waiting: dict[UserId, _Waiting] = {}

    @property
    def knockers(self) -> tuple[Knocker, ...]:
        """Everybody who waits, in the order in which they came."""
        return tuple(each.knocker for each in self._waiting.values())

    def knock(self, knocker: Knocker, ear: Ear) -> bool:
        """[LO1] Wait with this ear; False when the person waited already.

        Raises:
            RoomFull: Too many wait.
        """
        known = self._waiting.get(knocker.sub)
        if known is not None and len(known.ears) < MAX_EARS:
            known.ears.append(ear)
            return False
        if known is not None or len(self._waiting) >= MAX_KNOCKERS:
            raise RoomFull("Too many people wait before this room.")
        self._waiting[knocker.sub] = _Waiting(knocker, [ear])
        return True

    def leave(self, user: UserId, ear: Ear) -> bool:
        """[LO2] Wait no longer with this ear; True when it was the person's last one."""
        known = self._waiting.get(user)
        if known is None or ear not in known.ears:
            return False
        known.ears.remove(ear)
        if known.ears:
            return False
        del self._waiting[user]
        return True

    def find(self, user: UserId) -> Knocker | None:
        """The person, if he waits."""
        known = self._waiting.get(user)
        return known.knocker if known is not None else None

    def answer(self, user: UserId, message: ServerMessage, end: Exception | None = None) -> None:
        """[LO3] Tell a person what became of his knocking, after which he does not wait any more."""
        known = self._waiting.pop(user, None)
        for ear in known.ears if known is not None else ():
            ear.tell(message)
            if end is not None:
                ear.end(end)

    def tell_all(self, message: ServerMessage) -> None:
        """Tell everybody who waits."""
        for each in self._waiting.values():
            for ear in each.ears:
                ear.tell(message)

    def end_all(self, error: Exception) -> None:
        """The room is no more."""
        for each in self._waiting.values():
            for ear in each.ears:
                ear.end(error)
