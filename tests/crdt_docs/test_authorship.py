"""Whose a client id is, and what others may send under it."""

from __future__ import annotations

import os
from random import Random
from typing import Any

import pytest
from pycrdt import Doc

from crdt_docs.authorship import MAX_CLIENTS_PER_USER, MAX_NEW_CLIENTS, MAX_RETURNED_CLIENTS, Ownership
from crdt_docs.errors import AuthorshipViolation, DocumentQuotaExceeded
from crdt_docs.ids import ClientId, UserId
from crdt_docs.updates import Footprint, decode_state_vector, find_gap, read_update
from tests.crdt_docs import writers, yjs
from tests.crdt_docs.wire import ANN, ANY, BOB, EVE, NULLS, deletes, gc, rooted, run, skip, update

ANN_ID, BOB_ID, EVE_ID = ClientId(ANN), ClientId(BOB), ClientId(EVE)
ANN_USER, BOB_USER, EVE_USER = UserId("ann"), UserId("bob"), UserId("eve")
ITEM = rooted(ANY, NULLS)
SEED = int(os.environ.get("SEED", Random().randrange(2**31)))


def _writes(*runs: tuple[int, int, int]) -> Footprint:
    """An update of (client, start, how many) runs."""
    return read_update(update(*(run(client, start, *[ITEM] * count) for client, start, count in runs)))


def _many(count: int) -> Footprint:
    return _writes(*((client, 0, 1) for client in range(1, count + 1)))


@pytest.fixture
def ownership() -> Ownership:
    return Ownership({ANN_ID: ANN_USER, BOB_ID: BOB_USER})


class TestClaiming:
    def test_an_id_belongs_to_whom_claimed_it_first(self) -> None:
        """[AU1]"""
        ownership = Ownership({})

        assert ownership.claim(ANN_USER, [ANN_ID, EVE_ID]) == (ANN_ID, EVE_ID)
        assert ownership.owner(ANN_ID) == ANN_USER
        assert BOB_ID not in ownership
        assert ownership.owner(BOB_ID) is None

    def test_claiming_again_binds_nothing_anew(self, ownership: Ownership) -> None:
        """[AU1]"""
        assert ownership.claim(ANN_USER, [ANN_ID, EVE_ID, EVE_ID]) == (EVE_ID,)
        assert ownership.claim(ANN_USER, [ANN_ID, EVE_ID]) == ()
        assert len(ownership) == 3

    def test_the_mapping_given_stays_as_it_is(self) -> None:
        """[AU1]"""
        owners: dict[ClientId, UserId | None] = {}

        Ownership(owners).claim(ANN_USER, [ANN_ID])

        assert owners == {}

    def test_a_squatter_gets_nothing_and_changes_nothing(self, ownership: Ownership) -> None:
        """[AU2] [AU3] Neither the id that he aims at nor the free one beside it."""
        for wanted in ([EVE_ID, ANN_ID], [ANN_ID, EVE_ID]):
            with pytest.raises(AuthorshipViolation):
                ownership.claim(EVE_USER, wanted)

        assert EVE_ID not in ownership
        assert ownership.owner(ANN_ID) == ANN_USER
        assert ownership.check(ANN_USER, _writes((ANN, 0, 1)), {}) == ()

    def test_what_is_on_disk_is_adopted_where_nothing_else_is_recorded(self, ownership: Ownership) -> None:
        """[AU9] Beyond the limits for new ids, and counted."""
        many = {ClientId(2**31 + n): ANN_USER for n in range(MAX_CLIENTS_PER_USER)}

        ownership.adopt({**many, BOB_ID: ANN_USER, EVE_ID: None})

        assert len(ownership) == MAX_CLIENTS_PER_USER + 3
        assert ownership.owner(BOB_ID) == BOB_USER
        with pytest.raises(AuthorshipViolation):
            ownership.claim(EVE_USER, [EVE_ID])
        with pytest.raises(DocumentQuotaExceeded):
            ownership.claim(ANN_USER, [ClientId(1)])


