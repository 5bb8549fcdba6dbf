"""The rows of a log as one, whether they lie open in `updates` or sealed in `segments`. Blocks; needs no decompression
but of the segments that are asked for, one at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar
from zlib import crc32

from persistence import chain
from persistence.errors import SegmentCorrupt
from persistence.segment import PlainRow, Segment, SegmentDamaged, StoredRow

PAGE_ROWS: Final = 512
PAGE_BYTES: Final = 1024 * 1024
"""A page of open rows ends with the row that reaches one of these; one of sealed rows with its segment."""

STORED: Final = "seq, at, user, session, checksum, salt, link, commitment, bytes"
_PLAIN: Final = "seq, at, user, session, checksum, first, bytes"
_ROWS: Final = "SELECT {} FROM updates WHERE document = ? AND seq > ? AND seq <= ? ORDER BY seq"
_SPANS: Final = "SELECT first, last, first_at, last_at, size FROM segments WHERE document = ?"
_SEALED: Final = "SELECT first_at, last_at, size, checksum, link, bytes FROM segments WHERE document = ? AND last = ?"
_GENESIS: Final = "SELECT coalesce(origin, room), name FROM documents WHERE id = ?"

Row = TypeVar("Row", bound=tuple[Any, ...])
_Unseal: TypeAlias = "Callable[[Sealed, int, int], Iterable[Row]]"


@dataclass(frozen=True, slots=True)
class Span:
    """What is known of a segment without reading it."""

    first: int
    last: int
    first_at: int
    last_at: int
    size: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """A segment that was read, and the link of its last row as it is kept."""

    segment: Segment
    link: bytes

    def plain(self, after: int, until: int) -> Iterator[PlainRow]:
        """The rows with `after` < seq ≤ `until`, without what chains them."""
        return self.segment.rows(after, until)

    def stored(self, after: int, until: int) -> Iterator[StoredRow]:
        """The same as they were kept: a chain that does not lead to the link shows in the segment's last one."""
        last = self.segment.last
        for row in self.segment.stored():
            if after < row[0] <= until:
                yield row if row[0] < last else (*row[:6], self.link, *row[7:])


@contextmanager
def one_view(connection: sqlite3.Connection) -> Iterator[None]:
    """See the database as it is at one instant: else rows could be sealed between two looks, and missed by both."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def stored_rows(connection: sqlite3.Connection, number: int, after: int, until: int) -> Iterator[StoredRow]:
    """The rows with `after` < seq ≤ `until`. No read transaction stays open between pages: a slow reader would keep the
    write-ahead log from being cut.

    Raises:
        SegmentCorrupt: Sealed rows cannot be read.
    """
    while page := _page(connection, STORED, Sealed.stored, number, after, until):
        yield from page
        after = page[-1][0]


def plain_page(connection: sqlite3.Connection, number: int, after: int, until: int) -> list[PlainRow]:
    """The first of the rows with `after` < seq ≤ `until`, without what chains them; none only if there are none.

    Raises:
        SegmentCorrupt: Sealed rows cannot be read.
    """
    return _page(connection, _PLAIN, Sealed.plain, number, after, until)


def _page(
    connection: sqlite3.Connection, columns: str, unseal: _Unseal[Row], number: int, after: int, until: int
) -> list[Row]:
    if after >= until:
        return []
    with one_view(connection):
        span = next_span(connection, number, after)
        page = _open_page(connection, columns, number, after, until if span is None else min(until, span.first - 1))
        if page or span is None or span.first > until:
            return page
        sealed = load(connection, number, span)
    return list(unseal(sealed, after, until))


def _open_page(connection: sqlite3.Connection, columns: str, number: int, after: int, until: int) -> list[Any]:
    page: list[Any] = []
    size = 0
    with closing(connection.execute(_ROWS.format(columns), (number, after, until))) as rows:
        for row in rows:
            page.append(row)
            size += len(row[-1])
            if size >= PAGE_BYTES or len(page) >= PAGE_ROWS:
                break
    return page


def next_span(connection: sqlite3.Connection, number: int, after: int) -> Span | None:
    """The first segment that ends behind the row `after`."""
    found = connection.execute(f"{_SPANS} AND last > ? ORDER BY last LIMIT 1", (number, after)).fetchone()
    return Span(*found) if found is not None else None


def spans(connection: sqlite3.Connection, number: int, after: int, until: int) -> list[Span]:
    """The segments with a row of `after` < seq ≤ `until`, in their order."""
    query = f"{_SPANS} AND last > ? AND first <= ? ORDER BY last"
    return [Span(*found) for found in connection.execute(query, (number, after, until))]


def load(connection: sqlite3.Connection, number: int, span: Span) -> Sealed:
    """Read a segment.

    Raises:
        SegmentCorrupt: It is not what it was, or says of itself what is not so.
    """
    first_at, last_at, size, checksum, link, sealed = connection.execute(_SEALED, (number, span.last)).fetchone()
    if crc32(sealed) != checksum:
        raise SegmentCorrupt(span.first, span.last, "their checksum is another one")
    try:
        segment = Segment(sealed)
    except SegmentDamaged as exc:
        raise SegmentCorrupt(span.first, span.last, f"{exc}") from exc
    told = (span.first, span.last, first_at, last_at, size)
    if told != (segment.first, segment.last, min(segment.times), max(segment.times), segment.size):
        raise SegmentCorrupt(span.first, span.last, "others lie there than are told")
    return Sealed(segment, link)


def link_before(connection: sqlite3.Connection, number: int, seq: int) -> bytes | None:
    """The link that the row `seq` is chained to; None when the row before it is not there."""
    if seq == 1:
        return chain.genesis(*connection.execute(_GENESIS, (number,)).fetchone())
    place = {"number": number, "before": seq - 1}
    found = connection.execute(
        "SELECT link FROM updates WHERE document = :number AND seq = :before "
        "UNION ALL SELECT link FROM segments WHERE document = :number AND last = :before",
        place,
    ).fetchone()
    return None if found is None else bytes(found[0])
