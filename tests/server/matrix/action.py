"""What an action is: how somebody does it, which row of the matrix decides, and what it is answered if he may not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from crdt_docs.access import Permission, Permissions
from tests.server.matrix.room import MatrixRoom, Person

Act = Callable[[MatrixRoom, Person, Any], Awaitable[str | None]]
"""Does it, and gives the code of the refusal or None. The last argument is what `prepare` gave."""
Prepare = Callable[[MatrixRoom, Person], Awaitable[Any]]
Stage = Literal["furnished", "recovering", "new"]


async def nothing(room: MatrixRoom, person: Person) -> None:
    """Nothing has to be prepared."""


@dataclass(frozen=True)
class Action:
    """One way to do what a row says.

    Attributes:
        covers: Routes (`GET /path`), frames (`chat Update`) and messages (`signal hand`) that it tries.
        changes: Whether something is kept of it when it succeeds.
        stage: In which room it is done: one of those that all share, or one of its own.
        spends: Whether the person is another one afterwards.
        at_the_door: What who knocks is answered.
        otherwise: What is answered to who lacks these permissions.
    """

    name: str
    row: str
    act: Act
    covers: frozenset[str]
    prepare: Prepare = nothing
    changes: bool = False
    stage: Stage = "furnished"
    spends: bool = False
    at_the_door: str = "not_admitted"
    otherwise: Callable[[Permissions], str] = lambda _missing: "permission_denied"

    def __str__(self) -> str:
        return self.name


def waits_for_a_moderator(missing: Permissions) -> str:
    """[GU4] Others' work that may not be brought back stays where it is until somebody who moderates was here."""
    return "room_draining" if missing == {Permission.MODERATE} else "permission_denied"