class TestChecking:
    def test_ones_own_news_are_accepted(self, ownership: Ownership) -> None:
        """[AU2]"""
        assert ownership.check(ANN_USER, _writes((ANN, 4, 2)), {ANN_ID: 4}) == ()

    def test_free_ids_are_told_and_not_bound(self, ownership: Ownership) -> None:
        """[AU2]"""
        assert ownership.check(ANN_USER, _writes((EVE, 0, 1), (ANN, 0, 1)), {}) == (EVE_ID,)
        assert EVE_ID not in ownership

    def test_news_under_the_id_of_another_are_refused(self, ownership: Ownership) -> None:
        """[AU2] Whatever else the update brings."""
        with pytest.raises(AuthorshipViolation) as caught:
            ownership.check(EVE_USER, _writes((EVE, 0, 1), (ANN, 4, 1)), {ANN_ID: 4})

        assert caught.value.code == "authorship_violation"

    def test_what_the_document_has_is_never_an_offence(self, ownership: Ownership) -> None:
        """[AU4] A provider answers with all that it holds; ids of unknown people are not even told."""
        known = {ANN_ID: 4, EVE_ID: 1}

        assert ownership.check(BOB_USER, _writes((ANN, 0, 4), (EVE, 0, 1), (BOB, 0, 9)), known) == ()

    @pytest.mark.parametrize(("count", "refused"), [(3, False), (4, False), (5, True)])
    def test_a_run_that_overlaps_is_judged_by_its_end(self, ownership: Ownership, count: int, refused: bool) -> None:
        """[AU4]"""
        footprint = _writes((ANN, 1, count))

        if refused:
            with pytest.raises(AuthorshipViolation):
                ownership.check(BOB_USER, footprint, {ANN_ID: 5})
        else:
            assert ownership.check(BOB_USER, footprint, {ANN_ID: 5}) == ()

    def test_gaps_are_no_authorship(self, ownership: Ownership) -> None:
        """[AU4] Skips inside a known run, and those that stand at the end of one beyond it."""
        structs = ITEM, skip(2), gc(1), skip(90)

        assert ownership.check(BOB_USER, read_update(update(run(ANN, 0, *structs))), {ANN_ID: 4}) == ()

    def test_a_gc_is_a_struct_like_others(self, ownership: Ownership) -> None:
        """[AU2] It takes clocks of its client."""
        with pytest.raises(AuthorshipViolation):
            ownership.check(BOB_USER, read_update(update(run(ANN, 0, gc(1)))), {})

    def test_a_deletion_is_no_authorship(self, ownership: Ownership) -> None:
        """[AU8] It names the victim."""
        footprint = read_update(update(deletes=deletes((ANN, [(0, 3)]), (EVE, [(0, 1)]))))

        assert ownership.check(BOB_USER, footprint, {ANN_ID: 3, EVE_ID: 1}) == ()


class TestLimits:
    def test_an_update_binds_a_thousand_ids_at_most(self) -> None:
        """[AU5]"""
        ownership = Ownership({})

        assert len(ownership.check(ANN_USER, _many(MAX_NEW_CLIENTS), {})) == MAX_NEW_CLIENTS
        with pytest.raises(DocumentQuotaExceeded) as caught:
            ownership.check(ANN_USER, _many(MAX_NEW_CLIENTS + 1), {})

        assert caught.value.code == "quota_exceeded"

    def test_ids_that_are_bound_already_do_not_count(self) -> None:
        """[AU5] All one's offline work comes again after a reload."""
        ownership = Ownership({ClientId(client): ANN_USER for client in range(1, 1501)})

        assert len(ownership.check(ANN_USER, _many(1500 + MAX_NEW_CLIENTS), {})) == MAX_NEW_CLIENTS

    def test_a_person_owns_twenty_thousand_ids_at_most(self) -> None:
        """[AU5] [AU3]"""
        ownership = Ownership({ClientId(client): ANN_USER for client in range(MAX_CLIENTS_PER_USER - 2)})
        free = [ClientId(2**31 + n) for n in range(4)]

        with pytest.raises(DocumentQuotaExceeded):
            ownership.claim(ANN_USER, free[:3])
        assert ownership.claim(ANN_USER, free[:2]) == (*free[:2],)
        with pytest.raises(DocumentQuotaExceeded):
            ownership.claim(ANN_USER, free[2:3])
        assert ownership.claim(BOB_USER, free[2:3]) == (free[2],)
        assert ownership.claim(ANN_USER, free[:2]) == ()


