"""What the sessions come to: everybody's time, and how many were here at once. Each is one pass over sorted spans."""

from __future__ import annotations

from crdt_docs.ids import RoomId
from persistence.interfaces import ERASED_NAME, MAX_CONCURRENCY_STEPS, Concurrency, Micros, PersonStats
from persistence.sqlite.connection import Database

# What a person's earlier sessions reach is taken off the later ones: what is left of them does not overlap, and is his
# time. `{here}` picks the room.
_PEOPLE = """
WITH spans AS (
    SELECT rowid, *, coalesce(left_at, max(joined_at, :until)) AS stop FROM sessions {here}
), parts AS (
    SELECT *,
        max(stop) OVER (PARTITION BY user ORDER BY joined_at, rowid ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
            AS covered,
        first_value(name) OVER (PARTITION BY user ORDER BY name = '', joined_at DESC, rowid DESC) AS newest_name
    FROM spans
)
SELECT user, coalesce(nullif(max(newest_name), ''), :erased), count(*), min(joined_at),
    CASE WHEN count(left_at) = count(*) THEN max(left_at) END,
    sum(max(0, stop - max(joined_at, coalesce(covered, joined_at)))) / 1e6,
    sum(mic_seconds), sum(camera_seconds), sum(screen_seconds), sum(edits), sum(messages), count(DISTINCT room)
FROM parts GROUP BY user ORDER BY min(joined_at), user
"""

# Each span adds one when it starts and takes one off when it stops; people count by what is left of their spans, as
# above. Steps add nothing, but carry the level into themselves. What happens at one instant happens at once.
_CONCURRENCY = """
WITH RECURSIVE steps (at) AS (
    SELECT :since UNION ALL SELECT at + :step FROM steps WHERE at + :step < :until
), spans AS (
    SELECT rowid, user, max(joined_at, :since) AS start, :until AS stop FROM sessions
    WHERE {here} left_at IS NULL AND joined_at < :until
    UNION ALL
    SELECT rowid, user, max(joined_at, :since), min(left_at, :until) FROM sessions
    WHERE {here} left_at > :since AND joined_at < :until AND joined_at < left_at
), parts AS (
    SELECT start, stop, max(start, coalesce(max(stop) OVER (
        PARTITION BY user ORDER BY start, rowid ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), start)) AS fresh FROM spans
), changes AS (
    SELECT at, 0 AS people, 0 AS sessions FROM steps
    UNION ALL SELECT start, 0, 1 FROM parts
    UNION ALL SELECT stop, 0, -1 FROM parts WHERE stop < :until
    UNION ALL SELECT fresh, 1, 0 FROM parts WHERE fresh < stop
    UNION ALL SELECT stop, -1, 0 FROM parts WHERE fresh < stop AND stop < :until
), instants AS (
    SELECT at, sum(people) AS people, sum(sessions) AS sessions FROM changes GROUP BY at
), levels AS (
    SELECT at, sum(people) OVER (ORDER BY at) AS people, sum(sessions) OVER (ORDER BY at) AS sessions FROM instants
)
SELECT min(at), max(people), max(sessions) FROM levels GROUP BY (at - :since) / :step ORDER BY 1
"""


async def people(database: Database, room: RoomId | None, until: Micros) -> list[PersonStats]:
    """See `persistence.interfaces.Sessions.people`."""
    here = "" if room is None else "WHERE room = :room"
    parameters = {"room": room, "until": until, "erased": ERASED_NAME}
    return [PersonStats(*record) for record in await database.survey(_PEOPLE.format(here=here), parameters)]


async def concurrency(
    database: Database, room: RoomId | None, since: Micros, until: Micros, step: Micros
) -> list[Concurrency]:
    """See `persistence.interfaces.Sessions.concurrency`."""
    if step <= 0:
        raise ValueError("a step is longer than nothing")
    if until - since > step * MAX_CONCURRENCY_STEPS:
        raise ValueError(f"there are more than {MAX_CONCURRENCY_STEPS} steps")
    if until <= since:
        return []
    here = "" if room is None else "room = :room AND"
    parameters = {"room": room, "since": since, "until": until, "step": step}
    return [Concurrency(*record) for record in await database.survey(_CONCURRENCY.format(here=here), parameters)]
