"""[P6] TH14: what is no message at all, or nearly one. It ends at most the connection of its sender."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from crdt_docs.frames import encode_sync_step1, encode_sync_step2, encode_update
from crdt_docs.lib0 import varint
from server.signaling.endpoint import MAX_BAD_IN_A_ROW
from server.signaling.messages import MAX_MESSAGE_BYTES
from tests.crdt_docs.wire import ANY, NULLS, inside, mutate, rooted, run, update
from tests.hostile.attacker import hand, page, put, written
from tests.hostile.room import EVERY_DOCUMENT, NOTES, HonestRoom, write_honestly
from tests.interop.programs import seed
from tests.server.live import close_of, told, told_of

MINE = 77_777
MUTATIONS = 60
CODES = ("malformed_frame", "malformed_update", "missing_dependencies")
FRAMES: dict[str, bytes | str] = {
    "text": "hello",
    "nothing": b"",
    "an unknown type": b"\x09\x01\x02",
    "a type of the server": b"\x02\x00\x00",
    "half a number": b"\x00\x02\xff",
    "a number without end": b"\x00\x02" + b"\xff" * 40,
    "a length beyond the end": b"\x00\x02\x7f\x00",
    "a length near 2**53": b"\x00\x02" + varint(2**53 - 1) + b"\x00",
    "bytes behind the end": encode_sync_step1(b"\x00") + b"\x00",
    "an unknown step": b"\x00\x03\x01\x00",
    "a state vector that is none": encode_sync_step1(b"\xff\xff"),
    "a state vector of a million clients": encode_sync_step1(varint(10**6) + b"\x01\x01"),
    "an awareness that is no JSON": b"\x01\x05\x01\x07\x01\x01{",
    "an awareness of a list": b"\x01\x06\x01\x07\x01\x02[]",
    "an awareness that is not UTF-8": b"\x01\x06\x01\x07\x01\x02\xff\xfe",
    "an awareness with NaN": b"\x01\x0d\x01\x07\x01\x09{\"x\":NaN}",
    "an extension that is not UTF-8": b"\x64\x02\xff\xfe",
    "an update that is none": encode_update(b"\x01\x01\x01garbage"),
    "a step 2 that is none": encode_sync_step2(b"\x00"),
    "a version 2 update": encode_update(b"\x00\x00\x05\xe3\x9f\xd8\x8d\x0d\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00"),
    "an update of a million runs": encode_update(varint(10**6) + b"\x01\x01\x00"),
    "a clock beyond 2**31": encode_update(update(run(MINE, 2**31, put()))),
    "a struct of 2**40": encode_update(update(run(MINE, 0, b"\x00" + varint(2**40)))),
    "a deletion of 2**40": encode_update(b"\x00\x01" + varint(MINE) + b"\x01\x00" + varint(2**40)),
    "a text that is not UTF-8": encode_update(update(run(MINE, 0, b"\x04\x01\x01m\x02\xff\xfe"))),
    "half a surrogate pair": encode_update(update(run(MINE, 0, b"\x04\x01\x01m\x03\xed\xa0\x80"))),
    "an empty struct": encode_update(update(run(MINE, 0, b"\x00\x00"))),
    "structs that wait for each other": encode_update(
        update(run(MINE, 0, inside((MINE + 1, 0), ANY, NULLS)), run(MINE + 1, 0, inside((MINE, 0), ANY, NULLS)))
    ),
    "a struct inside itself": encode_update(update(run(MINE, 0, inside((MINE, 0), ANY, NULLS)))),
}  # fmt: skip


@pytest.mark.parametrize("document", EVERY_DOCUMENT)
async def test_a_malformed_frame_ends_its_sender_alone(room: HonestRoom, document: str) -> None:
    """[P6] TH14: each with a code of the table, on a fresh socket, while the others go on."""
    limits = room.live.app.services.limits
    async with room.at_work(document):
        for what, frame in FRAMES.items():
            limits.refused_updates._buckets.clear()  # each is the first one of its sender
            async with hand(room, document, ext=False) as mallory:
                await mallory.frame(frame)
                assert await mallory.close_reason() in (
                    "malformed_frame",
                    "malformed_update",
                    "missing_dependencies",
                ), what
                assert mallory.socket.close_code == 4400


@pytest.mark.parametrize("document", EVERY_DOCUMENT)
async def test_broken_honest_updates_do_no_harm(room: HonestRoom, document: str) -> None:
    """[P3] [P6] TH14: an update of Mallory's own and one of Ann's, each broken at random in some places."""
    chance = Random(seed())
    limits = room.live.app.services.limits
    async with room.at_work(document) as work:
        honest = page(work.server.ydoc)
        own = written(honest, lambda doc: write_honestly(doc, document, "own", room.mallory.user))
        whole = work.server.ydoc.get_update()
        for _ in range(MUTATIONS):
            limits.refused_updates._buckets.clear()
            async with hand(room, document) as mallory:
                await mallory.update(mutate(chance, chance.choice((own, whole))))
                await mallory.settle()


async def test_an_update_that_decodes_and_does_not_integrate_is_refused(room: HonestRoom) -> None:
    """[P6] TH14: its parent is a number in an array."""
    async with room.at_work(), hand(room, NOTES) as mallory:
        await mallory.update(update(run(MINE, 0, rooted(ANY, NULLS, root="a"))))
        await mallory.update(update(run(MINE, 1, inside((MINE, 0), ANY, NULLS))))
        assert await mallory.refusal() == "malformed_update"


SAID: dict[str, str | bytes] = {
    "no JSON": "hello",
    "nothing": "",
    "half an object": '{"type":"rename"',
    "a list": "[]",
    "a number": "1e999",
    "null": "null",
    "no type": "{}",
    "an unknown type": '{"type":"become_owner"}',
    "a type that is none": '{"type":["rename"]}',
    "a message of the server": '{"type":"welcome","you":{"role":"owner"}}',
    "a relay that is not served": '{"type":"offer","to":"ann-page","from":"olga","sdp":"v=0"}',
    "a field of another kind": '{"type":"media","mic":"yes"}',
    "a name that is a number": '{"type":"rename","name":7}',
    "a name of nothing": '{"type":"rename","name":"\\u200b\\u202e"}',
    "a name without end": json.dumps({"type": "rename", "name": "x" * 5000}),
    "half a surrogate pair": '{"type":"rename","name":"\\ud800"}',
    "bytes": b"\x00\x01",
    "deep nesting": '{"type":"rename","name":' + "[" * 20_000 + "]" * 20_000 + "}",
    "more than a message may have": json.dumps({"type": "rename", "name": "x" * MAX_MESSAGE_BYTES}),
    "somebody who is nobody": '{"type":"admit","sub":""}',
    "a token that is an object": '{"type":"renew","token":{"alg":"none"}}',
}


async def test_what_is_no_message_is_answered_and_told_to_nobody(room: HonestRoom) -> None:
    """[P6] TH14: an error each, and the socket goes on; Ann, who listens, hears nothing of it."""
    async with (
        room.at_work(),
        room.live.signal(room.id, room.ann.token, room.page("ann")) as anns,
        room.live.signal(room.id, room.mallory.token, room.page("mallory")) as his,
    ):
        await told(his)
        for what, said in SAID.items():
            await his.send(said)
            assert (await told_of(his, "error"))["code"] in ("malformed_frame", "permission_denied", "token_invalid"), (
                what
            )
            await his.send('{"type":"roster"}')  # a good one in between
            assert (await told_of(his, "roster"))["type"] == "roster"
        await his.send('{"type":"hand","up":true}')
        heard = [(await told(anns))["type"] for _ in range(3)]
        assert heard == ["welcome", "joined", "updated"]


async def test_one_bad_message_after_another_ends_the_socket(room: HonestRoom) -> None:
    """[P6] [P8] TH14: an error is an answer that costs, too."""
    async with room.at_work(), room.live.signal(room.id, room.mallory.token) as his:
        for _ in range(MAX_BAD_IN_A_ROW):
            await his.send("{}")
        assert await close_of(his) == (4400, "malformed_frame")


BODIES: tuple[Any, ...] = (
    b"", b"null", b"[]", b"7", b'"x"', b"{", b"{}", b'{"name":7}', b'{"door":"ajar"}', b'{"max_people":-1}',
    b'{"max_people":1e99}', b'{"permissions":["fly"]}', b'{"permissions":["moderate"]}', b'{"default_role":"owner"}',
    b'{"name":"' + b"x" * 70_000 + b'"}', b'{"name":' + b"[" * 30_000, b"\xff\xfe", b'{"name":"\\ud800"}',
    b'{"access":"link","access":"everybody"}',
)  # fmt: skip


async def test_a_body_that_is_not_what_is_expected_changes_nothing(room: HonestRoom) -> None:
    """[P6] TH14: on routes that read one, by somebody who may use them; never more than an error of the table."""
    client = room.live.app.quart.test_client()
    headers = {"Authorization": f"Bearer {room.olga.token}", "Content-Type": "application/json"}
    async with room.at_work():
        before = await as_told(room)
        for method, path in (
            ("PATCH", ""), ("POST", "/join"), ("POST", "/invitations"), ("PATCH", f"/members/{room.ann.user}"),
            ("POST", "/members/nobody/kick"),
        ):  # fmt: skip
            for body in BODIES:
                answer = await client.open(  # type: ignore[call-arg]
                    f"/api/rooms/{room.id}{path}", method=method, data=body, headers=headers
                )
                assert answer.status_code < 500, (method, path, body[:40])
        assert await as_told(room) == before


async def as_told(room: HonestRoom) -> Any:
    """The room and its people, as Olga is told."""
    return (await room.call("GET", by=room.olga))[1]
