"""[P3] TH1: writing under somebody else's client id. Every change has an author who cannot be forged."""

from __future__ import annotations

from functools import partial

import pytest
from pycrdt import Map, Text

from crdt_docs.frames import encode_update
from crdt_docs.ids import ClientId
from crdt_docs.lib0 import varint
from tests.crdt_docs.wire import STRING, after, deletes, gc, rooted, run, skip, text, update
from tests.hostile.attacker import Hand, hand, page, put, written
from tests.hostile.room import EVERY_DOCUMENT, NOTES, HonestRoom, Work, write_honestly
from tests.server.api import operator

MINE = 77_777
"""A client id that nobody has before Mallory."""
AHEAD = 3
"""Structs that Ann has not written yet."""


@pytest.mark.parametrize("document", EVERY_DOCUMENT)
async def test_nobody_writes_on_under_anothers_client_id(room: HonestRoom, document: str) -> None:
    """[P3] TH1: an honest edit in form, made by a page that took Ann's client id, in each kind of document."""
    async with room.at_work(document) as work, hand(room, document) as mallory:
        forger = page(work.server.ydoc, work.ann_client)
        await mallory.update(written(forger, lambda doc: write_honestly(doc, document, "forged", room.mallory.user)))
        assert await mallory.refusal() == "authorship_violation"


@pytest.mark.parametrize("victim", ["pycrdt", "yjs"])
async def test_nobody_continues_anothers_structs_by_hand(room: HonestRoom, victim: str) -> None:
    """[P3] TH1: a struct at exactly the next clock of Ann, or of Bob; an unmodified socket is closed with 4410."""
    async with room.at_work() as work, hand(room, NOTES, ext=False) as mallory:
        client = work.ann_client if victim == "pycrdt" else work.bob_client
        await mallory.update(update(run(client, work.clock(client), put())))
        assert await mallory.refusal() == "authorship_violation"
        assert mallory.socket.close_code == 4410
        assert "forged" not in work.names()


async def test_a_forgery_that_waits_for_its_victim_does_not_take_effect(room: HonestRoom) -> None:
    """[P3] TH1: structs just beyond what Ann has written, which would fit as soon as she writes on herself."""
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        await mallory.update(update(run(work.ann_client, work.clock(work.ann_client) + 1, put())))
        await work.write(lambda doc: doc.get("m", type=Map).update({"filled": 1}))
        assert await mallory.refusal() == "authorship_violation"
        assert "forged" not in work.names()


@pytest.mark.parametrize("clock", [AHEAD, 2**31, 2**52], ids=["a little", "far", "absurdly"])
async def test_a_forgery_far_ahead_is_never_kept_for_later(room: HonestRoom, clock: int) -> None:
    """[P3] TH1: nothing of it is stored, so nothing of Ann's later work can set it free."""
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        await mallory.update(update(run(work.ann_client, work.clock(work.ann_client) + clock, put())))
        assert await mallory.refusal() in ("missing_dependencies", "malformed_update")
        for number in range(AHEAD + 2):
            await work.write(partial(write_honestly, document=NOTES, key=f"later-{number}", author=room.ann.user))
        assert "forged" not in work.names()


@pytest.mark.parametrize("how", ["update", "step 2"])
async def test_a_foreign_tail_behind_known_structs_is_seen(room: HonestRoom, how: str) -> None:
    """[P3] TH1: all of Ann's structs as they are, and one more; also as the answer to our state vector."""
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        forger = page(work.server.ydoc, work.ann_client)
        forger.get("m", type=Map)["forged"] = 1
        await (mallory.update if how == "update" else mallory.step2)(forger.get_update())
        assert await mallory.refusal() == "authorship_violation"
        assert "forged" not in work.names()


