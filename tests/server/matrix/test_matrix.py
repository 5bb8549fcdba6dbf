"""[RI1] [RI2] [RI3] Everybody may do what the README's matrix says and nothing else: every route, frame and message."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final, get_args

import pytest

from crdt_docs.access import Permission, Permissions
from crdt_docs.frames import Frame
from crdt_docs.ids import DocumentKind
from persistence.interfaces import MEMBER_PERMISSIONS, Role
from server.errors import ANSWERS
from server.signaling.messages import ClientMessage
from tests.server.live import Live
from tests.server.matrix.action import Action
from tests.server.matrix.frames import FRAMES
from tests.server.matrix.messages import MESSAGES
from tests.server.matrix.requests import REQUESTS
from tests.server.matrix.room import MatrixRoom, Standing, open_room
from tests.server.matrix.table import COLUMNS, Row, read_matrix, section

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACTIONS: Final = [*REQUESTS, *FRAMES, *MESSAGES]
MATRIX: Final = read_matrix()
ROLES: Final = {role.value: role for role in Role}
ALL: Final = frozenset(Permission)
NOTHING: Final[Permissions] = frozenset()


# ---- who may


@pytest.mark.parametrize(("action", "column"), list(product(ACTIONS, COLUMNS)), ids=str)
async def test_a_role_may_what_its_column_says(
    live: Live, rooms: dict[str, MatrixRoom], action: Action, column: str
) -> None:
    """[AD1] [AM1] [LO6]"""
    standing = Standing(column, ROLES.get(column))
    await _try(live, rooms, action, standing, may=MATRIX[action.row].who[column])


def _variants() -> Iterator[tuple[Action, Standing, bool]]:
    for action in ACTIONS:
        for standing, may in _others(MATRIX[action.row]):
            yield action, standing, may


def _others(row: Row) -> Iterator[tuple[Standing, bool]]:
    """People whose permissions are not those of their role, and whether they may do what the row says."""
    if not row.needs:
        yield _set("viewer with everything", Role.VIEWER, ALL), row.who["viewer"]
        yield _set("member with everything", Role.MEMBER, ALL), row.who["member"]
        yield _set("member with nothing", Role.MEMBER, NOTHING), row.who["member"]
        yield Standing("owner whose token lists nothing", Role.OWNER, claimed=NOTHING), row.who["owner"]
        return
    yield Standing("viewer whose token lists what it takes", Role.VIEWER, claimed=row.needs), not row.roles
    yield _set("viewer with nothing but what it takes", Role.VIEWER, row.needs), not row.roles
    yield _set("member with nothing but what it takes", Role.MEMBER, row.needs), not row.roles
    for role in sorted(row.roles):
        yield Standing(f"{role} whose token lists what it takes", role, claimed=row.needs), True
    if row.roles:
        yield _set("member with everything", Role.MEMBER, ALL), False
    for lacking in sorted(row.needs):
        for role in (Role.VIEWER, Role.MEMBER, Role.MODERATOR):
            yield _set(f"{role} with everything but {lacking}", role, ALL - {lacking}), False
        yield Standing(f"owner whose token lists all but {lacking}", Role.OWNER, claimed=ALL - {lacking}), False


def _set(name: str, role: Role, permissions: Permissions) -> Standing:
    """Somebody for whom just these permissions were set."""
    return Standing(name, role, tuple((each, each in permissions) for each in Permission))


@pytest.mark.parametrize(("action", "standing", "may"), list(_variants()), ids=str)
async def test_what_decides_is_the_permission(
    live: Live, rooms: dict[str, MatrixRoom], action: Action, standing: Standing, may: bool
) -> None:
    """[RI2] [RI3] Whatever the role and the other permissions are, but for what takes a role as well."""
    await _try(live, rooms, action, standing, may=may)


async def test_a_newer_token_does_not_lift_what_an_older_one_is_limited_to(rooms: dict[str, MatrixRoom]) -> None:
    """[RI2] Each of a person's tokens may what it lists, until he is given another role."""
    room = rooms["furnished"]
    one = await room.come(Standing("member who may draw", Role.MEMBER, claimed=frozenset({Permission.DRAW})))
    newer = room.live.token(room.id, one.user)
    await room.done("GET", "", token=newer)
    assert (await room.upload(b"with the older one", one.token))[0] == 403
    assert (await room.upload(b"with the newer one", newer))[0] == 201
    await room.done("PATCH", f"/members/{one.user}", {"role": "moderator"})
    assert (await room.upload(b"as a moderator", one.token))[0] == 201


