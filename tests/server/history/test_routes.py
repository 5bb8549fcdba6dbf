"""The history of a document over HTTP: activity, instants, streams, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from crdt_docs.ids import ClientId, DocumentId, RoomId, Seq, SessionId, UserId
from crdt_docs.lib0 import signed_varint
from persistence.interfaces import Binding, Micros, Role, SessionRecord, UpdateRow
from server.auth.identities import color_of
from server.history import stream as streaming
from server.routes import history as routes
from tests.server.live import Live, configured, serving

HISTORY = "/api/rooms/room/history/doc-notes"
BEGIN = 1_790_000_000_000_000
"""When the room was made: a whole ten of seconds."""
NOTES = DocumentId(RoomId("room"), "doc-notes")


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    """A room in whose log two people took turns, a second apart."""
    async with serving(configured(tmp_path)) as running:
        await running.room()
        room = await running.app.services.stores.rooms.get(NOTES.room)
        assert room is not None
        await running.app.services.stores.rooms.change(replace(room, created_at=Micros(BEGIN)))
        people = ("ann", "bob", "ann", "ann")
        rows = [
            UpdateRow(NOTES, Seq(seq), Micros(BEGIN + seq * 1_000_000), UserId(user), SessionId(user), b"\x00\x00")
            for seq, user in enumerate(people, 1)
        ]
        await running.app.services.stores.updates.append(rows)
        yield running


async def test_who_was_active_when(live: Live) -> None:
    """[HI2] Viewers may look, too; by default the whole log is told."""
    token = live.token("room", "viv", Role.VIEWER)
    query = f"?since={BEGIN + 1_000_000}&until={BEGIN + 5_000_000}&step=2000000"
    status, told = await live.call("GET", f"{HISTORY}{query}", token=token)
    assert (status, told["head"]) == (200, 4)
    assert (told["first_at"], told["last_at"]) == (BEGIN + 1_000_000, BEGIN + 4_000_000)
    ann, bob = {"user": "ann", "step": 0, "rows": 1}, {"user": "bob", "step": 0, "rows": 1}
    assert told["activity"] == [ann, bob, {"user": "ann", "step": 1, "rows": 2}]
    _, whole = await live.call("GET", HISTORY, token=token)
    assert (whole["since"], whole["until"], whole["step"]) == (BEGIN + 1_000_000, BEGIN + 4_000_001, 5001)
    assert sum(each["rows"] for each in whole["activity"]) == 4


async def test_long_steps_are_whole_slots(live: Live) -> None:
    """[HI2] The answer says which steps it has."""
    query = f"?since={BEGIN + 3}&until={BEGIN + 4_000_000}&step=10000001"
    _, told = await live.call("GET", f"{HISTORY}{query}", token=live.token("room"))
    assert (told["since"], told["until"], told["step"]) == (BEGIN, BEGIN + 10_000_000, 20_000_000)
    assert told["activity"] == [{"user": "ann", "step": 0, "rows": 3}, {"user": "bob", "step": 0, "rows": 1}]


async def test_where_an_instant_is(live: Live) -> None:
    """[HI3] Before the first row there is nothing; now is the last one."""
    for query, told in (
        (f"?at={BEGIN + 999_999}", {"seq": 0, "at": None}),
        (f"?at={BEGIN + 2_999_999}", {"seq": 2, "at": BEGIN + 2_000_000}),
        ("", {"seq": 4, "at": BEGIN + 4_000_000}),
    ):
        assert await live.call("GET", f"{HISTORY}/moment{query}", token=live.token("room")) == (200, told)


async def test_the_state_at_an_instant_comes_as_one_stream(live: Live) -> None:
    """[HI3] The end tells which row that is; without a keyframe that is all."""
    headers = {"Authorization": f"Bearer {live.token('room')}"}

    async def told(query: str) -> bytes:
        answer = await live.app.quart.test_client().get(f"{HISTORY}/updates{query}", headers=headers)
        return bytes(await answer.get_data())

    second, third = BEGIN + 2_999_999, BEGIN + 3_000_000
    assert await told(f"?at={BEGIN + 999_999}&keyframe=1") == b"\x03\x00"
    assert await told(f"?at={second}&keyframe=1") == await told("?after=2&until=2&keyframe=1")
    assert await told(f"?at={second}") == b"\x03\x02"
    assert await told(f"?at={third}&keyframe=1") == await told("?after=3&until=3&keyframe=1")


async def test_what_a_room_has_to_show(live: Live) -> None:
    """[HI5] Documents, people with the colours of their cursors and since when they are in, who was there when."""
    services = live.app.services
    await live.call("GET", "/api/rooms/room", token=live.token("room", "bob"))
    stay = SessionRecord(SessionId("page"), NOTES.room, UserId("bob"), "Bob", Micros(BEGIN), Micros(BEGIN + 9))
    await services.stores.sessions.open(stay)
    await services.stores.sessions.close(stay.id, Micros(BEGIN + 9))
    _, told = await live.call("GET", "/api/rooms/room/history", token=live.token("room", "viv", Role.VIEWER))
    assert told["room"] == {"id": "room", "name": "room", "created_at": BEGIN}
    first, last = BEGIN + 1_000_000, BEGIN + 4_000_000
    assert told["documents"] == [{"name": "doc-notes", "head": 4, "first_at": first, "last_at": last}]
    bob = await services.stores.rooms.member(NOTES.room, UserId("bob"))
    assert bob is not None
    came = {"sub": "bob", "name": "Bob", "color": color_of(UserId("bob")), "joined_at": bob.joined_at}
    assert came in told["people"]
    assert told["sessions"] == [{"sub": "bob", "joined_at": BEGIN, "left_at": BEGIN + 9}]
    assert told["marks"] == []


async def test_whose_the_client_ids_are(live: Live) -> None:
    """[HI6]"""
    bindings = [Binding(NOTES, ClientId(7), UserId("ann"), Micros(BEGIN)), Binding(NOTES, ClientId(8), None, Micros(1))]
    await live.app.services.stores.updates.append([], bindings)
    told = await live.call("GET", f"{HISTORY}/authors", token=live.token("room"))
    assert told == (200, {"clients": {"7": "ann", "8": None}})


async def test_a_stream_ends_when_the_room_is_deleted(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """[HI4] Between two chunks; without the end that a whole one has."""
    monkeypatch.setattr(streaming, "CHUNK_BYTES", 1)
    parts, owner = live.app.services, live.token("room", "maker", Role.OWNER)
    whole = streaming.stream(parts.stores, NOTES, Seq(0), Seq(4), keyframe=False)
    chunks = routes._while_allowed(whole, parts, "room", live.token("room"))
    first = await anext(chunks)
    assert (await live.call("DELETE", "/api/rooms/room", token=owner))[0] == 204
    assert [chunk async for chunk in chunks] == []
    assert first.startswith(b"\x01\x03ann")


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
    row = b"\x02\x00" + signed_varint(BEGIN + 3_000_000) + b"\x02\x00\x00"
    assert await answer.get_data() == b"\x01\x03ann\x03ann" + row + b"\x03\x03"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("/updates?after=5", 416),
        ("/updates?until=5", 416),
        ("/updates?after=3&until=2", 416),
        ("/updates?after=-1", 400),
        ("/updates?keyframe=2", 400),
        ("/updates?after=x", 400),
        ("/updates?at=x", 400),
        ("/updates?at=1790000000000000&after=1", 400),
        ("/updates?at=1789999999999999", 416),
        ("/moment?at=-1", 400),
        ("/moment?at=1e6", 400),
        ("?since=5&until=5", 416),
        ("?since=0&until=4000000&step=1", 416),
        ("/moment?at=1789999999999999", 416),
        ("?step=0", 400),
    ],
)
async def test_a_range_beyond_the_log_is_refused(live: Live, query: str, status: int) -> None:
    """[HI4]"""
    assert (await live.call("GET", f"{HISTORY}{query}", token=live.token("room")))[0] == status


async def test_what_is_no_document_and_what_is_gone_has_no_history(live: Live) -> None:
    """[HI4] Nor is any told without a token."""
    token, owner = live.token("room"), live.token("room", "maker", Role.OWNER)
    for what in ("", "/moment", "/updates", "/authors"):
        found = await live.call("GET", f"/api/rooms/room/history/secrets{what}", token=token)
        assert (found[0], found[1]["error"]["code"]) == (404, "unknown_document")
        assert (await live.call("GET", f"{HISTORY}{what}"))[0] == 401
    assert (await live.call("DELETE", "/api/rooms/room", token=owner))[0] == 204
    for what in ("", "/moment", "/updates", "/authors"):
        found = await live.call("GET", f"{HISTORY}{what}", token=token)
        assert (found[0], found[1]["error"]["code"]) == (410, "room_deleted")
