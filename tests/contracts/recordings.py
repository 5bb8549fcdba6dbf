"""What every store of recordings does."""

from __future__ import annotations

import pytest

from crdt_docs.ids import RoomId, SessionId, UserId
from persistence.errors import AssetMissing
from persistence.interfaces import Micros, Recording, RecordingTrack, Stores
from tests.contracts.rows import ANN, BOB, OTHER_ROOM, ROOM, room

ONE, TWO = "a" * 16, "b" * 16


def recording(id_: str = ONE, at: int = 10, *users: UserId, in_room: RoomId = ROOM) -> Recording:
    """One with a voice of each of these people."""
    tracks = [
        RecordingTrack(
            f"{n}-mic.webm", SessionId(f"page of {user}"), user, "mic", "opus", Micros(at + n), Micros(at + 50), 9
        )
        for n, user in enumerate(users)
    ]
    return Recording(id_, in_room, ANN, Micros(at), Micros(at + 60), "ann", tracks)


async def recorded(stores: Stores, made: Recording) -> Recording:
    """Keep it, with its files."""
    folder = stores.recordings.folder(made.room, made.id)
    folder.mkdir(parents=True)
    for track in made.tracks:
        (folder / track.file).write_bytes(b"012345678")
    await stores.recordings.keep(made)
    return made


class RecordingsContract:
    @pytest.fixture
    async def rooms(self, stores: Stores) -> Stores:
        """Two rooms."""
        for id_ in (ROOM, OTHER_ROOM):
            await stores.rooms.create(room(id_))
        return stores

    async def test_recordings_are_told_in_their_order(self, rooms: Stores) -> None:
        """[RG1] With their tracks; those of other rooms are not. One that is kept stays as it is."""
        late, early = recording(TWO, 20, ANN), recording(ONE, 10, ANN, BOB)
        for each in (late, early, recording("c" * 16, 5, in_room=OTHER_ROOM)):
            await rooms.recordings.keep(each)
        await rooms.recordings.keep(recording(ONE, 11))

        assert await rooms.recordings.of_room(ROOM) == [early, late]
        assert await rooms.recordings.get(ROOM, TWO) == late
        assert await rooms.recordings.bytes_of(ROOM) == 27
        with pytest.raises(AssetMissing):
            await rooms.recordings.get(OTHER_ROOM, ONE)

    async def test_files_are_read_in_parts(self, rooms: Stores) -> None:
        """[RG2] As much of them as is wanted."""
        made = await recorded(rooms, recording(ONE, 10, ANN))

        async def part(**span: int) -> bytes:
            return b"".join([chunk async for chunk in rooms.recordings.read(made, made.tracks[0], **span)])

        assert await part() == b"012345678"
        assert (await part(start=3, length=2), await part(start=8), await part(start=99)) == (b"34", b"8", b"")

    async def test_what_is_removed_is_gone_from_the_disk(self, rooms: Stores) -> None:
        """[RG3] Also a second time."""
        made = await recorded(rooms, recording(ONE, 10, ANN))
        for _ in range(2):
            await rooms.recordings.remove(made)

        assert await rooms.recordings.of_room(ROOM) == []
        assert not rooms.recordings.folder(ROOM, ONE).exists()

    async def test_a_person_who_is_erased_is_heard_no_more(self, rooms: Stores) -> None:
        """[RG4] His tracks go, others' stay; where nothing is left the recording goes, too."""
        await recorded(rooms, recording(ONE, 10, ANN, BOB))
        await recorded(rooms, recording(TWO, 20, ANN, ANN))

        assert await rooms.recordings.erase(ROOM, ANN) == 3
        [left] = await rooms.recordings.of_room(ROOM)
        assert [(left.id, track.user) for track in left.tracks] == [(ONE, BOB)]
        assert [path.name for path in rooms.recordings.folder(ROOM, ONE).iterdir()] == ["1-mic.webm"]
        assert not rooms.recordings.folder(ROOM, TWO).exists()
        assert await rooms.recordings.erase(ROOM, ANN) == 0

    async def test_old_ones_are_found(self, rooms: Stores) -> None:
        """[RG5] By their end, in all rooms."""
        old = recording(ONE, 10, in_room=OTHER_ROOM)
        for each in (old, recording(TWO, 11)):
            await rooms.recordings.keep(each)

        assert await rooms.recordings.ended_before(Micros(71)) == [old]

    async def test_no_path_is_made_of_anything_else(self, rooms: Stores) -> None:
        """[RG6] Ids are checked; an unknown room has no recordings."""
        for in_room, id_ in ((RoomId(".."), ONE), (ROOM, "../../etc"), (ROOM, ONE + "\n")):
            with pytest.raises(ValueError, match=r"form|digits"):
                rooms.recordings.folder(in_room, id_)
        await rooms.recordings.keep(recording(ONE, 1, ANN, in_room=RoomId("nowhere")))
        assert await rooms.recordings.of_room(RoomId("nowhere")) == []
