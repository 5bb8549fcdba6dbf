"""[P6] [P8] TH10: too large, too much, too deep, too often. It costs its sender, and nobody else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from pycrdt import Text

from crdt_docs.depth import MAX_DEPTH
from crdt_docs.frames import encode_awareness, encode_sync_step1
from crdt_docs.lib0 import varint
from server.presence.sessions import MAX_PAGES, MAX_SOCKETS
from server.sync.channel import MAX_HELD
from tests.crdt_docs.nested import nested
from tests.crdt_docs.wire import ANN, ANY, NULLS, TYPE, after, anything, deletes, gc, inside, rooted, run, update
from tests.hostile.attacker import entry_of, hand, put, said
from tests.hostile.room import BOARD, CHAT, EVERY_DOCUMENT, NOTES, HonestRoom, Work
from tests.hostile.witness import Witness
from tests.server.live import close_of, configured, guest_key, serving, told

MINE = 77_777
MAP_TYPE = b"\x01"
TORN_DOWN = update(deletes=deletes((ANN, [(0, 1)])))
"""The outermost of the nested types is deleted."""
STRUCTS, CLAIMS = 20_000, 1_000
SOON = 5.0
"""Seconds within which honest people are served while somebody attacks, on a machine that is busy besides."""


async def still_quick(work: Work) -> None:
    """Ann's edit reaches Bob, and his reaches her, before anybody would complain."""
    async with asyncio.timeout(SOON):
        await work.go_on()


@pytest.mark.parametrize("size", [16 * 2**20 + 1, 20 * 2**20], ids=["a byte too much", "20 MiB"])
async def test_an_oversized_frame_is_not_kept(room: HonestRoom, size: int) -> None:
    """[P6] [P8] TH10: dropped as it arrives, on both kinds of socket."""
    async with room.at_work():
        async with hand(room, NOTES) as mallory:
            await mallory.frame(b"\x00\x02" + bytes(size - 2))
            assert await mallory.close_reason() == "update_too_large"
        async with room.live.signal(room.id, room.mallory.token) as his:
            await his.send("x" * size)
            assert (await close_of(his))[1] in ("update_too_large", "malformed_frame")


async def test_a_body_without_end_is_not_read(room: HonestRoom) -> None:
    """[P6] [P8] TH10: on a route that reads JSON, announced or in chunks."""
    async with room.at_work():
        for head in ("Content-Length: 100000000", "Transfer-Encoding: chunked"):
            reader, writer = await asyncio.open_connection("127.0.0.1", room.live.port)
            lines = (f"POST /api/rooms/{room.id}/join HTTP/1.1", "Host: x", "Content-Type: application/json", head)
            top = "\r\n".join((*lines, "", ""))
            writer.write(top.encode() + b"10000\r\n" + b"[" * 65_536 + b"\r\n" + b"10000\r\n" + b"[" * 65_536)
            async with asyncio.timeout(5):
                assert b" 413 " in await reader.readline()
            writer.close()


@pytest.mark.parametrize("document", EVERY_DOCUMENT)
async def test_an_update_of_many_small_structs_holds_nobody_up(room: HonestRoom, document: str) -> None:
    """[P6] TH10: fifty thousand in one frame, nested in nothing: accepted or refused, others write meanwhile."""
    async with room.at_work(document) as work, hand(room, document) as mallory:
        bomb = (rooted(ANY, NULLS, root="bomb", key=f"k{number}") for number in range(50_000))
        await mallory.update(update(run(MINE, 0, *bomb)))
        await still_quick(work)
        if document == NOTES:
            await mallory.settle()
        else:
            assert await mallory.refusal() == "schema_violation"


