"""[P5] TH7: doing what one may not, or not any more. A modified client gains nothing."""

from __future__ import annotations

import asyncio
import hashlib
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Array, Map
from websockets.asyncio.client import ClientConnection

from tests.crdt_docs.wire import deletes, run, update
from tests.hostile.attacker import Hand, hand, page, put, written
from tests.hostile.room import BOARD, CHAT, EVERY_DOCUMENT, NOTES, HonestRoom, Person, message, write_honestly
from tests.hostile.witness import Witness
from tests.server.live import configured, serving, told, told_of

MINE = 77_777
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)


async def upload(room: HonestRoom, person: Person, content: bytes = PICTURE) -> int:
    """Upload a file; gives the status."""
    address = f"/api/rooms/{room.id}/assets/{hashlib.sha256(content).hexdigest()}"
    headers = {"Authorization": f"Bearer {person.token}", "Content-Length": str(len(content))}
    return (await room.live.app.quart.test_client().put(address, data=content, headers=headers)).status_code


async def say(socket: ClientConnection, **said: Any) -> str:
    """Say something on a signal socket that must be refused; gives the code."""
    await socket.send(json.dumps(said))
    return str((await told_of(socket, "error"))["code"])


@pytest.mark.parametrize("document", EVERY_DOCUMENT)
async def test_a_viewer_writes_nowhere(room: HonestRoom, document: str) -> None:
    """[P5] TH7: by an update, as a step 2, with deletions alone, extended or unmodified."""
    await room.change(room.mallory, role="viewer")
    async with room.at_work(document) as work:
        honest = page(work.server.ydoc)
        news = written(honest, lambda doc: write_honestly(doc, document, "forged", room.mallory.user))
        wipe = update(deletes=deletes((work.ann_client, [(0, 1)])))
        for ext in (True, False):
            for sent, as_step2 in ((news, False), (news, True), (wipe, False), (wipe, True)):
                async with hand(room, document, ext=ext) as mallory:
                    await (mallory.step2 if as_step2 else mallory.update)(sent)
                    if ext:
                        assert await mallory.refusal() == "permission_denied"
                    assert (await mallory.settle())[-1][:2] == b"\x00\x01"


async def test_a_viewer_changes_nothing_else_either(room: HonestRoom) -> None:
    """[P5] TH7: no file, no microphone, no setting of the room, no word over others."""
    await room.change(room.mallory, role="viewer")
    async with room.at_work(), room.live.signal(room.id, room.mallory.token) as socket:
        assert (await told(socket))["permissions"] == []
        assert await upload(room, room.mallory) == 403
        for kind in ("mic", "camera", "screen"):
            assert await say(socket, type="media", **{kind: True}) == "permission_denied"
        assert await room.refused("PATCH", "", {"name": "Mine"}, room.mallory) == "permission_denied"


async def test_each_permission_is_asked_for_by_itself(room: HonestRoom) -> None:
    """[P5] TH7: without `chat` no message, without `draw` no stroke and no note, without `upload` no file."""
    async with room.at_work(CHAT), room.at_work(NOTES), room.at_work(BOARD):
        for taken, refused, allowed in (("chat", (CHAT,), (NOTES, BOARD)), ("draw", (NOTES, BOARD), (CHAT,))):
            await room.change(room.mallory, overrides={"chat": None, "draw": None, taken: False})
            for document in (*refused, *allowed):
                async with hand(room, document) as mallory:
                    act = partial(write_honestly, document=document, key=f"without {taken}", author=room.mallory.user)
                    await mallory.update(written(page(room.on_server(document).ydoc), act))
                    if document in refused:
                        assert await mallory.refusal() == "permission_denied"
                    else:
                        await mallory.settle()
        await room.change(room.mallory, overrides={"upload": False})
        assert await upload(room, room.mallory) == 403


async def test_a_right_that_is_taken_in_mid_stroke_ends_the_stroke_at_once(room: HonestRoom) -> None:
    """[P5] TH7: once the taking is answered not one more point of the stroke is applied, though frames go on coming;
    what came before stays."""
    async with room.at_work(BOARD) as work, hand(room, BOARD) as mallory:
        stroke: dict[str, Any] = {"type": "freedraw", "xy": [0, 0], "index": "a0", "pts": Array([])}
        drawing = page()
        elements = drawing.get("elements", type=Map)
        await mallory.update(written(drawing, lambda _doc: elements.update({"stroke": Map(stroke)})))
        more = asyncio.create_task(_draw_on(mallory, drawing))
        await work.ann.until(lambda: _points(work.ann.doc) >= 20)
        await room.change(room.mallory, overrides={"draw": False})
        then = _points(work.server.ydoc)
        more.cancel()
        for _ in range(20):
            await mallory.update(_point(drawing))
        assert await mallory.refusal() == "permission_denied"
        await mallory.settle()
        assert _points(work.server.ydoc) == then
        await work.go_on()
        assert _points(work.ann.doc) == then
        assert _points(drawing) > then