async def _try(live: Live, rooms: dict[str, MatrixRoom], action: Action, standing: Standing, *, may: bool) -> None:
    room = rooms.get(action.stage) or await open_room(live)
    person = await (room.come(standing) if action.spends else room.person(standing))
    aim = await action.prepare(room, person)
    before = await room.state()
    code = await action.act(room, person, aim)
    after = await room.state()
    assert code == (None if may else _refusal(action, standing))
    if action.changes or not may:
        assert (after != before) is may


def _refusal(action: Action, standing: Standing) -> str:
    if standing.name == "no token":
        return "token_invalid"
    if standing.name == "knocks":
        return action.at_the_door
    return action.otherwise(MATRIX[action.row].needs - _permissions(standing))


def _permissions(standing: Standing) -> Permissions:
    presets = {Role.VIEWER: NOTHING, Role.MEMBER: MEMBER_PERMISSIONS}
    given = presets.get(standing.role, ALL) if standing.role else ALL
    given = given if standing.claimed is None else standing.claimed
    overrides = dict(standing.overrides)
    return frozenset(each for each in Permission if overrides.get(each, each in given))


# ---- the table is whole


async def test_every_row_is_tried_and_every_action_has_a_row() -> None:
    """The README says nothing that is not tried, and what is tried stands in the README."""
    assert {action.row for action in ACTIONS} == set(MATRIX)
    assert len({action.name for action in ACTIONS}) == len(ACTIONS)


async def test_every_route_is_tried(live: Live) -> None:
    """With each of its methods; OPTIONS, which Quart answers by itself, is below."""
    rules = live.app.quart.url_map.iter_rules()
    routes = {f"{method} {rule.rule}" for rule in rules for method in (rule.methods or set()) - {"OPTIONS"}}
    assert _covered(REQUESTS) == routes


async def test_options_tell_nothing_without_a_token(live: Live) -> None:
    """Which methods an address has is in the reference; there is no more in the answer."""
    for rule in live.app.quart.url_map.iter_rules():
        answer = await live.app.quart.test_client().options(rule.rule.replace("<", "").replace(">", ""))
        assert (answer.status_code, await answer.get_data()) == (200, b"") or answer.status_code == 401


async def test_every_frame_is_tried_on_every_kind_of_document() -> None:
    """But answers and updates without news, which the whiteboard's, the chat's and the others' have in common."""
    frames = {f"{kind} {frame.__name__}" for kind in DocumentKind for frame in get_args(Frame)}
    assert _covered(FRAMES) == frames


async def test_every_message_is_tried() -> None:
    """All that a client can say."""
    messages = {f"signal {message.__struct_config__.tag}" for message in get_args(ClientMessage)}
    assert _covered(MESSAGES) == messages


def _covered(actions: list[Action]) -> set[str]:
    return {each for action in actions for each in action.covers}


async def test_the_readme_tells_what_is_answered() -> None:
    """Every code that a refusal has here."""
    standings = [Standing(column, ROLES.get(column)) for column in COLUMNS]
    codes = {_refusal(action, standing) for action, standing in product(ACTIONS, standings)}
    assert codes == {code for code in ANSWERS if f"`{code}`" in section()}


@pytest.mark.parametrize("row", MATRIX.values(), ids=lambda row: row.what)
async def test_what_decides_and_who_may_agree(row: Row) -> None:
    """[RI1] The columns follow from the roles' permissions."""
    if not row.needs:
        return
    for column, role in ROLES.items():
        allowed = row.needs <= _permissions(Standing(column, role)) and (not row.roles or role in row.roles)
        assert row.who[column] is allowed, column