async def test_a_known_struct_does_not_grow_a_tail(room: HonestRoom) -> None:
    """[P3] TH1: Ann's text once more, longer than she wrote it: a struct half known and half forged."""
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        start = work.clock(work.ann_client)
        await work.write(lambda doc: doc.get("t", type=Text).insert(0, "honest"))
        await mallory.update(update(run(work.ann_client, start, rooted(STRING, text("honest, and forged"), root="t"))))
        assert await mallory.refusal() == "authorship_violation"
        assert str(work.server.ydoc.get("t", type=Text)) == "honest"


async def test_skips_do_not_hide_a_foreign_struct(room: HonestRoom) -> None:
    """[P3] TH1: the run begins at zero and skips what is known, or skips ahead."""
    async with room.at_work() as work:
        known = work.clock(work.ann_client)
        async with hand(room, NOTES) as mallory:
            await mallory.update(update(run(work.ann_client, 0, skip(known), put())))
            assert await mallory.refusal() == "authorship_violation"
        async with hand(room, NOTES) as mallory:
            await mallory.update(update(run(work.ann_client, known, skip(1), put())))
            await work.write(lambda doc: doc.get("m", type=Map).update({"filled": 1}))
            assert await mallory.refusal() in ("authorship_violation", "missing_dependencies")
        assert "forged" not in work.names()


@pytest.mark.parametrize("place", ["first", "last"])
async def test_one_foreign_client_among_several_refuses_them_all(room: HonestRoom, place: str) -> None:
    """[P3] TH1: Mallory's own structs beside a forged one are not applied either, and bind nothing."""
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        own = run(MINE, 0, put("own"))
        forged = run(work.bob_client, work.clock(work.bob_client), put())
        await mallory.update(update(forged, own) if place == "first" else update(own, forged))
        assert await mallory.refusal() == "authorship_violation"
        assert not {"own", "forged"} & work.names()
        assert ClientId(MINE) not in work.server.guard.ownership


async def test_a_forgery_after_honest_work_is_no_less_one(room: HonestRoom) -> None:
    """[P3] TH1: small incremental updates of his own first; then one that mixes in a struct of Ann's."""
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        for clock in range(5):
            await mallory.update(update(run(MINE, clock, put(f"own-{clock}"))))
        await mallory.settle()
        await mallory.update(
            update(run(MINE, 5, put("own-5")), run(work.ann_client, work.clock(work.ann_client), put()))
        )  # fmt: skip
        assert await mallory.refusal() == "authorship_violation"
        assert {f"own-{clock}" for clock in range(5)} <= work.names()
        assert not {"own-5", "forged"} & work.names()


async def test_nobody_types_into_a_text_in_anothers_name(room: HonestRoom) -> None:
    """[P3] TH1: behind Ann's last letter, as her editor would."""
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        await work.write(lambda doc: doc.get("t", type=Text).insert(0, "honest"))
        clock = work.clock(work.ann_client)
        await mallory.update(
            update(run(work.ann_client, clock, after((work.ann_client, clock - 1), STRING, text("!"))))
        )
        assert await mallory.refusal() == "authorship_violation"


async def test_nobody_uses_up_anothers_clocks(room: HonestRoom) -> None:
    """[P3] TH1: collected structs say nothing, and would make Ann's next edits look known."""
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        await mallory.update(update(run(work.ann_client, work.clock(work.ann_client), gc(1000))))
        assert await mallory.refusal() == "authorship_violation"


async def test_nobody_deletes_what_is_not_written_yet(room: HonestRoom) -> None:
    """[P3] TH1: a deletion of Ann's next thousand structs would swallow her work as it comes."""
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        await mallory.update(update(deletes=deletes((work.ann_client, [(work.clock(work.ann_client), 1000)]))))
        await work.go_on()
        assert await mallory.refusal() == "missing_dependencies"


async def _say_as(work: Work, mallory: Hand, client: bytes) -> None:
    """A struct under a client id that is encoded so."""
    clock = work.clock(work.ann_client)
    await mallory.update(varint(1) + varint(1) + client + varint(clock) + put() + b"\x00")


