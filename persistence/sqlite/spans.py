"""What is asked of many rows of a log at once, open and sealed ones together: instants, counts, sizes. Blocks.

Each is to be asked in one view of the database (`segments.one_view`).
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from itertools import count

from persistence.sqlite.segments import load, spans

_MOMENT = """
SELECT at, seq FROM updates WHERE document = ? AND at <= ? ORDER BY at DESC, seq DESC LIMIT 1
"""
_ACTIVITY = """
SELECT (at - :since) / :step AS step, user, count(*) FROM updates
WHERE document = :number AND at >= :since AND at < :until GROUP BY step, user
"""
_COUNTED = """
SELECT count(*), coalesce(sum(length(bytes)), 0) FROM updates WHERE document = ? AND seq > ? AND seq <= ?
"""
_LAST = (1 << 63) - 1


def moment(connection: sqlite3.Connection, number: int, at: int) -> tuple[int, int] | None:
    """Seq and instant of the last row at or before an instant, the highest seq of several.

    Instants need not rise with the seqs, so segments are looked through from the one that may hold the latest on.
    """
    found: tuple[int, int] | None = connection.execute(_MOMENT, (number, at)).fetchone()
    may_hold = [(min(span.last_at, at), span.last, span) for span in spans(connection, number, 0, _LAST)]
    for latest, last, span in sorted(may_hold, key=lambda each: each[:2], reverse=True):
        if span.first_at > at:
            continue
        if found is not None and (latest, last) <= found:
            break
        segment = load(connection, number, span).segment
        inside = max((instant, seq) for instant, seq in zip(segment.times, count(segment.first)) if instant <= at)
        found = inside if found is None else max(found, inside)
    return None if found is None else (found[1], found[0])


def activity(
    connection: sqlite3.Connection, number: int, since: int, until: int, step: int
) -> list[tuple[str, int, int]]:
    """User, step and rows of each step in [`since`, `until`) that holds some, by step and user."""
    counts: Counter[tuple[int, str]] = Counter()
    named = {"number": number, "since": since, "until": until, "step": step}
    for place, user, rows in connection.execute(_ACTIVITY, named):
        counts[place, user] += rows
    for span in spans(connection, number, 0, _LAST):
        if span.last_at >= since and span.first_at < until:
            segment = load(connection, number, span).segment
            instants = zip(segment.times, segment.users, strict=True)
            counts.update(((at - since) // step, user) for at, user in instants if since <= at < until)
    return [(user, place, rows) for (place, user), rows in sorted(counts.items())]


def counted(connection: sqlite3.Connection, number: int, after: int, until: int) -> tuple[int, int]:
    """How many rows there are with `after` < seq ≤ `until`, and their bytes; a segment is read only where one of these
    lies within it."""
    rows, size = connection.execute(_COUNTED, (number, after, until)).fetchone()
    for span in spans(connection, number, after, until):
        if after < span.first and span.last <= until:
            rows, size = rows + span.last + 1 - span.first, size + span.size
        else:
            sizes = load(connection, number, span).segment.sizes
            within = sizes[max(after + 1 - span.first, 0) : until + 1 - span.first]
            rows, size = rows + len(within), size + sum(within)
    return int(rows), int(size)
