"""[P3] TH2: taking client ids that others use or will use, so that their work is refused or becomes one's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from crdt_docs import authorship
from crdt_docs.authorship import MAX_NEW_CLIENTS
from crdt_docs.frames import AwarenessEntry, encode_awareness
from crdt_docs.ids import ClientId
from tests.crdt_docs.wire import run, update
from tests.hostile.attacker import hand, page, put
from tests.hostile.room import NOTES, HonestRoom, Person, Work
from tests.hostile.witness import Witness
from tests.server.live import configured, serving
from tests.wire_client import wire_client

HERS = ClientId(31_337)
"""The client id under which Cleo will write."""
FIRST = 1_000_000
"""The first of the client ids that Mallory makes up."""
SHARE = 3 * MAX_NEW_CLIENTS
"""As many as one person may have in a document."""


@asynccontextmanager
async def announced(room: HonestRoom, how: str, cleo: Person) -> AsyncIterator[None]:
    """Cleo's page is open and has said under which id it will write; it has written nothing."""
    if how == "by parameter":
        async with hand(room, NOTES, cleo, client=str(HERS)) as page_of_cleo:
            await page_of_cleo.settle()
            yield
    else:
        async with hand(room, NOTES, cleo) as page_of_cleo:
            await page_of_cleo.awareness((HERS, 1, {"cursor": None}))
            await page_of_cleo.settle()
            yield


async def refused_everywhere(room: HonestRoom, work: Work, client: ClientId, owner: Person) -> None:
    """Mallory claims somebody's id by an update, by the parameter and in the awareness; it stays where it was."""
    clock = work.clock(client)
    async with hand(room, NOTES) as mallory:
        await mallory.update(update(run(client, clock, put())))
        assert await mallory.refusal() == "authorship_violation"
    async with hand(room, NOTES, client=str(client)) as mallory:
        await mallory.update(update(run(client, clock, put())))
        assert await mallory.refusal() == "authorship_violation"
    async with hand(room, NOTES) as mallory:
        await mallory.awareness((client, 2**40, {"mine": True}))
        await mallory.update(update(run(client, clock, put())))
        assert await mallory.refusal() == "authorship_violation"
    assert work.server.guard.ownership.owner(client) == owner.user
    assert "forged" not in work.names()


async def write_as(room: HonestRoom, person: Person, client: ClientId, key: str) -> None:
    """An honest page of that person with that client id."""
    made = page(None, client)
    async with wire_client(room.url(NOTES, person.token, ext="1", client=str(client)), made) as his:
        await his.put(key, 1)
        await his.saved(1)
        assert his.last("rejected") == {}


@pytest.mark.parametrize("how", ["by parameter", "by awareness"])
async def test_an_id_that_was_announced_is_taken(room: HonestRoom, how: str) -> None:
    """[P3] TH2: Cleo has not written yet; whoever hears of her id cannot be faster, and she writes under it."""
    cleo = await room.guest("Cleo")
    async with room.at_work() as work:
        async with announced(room, how, cleo):
            await refused_everywhere(room, work, HERS, cleo)
        await write_as(room, cleo, HERS, "cleo")
        assert "cleo" in work.names()


async def test_an_id_stays_its_owners_when_he_has_gone(room: HonestRoom) -> None:
    """[P3] TH2: Cleo wrote, left, was banned and had her data erased; her id is nobody else's even then."""
    cleo = await room.guest("Cleo")
    async with room.at_work() as work:
        await write_as(room, cleo, HERS, "cleo")
        await refused_everywhere(room, work, HERS, cleo)
        assert (await room.call("POST", f"/members/{cleo.user}/ban", {}, room.olga))[0] == 204
        assert (await room.call("DELETE", f"/members/{cleo.user}/data", by=room.olga))[0] == 200
        await refused_everywhere(room, work, HERS, cleo)


@pytest.mark.parametrize("how", ["by parameter", "by awareness"])
async def test_an_announcement_outlives_a_restart(tmp_path: Path, witness: Witness, how: str) -> None:
    """[P3] TH2: the server that starts again knows whose the id is, though nothing was written under it."""
    config = configured(tmp_path / "data", gap_seconds=0.3)
    async with serving(config) as live:
        room = await HonestRoom.open(live, witness)
        cleo = await room.guest("Cleo")
        async with announced(room, how, cleo):
            pass
    async with serving(config) as room.live, room.at_work() as work:
        await refused_everywhere(room, work, HERS, cleo)
        await write_as(room, cleo, HERS, "cleo")
        assert "cleo" in work.names()


async def test_a_squatted_id_costs_its_victim_a_new_one_and_nothing_else(room: HonestRoom) -> None:
    """[P3] TH2: Mallory was first; Cleo's page is told at once, before it writes, and goes on under another id."""
    cleo = await room.guest("Cleo")
    async with room.at_work() as work, hand(room, NOTES, client=str(HERS)) as mallory:
        await mallory.settle()
        async with hand(room, NOTES, cleo, client=str(HERS)) as page_of_cleo:
            assert await page_of_cleo.close_reason() == "authorship_violation"
        await write_as(room, cleo, ClientId(HERS + 1), "cleo")
        assert "cleo" in work.names()


async def test_nobody_takes_a_thousand_ids_at_once(room: HonestRoom) -> None:
    """[P3] [P8] TH2: one update may bring the offline work of many pages, and not occupy the ids of a whole room."""
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        many = range(FIRST, FIRST + MAX_NEW_CLIENTS + 1)
        await mallory.update(update(*(run(client, 0, put()) for client in many)))
        assert await mallory.refusal() == "quota_exceeded"
        assert not any(ClientId(client) in work.server.guard.ownership for client in many)


async def test_nobody_takes_ids_without_end(room: HonestRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    """[P3] [P8] TH2: as many as allowed in each update, until his share (made smaller here) is used up."""
    monkeypatch.setattr(authorship, "MAX_CLIENTS_PER_USER", SHARE)
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        for first in range(FIRST, FIRST + SHARE, MAX_NEW_CLIENTS):
            many = range(first, first + MAX_NEW_CLIENTS)
            await mallory.update(update(*(run(client, 0, put(f"of {client}")) for client in many)))
        await mallory.update(update(run(FIRST - 1, 0, put("one too many"))))
        assert await mallory.refusal() == "quota_exceeded"
        assert "one too many" not in work.names()


async def test_a_flood_of_awareness_binds_few_ids(room: HonestRoom) -> None:
    """[P3] [P8] TH2: a socket speaks for a handful of ids, whatever it announces."""
    async with room.at_work() as work, hand(room, NOTES) as mallory:
        await mallory.frame(encode_awareness(AwarenessEntry(ClientId(FIRST + each), 1, {}) for each in range(1000)))
        await mallory.settle()
        taken = [each for each in range(1000) if ClientId(FIRST + each) in work.server.guard.ownership]
        assert len(taken) == 16


async def test_a_client_parameter_that_is_no_id_is_refused(room: HonestRoom) -> None:
    """[P3] [P6] TH2: it must not be read as somebody's id by accident."""
    async with room.at_work():
        for client in ("-1", "1.5", "0x10", "1e3", str(2**53), "9" * 400, "%00", "NaN", "\uff11\uff12"):
            async with hand(room, NOTES, client=quote(client, safe="%")) as mallory:
                assert await mallory.close_reason() == "malformed_frame", client
