"""What every store of files does."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from hashlib import sha256

import pytest

from crdt_docs.ids import DocumentId, RoomId
from persistence.errors import AssetMissing, QuotaExceeded
from persistence.interfaces import Asset, Micros, Stores
from tests.contracts.rows import ANN, BOB, CHAT, OTHER_ROOM, ROOM, WHITEBOARD, room, row

QUOTA = 10_000_000


def asset(content: bytes, **changes: object) -> Asset:
    """What a client says of a file with that content."""
    digest = sha256(content).hexdigest()
    return replace(Asset(ROOM, digest, "image/png", "a.png", len(content), ANN, Micros(1)), **changes)  # type: ignore[arg-type]


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    """A body as it arrives."""
    for part in parts:
        await asyncio.sleep(0)
        yield part


async def content_of(stores: Stores, kept: Asset, start: int = 0, length: int | None = None) -> bytes:
    """The bytes in that range."""
    return b"".join([chunk async for chunk in stores.assets.read(kept, start=start, length=length)])


class AssetsContract:
    @pytest.fixture(autouse=True)
    async def rooms(self, stores: Stores) -> None:
        """Files need their rooms."""
        await stores.rooms.create(room())
        await stores.rooms.create(room(OTHER_ROOM))

    async def test_a_file_is_read_back_whole_and_by_range(self, stores: Stores) -> None:
        """[AS1] In chunks of at most 1 MiB; a range beyond the end is cut."""
        content = random.Random(7).randbytes(300_000)
        kept = await stores.assets.put(asset(content), chunks(content[:10], content[10:]), room_quota=QUOTA)

        assert kept == asset(content)
        assert await stores.assets.get(ROOM, kept.sha256) == kept
        assert await content_of(stores, kept) == content
        assert await content_of(stores, kept, 140_000) == content[140_000:]
        assert await content_of(stores, kept, 140_000, 150_000) == content[140_000:290_000]
        assert await content_of(stores, kept, 299_990, 500) == content[-10:]
        assert await content_of(stores, kept, 400_000) == b""

    async def test_files_that_no_row_names_are_told_and_can_be_removed(self, stores: Stores) -> None:
        """[AS9] A hash counts wherever it stands in a row of that room; a name is changed alone."""
        kept = [
            await stores.assets.put(asset(body), chunks(body), room_quota=QUOTA) for body in (b"one", b"two", b"three")
        ]
        for at, (document, before) in enumerate(
            ((WHITEBOARD, b"abc0@"), (CHAT, b"{"), (DocumentId(OTHER_ROOM, "chat"), b""))
        ):
            await stores.updates.append([row(1, before + kept[at].sha256.encode() + b"f", document)])

        assert await stores.assets.unnamed(kept) == [kept[2]]
        assert await stores.assets.unnamed([]) == []

        await stores.assets.rename(kept[0], "file")
        for _ in range(2):
            await stores.assets.remove(kept[2])
        assert await stores.assets.of_room(ROOM) == [replace(kept[0], file_name="file"), kept[1]]
        assert await content_of(stores, kept[0]) == b"one"
        with pytest.raises(AssetMissing):
            await stores.assets.get(ROOM, kept[2].sha256)
        assert await stores.assets.put(asset(b"three"), chunks(b"three"), room_quota=QUOTA) == kept[2]

    async def test_an_empty_file_is_a_file(self, stores: Stores) -> None:
        """[AS1]"""
        kept = await stores.assets.put(asset(b""), chunks(), room_quota=0)

        assert await content_of(stores, kept) == b""

    async def test_a_file_that_is_there_is_returned_as_it_was_kept(self, stores: Stores) -> None:
        """[AS2] Its bytes are not even asked for, and it costs no quota."""
        first = await stores.assets.put(asset(b"picture"), chunks(b"picture"), room_quota=7)
        again = asset(b"picture", file_name="other.png", uploader=BOB, uploaded_at=Micros(9))

        assert await stores.assets.put(again, chunks(), room_quota=7) == first
        assert await stores.assets.of_room(ROOM) == [first]

    async def test_concurrent_puts_of_one_file_both_succeed(self, stores: Stores) -> None:
        """[AS2]"""
        content = b"picture" * 1000
        kept = await asyncio.gather(
            *(stores.assets.put(asset(content), chunks(content), room_quota=QUOTA) for _ in range(8))
        )

        assert set(kept) == {asset(content)}
        assert await content_of(stores, kept[0]) == content

    @pytest.mark.parametrize("body", [b"pictur", b"pictures", b"pictuRe", b""], ids=["short", "long", "other", "none"])
    async def test_bytes_that_are_not_what_was_announced_are_refused(self, stores: Stores, body: bytes) -> None:
        """[AS3] And the right ones are accepted afterwards."""
        with pytest.raises(ValueError, match="announced"):
            await stores.assets.put(asset(b"picture"), chunks(body), room_quota=QUOTA)

        with pytest.raises(AssetMissing):
            await stores.assets.get(ROOM, asset(b"picture").sha256)
        await stores.assets.put(asset(b"picture"), chunks(b"picture"), room_quota=QUOTA)

    async def test_an_upload_that_breaks_off_leaves_nothing(self, stores: Stores) -> None:
        """[AS3]"""

        async def broken() -> AsyncIterator[bytes]:
            yield b"pic"
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            await stores.assets.put(asset(b"picture"), broken(), room_quota=QUOTA)

        assert await stores.assets.of_room(ROOM) == []

    async def test_a_room_keeps_no_more_than_its_quota(self, stores: Stores) -> None:
        """[AS4] Other rooms have their own."""
        await stores.assets.put(asset(b"12345"), chunks(b"12345"), room_quota=10)
        with pytest.raises(QuotaExceeded):
            await stores.assets.put(asset(b"678901"), chunks(b"678901"), room_quota=10)

        await stores.assets.put(asset(b"67890"), chunks(b"67890"), room_quota=10)
        await stores.assets.put(asset(b"678901", room=OTHER_ROOM), chunks(b"678901"), room_quota=10)

        assert sum(kept.size for kept in await stores.assets.of_room(ROOM)) == 10

    async def test_uploads_at_once_do_not_get_past_the_quota(self, stores: Stores) -> None:
        """[AS4]"""
        bodies = [b"file%d" % number for number in range(8)]
        outcomes = await asyncio.gather(
            *(stores.assets.put(asset(body), chunks(body), room_quota=15) for body in bodies), return_exceptions=True
        )

        assert sum(isinstance(outcome, Asset) for outcome in outcomes) == 3
        assert sum(isinstance(outcome, QuotaExceeded) for outcome in outcomes) == 5

    @pytest.mark.parametrize(
        "changes",
        [
            {"sha256": "../" * 10 + "etc/passwd"},
            {"sha256": asset(b"picture").sha256.upper()},
            {"sha256": asset(b"picture").sha256 + "\n"},
            {"sha256": ""},
            {"room": RoomId("../blue-room")},
            {"room": RoomId("..")},
            {"room": RoomId("")},
        ],
    )
    async def test_no_path_is_made_of_anything_but_an_id_and_a_hash(
        self, stores: Stores, changes: dict[str, object]
    ) -> None:
        """[AS5]"""
        hostile = asset(b"picture", **changes)

        with pytest.raises(ValueError, match=r"hash|room id"):
            await stores.assets.put(hostile, chunks(b"picture"), room_quota=QUOTA)
        with pytest.raises(ValueError, match=r"hash|room id"):
            await content_of(stores, hostile)
        with pytest.raises(AssetMissing):
            await stores.assets.get(hostile.room, hostile.sha256)

    async def test_a_range_has_no_negative_numbers(self, stores: Stores) -> None:
        """[AS1]"""
        kept = await stores.assets.put(asset(b"picture"), chunks(b"picture"), room_quota=QUOTA)

        for start, length in ((-1, None), (0, -1)):
            with pytest.raises(ValueError, match="negative"):
                await content_of(stores, kept, start, length)

    async def test_files_of_a_room_come_in_the_order_of_upload(self, stores: Stores) -> None:
        """[AS1]"""
        for at in (3, 1, 2):
            body = b"file%d" % at
            await stores.assets.put(asset(body, uploaded_at=Micros(at)), chunks(body), room_quota=QUOTA)

        assert [kept.uploaded_at for kept in await stores.assets.of_room(ROOM)] == [1, 2, 3]
