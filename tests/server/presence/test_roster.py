"""The roster as a value."""

from __future__ import annotations

from crdt_docs.ids import SessionId, UserId
from persistence.interfaces import Micros, Role
from server.presence.roster import Joined, Left, Person, Roster, Updated


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


def test_a_user_is_renamed_on_all_his_pages() -> None:
    """[RO3] One diff a page that had another name."""
    roster = Roster()
    for each in (person("a"), person("b", "bob", "Bob"), person("c")):
        roster.join(each)

    diffs = roster.rename(UserId("ann"), "Anna")

    assert diffs == [Updated(4, person("a", name="Anna")), Updated(5, person("c", name="Anna"))]
    assert roster.rename(UserId("ann"), "Anna") == []
