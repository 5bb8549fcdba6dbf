"""What the sessions come to: everybody's time, and how many were here at once. Each is one pass over sorted spans."""

from __future__ import annotations

from crdt_docs.ids import RoomId
from persistence.interfaces import ERASED_NAME, MAX_CONCURRENCY_STEPS, Concurrency, Micros, PersonStats
from persistence.sqlite.connection import Database

# What a person's earlier sessions reach is taken off the later ones: what is left of them does not overlap, and is his
# time. The name beside max() is that of the newest session, as SQLite promises. `{here}` picks the room.
_PEOPLE = """
WITH spans AS (
    SELECT rowid, user, joined_at, coalesce(left_at, :until) AS stop FROM sessions WHERE {here} true
), parts AS (
    SELECT user, stop - max(joined_at, coalesce(max(stop) OVER (
        PARTITION BY user ORDER BY joined_at, rowid ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), joined_at)) AS fresh FROM spans
), times AS (
    SELECT user, sum(max(0, fresh)) / 1e6 AS present FROM parts GROUP BY user
), names AS (
    SELECT user, name, max(joined_at) FROM sessions WHERE {here} name <> '' GROUP BY user
), counts AS (
    SELECT user, count(*) AS sessions, min(joined_at) AS first,
        CASE WHEN count(left_at) = count(*) THEN max(left_at) END AS last,
        sum(mic_seconds) AS mic, sum(camera_seconds) AS camera, sum(screen_seconds) AS screen,
        sum(edits) AS edits, sum(messages) AS messages, count(DISTINCT room) AS rooms
    FROM sessions WHERE {here} true GROUP BY user
)
SELECT user, coalesce(name, :erased), sessions, first, last, present, mic, camera, screen, edits, messages, rooms
FROM counts JOIN times USING (user) LEFT JOIN names USING (user) ORDER BY first, user
"""

# Each span adds one when it starts and takes one off when it stops; people count by what is left of their spans, as
# above. Steps add nothing, but carry the level into themselves. What happens at one instant happens at once. The plus
# keeps SQLite to the index over the ends, which leaves old sessions alone.
_CONCURRENCY = """
WITH RECURSIVE steps (at) AS (
    SELECT :since UNION ALL SELECT at + :step FROM steps WHERE at + :step < :until
), spans AS (
    SELECT rowid, user, max(joined_at, :since) AS start, :until AS stop FROM sessions
    WHERE {here} left_at IS NULL AND +joined_at < :until
    UNION ALL
    SELECT rowid, user, max(joined_at, :since), min(left_at, :until) FROM sessions
    WHERE {here} left_at > :since AND +joined_at < :until
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
    here = "" if room is None else "room = :room AND"
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