async def test_a_client_id_in_another_spelling_is_the_same(room: HonestRoom) -> None:
    """[P3] TH1: a number with idle bytes behind it must not be read in two ways by check and library."""
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        spelt = bytearray(varint(work.ann_client))
        spelt[-1] |= 0x80
        await _say_as(work, mallory, bytes(spelt) + b"\x00")
        assert await mallory.refusal() in ("authorship_violation", "malformed_update")


async def test_a_client_id_that_is_cut_to_32_bits_hits_nobody(room: HonestRoom) -> None:
    """[P3] TH1: it differs from Bob's only in bits that JavaScript's shifts drop; his clock stays his own."""
    async with room.at_work() as work:
        before = work.clock(work.bob_client)
        async with hand(room, NOTES) as mallory:
            await mallory.update(update(run(work.bob_client + 2**32, 0, put("alias"))))
            await mallory.settle()
        assert work.clock(work.bob_client) == before
        assert "alias" in work.names()


async def test_a_client_that_comes_twice_in_one_update_is_refused(room: HonestRoom) -> None:
    """[P3] TH1: two runs of one client could be counted once and applied twice."""
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        clock = work.clock(work.ann_client)
        await mallory.update(
            update(run(work.ann_client, 0), run(MINE, 0, put("own")), run(work.ann_client, clock, put()))
        )
        assert await mallory.refusal() in ("authorship_violation", "malformed_update")
        assert not {"own", "forged"} & work.names()


async def test_a_replayed_edit_stays_its_authors(room: HonestRoom) -> None:
    """[P3] TH1: what Ann wrote, sent again by Mallory before, with and after her, is no work of his."""
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        sent = await work.ann.write(lambda doc: doc.get("m", type=Map).update({"raced": 1}))
        await mallory.frame(*[encode_update(sent)] * 3)
        await work.ann.until(lambda: "raced" in work.names())
        with_him = await mallory.settle()
        assert with_him
        assert work.server.guard.ownership.owner(work.ann_client) == room.ann.user


async def test_a_session_of_another_is_not_written_in(room: HonestRoom) -> None:
    """[P3] TH1: rows carry a session; Mallory's socket that names Ann's page is not let in."""
    session = room.page("ann")
    async with room.at_work() as work, hand(room, NOTES, room.ann, session=session) as anns:
        await anns.settle()
        async with hand(room, NOTES, session=session) as mallory:
            await mallory.update(update(run(MINE, 0, put())))
            assert await mallory.refusal() == "permission_denied"
        assert "forged" not in work.names()


async def test_a_room_in_recovery_is_no_licence_to_forge(room: HonestRoom) -> None:
    """[P3] TH1: after a restored backup others' work comes back through those who moderate, and through nobody else;
    what a moderator brings is not his own either, so he cannot write on under it."""
    admin = operator(room.live)
    moderator = await room.guest("Mo")
    await room.change(moderator, role="moderator")
    async with room.at_work() as work:
        assert (await room.call("PATCH", "", {"recovery": True}, admin))[0] == 200
        for client in (work.ann_client, work.bob_client):
            async with hand(room, NOTES) as mallory:
                await mallory.update(update(run(client, work.clock(client), put())))
                assert await mallory.refusal() == "room_draining"
        async with hand(room, NOTES, moderator) as mo:
            await mo.update(update(run(MINE, 0, put("returned"))))
            await mo.settle()
        assert (await room.call("PATCH", "", {"recovery": False}, admin))[0] == 200
        mine = ClientId(MINE)
        for person, client in ((room.mallory, work.ann_client), (moderator, mine), (room.mallory, mine)):
            async with hand(room, NOTES, person) as again:
                await again.update(update(run(client, work.clock(client), put())))
                assert await again.refusal() == "authorship_violation"
        assert "returned" in work.names()
        assert "forged" not in work.names()
