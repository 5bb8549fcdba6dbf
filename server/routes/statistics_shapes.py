"""Sessions, people, instants and events as they are told: JSON and, in the same order of fields, rows of CSV."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from persistence.interfaces import Concurrency, Event, Micros, PersonStats, Role, SessionCounts, SessionRecord
from server.auth.rights import in_order
from server.presence.page import Page
from server.routes.listing import written
from server.routes.spreadsheet import Cell


class SessionInfo(Struct):
    """One open page of one user, from when to when, and what was done in it. Instants are microseconds."""

    id: str
    user: str
    name: str
    device: str
    joined_at: int
    left_at: int | None
    duration_seconds: float
    mic_seconds: float
    camera_seconds: float
    screen_seconds: float
    edits: int
    messages: int


class OpenSessionInfo(SessionInfo):
    """A session that is open, where it is and what its person may do."""

    room: str
    role: Role
    permissions: tuple[str, ...]


class PersonInfo(Struct):
    """What all sessions of a person come to. `last_seen_at` is null while he is present."""

    user: str
    name: str
    sessions: int
    first_joined_at: int
    last_seen_at: int | None
    present_seconds: float
    mic_seconds: float
    camera_seconds: float
    screen_seconds: float
    edits: int
    messages: int
    rooms: int
    present: bool


class PointInfo(Struct):
    """The most at any one instant of the step that begins at `at`."""

    at: int
    people: int
    sessions: int


class EventInfo(Struct):
    """A line of the audit trail. `details` is an object."""

    id: int
    at: int
    kind: str
    user: str | None
    details: Annotated[msgspec.Raw, Meta(extra_json_schema={"type": "object"})]
    room: str | None


SESSION_COLUMNS = SessionInfo.__struct_fields__
OPEN_SESSION_COLUMNS = OpenSessionInfo.__struct_fields__
PERSON_COLUMNS = PersonInfo.__struct_fields__
POINT_COLUMNS = PointInfo.__struct_fields__
EVENT_COLUMNS = EventInfo.__struct_fields__
_INSTANTS = frozenset({"at", "joined_at", "left_at", "first_joined_at", "last_seen_at", "created_at", "deleted_at"})


def session_info(session: SessionRecord, now: Micros, unwritten: SessionCounts | None = None) -> SessionInfo:
    """A session; an open one lasts until now. `unwritten` is what was counted since it was last kept."""
    return SessionInfo(**_fields(session, now, unwritten or SessionCounts()))


def open_session_info(session: SessionRecord, page: Page, now: Micros) -> OpenSessionInfo:
    """A session whose page is open."""
    return OpenSessionInfo(
        **_fields(session, now, page.counts(now)),
        room=session.room,
        role=page.author.role,
        permissions=tuple(permission.value for permission in in_order(page.author.permissions)),
    )


def person_info(person: PersonStats) -> PersonInfo:
    """What is known of a person."""
    return PersonInfo(
        person.user, person.name, person.sessions, person.first_joined_at, person.last_seen_at,
        _rounded(person.present_seconds), _rounded(person.mic_seconds), _rounded(person.camera_seconds),
        _rounded(person.screen_seconds), person.edits, person.messages, person.rooms, person.last_seen_at is None,
    )  # fmt: skip


def point_info(point: Concurrency) -> PointInfo:
    """How many were here at once."""
    return PointInfo(point.at, point.people, point.sessions)


def event_info(event: Event) -> EventInfo:
    """A line of the audit trail."""
    return EventInfo(event.id, event.at, event.kind, event.user, msgspec.Raw(event.details.encode()), event.room)


def cells(info: Struct) -> list[Cell]:
    """A row of CSV: instants as ISO 8601, lists with spaces between, objects as JSON."""
    return [_cell(name, getattr(info, name)) for name in info.__struct_fields__]


def _cell(name: str, value: Any) -> Cell:
    if name in _INSTANTS:
        return written(value)
    if isinstance(value, msgspec.Raw):
        return bytes(value).decode()
    return " ".join(value) if isinstance(value, tuple) else value


def _fields(session: SessionRecord, now: Micros, more: SessionCounts) -> dict[str, Any]:
    until = now if session.left_at is None else session.left_at
    return {
        "id": session.id,
        "user": session.user,
        "name": session.name,
        "device": session.device,
        "joined_at": session.joined_at,
        "left_at": session.left_at,
        "duration_seconds": _rounded(max(0, until - session.joined_at) / 1_000_000),
        "mic_seconds": _rounded(session.mic_seconds + more.mic_seconds),
        "camera_seconds": _rounded(session.camera_seconds + more.camera_seconds),
        "screen_seconds": _rounded(session.screen_seconds + more.screen_seconds),
        "edits": session.edits + more.edits,
        "messages": session.messages + more.messages,
    }


def _rounded(seconds: float) -> float:
    return round(seconds, 3)