class TestRecovery:
    def test_the_work_of_others_comes_back_as_theirs(self, ownership: Ownership) -> None:
        """[AU7]"""
        assert ownership.check_recovery(EVE_USER, _writes((ANN, 4, 3), (BOB, 0, 1)), {ANN_ID: 4}) == ()
        assert ownership.owner(ANN_ID) == ANN_USER

    def test_ids_nobody_knows_are_returned_and_never_bound_to_who_brings_them(self, ownership: Ownership) -> None:
        """[AU6] [AU7]"""
        returned = ownership.check_recovery(BOB_USER, _writes((EVE, 0, 2), (BOB, 0, 1)), {})

        assert returned == (EVE_ID,)
        assert EVE_ID not in ownership
        assert ownership.mark_returned(returned) == (EVE_ID,)
        assert ownership.mark_returned([EVE_ID, ANN_ID]) == ()
        assert EVE_ID in ownership
        assert ownership.owner(EVE_ID) is None
        assert ownership.owner(ANN_ID) == ANN_USER

    @pytest.mark.parametrize("user", [ANN_USER, BOB_USER, EVE_USER])
    def test_a_returned_id_is_closed_outside_recovery(self, user: UserId) -> None:
        """[AU6] For whoever brought it too."""
        ownership = Ownership({EVE_ID: None})

        with pytest.raises(AuthorshipViolation):
            ownership.claim(user, [EVE_ID])
        with pytest.raises(AuthorshipViolation):
            ownership.check(user, _writes((EVE, 3, 1)), {EVE_ID: 3})
        assert ownership.check(user, _writes((EVE, 0, 3)), {EVE_ID: 3}) == ()
        assert ownership.check_recovery(user, _writes((EVE, 3, 1)), {EVE_ID: 3}) == ()

    def test_recovery_has_its_own_limit(self) -> None:
        """[AU5]"""
        ownership = Ownership({})

        assert len(ownership.check_recovery(ANN_USER, _many(MAX_RETURNED_CLIENTS), {})) == MAX_RETURNED_CLIENTS
        with pytest.raises(DocumentQuotaExceeded):
            ownership.check_recovery(ANN_USER, _many(MAX_RETURNED_CLIENTS + 1), {})


def test_of_a_real_history_each_accepts_what_is_his_or_known() -> None:
    """[AU1] [AU2] [AU4] [AU8] Whatever Yjs and pycrdt send, by whomever: judged as Yjs' list of structs says."""
    print(f"SEED={SEED}")
    random = Random(SEED)
    updates = yjs.generate(SEED, 6, astral=False) + writers.generate(SEED, 4)
    doc: Doc[Any] = Doc()
    ownership, owners = Ownership({}), dict[ClientId, UserId]()
    accepted = refused = 0
    for data, decoded in zip(updates, yjs.decode(updates), strict=True):
        clocks = decode_state_vector(doc.get_state())
        footprint = read_update(data)
        if find_gap(footprint, clocks) is not None:
            continue
        sender = UserId(f"user {random.randrange(3)}")
        structs = [
            (ClientId(client), clock + length)
            for kind, client, clock, length, _ in decoded["structs"]
            if kind != "Skip"
        ]
        news = {client for client, end in structs if end > clocks.get(client, 0)}
        if all(owners.get(client, sender) == sender for client in news):
            free = ownership.check(sender, footprint, clocks)
            assert set(free) == news - owners.keys()
            assert ownership.claim(sender, free) == free
            accepted += 1
        else:
            with pytest.raises(AuthorshipViolation):
                ownership.check(sender, footprint, clocks)
            sender = UserId("user of that client")
            assert set(ownership.check_recovery(sender, footprint, clocks)) == news - owners.keys()
            refused += 1
            for client in news - owners.keys():
                ownership.claim(sender, [client])
        owners |= dict.fromkeys(news - owners.keys(), sender)
        doc.apply_update(data)
    assert min(accepted, refused) > 20
    assert {client: ownership.owner(client) for client in owners} == owners
