"""What every update log and every snapshot store does."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from crdt_docs.ids import DocumentId, RoomId, Seq
from persistence.errors import SeqGap, SeqTaken
from persistence.interfaces import ACTIVITY_SLOT, MAX_ACTIVITY_STEPS, Activity, Extent, Growth, Micros, Snapshot, Stores
from tests.contracts.rows import ANN, BOB, CHAT, WHITEBOARD, bound, read, row, rows


class UpdateLogContract:
    async def test_it_is_known_from_when_to_when_a_log_goes(self, stores: Stores) -> None:
        """[UL12]"""
        await stores.updates.append([*rows(3), *rows(1, CHAT)])

        assert await stores.updates.extent(WHITEBOARD) == Extent(Seq(3), Micros(1_000_001), Micros(1_000_003))
        assert await stores.updates.extent(DocumentId(WHITEBOARD.room, "doc-other")) is None

    async def test_an_instant_is_the_last_row_at_or_before_it(self, stores: Stores) -> None:
        """[UL12] Of several rows of one instant the last."""
        same = [replace(each, at=Micros(50)) for each in rows(2)]
        await stores.updates.append([*same, replace(row(3), at=Micros(60)), *rows(1, CHAT)])

        found = [await stores.updates.moment(WHITEBOARD, Micros(at)) for at in (49, 50, 59, 60, 10**15)]

        assert found == [None, (2, 50), (2, 50), (3, 60), (3, 60)]

    async def test_activity_counts_rows_by_person_and_step(self, stores: Stores) -> None:
        """[UL12] The end is excluded, other documents are not counted."""
        told = [(10, ANN), (19, BOB), (20, ANN), (21, ANN), (39, BOB), (40, ANN)]
        log = [replace(row(seq, user=user), at=Micros(at)) for seq, (at, user) in enumerate(told, 1)]
        await stores.updates.append([*log, replace(row(1, document=CHAT), at=Micros(20))])

        found = await stores.updates.activity(WHITEBOARD, Micros(10), Micros(40), Micros(10))

        assert found == [Activity(ANN, 0, 1), Activity(BOB, 0, 1), Activity(ANN, 1, 2), Activity(BOB, 2, 1)]
        for step in (0, 1):
            with pytest.raises(ValueError, match="steps"):
                await stores.updates.activity(WHITEBOARD, Micros(0), Micros(MAX_ACTIVITY_STEPS + 1), Micros(step))

    async def test_activity_in_whole_slots_is_the_same(self, stores: Stores) -> None:
        """[UL12] It is counted at append there; a row that is appended again is not counted again."""
        slot = ACTIVITY_SLOT
        told = [(0, ANN), (slot - 1, BOB), (slot, ANN), (3 * slot - 1, ANN), (3 * slot, BOB), (4 * slot, ANN)]
        log = [replace(row(seq, user=user), at=Micros(at)) for seq, (at, user) in enumerate(told, 1)]
        await stores.updates.append([*log, replace(row(1, document=CHAT), at=Micros(1))])
        await stores.updates.append(log)

        found = await stores.updates.activity(WHITEBOARD, slot, Micros(4 * slot), slot)
        wide = await stores.updates.activity(WHITEBOARD, Micros(0), Micros(4 * slot), Micros(2 * slot))

        assert found == [Activity(ANN, 0, 1), Activity(ANN, 1, 1), Activity(BOB, 2, 1)]
        assert wide == [Activity(ANN, 0, 2), Activity(BOB, 0, 1), Activity(ANN, 1, 1), Activity(BOB, 1, 1)]

    async def test_the_documents_of_a_room_are_known(self, stores: Stores) -> None:
        """[UL12] Those that were written to."""
        assert await stores.updates.documents(WHITEBOARD.room) == []
        await stores.updates.append([*rows(1, CHAT), *rows(1)])

        assert set(await stores.updates.documents(WHITEBOARD.room)) == {CHAT, WHITEBOARD}

    async def test_rows_are_read_back_as_they_were_appended(self, stores: Stores) -> None:
        """[UL1]"""
        written = [row(1, b""), row(2, bytes(range(256))), replace(row(3, b"x" * 70_000), user=BOB, at=Micros(-5))]
        await stores.updates.append(written[:2])
        await stores.updates.append(written[2:])

        assert await read(stores) == written

    async def test_an_append_of_nothing_is_nothing(self, stores: Stores) -> None:
        """[UL1]"""
        await stores.updates.append([])

        assert await read(stores) == []

    async def test_one_refused_row_refuses_the_whole_append(self, stores: Stores) -> None:
        """[UL2] Also the rows of other documents."""
        await stores.updates.append([row(1, b"first")])

        with pytest.raises(SeqTaken):
            await stores.updates.append([row(1, b"chat", CHAT), row(2, b"second"), row(1, b"another first")])

        assert await read(stores) == [row(1, b"first")]
        assert await read(stores, CHAT) == []

    async def test_a_retry_of_the_same_rows_is_accepted(self, stores: Stores) -> None:
        """[UL3] Also when only a part of them is there, and when it is new in the same append."""
        await stores.updates.append(rows(3))
        await stores.updates.append(rows(3))
        await stores.updates.append([*rows(5), *rows(5)])

        assert await read(stores) == rows(5)

    @pytest.mark.parametrize(
        "other",
        [
            row(2, b"other bytes"),
            replace(row(2), at=Micros(7)),
            replace(row(2), user=BOB),
            replace(row(2), session="another"),
        ],
        ids=["bytes", "instant", "user", "session"],
    )
    async def test_another_row_at_a_taken_place_is_refused(self, stores: Stores, other: object) -> None:
        """[UL3] And the log works on."""
        await stores.updates.append([row(1), row(2)])

        with pytest.raises(SeqTaken) as refused:
            await stores.updates.append([other])  # type: ignore[list-item]

        assert not isinstance(refused.value, SeqGap)
        await stores.updates.append([row(3)])
        assert await read(stores) == [row(1), row(2), row(3)]

    async def test_reader_resumes_after_the_last_seq_it_saw(self, stores: Stores) -> None:
        """[UL4]"""
        await stores.updates.append(rows(10))

        assert await read(stores, after=4) == rows(6, first=5)
        assert await read(stores, after=10) == []

    async def test_reader_stops_at_until(self, stores: Stores) -> None:
        """[UL4]"""
        await stores.updates.append(rows(10))

        seen = [row.seq async for row in stores.updates.read_after(WHITEBOARD, Seq(2), until=Seq(5))]

        assert seen == [3, 4, 5]

    async def test_head_is_the_last_row(self, stores: Stores) -> None:
        """[UL5]"""
        assert await stores.updates.head(WHITEBOARD) == 0

        await stores.updates.append(rows(7))

        assert await stores.updates.head(WHITEBOARD) == 7

    async def test_documents_do_not_see_each_others_rows(self, stores: Stores) -> None:
        """[UL6] Names that look alike included."""
        documents = [
            WHITEBOARD,
            CHAT,
            DocumentId(RoomId("Blue-room"), "whiteboard"),
            DocumentId(RoomId("blue-room_"), "doc-whiteboard"),
        ]
        for place, document in enumerate(documents, 1):
            await stores.updates.append(rows(place, document, size=4 * place))

        for place, document in enumerate(documents, 1):
            assert await read(stores, document) == rows(place, document, size=4 * place)

    @pytest.mark.parametrize("batch", [[row(3)], [row(2), row(4)], [row(2), row(3), row(5)]])
    async def test_a_gap_is_refused(self, stores: Stores, batch: list[object]) -> None:
        """[UL7]"""
        await stores.updates.append([row(1)])

        with pytest.raises(SeqGap):
            await stores.updates.append(batch)  # type: ignore[arg-type]

        assert await read(stores) == [row(1)]

    async def test_a_log_longer_than_a_page_is_read_whole(self, stores: Stores) -> None:
        """[UL8] Pages end by rows and by bytes; one row may be larger than a page."""
        many = [*rows(1300), *rows(5, first=1301, size=700_000), *rows(2, first=1306, size=3_000_000)]
        await stores.updates.append(many)

        assert await read(stores) == many

    async def test_concurrent_appends_to_different_documents_all_succeed(self, stores: Stores) -> None:
        """[UL2]"""
        documents = [DocumentId(RoomId(f"room{number}"), "chat") for number in range(20)]

        await asyncio.gather(*(stores.updates.append(rows(5, document)) for document in documents))

        for document in documents:
            assert await read(stores, document) == rows(5, document)

    async def test_rows_and_bindings_are_one_append(self, stores: Stores) -> None:
        """[UL10] What refuses the rows refuses the bindings; each may come alone, also before the first row."""
        await stores.updates.append([], [bound(1), bound((1 << 53) - 1, BOB)])
        await stores.updates.append([row(1)], [bound(3, at=2), replace(bound(4, None, at=2), returned_by=BOB)])
        for refused in ([row(1, b"another")], [row(3)]):
            with pytest.raises(SeqTaken):
                await stores.updates.append(refused, [bound(5)])

        assert await read(stores) == [row(1)]
        assert await stores.updates.bindings(WHITEBOARD) == [
            bound(1),
            bound((1 << 53) - 1, BOB),
            bound(3, at=2),
            replace(bound(4, None, at=2), returned_by=BOB),
        ]

    async def test_a_bound_client_id_stays_bound_as_it_is(self, stores: Stores) -> None:
        """[UL11] Whether to somebody or returned; the rows beside the repeated binding are appended."""
        returned = replace(bound(2, None), returned_by=BOB)
        await stores.updates.append([], [bound(1, ANN), returned])

        await stores.updates.append(
            [row(1)], [bound(1, BOB, at=5), bound(2, BOB), bound(1, None), bound(3), bound(3, BOB)]
        )

        assert await stores.updates.bindings(WHITEBOARD) == [bound(1, ANN), returned, bound(3)]
        assert await read(stores) == [row(1)]

    async def test_each_document_has_its_own_bindings(self, stores: Stores) -> None:
        """[UL10] In the order in which they were bound."""
        assert await stores.updates.bindings(WHITEBOARD) == []
        for binding in (bound(9, at=1), bound(2, BOB, CHAT, at=1), bound(2, at=3), bound(5, BOB, at=2)):
            await stores.updates.append([], [binding])

        assert await stores.updates.bindings(WHITEBOARD) == [bound(9, at=1), bound(5, BOB, at=2), bound(2, at=3)]
        assert await stores.updates.bindings(CHAT) == [bound(2, BOB, CHAT, at=1)]


class SnapshotsContract:
    async def test_a_keyframe_is_the_newest_up_to_a_row(self, stores: Stores) -> None:
        """[SN5]"""
        await stores.updates.append(rows(9))
        kept = [Snapshot(WHITEBOARD, Seq(seq), Micros(seq), b"state") for seq in (3, 6)]
        for snapshot in kept:
            await stores.snapshots.add(snapshot)

        found = [await stores.snapshots.before(WHITEBOARD, Seq(seq)) for seq in (2, 3, 5, 6, 9)]

        assert found == [None, kept[0], kept[0], kept[1], kept[1]]
        assert await stores.snapshots.before(CHAT, Seq(9)) is None

    async def test_the_newest_snapshot_has_the_highest_seq(self, stores: Stores) -> None:
        """[SN1] Whatever the order in which they were added."""
        assert await stores.snapshots.newest(WHITEBOARD) is None
        for seq in (3, 9, 5):
            await stores.snapshots.add(Snapshot(WHITEBOARD, Seq(seq), Micros(seq), b"state %d" % seq))

        assert await stores.snapshots.newest(WHITEBOARD) == Snapshot(WHITEBOARD, Seq(9), Micros(9), b"state 9")
        assert await stores.snapshots.newest(CHAT) is None

    async def test_a_snapshot_that_is_there_stays(self, stores: Stores) -> None:
        """[SN2]"""
        await stores.snapshots.add(Snapshot(WHITEBOARD, Seq(3), Micros(1), b"first"))
        await stores.snapshots.add(Snapshot(WHITEBOARD, Seq(3), Micros(2), b"second"))

        assert await stores.snapshots.newest(WHITEBOARD) == Snapshot(WHITEBOARD, Seq(3), Micros(1), b"first")

    async def test_growth_counts_what_came_after_the_newest_snapshot(self, stores: Stores) -> None:
        """[SN3]"""
        assert await stores.snapshots.growth(WHITEBOARD) == Growth(0, 0, 0)
        await stores.updates.append(rows(10, size=20))
        assert await stores.snapshots.growth(WHITEBOARD) == Growth(10, 200, 0)

        await stores.snapshots.add(Snapshot(WHITEBOARD, Seq(4), Micros(1), b"longer than the next"))
        await stores.snapshots.add(Snapshot(WHITEBOARD, Seq(7), Micros(1), b"state"))

        assert await stores.snapshots.growth(WHITEBOARD) == Growth(3, 60, 5)

    async def test_a_snapshot_changes_no_row(self, stores: Stores) -> None:
        """[SN4]"""
        await stores.updates.append(rows(10))
        await stores.snapshots.add(Snapshot(WHITEBOARD, Seq(10), Micros(1), b"state"))

        assert await read(stores) == rows(10)