async def test_a_struct_that_counts_for_billions_is_refused_or_counts(room: HonestRoom) -> None:
    """[P6] TH10: lengths at the edge of what clocks may be; nobody loops over them, and clocks do not wrap."""
    async with room.at_work() as work:
        for number, length in enumerate((2**31 - 1, 2**31 - 2, 2**30)):
            async with hand(room, NOTES) as mallory:
                await mallory.update(update(run(MINE + number, 0, gc(length))))
                await mallory.settle()
        for number, clock in ((MINE, 2**31 - 1), (MINE + 1, 2**31 - 2)):
            async with hand(room, NOTES) as mallory:
                await mallory.update(update(run(number, clock, put("wrapped"), put("wrapped"))))
                assert await mallory.refusal() == "malformed_update"
        async with hand(room, NOTES) as mallory:
            await mallory.update(update(deletes=deletes((MINE + 5, [(0, 2**31 - 1)]))))
            assert await mallory.refusal() in ("missing_dependencies", "malformed_update")
        await still_quick(work)


async def test_types_nested_in_one_update_are_refused(room: HonestRoom) -> None:
    """[P6] TH10: a hundred thousand inside each other, with the deletion of the outermost; the process would end."""
    deep = nested(100_000)
    async with room.at_work():
        for sent in ((deep[:-1] + TORN_DOWN[1:],), (deep, TORN_DOWN)):
            async with hand(room, NOTES) as mallory:
                await mallory.update(*sent)
                assert await mallory.refusal() == "schema_violation"


async def test_types_nested_in_many_updates_are_refused(room: HonestRoom) -> None:
    """[P6] TH10: each update a few levels deeper than what is there already, then the deletion of the outermost."""
    async with room.at_work() as work:
        async with hand(room, NOTES) as mallory:
            for first in range(0, 2 * MAX_DEPTH, 32):
                await mallory.update(nested(32, first=first))
            assert await mallory.refusal() == "schema_violation"
        assert work.clock(ANN) == MAX_DEPTH
        async with hand(room, NOTES) as mallory:
            await mallory.update(nested(1, first=MAX_DEPTH))
            assert await mallory.refusal() == "schema_violation"
        async with hand(room, NOTES) as mallory:
            await mallory.update(TORN_DOWN)
            await mallory.settle()


async def test_depth_is_counted_through_neighbours_and_several_pages(room: HonestRoom) -> None:
    """[P6] TH10: every type stands beside a value inside of the last one, under changing client ids."""
    async with room.at_work(), hand(room, NOTES) as mallory:
        await mallory.update(update(run(MINE, 0, rooted(TYPE, MAP_TYPE, root="r"))))
        for level in range(1, MAX_DEPTH + 1):
            parent, mine = (MINE + level - 1, 0 if level == 1 else 1), MINE + level
            await mallory.update(update(run(mine, 0, inside(parent, ANY, NULLS), after((mine, 0), TYPE, MAP_TYPE))))
        assert await mallory.refusal() == "schema_violation"


async def test_the_depth_is_known_after_a_restart(tmp_path: Path, witness: Witness) -> None:
    """[P6] TH10: what was nested before counts when the document is loaded anew."""
    config = configured(tmp_path / "data", gap_seconds=0.3)
    async with serving(config) as live:
        room = await HonestRoom.open(live, witness)
        async with hand(room, NOTES) as mallory:
            await mallory.update(nested(MAX_DEPTH))
            await mallory.settle()
    async with serving(config) as room.live, room.at_work(), hand(room, NOTES) as mallory:
        await mallory.update(nested(1, first=MAX_DEPTH))
        assert await mallory.refusal() == "schema_violation"


@pytest.mark.parametrize("document", [NOTES, CHAT])
async def test_refused_updates_are_counted(room: HonestRoom, document: str) -> None:
    """[P6] [P8] TH10: each costs a new copy of the document; after some, from whatever sockets, he has to wait, and
    honest people do not."""
    async with room.at_work(document) as work:
        codes = []
        for number in range(40):
            async with hand(room, document) as mallory:
                await mallory.update(update(run(work.ann_client, work.clock(work.ann_client), put())))
                refusal = await mallory.refusal()
                codes.append(refusal)
                if number >= 30:
                    assert await mallory.close_reason() == "rate_limited"
        assert set(codes) <= {"authorship_violation", "rate_limited"}
        await still_quick(work)


