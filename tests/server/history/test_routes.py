"""The history of a document over HTTP: activity, instants, streams, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crdt_docs.ids import DocumentId, RoomId, Seq, SessionId, UserId
from persistence.interfaces import Micros, Role, UpdateRow
from tests.server.live import Live, configured, serving

HISTORY = "/api/rooms/room/history/doc-notes"
NOTES = DocumentId(RoomId("room"), "doc-notes")


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    """A room in whose log two people took turns, a second apart."""
    async with serving(configured(tmp_path)) as running:
        await running.room()
        people = ("ann", "bob", "ann", "ann")
        rows = [
            UpdateRow(NOTES, Seq(seq), Micros(seq * 1_000_000), UserId(user), SessionId(user), b"\x00\x00")
            for seq, user in enumerate(people, 1)
        ]
        await running.app.services.stores.updates.append(rows)
        yield running


async def test_who_was_active_when(live: Live) -> None:
    """[HI2] Viewers may look, too; by default the whole log is told."""
    token = live.token("room", "viv", Role.VIEWER)
    status, told = await live.call("GET", f"{HISTORY}?since=1000000&until=5000000&step=2000000", token=token)
    assert (status, told["head"], told["first_at"], told["last_at"]) == (200, 4, 1_000_000, 4_000_000)
    ann, bob = {"user": "ann", "step": 0, "rows": 1}, {"user": "bob", "step": 0, "rows": 1}
    assert told["activity"] == [ann, bob, {"user": "ann", "step": 1, "rows": 2}]
    _, whole = await live.call("GET", HISTORY, token=token)
    assert (whole["since"], whole["until"], whole["step"]) == (1_000_000, 4_000_001, 5001)
    assert sum(each["rows"] for each in whole["activity"]) == 4


async def test_where_an_instant_is(live: Live) -> None:
    """[HI3] Before the first row there is nothing; now is the last one."""
    for query, told in (
        ("?at=999999", {"seq": 0, "at": None}),
        ("?at=2999999", {"seq": 2, "at": 2_000_000}),
        ("", {"seq": 4, "at": 4_000_000}),
    ):
        assert await live.call("GET", f"{HISTORY}/moment{query}", token=live.token("room")) == (200, told)


async def test_a_document_that_nobody_wrote_to_has_an_empty_history(live: Live) -> None:
    """[HI2] [HI3] Not an error: it may be opened at any time."""
    token, path = live.token("room"), "/api/rooms/room/history/whiteboard"
    status, told = await live.call("GET", path, token=token)
    assert (status, told["head"], told["first_at"], told["activity"]) == (200, 0, None, [])
    assert (await live.call("GET", f"{path}/moment", token=token))[1] == {"seq": 0, "at": None}
    headers = {"Authorization": f"Bearer {token}"}
    answer = await live.app.quart.test_client().get(f"{path}/updates?keyframe=1", headers=headers)
    assert (answer.status_code, await answer.get_data()) == (200, b"\x03\x00")


async def test_rows_come_as_a_stream(live: Live) -> None:
    """[HI1] Authors before their first row, times as differences, an end."""
    headers = {"Authorization": f"Bearer {live.token('room')}"}
    answer = await live.app.quart.test_client().get(f"{HISTORY}/updates?after=2&until=3", headers=headers)
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    row = b"\x02\x00" + bytes([0x80, 0x9B, 0xEE, 0x02]) + b"\x02\x00\x00"  # 3,000,000 as lib0's varInt
    assert await answer.get_data() == b"\x01\x03ann\x03ann" + row + b"\x03\x03"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("/updates?after=5", 400),
        ("/updates?until=5", 400),
        ("/updates?after=3&until=2", 400),
        ("/updates?after=-1", 400),
        ("/updates?keyframe=2", 400),
        ("/updates?after=x", 400),
        ("/moment?at=-1", 400),
        ("/moment?at=1e6", 400),
        ("?since=5&until=5", 400),
        ("?since=0&until=4000000&step=1", 400),
        ("?step=0", 400),
    ],
)
async def test_a_range_beyond_the_log_is_refused(live: Live, query: str, status: int) -> None:
    """[HI4]"""
    assert (await live.call("GET", f"{HISTORY}{query}", token=live.token("room")))[0] == status


async def test_what_is_no_document_and_what_is_gone_has_no_history(live: Live) -> None:
    """[HI4] Nor is any told without a token."""
    token, owner = live.token("room"), live.token("room", "maker", Role.OWNER)
    for what in ("", "/moment", "/updates"):
        found = await live.call("GET", f"/api/rooms/room/history/secrets{what}", token=token)
        assert (found[0], found[1]["error"]["code"]) == (404, "unknown_document")
        assert (await live.call("GET", f"{HISTORY}{what}"))[0] == 401
    assert (await live.call("DELETE", "/api/rooms/room", token=owner))[0] == 204
    for what in ("", "/moment", "/updates"):
        found = await live.call("GET", f"{HISTORY}{what}", token=token)
        assert (found[0], found[1]["error"]["code"]) == (410, "room_deleted")
