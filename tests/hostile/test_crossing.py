"""[P5] TH9, TH11: reaching another document, room, session or folder than one's own."""

from __future__ import annotations

import asyncio
import hashlib
import json
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from urllib.parse import quote

import pytest
from pycrdt import Array, Map
from websockets.asyncio.client import ClientConnection

from crdt_docs.frames import encode_sync_step2
from server.auth.tokens import load_secret
from tests.crdt_docs.wire import run, update
from tests.hostile.attacker import hand, page, put, written
from tests.hostile.room import BOARD, BOX, CHAT, NOTES, HonestRoom, Person, message
from tests.hostile.witness import Witness
from tests.server.live import WAIT_SECONDS, close_of, configured, serving, told, told_of
from tests.wire_client import raw

MINE = 77_777
NOTHING = encode_sync_step2(b"\x00\x00")
"""The state of an empty document."""
SECRET_PLAN = b"the plan of the other room"


async def ask(room: HonestRoom, method: str, target: str, by: Person, body: bytes = b"") -> tuple[int, bytes]:
    """A request over a real connection whose target goes out as it is: no client tidies it up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", room.live.port)
    head = f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {by.token}\r\n"
    writer.write(head.encode("latin-1") + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    async with asyncio.timeout(WAIT_SECONDS):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    top, _, rest = answer.partition(b"\r\n\r\n")
    return int(top.split(b" ", 2)[1]), rest


async def test_a_frame_of_one_document_is_none_of_another(room: HonestRoom) -> None:
    """[P5] TH9: a stroke sent to the chat, a message sent to the board, a note sent to both."""
    me = room.mallory.user
    element = written(page(), lambda doc: doc.get("elements", type=Map).update({"e": Map(dict(BOX))}))
    words = written(page(), lambda doc: doc.get("messages", type=Array).append(message("m", me)))
    note = written(page(), lambda doc: doc.get("m", type=Map).update({"k": 1}))
    async with room.at_work(CHAT), room.at_work(BOARD):
        for document, sent in ((CHAT, element), (CHAT, note), (BOARD, words), (BOARD, note)):
            for as_step2 in (False, True):
                async with hand(room, document) as mallory:
                    await (mallory.step2 if as_step2 else mallory.update)(sent)
                    assert await mallory.refusal() == "schema_violation"


async def test_owning_an_id_in_one_document_gives_nothing_in_another(room: HonestRoom) -> None:
    """[P3] TH9: Mallory takes Ann's id of the notes in another document; in the notes it stays hers."""
    async with room.at_work(NOTES) as work, room.at_work("doc-other"):
        async with hand(room, "doc-other", client=str(work.ann_client)) as mallory:
            await mallory.update(update(run(work.ann_client, 0, put("other"))))
            await mallory.settle()
        async with hand(room, NOTES) as mallory:
            await mallory.update(update(run(work.ann_client, work.clock(work.ann_client), put())))
            assert await mallory.refusal() == "authorship_violation"
        assert not {"other", "forged"} & work.names()


async def test_a_page_of_another_room_or_person_is_not_ones_own(room: HonestRoom) -> None:
    """[P3] TH9: sessions that are open, and sessions that are closed, here and elsewhere."""
    other = await HonestRoom.open(room.live, room.witness)
    async with hand(other, NOTES, other.ann, session=other.page("closed")) as anns:
        await anns.settle()
    async with (
        room.at_work(),
        hand(room, NOTES, room.ann, session=room.page("ann")) as here,
        hand(other, NOTES, other.ann, session=other.page("open")) as there,
    ):
        await here.settle()
        await there.settle()
        for session in (room.page("ann"), other.page("open"), other.page("closed")):
            async with hand(room, NOTES, session=session) as mallory:
                assert await mallory.close_reason() == "permission_denied"
            async with room.live.signal(room.id, room.mallory.token, session) as socket:
                assert await close_of(socket) == (4403, "permission_denied")
        await here.settle()
        await there.settle()


async def test_a_file_of_another_room_is_not_handed_out(room: HonestRoom) -> None:
    """[P5] TH9: whoever knows its hash does not have its bytes; he cannot put it here without them either."""
    other = await HonestRoom.open(room.live, room.witness, access="invite")
    sha256 = hashlib.sha256(SECRET_PLAN).hexdigest()
    assert (await ask(other, "PUT", f"/api/rooms/{other.id}/assets/{sha256}", other.ann, SECRET_PLAN))[0] == 201
    async with room.at_work():
        for method in ("GET", "HEAD"):
            assert (await ask(room, method, f"/api/rooms/{room.id}/assets/{sha256}", room.mallory))[0] == 404
            assert (await ask(room, method, f"/api/rooms/{other.id}/assets/{sha256}", room.mallory))[0] == 401
        for sent in (b"", b"x", SECRET_PLAN[:-1]):
            status, answer = await ask(room, "PUT", f"/api/rooms/{room.id}/assets/{sha256}", room.mallory, sent)
            assert (status, json.loads(answer)["error"]["code"]) == (400, "malformed_update")
        assert (await ask(room, "GET", f"/api/rooms/{room.id}/assets/{sha256}", room.mallory))[0] == 404
        assert (await ask(other, "GET", f"/api/rooms/{other.id}/assets/{sha256}", other.ann))[1] == SECRET_PLAN