async def _draw_on(mallory: Hand, drawing: Any) -> None:
    while True:
        await mallory.update(_point(drawing))
        await asyncio.sleep(0)


def _point(drawing: Any) -> bytes:
    return written(drawing, lambda doc: doc.get("elements", type=Map)["stroke"]["pts"].extend([1, 1]))


def _points(doc: Any) -> int:
    elements = doc.get("elements", type=Map)
    return len(elements["stroke"]["pts"]) // 2 if "stroke" in elements else 0


async def test_work_that_waits_is_not_let_in_after_the_right_is_gone(tmp_path: Path, witness: Witness) -> None:
    """[P5] TH7: an update with a gap is held while he may draw; its gap is filled when he may no longer.

    The server waits for what is missing for longer than any machine takes to get that far.
    """
    async with serving(configured(tmp_path / "data", gap_seconds=300)) as live:
        room = await HonestRoom.open(live, witness)
        await _fill_a_gap_too_late(room)


async def _fill_a_gap_too_late(room: HonestRoom) -> None:
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        anns = work.clock(work.ann_client)
        waits = (work.ann_client, anns)
        await mallory.update(update(run(MINE, 0, put("own")), deletes=deletes((waits[0], [(waits[1], 1)]))))
        await room.change(room.mallory, overrides={"draw": False})
        await work.write(lambda doc: doc.get("m", type=Map).update({"filled": 1}))
        assert await mallory.refusal() == "permission_denied"
        assert "own" not in work.names()
        assert "filled" in work.names()


async def test_a_member_does_nothing_that_takes_a_moderator(room: HonestRoom) -> None:
    """[P5] TH7: settings, people, invitations, records; every route of them, with a member's token."""
    ann, me = room.ann.user, room.mallory.user
    acts: list[tuple[str, str, Any]] = [
        ("PATCH", "", {"door": "closed"}), ("PATCH", "", {"permissions": []}), ("DELETE", "", None),
        ("PATCH", f"/members/{ann}", {"role": "viewer"}), ("PATCH", f"/members/{me}", {"role": "owner"}),
        ("PATCH", f"/members/{me}", {"overrides": {"moderate": True}}), ("POST", f"/members/{ann}/kick", {}),
        ("POST", f"/members/{ann}/ban", {}), ("POST", f"/members/{me}/unban", None),
        ("POST", f"/members/{ann}/handover", None), ("DELETE", f"/members/{ann}/data", None),
        ("GET", "/invitations", None), ("POST", "/invitations", {"role": "viewer"}),
        ("DELETE", "/invitations/" + "0" * 16, None), ("GET", "/sessions", None), ("GET", "/events", None),
        ("GET", "/stats", None), ("GET", "/sessions?format=csv", None),
    ]  # fmt: skip
    async with room.at_work():
        for method, path, body in acts:
            assert await room.refused(method, path, body, room.mallory) == "permission_denied", (method, path)
        for method, path in (("GET", "overview"), ("GET", "rooms"), ("POST", "tokens"), ("DELETE", f"people/{ann}")):
            status, answer = await room.live.call(method, f"/api/admin/{path}", {}, room.mallory.token)
            assert (status, answer["error"]["code"]) == (403, "permission_denied"), path


async def test_a_member_learns_no_secrets_of_moderation(room: HonestRoom) -> None:
    """[P5] TH7: who was banned or sent away, and what was set for whom, is told to those who moderate."""
    eve = await room.guest("Eve")
    await room.change(room.ann, overrides={"record": True})
    assert (await room.call("POST", f"/members/{eve.user}/ban", {}, room.olga))[0] == 204
    async with room.at_work():
        members = (await room.call("GET", by=room.mallory))[1]["members"]
        assert not any(each["overrides"] or each["banned"] or each["removed"] for each in members)
        members = (await room.call("GET", by=room.olga))[1]["members"]
        assert any(each["overrides"] for each in members)
        assert any(each["banned"] for each in members)


