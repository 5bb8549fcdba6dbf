"""A person's content goes from a live server: from pages, rows, snapshots, files, and from what is exported."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from pathlib import Path
from random import Random
from typing import Any

from pycrdt import Array, Doc, Map, Text

from crdt_docs.ids import DocumentId, RoomId, UserId
from persistence.interfaces import Asset, Event, Micros, Snapshot
from persistence.sqlite import DATABASE_NAME
from persistence.sqlite.reading import reading
from server.history.verification import verify_all
from tests.contracts.rows import read
from tests.server.api import operator
from tests.server.history.test_verification import tamper
from tests.server.live import Live, configured, serving
from tests.wire_client import WireClient, sync_url, wire_client

MARKER = "what Bob said, and nobody shall read again"
ROOM = "room"
BOARD, CHAT, NOTES = (DocumentId(RoomId(ROOM), name) for name in ("whiteboard", "chat", "doc-notes"))


def _url(live: Live, document: str, user: str, room: str = ROOM) -> str:
    return sync_url(live, room, document, live.token(room, user), session=f"{user}-{document}", ext="1")


def _rectangle(**values: Any) -> Map[Any]:
    return Map({"type": "rectangle", "xy": [1, 1], "wh": [9, 9], "index": "a0", **values})


def _message(id_: str, author: str, text: str, **values: Any) -> Map[Any]:
    return Map({"id": id_, "author": author, "name": author.title(), "text": text, "sent_at": 1, **values})


def _elements(doc: Doc[Any]) -> Map[Any]:
    return doc.get("elements", type=Map)


async def _draw(live: Live, document: str, user: str, *acts: Any, room: str = ROOM) -> None:
    async with wire_client(_url(live, document, user, room)) as client:
        for act in acts:
            await client.write(act)
        await client.saved(len(acts))


async def _upload(live: Live, user: str, content: bytes) -> str:
    digest = hashlib.sha256(content).hexdigest()

    async def chunks() -> Any:
        yield content

    asset = Asset(RoomId(ROOM), digest, "image/png", f"{MARKER}.png", len(content), UserId(user), Micros(1))
    await live.app.services.stores.assets.put(asset, chunks(), room_quota=10**6)
    return digest


async def _furnish(live: Live) -> tuple[str, str]:
    """Ann and Bob draw, chat and take notes; gives the hashes of his files: one that Ann shows too, one that is his."""
    await live.room(ROOM)
    shared, own = await _upload(live, "bob", b"shared"), await _upload(live, "bob", b"own")
    image = {"mimeType": "image/png", "width": 1, "height": 1}
    await _draw(
        live, "whiteboard", "ann",
        lambda doc: _elements(doc).update({"moved": _rectangle(), "gone": _rectangle()}),
        lambda doc: doc.get("files", type=Map).update({"f1": {"sha256": shared, **image}}),
    )  # fmt: skip
    await _draw(
        live, "whiteboard", "bob",
        lambda doc: _elements(doc).update({"his": _rectangle(customData={"note": MARKER})}),
        lambda doc: _elements(doc)["moved"].update({"xy": [5, 6], "customData": {"note": MARKER}}),
        lambda doc: _elements(doc)["gone"].update({"isDeleted": True}),
        lambda doc: doc.get("files", type=Map).update({"f2": {"sha256": own, **image}}),
    )  # fmt: skip
    await _draw(live, "chat", "ann", lambda doc: doc.get("messages", type=Array).append(_message("a", "ann", "Hello")))
    await _draw(live, "chat", "bob", lambda doc: doc.get("messages", type=Array).append(_message("b", "bob", MARKER)))
    await _draw(live, "doc-notes", "bob", lambda doc: doc.get("text", type=Text).insert(0, MARKER * 300))
    await _draw(live, "doc-notes", "ann", lambda doc: doc.get("text", type=Text).insert(20, "Ann's own"))
    return shared, own


async def _erase(live: Live, user: str = "bob", by: str = "") -> Any:
    token = operator(live) if not by else live.token(ROOM, by)
    status, answer = await live.call("DELETE", f"/api/rooms/{ROOM}/members/{user}/data?content=true", token=token)
    assert status == 200, answer
    return answer


async def _replayed(live: Live, document: DocumentId) -> Doc[Any]:
    doc: Doc[Any] = Doc()
    for row in await read(live.app.services.stores, document):
        doc.apply_update(row.update)
    return doc


def _everything_on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def _faults(live: Live) -> list[object]:
    services = live.app.services
    with reading(services.config.data / DATABASE_NAME) as connection:
        return [each.fault for each in verify_all(connection, None, services.signing_key.public)]


async def test_what_he_drew_and_wrote_is_nowhere_any_more(live: Live) -> None:
    """[EA8] [RT19] On pages that are open, in rows, in files; what others made stays, and the chains hold."""
    shared, own = await _furnish(live)
    stores, folder = live.app.services.stores, live.app.services.config.data
    async with wire_client(_url(live, "whiteboard", "eve")) as eve, wire_client(_url(live, "chat", "eve")) as reader:
        assert MARKER.encode() in _everything_on_disk(folder)
        answer = await _erase(live)
        await eve.until(lambda: "his" not in _elements(eve.doc))
        await eve.until(lambda: _elements(eve.doc)["gone"].get("isDeleted") is True)
        await reader.until(lambda: len(reader.doc.get("messages", type=Array)) == 1)
        seen = _elements(eve.doc).to_py()
    assert answer["rows"] >= 3
    assert answer["files"] == 1
    assert seen is not None
    assert (seen["moved"]["xy"], "customData" in seen["moved"]) == ([5, 6], False)

    assert MARKER.encode() not in _everything_on_disk(folder)
    assert [asset.sha256 for asset in await stores.assets.of_room(RoomId(ROOM))] == [shared]
    assert own not in {path.name for path in (folder / "assets").rglob("*")}
    assert _elements(await _replayed(live, BOARD)).to_py() == seen
    assert str((await _replayed(live, NOTES)).get("text", type=Text)) == "Ann's own"
    assert _faults(live) == [None] * 3
    [event] = await stores.events.of_room(RoomId(ROOM), kind="content_erased")
    details = json.loads(event.details)
    assert (details["user"], details["rows"], details["files"]) == ("bob", answer["rows"], 1)
    assert len(details["signature"]) == 64


async def test_others_go_on_from_where_they_are_offline_too(live: Live) -> None:
    """[EA8] What Ann wrote without having heard of it arrives, beside and inside what is gone."""
    await _furnish(live)
    ann: Doc[Any] = Doc()
    async with wire_client(_url(live, "doc-notes", "ann"), ann):
        pass
    ann.get("text", type=Text).insert(25, " offline")

    await _erase(live)

    async with wire_client(_url(live, "doc-notes", "ann"), ann) as page:
        await page.until(lambda: MARKER[:10] not in str(ann.get("text", type=Text)))
        await page.write(lambda doc: doc.get("text", type=Text).insert(0, "now "))
        await page.saved(1)
        shown = str(ann.get("text", type=Text))
    assert shown == "now Ann's offline own"
    assert str((await _replayed(live, NOTES)).get("text", type=Text)) == shown


async def test_he_does_not_bring_it_back(live: Live) -> None:
    """[EA8] His browser has it all; what it sends is known, and what it is sent deletes it there."""
    await _furnish(live)
    bob: Doc[Any] = Doc()
    async with wire_client(_url(live, "doc-notes", "bob"), bob):
        pass
    await _erase(live, by="bob")

    async with wire_client(_url(live, "doc-notes", "bob"), bob) as page:
        await page.until(lambda: str(bob.get("text", type=Text)) == "Ann's own")
        assert isinstance(page, WireClient)
    assert MARKER.encode() not in _everything_on_disk(live.app.services.config.data)
    assert _faults(live) == [None] * 3


async def test_snapshots_and_marks_go_with_it_and_a_second_time_changes_nothing(live: Live) -> None:
    """[EA8] [EA4]"""
    await _furnish(live)
    stores, folder = live.app.services.stores, live.app.services.config.data
    head = await stores.updates.head(NOTES)
    state = (await _replayed(live, NOTES)).get_update()
    await stores.snapshots.add(Snapshot(NOTES, head, Micros(1), state))
    ann = {"at": live.app.services.clock.now_us(), "label": "Ann's"}
    for user, label in (("ann", "Ann's"), ("bob", MARKER)):
        token = live.token(ROOM, user)
        assert (await live.call("POST", f"/api/rooms/{ROOM}/marks", ann | {"label": label}, token))[0] == 201

    first = await _erase(live)
    snapshot = await stores.snapshots.before(NOTES, head)
    rows = await read(stores, NOTES)
    second = await _erase(live)

    assert snapshot is not None
    assert MARKER.encode() not in snapshot.update
    shown: Doc[Any] = Doc()
    shown.apply_update(snapshot.update)
    assert str(shown.get("text", type=Text)) == "Ann's own"
    assert [mark.label for mark in await stores.marks.of_room(RoomId(ROOM))] == ["Ann's"]
    assert (first["rows"] > 0, second["rows"], second["files"]) == (True, 0, 0)
    assert await read(stores, NOTES) == rows
    assert MARKER.encode() not in _everything_on_disk(folder)


async def test_the_operator_erases_in_every_room(live: Live) -> None:
    """[AM10] [EA8] Rooms that were deleted too."""
    await _furnish(live)
    stores = live.app.services.stores
    assert (await live.call("DELETE", f"/api/rooms/{ROOM}", token=operator(live)))[0] == 204
    status, answer = await live.call("DELETE", "/api/admin/people/bob?content=true", token=operator(live))

    assert (status, answer["rows"] > 0, answer["files"]) == (200, True, 1)
    assert MARKER.encode() not in _everything_on_disk(live.app.services.config.data)
    [event] = await stores.events.all(kind="content_erased")
    assert isinstance(event, Event)
    assert event.room is None


async def test_a_damaged_document_keeps_him_in_its_own_room_only(live: Live) -> None:
    """[EA10] The operator is told of the damage, and has the rest erased once it is repaired."""
    await _furnish(live)
    await live.room("other")
    await _draw(live, "doc-b", "bob", lambda doc: doc.get("text", type=Text).insert(0, MARKER), room="other")
    stores, folder = live.app.services.stores, live.app.services.config.data
    damaged = "WHERE seq = 1 AND document = (SELECT id FROM documents WHERE name = 'doc-notes')"
    tamper(folder, f"UPDATE updates SET checksum = checksum + 1 {damaged}")

    status, answer = await live.call("DELETE", "/api/admin/people/bob?content=true", token=operator(live))

    assert (status, answer["error"]["code"]) == (500, "corrupt_log")
    kept = [row.update for row in await read(stores, DocumentId(RoomId("other"), "doc-b"))]
    assert all(MARKER.encode() not in update for update in kept)
    [event] = await stores.events.all(kind="content_erased")
    assert json.loads(event.details)["rows"] > 1
    assert MARKER.encode() in _everything_on_disk(folder)

    tamper(folder, f"UPDATE updates SET checksum = checksum - 1 {damaged}")
    assert (await live.call("DELETE", "/api/admin/people/bob?content=true", token=operator(live)))[0] == 200
    assert MARKER.encode() not in _everything_on_disk(folder)
    assert _faults(live) == [None] * 4


async def test_who_may_not_erase_erases_nothing(live: Live) -> None:
    """[RT19] Nor does what is not understood."""
    await _furnish(live)
    path = f"/api/rooms/{ROOM}/members/bob/data"
    before = await read(live.app.services.stores, NOTES)
    assert (await live.call("DELETE", f"{path}?content=true", token=live.token(ROOM, "ann")))[0] == 403
    assert (await live.call("DELETE", f"{path}?content=yes", token=operator(live)))[0] == 400
    assert (await live.call("DELETE", "/api/admin/people/bob?content=1", token=operator(live)))[0] == 400
    assert (await live.call("DELETE", path, token=operator(live)))[0] == 200
    assert await read(live.app.services.stores, NOTES) == before


async def test_content_is_erased_one_at_a_time_and_not_too_often(live: Live) -> None:
    """[EA9] Who has to wait is told so, before anything is erased."""
    await _furnish(live)
    path = f"/api/rooms/{ROOM}/members/bob/data"
    members, token = live.app.services.stores.rooms, operator(live)
    before = await members.members(RoomId(ROOM))
    with live.app.services.limits.running_erasures.one(""):
        for each in (f"{path}?content=true", "/api/admin/people/bob?content=true"):
            status, refused = await live.call("DELETE", each, token=token)
            assert (status, refused["error"]["code"]) == (429, "rate_limited")
        assert await members.members(RoomId(ROOM)) == before
        assert (await live.call("DELETE", path, token=token))[0] == 200
    for _ in range(20):
        status, _ = await live.call("DELETE", f"{path}?content=true", token=token)
    assert status == 429


async def test_people_who_write_meanwhile_lose_nothing(tmp_path: Path) -> None:
    """[EA8] Random edits of two people while a third one's are erased: everybody ends with what the log says."""
    seed = int(os.environ.get("SEED", Random().randrange(2**31)))
    print(f"SEED={seed}")
    random = Random(seed)
    async with serving(configured(tmp_path / "data")) as live:
        await live.room(ROOM)
        urls = [_url(live, "doc-notes", user) for user in ("ann", "eve", "bob")]
        async with wire_client(urls[0]) as ann, wire_client(urls[1]) as eve:
            async with wire_client(urls[2]) as bob:
                for each in range(60):
                    await _type(random, random.choice([ann, eve, bob]), each)
                await bob.put("last", MARKER)
                await asyncio.gather(*(each.until(lambda each=each: "last" in each.content()) for each in (ann, eve)))
            erasing = asyncio.create_task(_erase(live))
            for each in range(60):
                await _type(random, random.choice([ann, eve]), each)
                await asyncio.sleep(0)
            assert (await erasing)["rows"] > 0
            for each in (ann, eve):
                await each.put(f"end{id(each)}", 1)
            ends = {f"end{id(each)}" for each in (ann, eve)}
            await asyncio.gather(*(each.until(lambda each=each: ends <= each.content().keys()) for each in (ann, eve)))
            shown = [(each.content(), str(each.doc.get("text", type=Text))) for each in (ann, eve)]
        replay = await _replayed(live, NOTES)
        assert shown[0] == shown[1] == (replay.get("m", type=Map).to_py(), str(replay.get("text", type=Text)))
        assert "bob" not in shown[0][1]
        assert _faults(live) == [None]


async def _type(random: Random, client: WireClient, number: int) -> None:
    text = client.doc.get("text", type=Text)
    place = random.randint(0, len(str(text)))
    who = "bob" if client.socket.request and "bob" in client.socket.request.path else "x"
    if random.random() < 0.7:
        await client.write(lambda doc: doc.get("text", type=Text).insert(place, who))
    else:
        await client.put(f"k{number % 7}", f"{who} {number}")