async def test_frames_are_counted_over_all_sockets_of_a_person(room: HonestRoom) -> None:
    """[P6] [P8] TH10: ten thousand of them, spread over five pages so that none alone sends too many; what one may send
    they have together, and Ann's and Bob's pages stay."""
    async with room.at_work() as work, AsyncExitStack() as stack:
        pages = [await stack.enter_async_context(hand(room, NOTES)) for _ in range(5)]
        await asyncio.gather(*(each.frame(*[encode_awareness(())] * 2000) for each in pages))
        ends = [asyncio.create_task(each.close_reason()) for each in pages]
        done, still_open = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        assert {each.result() for each in done} == {"rate_limited"}
        for each in still_open:
            each.cancel()
        await still_quick(work)


async def test_asking_again_and_again_does_not_multiply_the_answer(room: HonestRoom) -> None:
    """[P6] [P8] TH10: a thousand requests for a large state at once: one answer is under way at a time."""
    async with room.at_work() as work:
        await work.write(lambda doc: doc.get("t", type=Text).insert(0, "x" * 200_000))
        async with hand(room, NOTES) as mallory:
            await mallory.frame(*[encode_sync_step1(b"\x00")] * 1000)
            await still_quick(work)
            await mallory.settle()
            answers = sum(frame[:2] == b"\x00\x01" for frame in mallory.heard)
        assert 1 <= answers <= 20


async def test_updates_that_wait_are_bounded(room: HonestRoom) -> None:
    """[P6] [P8] TH10: what builds on work that never comes is held for a moment, and not much of it."""
    async with room.at_work() as work:
        async with hand(room, NOTES) as mallory:
            await mallory.update(*(update(run(MINE + each, 7, put())) for each in range(MAX_HELD + 1)))
            assert await mallory.refusal() == "missing_dependencies"
        async with hand(room, NOTES) as mallory:
            await mallory.update(
                update(run(MINE, 7, rooted(ANY, b"\x01\x77" + varint(2**21) + bytes(2**21), root="m")))
            )
            assert await mallory.refusal() == "missing_dependencies"
        await still_quick(work)


async def test_pages_and_sockets_of_one_person_are_bounded(room: HonestRoom) -> None:
    """[P8] TH10: neither more pages nor more sockets of a page than anybody has; others come in all the same."""
    async with room.at_work() as work, AsyncExitStack() as stack:
        for _ in range(MAX_PAGES):
            each = await stack.enter_async_context(hand(room, NOTES))
            await each.settle()
        async with hand(room, NOTES) as one_more:
            assert await one_more.close_reason() == "rate_limited"
        await still_quick(work)
    async with room.at_work(), AsyncExitStack() as stack:
        for _ in range(MAX_SOCKETS):
            each = await stack.enter_async_context(hand(room, NOTES, session=room.page("one")))
            await each.settle()
        async with hand(room, NOTES, session=room.page("one")) as one_more:
            assert await one_more.close_reason() == "rate_limited"


async def test_a_flood_on_the_signal_socket_ends_it(room: HonestRoom) -> None:
    """[P6] [P8] TH10: good messages, too many of them; Ann hears of some and goes on."""
    async with room.at_work(), room.live.signal(room.id, room.ann.token, room.page("ann")) as anns:
        assert (await told(anns))["type"] == "welcome"
        async with room.live.signal(room.id, room.mallory.token) as his:
            for number in range(2000):
                await his.send(json.dumps({"type": "hand", "up": number % 2 == 0}))
            assert await close_of(his) == (4529, "rate_limited")
        await anns.send('{"type":"roster"}')
        while (await told(anns))["type"] != "roster":
            pass


async def test_knocking_is_no_alarm_bell(room: HonestRoom) -> None:
    """[P6] [P8] TH10: one person does not knock without end, nor are moderators told twice of him."""
    assert (await room.call("PATCH", "", {"access": "lobby"}, room.olga))[0] == 200
    key = guest_key()
    async with room.at_work():
        statuses = [
            (await room.call("POST", "/join", {"name": "Eve", "guest_key": key}))[0] for _ in range(15)
        ]  # fmt: skip
        assert statuses[0] == 202
        assert statuses[-1] == 429


