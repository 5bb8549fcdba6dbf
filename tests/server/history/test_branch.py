"""A branch begins as its origin was, and says so."""

from __future__ import annotations

import hashlib
import random
from typing import Any

import msgspec
from pycrdt import Doc, Map, Text

from crdt_docs.ids import ClientId, DocumentId, RoomId, Seq, SessionId, UserId
from persistence.interfaces import Asset, Binding, Micros, Role, UpdateRow
from persistence.loading import load_updates
from server.clock import SystemClock
from tests.interop.programs import seed
from tests.server.live import Live, guest_key

FILE = b"\x89PNG\r\n\x1a\n" + b"a picture"


async def _drawn(live: Live, room: RoomId, steps: int, begin: int) -> list[dict[str, Any]]:
    """Two people draw, a row each microsecond from `begin` on; what there was after each."""
    chance = random.Random(seed())
    log, board = live.app.services.stores.updates, DocumentId(room, "whiteboard")
    docs = {user: Doc[Any](client_id=client) for client, user in ((7, "ann"), (8, "bob"))}
    witness: Doc[Any] = Doc()
    states = [{}]
    bindings = [Binding(board, ClientId(doc.client_id), UserId(user), Micros(begin)) for user, doc in docs.items()]
    for seq in range(1, steps + 1):
        user = chance.choice(list(docs))
        doc = docs[user]
        doc.apply_update(witness.get_update(doc.get_state()))
        before = doc.get_state()
        doc.get("elements", type=Map)[f"e{chance.randrange(5)}"] = {"x": chance.randrange(100)}
        update = doc.get_update(before)
        witness.apply_update(update)
        states.append(witness.get("elements", type=Map).to_py() or {})
        row = UpdateRow(board, Seq(seq), Micros(begin + seq), UserId(user), SessionId(user), update)
        await log.append([row], bindings if seq == 1 else ())
    return states


async def _loaded(live: Live, document: DocumentId) -> dict[str, Any]:
    doc: Doc[Any] = Doc()
    for update in (await load_updates(live.app.services.stores, document)).updates:
        doc.apply_update(update)
    return doc.get("elements", type=Map).to_py() or {}


async def test_a_branch_begins_as_the_origin_was(live: Live) -> None:
    """[HI7] The content, the files, whose the ids are; the origin goes on untouched, and is named."""
    key = guest_key()
    _, made = await live.call("POST", "/api/rooms", {"name": "Plan", "owner": {"name": "Olga", "guest_key": key}})
    origin, token = RoomId(made["room"]["id"]), made["token"]
    stores = live.app.services.stores
    begin = SystemClock().now_us()
    states = await _drawn(live, origin, 20, begin)
    await _upload(live, origin, begin + 5)
    at = begin + 12
    while live.app.services.clock.now_us() < at:  # rows have instants of the near future
        pass

    status, branched = await live.call("POST", f"/api/rooms/{origin}/branch", {"at": at, "name": "Plan B"}, token)

    assert status == 201
    room = RoomId(branched["room"]["id"])
    assert branched["room"]["origin"] == {"room": origin, "at": at}
    assert (branched["room"]["name"], branched["me"]["role"], branched["me"]["sub"]) == (
        "Plan B", "owner", made["me"]["sub"],
    )  # fmt: skip
    board = DocumentId(room, "whiteboard")
    assert await _loaded(live, board) == states[12]
    assert await _loaded(live, DocumentId(origin, "whiteboard")) == states[20]
    assert {each.client: each.user for each in await stores.updates.bindings(board)} == {7: "ann", 8: "bob"}
    assert [asset.file_name for asset in await stores.assets.of_room(room)] == ["a.png"]
    kept = await stores.assets.get(room, hashlib.sha256(FILE).hexdigest())
    assert b"".join([chunk async for chunk in stores.assets.read(kept)]) == FILE
    again = await live.call("POST", f"/api/rooms/{room}/join", {"name": "Olga", "guest_key": key})
    assert (again[0], again[1]["me"]["role"]) == (200, "owner")


async def _upload(live: Live, room: RoomId, at: int) -> None:
    async def content() -> Any:
        yield FILE

    asset = Asset(room, hashlib.sha256(FILE).hexdigest(), "image/png", "a.png", len(FILE), UserId("ann"), Micros(at))
    await live.app.services.stores.assets.put(asset, content(), room_quota=10_000)


async def test_a_branch_of_the_beginning_is_empty(live: Live) -> None:
    """[HI7] And has no files that came later; without an instant it is as now."""
    await live.room()
    begin = live.app.services.clock.now_us()
    await live.app.services.stores.updates.append([_text_row(RoomId("room"), begin)])
    await _upload(live, RoomId("room"), begin)
    token = live.token("room", "ann")

    _, empty = await live.call("POST", "/api/rooms/room/branch", {"at": begin - 1}, token)
    _, whole = await live.call("POST", "/api/rooms/room/branch", {}, token)

    stores = live.app.services.stores
    assert await stores.updates.documents(RoomId(empty["room"]["id"])) == []
    assert await stores.assets.of_room(RoomId(empty["room"]["id"])) == []
    assert await stores.updates.head(DocumentId(RoomId(whole["room"]["id"]), "doc-notes")) == 1


def _text_row(room: RoomId, at: int) -> UpdateRow:
    doc: Doc[Any] = Doc()
    doc["text"] = Text("hello")
    return UpdateRow(DocumentId(room, "doc-notes"), Seq(1), Micros(at), UserId("ann"), SessionId("p"), doc.get_update())


async def test_who_may_not_make_rooms_branches_none(live: Live) -> None:
    """[HI7] As `create_rooms` says; nor is there a branch of what never was."""
    await live.room()
    token = live.token("room", "viv", Role.VIEWER)
    for at in (0, 2**53 - 1):
        answer = await live.call("POST", "/api/rooms/room/branch", {"at": at}, token)
        assert (answer[0], answer[1]["error"]["code"]) == (416, "range_invalid")
    assert (await live.call("POST", "/api/rooms/room/branch", {"at": "x"}, token))[0] == 400
    assert (await live.call("POST", "/api/rooms/room/branch", {}))[0] == 401
    live.app.services.config = msgspec.structs.replace(live.app.services.config, create_rooms="admin")
    answer = await live.call("POST", "/api/rooms/room/branch", {}, token)
    assert (answer[0], answer[1]["error"]["code"]) == (403, "permission_denied")
