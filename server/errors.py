"""What the running system refuses, and the one table that turns every error into what a client is told.

ServerError
├── MalformedRequest    malformed_frame      a body or a message that has another form than it must
├── HashMismatch        malformed_update     uploaded bytes are not the ones that were announced
├── BodyTooLarge        update_too_large
├── TokenInvalid        token_invalid
├── TokenExpired        token_expired
├── PermissionRefused   permission_denied
├── NotAdmitted         not_admitted
├── Banned              banned
├── Removed             removed              a moderator sent the person away
├── RoomLocked          room_locked
├── RoomFull            room_full
├── Conflict            conflict             the peer has to begin again from what the server has
├── UnknownRoom         unknown_room
├── RoomDeleted         room_deleted
├── RateLimited         rate_limited         carries `retry_after`
├── RoomDraining        room_draining
│   └── RoomRecovering                       others' work has to come back from who moderates first
├── SlowConsumer        slow_consumer
├── UnknownPath         unknown_path         HTTP only
│   ├── UnknownPerson                        nobody of that name is, or waits, in the room
│   └── UnknownInvitation                    no good invitation has that id
└── MethodNotAllowed    method_not_allowed   HTTP only
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from crdt_docs.errors import DocumentError
from persistence.errors import StorageError

log = logging.getLogger(__name__)


class ServerError(Exception):
    """A peer is refused; `code` is the stable name it sees (DESIGN §5), `reason` a sentence for a person."""

    code: str
    reason: str = "The server refused this."
    retry_after: float | None = None
    """Seconds after which another try may succeed, where that is known."""

    def __init__(self, reason: str | None = None) -> None:
        if reason is not None:
            self.reason = reason
        super().__init__(self.reason)

    @staticmethod
    def of(code: str) -> ServerError:
        """An error with a code that is known only at run time.

        Raises:
            KeyError: The table has no such code.
        """
        if code not in ANSWERS:
            raise KeyError(code)
        error = ServerError(SENTENCES.get(code))
        error.code = code
        return error


class MalformedRequest(ServerError):
    """A request's body or a signaling message does not have the form it must have."""

    code = "malformed_frame"
    reason = "This does not have the form that is expected here."


class HashMismatch(ServerError):
    """An uploaded file does not have the hash under which it was announced."""

    code = "malformed_update"
    reason = "The bytes do not have the SHA-256 that the address names."


class BodyTooLarge(ServerError):
    """A request's body exceeds its limit."""

    code = "update_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"At most {limit} bytes are accepted here.")
        self.limit = limit


class TokenInvalid(ServerError):
    """There is no token, or it is not one of ours, or it opens another room."""

    code = "token_invalid"
    reason = "A valid token for this room is needed."


class TokenExpired(ServerError):
    """The token was good until its time came."""

    code = "token_expired"
    reason = "The token has expired: join again for a new one."


class PermissionRefused(ServerError):
    """The role of the person does not allow it."""

    code = "permission_denied"
    reason = "Your role in this room does not allow this."


class NotAdmitted(ServerError):
    """The room is for invited people, and this one brings no invitation."""

    code = "not_admitted"
    reason = "This room is only for people who were invited."


class Banned(ServerError):
    """The person may not come back."""

    code = "banned"
    reason = "You may not enter this room any more."


class Removed(ServerError):
    """A moderator sent the person away; the token is void, and joining again needs what joining needs."""

    code = "removed"
    reason = "A moderator has removed you from this room."


class RoomLocked(ServerError):
    """Nobody new is let in, or the room is closed."""

    code = "room_locked"
    reason = "This room is locked: nobody can enter at present."


class RoomFull(ServerError):
    """As many people as may be in the room are."""

    code = "room_full"
    reason = "This room is full: please try again later."
    retry_after = 10.0


class Conflict(ServerError):
    """What the peer did meanwhile does not fit what the server has; a new connection sorts it out."""

    code = "conflict"
    reason = "Something changed meanwhile: please connect again."


class UnknownRoom(ServerError):
    """No such room."""

    code = "unknown_room"
    reason = "There is no room of that name."


class RoomDeleted(ServerError):
    """The room was there and is not any more."""

    code = "room_deleted"
    reason = "This room was deleted."


class RateLimited(ServerError):
    """Too much in too short a time."""

    code = "rate_limited"

    def __init__(self, retry_after: float) -> None:
        super().__init__("Too much at once: please wait a moment.")
        self.retry_after = retry_after


class RoomDraining(ServerError):
    """The server is about to stop and lets nobody in."""

    code = "room_draining"
    reason = "The server is restarting: please try again in a moment."