async def test_guesses_are_counted_and_the_office_is_not_shut_out(room: HonestRoom) -> None:
    """[P6] TH10: a hundred wrong tokens and invitations from one address; who has a good one comes in from there."""
    async with room.at_work():
        codes = [await room.refused("GET", by=f"wrong{number}") for number in range(100)]
        assert (codes[0], codes[-1]) == ("token_invalid", "rate_limited")
        async with hand(room, NOTES) as mallory:
            await mallory.settle()


@pytest_asyncio.fixture(loop_scope="session")
async def small(tmp_path: Path, witness: Witness) -> AsyncIterator[HonestRoom]:
    """A room whose documents stay small."""
    async with serving(configured(tmp_path / "data", max_document_bytes=200_000)) as live:
        yield await HonestRoom.open(live, witness)


async def test_a_document_does_not_grow_without_end(small: HonestRoom) -> None:
    """[P6] [P8] TH10: a full one refuses its filler, stays readable, and other documents go on."""
    async with hand(small, "doc-filled") as mallory:
        for clock in range(10):
            content = b"\x01\x77" + varint(50_000) + b"x" * 50_000
            await mallory.update(update(run(MINE, clock, rooted(ANY, content, root="m", key=f"k{clock}"))))
        assert await mallory.refusal() == "quota_exceeded"
        assert len((await mallory.settle())[-1]) > 100_000
    async with small.at_work(NOTES):
        pass


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
async def test_a_viewers_deletions_cost_no_walk_over_the_document_each(room: HonestRoom, known: bool) -> None:
    """[P6] TH10: what is deleted is found by a walk over a document, here of many thousand structs; somebody who may
    not write sends deletions of eight bytes all the time."""
    async with room.at_work() as work:
        async with hand(room, NOTES, room.bob) as bobs_other_page:
            many = run(MINE, 0, *(rooted(ANY, NULLS, root="m", key=f"k{number}") for number in range(STRUCTS)))
            await bobs_other_page.update(update(many, deletes=deletes((MINE, [(0, 1)]))))
            await bobs_other_page.update(update(deletes=deletes((MINE, [(each, 1) for each in range(0, STRUCTS, 2)]))))
            await bobs_other_page.settle()
        await room.change(room.mallory, role="viewer")
        async with hand(room, NOTES, ext=False) as mallory:
            await mallory.update(*[update(deletes=deletes((MINE, [(0 if known else 1, 1)])))] * 1000)
            await still_quick(work)
            await mallory.settle()
        assert "k1" in work.names()


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="THREATS.md: a hang in yrs")
@pytest.mark.parametrize("document", [NOTES, BOARD])
async def test_structs_that_all_claim_one_place_are_refused(room: HonestRoom, document: str) -> None:
    """[P6] TH10: two client ids each claim to be the first under one key, thousands of times, as no honest page does.
    Each struct of the second is compared with all of the first's: 8,000 of each, in 64 KB, hold everybody up for many
    seconds, and twice as many four times as long."""
    root = (rooted(TYPE, MAP_TYPE, root="m", key="e"), rooted(TYPE, MAP_TYPE, root="elements", key="e"))
    box = [entry_of((MINE, 0), "type", ANY, said("rectangle")),
           *(entry_of((MINE, 0), key, ANY, anything(b"\x75\x02\x7d\x00\x7d\x00")) for key in ("xy", "wh"))]  # fmt: skip
    claim = entry_of((MINE, 0), "k", ANY, NULLS)
    async with room.at_work(document), hand(room, document) as mallory:
        await mallory.update(update(run(MINE, 0, root[document == BOARD], *box, *[claim] * CLAIMS)))
        await mallory.update(update(run(2**40, 0, *[claim] * CLAIMS)))
        heard = await mallory.settle()
        assert any(b'"rejected"' in frame for frame in heard)
