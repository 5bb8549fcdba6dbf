"""Lists that are asked for piece by piece: what a request may say of them, as JSON and as CSV."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar

from quart import Response, request

from crdt_docs.ids import RoomId
from persistence.interfaces import Concurrency, Micros, Sessions
from server.errors import MalformedRequest
from server.routes.spreadsheet import Cell, csv_response, wants_csv

MAX_LIMIT: Final = 1000
DEFAULT_LIMIT: Final = 100
MAX_POINTS: Final = 2000
"""Of concurrency, in one answer."""
DEFAULT_STEP: Final = 10 * 60 * 1_000_000
DEFAULT_SPAN: Final = 24 * 3600 * 1_000_000
LARGEST: Final = 2**53 - 1
"""Numbers up to here are the same in every JSON reader; as an instant it lies in the year 2255."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Piece(Generic[T]):
    """Rows of a list in its order, and what to ask for as `before` to get those behind them (None: these are all)."""

    rows: Sequence[T]
    next: int | None


ReadPiece = Callable[[int | None, int], Awaitable[Piece[T]]]
"""Reads at most (`limit`) rows behind a place (`before`; None: from the newest on)."""


def whole(name: str, default: int, *, least: int = 0, most: int = LARGEST) -> int:
    """A whole number of the query.

    Raises:
        MalformedRequest: It is none, or outside of the bounds.
    """
    text = request.args.get(name)
    if text is None:
        return default
    digits = text.removeprefix("-")
    if len(text) > 20 or not (digits.isascii() and digits.isdigit()) or not least <= int(text) <= most:
        raise MalformedRequest(f"{name} must be a whole number from {least} to {most}.")
    return int(text)


async def wanted_piece(read: ReadPiece[T]) -> Piece[T]:
    """[ST1] The piece that `before` and `limit` (1 to 1000, 100 by default) of the query ask for.

    Raises:
        MalformedRequest: They are no such numbers.
        StorageError: It cannot be read.
    """
    before = whole("before", -1) if "before" in request.args else None
    return await read(before, whole("limit", DEFAULT_LIMIT, least=1, most=MAX_LIMIT))


async def csv_list(
    name: str, columns: Sequence[str], read: ReadPiece[T], row: Callable[[T], Sequence[Cell]]
) -> Response | None:
    """[ST4] The whole list as CSV, or the piece that `before` and `limit` ask for; None when CSV is not wanted.

    Raises:
        MalformedRequest, StorageError: As `wanted_piece`.
    """
    if not wants_csv():
        return None
    if request.args.keys() & {"before", "limit"}:
        rows = list((await wanted_piece(read)).rows)
    else:
        rows = [row async for row in _all(read)]
    return csv_response(f"{name}.csv", columns, [row(each) for each in rows])


async def concurrency(sessions: Sessions, room: RoomId | None, now: Micros) -> list[Concurrency]:
    """[ST7] How many were here at once, in the steps that `since`, `until` and `step` of the query name, in
    microseconds: the last 24 hours in steps of ten minutes by default, 2000 steps at most.

    Raises:
        MalformedRequest: They name no such steps.
        StorageError: It cannot be read.
    """
    until = whole("until", now)
    since = whole("since", max(0, until - DEFAULT_SPAN))
    step = whole("step", DEFAULT_STEP, least=1)
    if until <= since or until - since > MAX_POINTS * step:
        raise MalformedRequest(f"since must lie before until, with at most {MAX_POINTS} steps between them.")
    return await sessions.concurrency(room, Micros(since), Micros(until), Micros(step))


def written(at: int | None) -> str | None:
    """An instant as spreadsheets read it: ISO 8601, UTC."""
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1_000_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def _all(read: ReadPiece[T]) -> AsyncIterator[T]:
    before: int | None = None
    while True:
        piece = await read(before, MAX_LIMIT)
        for row in piece.rows:
            yield row
        if piece.next is None:
            return
        before = piece.next