async def test_a_moderator_is_one_in_his_own_room_alone(room: HonestRoom) -> None:
    """[P5] TH9: Mallory owns a room; with that token, and with people's ids, he does nothing in this one."""
    his = await HonestRoom.open(room.live, room.witness)
    async with room.at_work(), room.live.signal(room.id, room.ann.token, room.page("ann")) as anns:
        await told(anns)
        for method, path, body in (
            ("GET", "", None), ("PATCH", "", {"name": "Mine"}), ("DELETE", "", None), ("GET", "/events", None),
            ("POST", f"/members/{room.ann.user}/kick", {}), ("GET", "/invitations", None),
        ):  # fmt: skip
            assert await room.refused(method, path, body, his.olga) == "token_invalid"
        for act in ("kick", "ban", "unban", "handover"):
            code = await his.refused("POST", f"/members/{room.ann.user}/{act}", {}, his.olga)
            assert code == "unknown_path"
        async with his.live.signal(his.id, his.olga.token) as socket:
            await told(socket)
            for said in (
                {"type": "mute_request", "to": room.page("ann"), "what": "mic"},
                {"type": "admit", "sub": "x"},
            ):
                await socket.send(json.dumps(said))
                assert (await told_of(socket, "error"))["code"] == "unknown_path"
        async with room.live.signal(room.id, his.olga.token) as socket:
            assert (await close_of(socket))[1] == "token_invalid"
        async with room.live.signal(room.id, room.bob.token):
            assert (await told(anns))["type"] == "joined"


async def test_one_room_hears_nothing_of_another(room: HonestRoom) -> None:
    """[P5] TH9: neither edits nor cursors nor people of a room with documents of the same names."""
    other = await HonestRoom.open(room.live, room.witness)
    async with other.live.signal(other.id, other.mallory.token) as signal, hand(other, NOTES, other.mallory) as sync:
        await told(signal)
        await sync.settle()
        async with room.at_work() as work, room.live.signal(room.id, room.ann.token):
            await work.presence()
            assert [frame for frame in await sync.settle() if frame[0] != 100] == [NOTHING]
        await signal.send(json.dumps({"type": "roster"}))
        heard = [await told(signal)]
        while heard[-1]["type"] != "roster":
            heard.append(await told(signal))
        assert [each["type"] for each in heard] == ["joined", "roster"]
        assert heard[0]["person"]["sub"] == other.mallory.user  # his own sync socket
        assert {each["sub"] for each in heard[1]["sessions"]} == {other.mallory.user}


LEADING_OUT = (
    "..", "../chat", "../../" + "etc/passwd", "%2e%2e/secret.key", "..%2f..%2fsecret.key", "%2e%2e%2f%2e%2e%2fetc",
    "..%5csecret.key", "%252e%252e%252fsecret.key", "..%c0%afsecret.key", "/etc/passwd", "%2fetc%2fpasswd", "%00",
    "x%00.png", "a%0d%0ab", "~root", ".", "", "file:%2f%2f%2fetc%2fpasswd", "a" * 300, "secret.key", "..;/secret.key",
)  # fmt: skip


@pytest.mark.parametrize(
    "frame", ["/sync/{}/doc-notes", "/sync/ROOM/{}", "/sync/ROOM/doc-{}", "/sync/ROOM/doc-notes/{}", "/signal/{}"]
)
async def test_a_socket_leads_to_a_document_or_nowhere(room: HonestRoom, frame: str) -> None:
    """[P5] [P6] TH11: names of rooms and documents have a form; other ones open nothing and make nothing."""
    token = room.live.token("*", "maker")
    async with room.at_work():
        before = set(room.live.app.services.registry._rooms)
        for name in LEADING_OUT:
            address = frame.replace("ROOM", room.id).format(quote(name, safe="/%~:;"))
            async with hand_at(room, address, token) as socket:
                code, reason = await close_of(socket)
            assert code in (4400, 4404), (address, reason)
        assert set(room.live.app.services.registry._rooms) <= before


def hand_at(room: HonestRoom, address: str, token: str) -> AbstractAsyncContextManager[ClientConnection]:
    """A bare socket at any address."""
    return raw(f"ws://127.0.0.1:{room.live.port}{address}?token={token}")


def files(folder: Path) -> list[Path]:
    """Whatever lies in a folder."""
    return sorted(folder.rglob("*"))


async def test_no_request_leads_out_of_its_folder(tmp_path: Path, witness: Witness) -> None:
    """[P5] TH11: client files, assets and rooms: dots, encoded or not, backslashes, NUL; nothing is read or made."""
    (tmp_path / "client").mkdir()
    (tmp_path / "client" / "index.html").write_text("the page")
    (tmp_path / "secret.key").write_text("outside")
    async with serving(configured(tmp_path / "data"), client_folder=tmp_path / "client") as live:
        room = await HonestRoom.open(live, witness)
        secrets = (load_secret(tmp_path / "data").encode(), b"outside", b"root:")
        async with room.at_work():
            before = files(tmp_path)
            for frame in ("/{}", "/assets/{}", "/r/{}", "/api/rooms/{}", "/api/rooms/ROOM/assets/{}"):
                for name in LEADING_OUT:
                    for method in ("GET", "PUT") if "/assets/{}" in frame else ("GET",):
                        target = frame.replace("ROOM", room.id).format(name)
                        status, body = await ask(room, method, target, room.mallory)
                        assert status < 500, target
                        assert not any(secret in body for secret in secrets), target
            assert files(tmp_path) == before
