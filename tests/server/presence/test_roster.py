"""The roster as a value."""

from __future__ import annotations

from crdt_docs.ids import SessionId, UserId
from persistence.interfaces import Micros, Role
from server.presence.roster import Joined, Left, Person, Roster


def person(session: str, user: str = "ann", name: str = "Ann") -> Person:
    return Person(SessionId(session), UserId(user), name, Role.MEMBER, "#000000", Micros(1))


def test_every_change_raises_the_version_by_one() -> None:
    """[RO1] [RO2] joined and left are diffs; what changes nothing is none."""
    roster = Roster()

    diffs = [roster.join(person("a")), roster.join(person("a")), roster.join(person("b", "bob"))]
    diffs += [roster.leave(SessionId("a")), roster.leave(SessionId("a"))]

    assert diffs == [
        Joined(1, person("a")), None, Joined(2, person("b", "bob")), Left(3, SessionId("a"), UserId("ann")), None,
    ]  # fmt: skip
    assert roster.people == (person("b", "bob"),)
    assert roster.version == 3
