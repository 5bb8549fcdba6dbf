"""Forgetting: who a person is, and what is older than may be kept. Each is one transaction."""

from __future__ import annotations

from crdt_docs.ids import RoomId, UserId
from persistence.interfaces import ERASED_NAME, Micros
from persistence.sqlite.connection import Database

# Only what says anything is changed, so that a second time changes nothing. A ban keeps the family that it is for.
_ERASE = (
    """
    UPDATE members SET name = :erased, guest_hash = NULL, family = iif(banned_at IS NULL, '', family),
        tokens_from = max(tokens_from, :at)
    WHERE {here} user = :user
        AND (name, guest_hash, family) IS NOT (:erased, NULL, iif(banned_at IS NULL, '', family))
    """,
    "UPDATE sessions SET name = '', device = '' WHERE {here} user = :user AND (name, device) IS NOT ('', '')",
    "UPDATE events SET details = '{{}}' WHERE {here} user = :user AND details <> '{{}}'",
    "DELETE FROM cursors WHERE {here} user = :user",
)
_FORGET = (
    "DELETE FROM sessions WHERE left_at < :at",
    "DELETE FROM events WHERE at < :at",
    "DELETE FROM cursors WHERE until < :at",
)


async def erase_person(database: Database, room: RoomId | None, user: UserId, at: Micros) -> int:
    """See `persistence.interfaces.Stores.erase_person`."""
    here = "" if room is None else "room = :room AND"
    parameters = {"room": room, "user": user, "at": at, "erased": ERASED_NAME}
    return await database.write_all(*((statement.format(here=here), [parameters]) for statement in _ERASE))


async def forget_before(database: Database, at: Micros) -> int:
    """See `persistence.interfaces.Stores.forget_before`."""
    return await database.write_all(*((statement, [{"at": at}]) for statement in _FORGET))
