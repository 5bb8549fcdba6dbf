"""Who is in a room now, as a value with a version: every change raises it by one and is told as a diff."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from crdt_docs.access import Permission
from crdt_docs.ids import SessionId, UserId
from persistence.interfaces import Micros, Role


class Media(Struct, frozen=True):
    """What a page sends to the others' ears and eyes."""

    mic: bool = False
    camera: bool = False
    screen: bool = False


class Person(Struct, frozen=True):
    """One open page of one user. `since` is when it was first opened."""

    session: SessionId
    sub: UserId
    name: str
    role: Role
    color: str
    since: Micros
    permissions: Sequence[Permission] = ()
    media: Media = Media()
    hand: bool = False
    """Raised: he wants to say something."""
    call: str = ""
    """What the page calls itself in the call: another id at each joining; empty while it is out of it."""


class Joined(Struct, frozen=True, tag="joined"):
    """Somebody opened a page."""

    version: int
    person: Person


class Left(Struct, frozen=True, tag="left"):
    """Somebody closed his page."""

    version: int
    session: SessionId
    sub: UserId


class Updated(Struct, frozen=True, tag="updated"):
    """Something about a person changed."""

    version: int
    person: Person


Diff = Joined | Left | Updated


class Roster:
    """The open sessions of one room in the order in which they came."""

    def __init__(self) -> None:
        self.version = 0
        self._people: dict[SessionId, Person] = {}

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody, in the order of arrival."""
        return tuple(self._people.values())

    def join(self, person: Person) -> Joined | Updated | None:
        """[RO1] Add a session; one that is there already is replaced, and is no news when nothing changed."""
        known = self._people.get(person.session)
        if known == person:
            return None
        self._people[person.session] = person
        self.version += 1
        return Joined(self.version, person) if known is None else Updated(self.version, person)

    def leave(self, session: SessionId) -> Left | None:
        """[RO2] Remove a session; None when it was not there."""
        person = self._people.pop(session, None)
        if person is None:
            return None
        self.version += 1
        return Left(self.version, session, person.sub)
