"""Recorded calls over HTTP."""

from __future__ import annotations

from typing import Any

from crdt_docs.access import Permission
from crdt_docs.ids import RoomId
from persistence.interfaces import Event, Micros, Role
from server.history.erasing import erase_content
from server.retention import forget_recordings
from tests.contracts.recordings import ONE, TWO, recorded, recording
from tests.contracts.rows import ANN, BOB
from tests.server.api import call, get
from tests.server.live import Live

ROOM = RoomId("room")


async def _fetch(live: Live, path: str, **headers: str) -> Any:
    return await live.app.quart.test_client().get(f"/api/rooms/room/recordings/{path}", headers=headers)


async def test_recordings_are_listed_and_played(live: Live) -> None:
    """[RC11] [RC13] Whole, in ranges, with the token in the address; nothing else can be had."""
    await live.room("room")
    made = await recorded(live.app.services.stores, recording(ONE, 10, ANN, BOB, in_room=ROOM))
    token = live.token("room", "bob", Role.VIEWER)
    [told] = (await get(live, "/api/rooms/room/recordings", token))["recordings"]
    assert told == await get(live, f"/api/rooms/room/recordings/{ONE}", token)
    assert (told["id"], told["by"], told["started_at"], told["ended_at"]) == (ONE, "ann", 10, 70)
    assert told["tracks"][1] == {
        "file": "1-mic.webm", "session": "page of bob", "user": "bob", "kind": "mic", "codec": "opus",
        "mime_type": "audio/webm", "started_at": 11, "ended_at": 60, "bytes": 9,
    }  # fmt: skip

    path = f"{ONE}/{made.tracks[0].file}?token={token}"
    whole = await _fetch(live, path)
    assert (whole.status_code, await whole.get_data()) == (200, b"012345678")
    assert (whole.headers["Accept-Ranges"], whole.headers["Content-Type"]) == ("bytes", "audio/webm")
    part = await _fetch(live, path, Range="bytes=2-4")
    assert (part.status_code, await part.get_data()) == (206, b"234")
    assert part.headers["Content-Range"] == "bytes 2-4/9"
    beyond = await _fetch(live, path, Range="bytes=9-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, "bytes */9")
    assert (await _fetch(live, f"{ONE}/0-mic.webm")).status_code == 401
    for missing in (f"{ONE}/7-mic.webm", f"{TWO}/0-mic.webm", f"{ONE}/..%2F..%2Fsecret.key"):
        answer = await _fetch(live, f"{missing}?token={token}")
        assert answer.status_code == 404


async def test_deleting_takes_two_permissions_and_leaves_an_event(live: Live) -> None:
    """[RC12] The files go, too."""
    await live.room("room")
    stores = live.app.services.stores
    await recorded(stores, recording(ONE, 10, ANN, in_room=ROOM))
    path = f"/api/rooms/room/recordings/{ONE}"
    assert (await call(live, "DELETE", path, token=live.token("room", "bob", Role.MEMBER)))[0] == 403
    assert Permission.RECORD

    assert (await call(live, "DELETE", path, token=live.token("room", "own", Role.OWNER)))[0] == 204

    assert (await call(live, "GET", path, token=live.token("room", "bob")))[1]["error"]["code"] == "asset_missing"
    assert not stores.recordings.folder(ROOM, ONE).exists()
    [event] = await stores.events.of_room(ROOM, kind="recording_deleted")
    assert isinstance(event, Event)


async def test_who_is_erased_is_heard_no_more(live: Live) -> None:
    """[RG4] With what he drew and wrote."""
    await live.room("room")
    parts = live.app.services
    await recorded(parts.stores, recording(ONE, 10, ANN, BOB, in_room=ROOM))

    erased = await erase_content(parts, ROOM, BOB, ANN)

    assert erased.files == 1
    assert [track.user for track in (await parts.stores.recordings.get(ROOM, ONE)).tracks] == [ANN]


async def test_old_recordings_go_and_leave_a_trace(live: Live) -> None:
    """[RE6] Those that ended before; without a limit none."""
    await live.room("room")
    parts = live.app.services
    now = parts.clock.now_us()
    await recorded(parts.stores, recording(ONE, 10, ANN, in_room=ROOM))
    young = await recorded(parts.stores, recording(TWO, Micros(now - 100), ANN, in_room=ROOM))

    assert (await forget_recordings(parts, 0), await forget_recordings(parts, 1)) == (0, 1)

    assert await parts.stores.recordings.of_room(ROOM) == [young]
    [trace] = [event for event in await parts.stores.events.all() if event.kind == "retention"]
    assert '"recordings":1' in trace.details
