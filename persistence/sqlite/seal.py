"""Sealing rows of a log and opening them again. Blocks.

A segment holds `MAX_ROWS` rows, or ends with the row that brings it to `MAX_BYTES`; fewer only where the next row is
sealed already, or where one was opened. The last row of a log is never sealed: what is appended chains to it. Nor are
those up to the last one that history was thinned out to: they are few.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import closing, suppress
from typing import Final
from zlib import crc32

from persistence.interfaces import ACTIVITY_SLOT
from persistence.segment import Segment, StoredRow, encode
from persistence.sqlite.connection import Statement
from persistence.sqlite.segments import STORED, link_before, load, next_span, one_view, spans

MAX_ROWS: Final = 2048
MAX_BYTES: Final = 512 * 1024

_EXTENT: Final = """
SELECT min(seq), max(seq) FROM updates WHERE document = :number
    AND seq > (SELECT coalesce(max(last), 0) FROM checkpoints WHERE document = :number)
"""
_ROWS: Final = f"SELECT {STORED} FROM updates WHERE document = ? AND seq BETWEEN ? AND ? ORDER BY seq"  # noqa: S608
_DELETE: Final = "DELETE FROM updates WHERE document = ? AND seq BETWEEN ? AND ?"
_INSERT: Final = "INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_READ_BACK: Final = "SELECT bytes FROM segments WHERE document = ? AND last = ?"
_OPEN: Final = f"INSERT INTO updates (document, {STORED}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_UNCOUNT: Final = f"""
UPDATE activity SET rows = rows - 1 WHERE document = ? AND slot = ? / {ACTIVITY_SLOT} AND user = ?
"""  # noqa: S608
_REMOVE: Final = "DELETE FROM segments WHERE document = ? AND last = ?"


class NotSealable(Exception):
    """The rows would not come back as they are: one is damaged, or the chain does not hold."""


def seal_first(connection: sqlite3.Connection, number: int, until: int, before: int) -> int:
    """Seal the first open rows of a log, if those up to the seq `until` and before the instant `before` fill a segment.

    They are packed and read back first; the transaction that follows only looks whether they are still the same.

    Returns:
        How many rows were sealed; 0 when none are due.

    Raises:
        NotSealable: Nothing was changed.
        sqlite3.Error: Nothing was changed.
    """
    with one_view(connection):
        rows = _first_rows(connection, number, until, before)
        link = link_before(connection, number, rows[0][0]) if rows else None
    if not rows:
        return 0
    segment = _packed(link, rows)
    return len(rows) if _exchange(connection, number, rows, segment) else 0


def _first_rows(connection: sqlite3.Connection, number: int, until: int, before: int) -> list[StoredRow]:
    """The rows of the next segment; none when they do not fill one."""
    first, head = connection.execute(_EXTENT, {"number": number}).fetchone()
    if first is None:
        return []
    behind = next_span(connection, number, first)
    last = min(until, head - 1) if behind is None else min(until, head - 1, behind.first - 1)
    rows: list[StoredRow] = []
    size = 0
    with closing(connection.execute(_ROWS, (number, first, last))) as found:
        for row in found:
            if row[0] != first + len(rows) or row[1] >= before:
                break
            rows.append(row)
            size += len(row[-1])
            if len(rows) >= MAX_ROWS or size >= MAX_BYTES:
                return rows
    closes_gap = behind is not None and rows and rows[-1][0] == behind.first - 1
    return rows if closes_gap else []


def _packed(link: bytes | None, rows: list[StoredRow]) -> bytes:
    """The rows as a segment that gives exactly them.

    Raises:
        NotSealable: None does.
    """
    if link is None:
        raise NotSealable(f"the row before {rows[0][0]} is missing")
    try:
        sealed = encode(link, rows)
        same = list(Segment(sealed).stored()) == rows
    except (ValueError, OverflowError) as exc:
        raise NotSealable(f"the rows {rows[0][0]} to {rows[-1][0]} cannot be sealed: {exc}") from exc
    if not same:
        raise NotSealable(f"one of the rows {rows[0][0]} to {rows[-1][0]} is not what it was")
    return sealed


def _exchange(connection: sqlite3.Connection, number: int, rows: list[StoredRow], sealed: bytes) -> bool:
    """Put the segment in the rows' place, in one transaction; False when they were changed meanwhile."""
    first, last = rows[0], rows[-1]
    place = (number, first[0], last[0])
    times = [row[1] for row in rows]
    size = sum(len(row[-1]) for row in rows)
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.execute(_ROWS, place).fetchall() != rows:
            return False
        told = (*place, min(times), max(times), size, crc32(sealed), last[6], sealed)
        connection.execute(_INSERT, told)
        if connection.execute(_READ_BACK, (number, last[0])).fetchone() != (sealed,):
            raise NotSealable("the segment was not written as it is")
        connection.execute(_DELETE, place)
        connection.execute("COMMIT")
        return True
    finally:
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")


def opening(connection: sqlite3.Connection, number: int, places: Sequence[tuple[int, int]]) -> list[Statement]:
    """What puts the rows of the segments that hold one of these back into `updates`.

    To be planned and run in one transaction, before what rewrites the rows. They were counted when they were appended,
    so what the trigger counts now is taken off again.

    Args:
        places: First and last seq of the rows, in rising order.

    Raises:
        SegmentCorrupt: A segment cannot be read.
    """
    statements: list[Statement] = []
    lasts = [last for _, last in places]
    for span in spans(connection, number, places[0][0] - 1, lasts[-1]) if places else ():
        if places[bisect_left(lasts, span.first)][0] > span.last:
            continue
        rows = list(load(connection, number, span).stored(0, span.last))
        statements += [
            (_OPEN, [(number, *row) for row in rows]),
            (_UNCOUNT, [(number, row[1], row[2]) for row in rows]),
            (_REMOVE, [(number, span.last)]),
        ]
    return statements