async def test_a_member_cannot_speak_as_moderator_on_the_signal_socket(room: HonestRoom) -> None:
    """[P5] TH7: muting others, opening the door, turning somebody away; nobody hears of it."""
    assert (await room.call("PATCH", "", {"access": "lobby"}, room.olga))[0] == 200
    status, knocker = await room.call("POST", "/join", {"name": "Eve", "guest_key": "E" * 43})
    assert status == 202
    async with (
        room.at_work(),
        room.live.signal(room.id, room.ann.token, room.page("ann")) as anns,
        room.live.signal(room.id, knocker["token"]) as outside,
        room.live.signal(room.id, room.mallory.token) as his,
    ):
        assert (await told(outside))["type"] == "waiting"
        assert (await told(his))["knocks"] == []
        eve = knocker["me"]["sub"]
        for said in (
            {"type": "mute_request", "to": room.page("ann"), "what": "mic"},
            {"type": "admit", "sub": eve},
            {"type": "decline", "sub": eve},
        ):
            assert await say(his, **said) == "permission_denied", said
        await his.send(json.dumps({"type": "hand", "up": True}))
        heard = [await told(anns) for _ in range(3)]
        assert [each["type"] for each in heard] == ["welcome", "joined", "updated"]
        assert (await room.call("POST", "/join", {"name": "Eve", "guest_key": "E" * 43}))[0] == 202


async def test_a_moderator_does_not_rise_or_turn_on_equals(room: HonestRoom) -> None:
    """[P5] TH7: he does not touch the owner or another moderator, make moderators or himself an owner, or delete."""
    await room.change(room.mallory, role="moderator")
    await room.change(room.bob, role="moderator")
    async with room.at_work():
        for other in (room.olga, room.bob):
            for act in ("kick", "ban", "unban"):
                assert (
                    await room.refused("POST", f"/members/{other.user}/{act}", {}, room.mallory) == "permission_denied"
                )
            for body in ({"role": "viewer"}, {"overrides": {"draw": False}}):
                assert await room.refused("PATCH", f"/members/{other.user}", body, room.mallory) == "permission_denied"
        for person, body in (
            (room.mallory, {"role": "owner"}), (room.ann, {"role": "moderator"}), (room.ann, {"role": "owner"}),
            (room.ann, {"overrides": {"moderate": True}}), (room.mallory, {"overrides": {"moderate": True}}),
        ):  # fmt: skip
            assert await room.refused("PATCH", f"/members/{person.user}", body, room.mallory) == "permission_denied"
        assert await room.refused("POST", "/invitations", {"role": "moderator"}, room.mallory) == "permission_denied"
        assert await room.refused("POST", "/invitations", {"role": "owner"}, room.mallory) == "malformed_frame"
        assert await room.refused("DELETE", "", None, room.mallory) == "permission_denied"
        assert await room.refused("DELETE", f"/members/{room.ann.user}/data", None, room.mallory) == "permission_denied"
        assert await room.refused("PATCH", "", {"recovery": True}, room.mallory) == "permission_denied"


async def test_a_moderator_who_was_lowered_has_no_last_word(room: HonestRoom) -> None:
    """[P5] TH7: on the socket that was open all the time, and by requests, from the answer to the lowering on."""
    await room.change(room.mallory, role="moderator")
    async with room.at_work(CHAT) as work, room.live.signal(room.id, room.mallory.token) as his:
        await told(his)
        async with hand(room, CHAT) as mallory:
            await mallory.settle()
            await room.change(room.mallory, role="member")
            assert await say(his, type="mute_request", to="nobody", what="mic") == "permission_denied"
            assert await room.refused("POST", f"/members/{room.ann.user}/kick", {}, room.mallory) == "permission_denied"
            await mallory.update(update(deletes=deletes((work.ann_client, [(0, 1)]))))
            assert await mallory.refusal() == "permission_denied"


async def test_no_permission_is_claimed_by_a_message(room: HonestRoom) -> None:
    """[P5] TH7: frames and fields that only the server sends, sent by a client."""
    await room.change(room.mallory, overrides={"draw": False})
    rights = b'{"type":"permissions","role":"owner","permissions":["draw","moderate"]}'
    async with room.at_work() as work, hand(room, NOTES, role="owner", permissions="draw", admin="true") as mallory:
        await mallory.frame(b"\x64" + bytes([len(rights)]) + rights)
        await mallory.update(update(run(MINE, 0, put())))
        assert await mallory.refusal() == "permission_denied"
        assert "forged" not in work.names()
        async with hand(room, NOTES) as again:
            await again.frame(b"\x02\x00\x00")
            assert await again.close_reason() == "malformed_frame"


async def test_messages_are_not_added_by_who_may_only_draw(room: HonestRoom) -> None:
    """[P5] TH7: a chat's list as a root of the board or of a note is no chat."""
    await room.change(room.mallory, overrides={"chat": False})
    async with room.at_work(CHAT), room.at_work(BOARD), room.at_work(NOTES):
        news = written(page(), lambda doc: doc.get("messages", type=Array).append(message("m", room.mallory.user)))
        async with hand(room, BOARD) as mallory:
            await mallory.update(news)
            assert await mallory.refusal() == "schema_violation"
        async with hand(room, NOTES) as mallory:
            await mallory.update(news)
            await mallory.settle()