class RoomRecovering(RoomDraining):
    """The room was restored from a backup, and this peer brings others' newer work, which takes a moderator."""

    reason = "This room is being restored: your work is kept on your device until a moderator has been here."


class SlowConsumer(ServerError):
    """The peer does not read what it is sent and cannot be brought up to date any more."""

    code = "slow_consumer"
    reason = "What was sent was not read in time."


class RangeInvalid(ServerError):
    """A range or an instant lies outside of what there is."""

    code = "range_invalid"


class UnknownPath(ServerError):
    """Nothing is served under this address."""

    code = "unknown_path"
    reason = "There is nothing at this address."


class UnknownPerson(UnknownPath):
    """Nobody of that name is a member of the room, or waits before it."""

    reason = "There is nobody of that name in this room."


class UnknownInvitation(UnknownPath):
    """The room has no invitation with that id that is still good."""

    reason = "There is no such invitation, or it was revoked already."


class UnknownMark(UnknownPath):
    """The room has no mark with that id."""

    reason = "There is no such mark, or it was removed already."


class MethodNotAllowed(ServerError):
    """The address does not know this method."""

    code = "method_not_allowed"
    reason = "This address cannot be used this way."


@dataclass(frozen=True, slots=True)
class Answer:
    """How a code travels: 44xx closes are final for an unmodified provider, 45xx and 1011 are tried again."""

    http: int
    close: int


INTERNAL: Final = "internal"

ANSWERS: Final[Mapping[str, Answer]] = {
    "malformed_frame": Answer(400, 4400),
    "malformed_update": Answer(400, 4400),
    "missing_dependencies": Answer(400, 4400),
    "schema_violation": Answer(400, 4400),
    "unsupported_schema": Answer(400, 4400),
    "token_invalid": Answer(401, 4401),
    "token_expired": Answer(401, 4401),
    "permission_denied": Answer(403, 4403),
    "authorship_violation": Answer(403, 4410),
    "banned": Answer(403, 4403),
    "removed": Answer(403, 4403),
    "room_locked": Answer(403, 4403),
    "not_admitted": Answer(403, 4403),
    "unknown_room": Answer(404, 4404),
    "unknown_document": Answer(404, 4404),
    "room_deleted": Answer(410, 4404),
    "asset_missing": Answer(404, 4404),
    "unknown_path": Answer(404, 4404),
    "method_not_allowed": Answer(405, 4400),
    "update_too_large": Answer(413, 4413),
    "quota_exceeded": Answer(413, 4413),
    "range_invalid": Answer(416, 4400),
    "slow_consumer": Answer(503, 4508),
    "conflict": Answer(409, 4509),
    "negotiation_failed": Answer(409, 4509),
    "rate_limited": Answer(429, 4529),
    "room_full": Answer(429, 4529),
    "room_draining": Answer(503, 4503),
    "storage_unavailable": Answer(503, 4503),
    "corrupt_log": Answer(500, 1011),
    INTERNAL: Answer(500, 1011),
}
"""THE table (DESIGN §5): stable code → HTTP status and WebSocket close code."""

SENTENCES: Final[Mapping[str, str]] = {
    "storage_unavailable": "The server's storage does not answer at present. What you do is kept on your device.",
    "corrupt_log": "What is stored cannot be read. Whoever runs this server has to look at it.",
    INTERNAL: "Something went wrong on the server. Whoever runs it can find it in the log.",
}
"""What clients read where the cause is ours: our own words for it may name paths and are for the log."""


@dataclass(frozen=True, slots=True)
class ClientError:
    """All that a client gets to know of an error."""

    code: str
    reason: str
    http: int
    close: int
    retry_after: float | None = None


def for_client(error: BaseException) -> ClientError:
    """Translate any error at the edge.

    A peer's mistake keeps its code and sentence. What is our fault is logged with its trace, and only a general
    sentence leaves; everything unforeseen is `internal`.
    """
    code = error.code if isinstance(error, DocumentError | StorageError | ServerError) else INTERNAL
    if code not in ANSWERS:
        code = INTERNAL
    answer = ANSWERS[code]
    if code == INTERNAL:
        log.error("unforeseen error", exc_info=error)
    elif code in SENTENCES:
        log.warning("%s: %s", code, error)
    reason = SENTENCES.get(code) or str(getattr(error, "reason", ""))
    return ClientError(code, reason, answer.http, answer.close, getattr(error, "retry_after", None))


def named(error: BaseException) -> dict[str, str]:
    """An error as JSON messages carry it: `code` and `reason`."""
    told = for_client(error)
    return {"code": told.code, "reason": told.reason}
