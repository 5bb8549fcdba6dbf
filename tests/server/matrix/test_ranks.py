"""[MO1] [MO2] Who stands above whom: everybody tries to act on everybody."""

from __future__ import annotations

from itertools import product
from typing import Any, Final

import pytest

from crdt_docs.access import Permission
from persistence.interfaces import Role
from tests.server.live import Live
from tests.server.matrix.room import MatrixRoom, Standing
from tests.server.matrix.table import section

pytestmark = pytest.mark.asyncio(loop_scope="module")

RANKS: Final = (
    Standing("operator"),
    Standing("owner", Role.OWNER),
    Standing("moderator", Role.MODERATOR),
    Standing("member who may moderate", Role.MEMBER, ((Permission.MODERATE, True),)),
    Standing("moderator who may not", Role.MODERATOR, ((Permission.MODERATE, False),)),
    Standing("member", Role.MEMBER),
    Standing("viewer", Role.VIEWER),
)
MODERATORS: Final = {"moderator", "member who may moderate", "moderator who may not"}
OTHERS: Final = {"member", "viewer"}
BELOW: Final = {
    "operator": {"owner"} | MODERATORS | OTHERS,
    "owner": MODERATORS | OTHERS,
    "moderator": OTHERS,
    "member who may moderate": OTHERS,
}
ACTS: Final[dict[str, tuple[str, str, Any]]] = {
    "change": ("PATCH", "", {"role": "viewer", "overrides": {"draw": False}}),
    "kick": ("POST", "/kick", {}),
    "ban": ("POST", "/ban", {}),
    "unban": ("POST", "/unban", {}),
}


async def test_the_readme_says_who_stands_above_whom() -> None:
    """What is tried below."""
    told = " ".join(section().split())
    assert "The operator stands above owners, owners above all who moderate, these above everybody else;" in told


@pytest.mark.parametrize(
    ("act", "caller", "target"), list(product(ACTS, RANKS, RANKS[1:])), ids=lambda each: getattr(each, "name", each)
)
async def test_one_acts_only_on_those_below(
    live: Live, rooms: dict[str, MatrixRoom], act: str, caller: Standing, target: Standing
) -> None:
    """Equals and those above are left alone, and nothing is changed."""
    room = rooms["furnished"]
    one, other = await room.person(caller), await room.come(target)
    may = target.name in BELOW.get(caller.name, ())
    assert await _act(live, room, act, str(one.token), other.user) == may


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    "caller",
    [
        *RANKS[1:],
        Standing("token that may moderate", Role.VIEWER, claimed=frozenset({Permission.MODERATE})),
    ],
    ids=str,
)
async def test_nobody_acts_on_himself(live: Live, rooms: dict[str, MatrixRoom], act: str, caller: Standing) -> None:
    """Whoever may moderate by his token alone would otherwise give himself what the token does not."""
    room = rooms["furnished"]
    one = await room.person(caller)
    assert not await _act(live, room, act, str(one.token), one.user)


async def test_what_the_owner_took_from_a_moderator_is_not_given_back_by_another(rooms: dict[str, MatrixRoom]) -> None:
    """Neither the permission nor the role by which he had it, and he cannot hand it on."""
    room = rooms["furnished"]
    moderator = await room.person(RANKS[2])
    disarmed, friend = await room.come(RANKS[4]), await room.come(RANKS[5])
    attempts: list[tuple[str, str, Any, str | None]] = [
        ("PATCH", f"/members/{disarmed.user}", {"overrides": {"moderate": None}}, moderator.token),
        ("PATCH", f"/members/{disarmed.user}", {"role": "member"}, moderator.token),
        ("PATCH", f"/members/{friend.user}", {"overrides": {"moderate": None}}, moderator.token),
        ("POST", f"/members/{friend.user}/handover", None, disarmed.token),
    ]
    before = await room.state()
    for method, path, body, token in attempts:
        status, answer = await room.live.call(method, f"{room.path}{path}", body, token)
        assert (status, answer["error"]["code"]) == (403, "permission_denied")
    assert await room.state() == before


async def _act(live: Live, room: MatrixRoom, act: str, token: str, user: str) -> bool:
    """Whether it was done; if not, nothing was."""
    method, path, body = ACTS[act]
    before = await room.state()
    status, answer = await live.call(method, f"{room.path}/members/{user}{path}", body, token)
    if status < 300:
        return True
    assert (status, answer["error"]["code"]) == (403, "permission_denied")
    assert await room.state() == before
    return False
