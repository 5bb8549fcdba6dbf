"""Instants that requests name: whether the room was there then."""

from __future__ import annotations

from msgspec import UnsetType

from persistence.interfaces import Micros, RoomRecord
from server.errors import RangeInvalid


def check_instant(at: Micros, room: RoomRecord) -> None:
    """[HI4] Whether a room was there at an instant; later ones than now are as now.

    Raises:
        RangeInvalid: It was not.
    """
    if at < room.created_at:
        raise RangeInvalid(f"The room was not there before the instant {room.created_at}.")


def past_instant(wanted: int | UnsetType, room: RoomRecord, now: Micros, what: str) -> Micros:
    """The instant that a body names, now by default.

    Args:
        what: Begins the sentence of the refusal: `A mark lies`.

    Raises:
        RangeInvalid: It does not lie between the room's beginning and now.
    """
    at = now if isinstance(wanted, UnsetType) else Micros(wanted)
    if not room.created_at <= at <= now:
        raise RangeInvalid(f"{what} between the room's beginning and now.")
    return at
