"""What every store of cursors does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crdt_docs.ids import SessionId, UserId
from persistence.interfaces import LONGEST_TRAIL, Micros, Stores, Trail
from tests.contracts.rows import ANN, BOB, OTHER_ROOM, ROOM, room


def trail(since: int, until: int, *, user: UserId = ANN, samples: bytes = b"\x00\x01\x02") -> Trail:
    """A trail of that person's page."""
    return Trail(ROOM, SessionId(f"page of {user}"), user, Micros(since), Micros(until), samples)


async def kept(stores: Stores, since: int = 0, until: int = 1 << 60) -> list[Trail]:
    """The trails that reach into a span of time."""
    return [each async for each in stores.cursors.read(ROOM, Micros(since), Micros(until))]


class CursorsContract:
    @pytest.fixture
    async def rooms(self, stores: Stores) -> Stores:
        """Two rooms."""
        for id_ in (ROOM, OTHER_ROOM):
            await stores.rooms.create(room(id_))
        return stores

    async def test_trails_are_found_by_the_time_that_they_reach_into(self, rooms: Stores) -> None:
        """[CR1] From their beginnings on, those of one instant in the order in which they came; not another room's."""
        early, late, same = trail(10, 20), trail(30, 30), trail(30, 90, user=BOB)
        await rooms.cursors.add([late, same, replace(early, room=OTHER_ROOM)])
        await rooms.cursors.add([early])

        assert await kept(rooms) == [early, late, same]
        assert await kept(rooms, 20, 30) == [early]
        assert await kept(rooms, 21, 30) == []
        assert await kept(rooms, 31, 32) == [same]

    async def test_many_are_read_without_a_gap(self, rooms: Stores) -> None:
        """[CR1] However many began at one instant."""
        trails = [trail(7, 8 + place, samples=bytes((place,))) for place in range(250)]
        await rooms.cursors.add(trails)

        assert await kept(rooms) == trails

    async def test_the_longest_is_found_by_its_last_sample(self, rooms: Stores) -> None:
        """[CR2] A longer one could not be found, and is a fault of the program."""
        longest = trail(5, 5 + LONGEST_TRAIL)
        await rooms.cursors.add([longest])

        assert await kept(rooms, longest.until) == [longest]
        with pytest.raises(ValueError, match="longer"):
            await rooms.cursors.add([trail(5, 6 + LONGEST_TRAIL)])

    async def test_they_go_with_their_room_and_do_not_come_back(self, rooms: Stores) -> None:
        """[CR3] What is written late, too."""
        await rooms.cursors.add([trail(10, 20)])
        await rooms.rooms.change(replace(room(), deleted_at=Micros(30)))
        await rooms.cursors.add([trail(20, 30)])

        assert await kept(rooms) == []

    async def test_old_ones_are_forgotten(self, rooms: Stores) -> None:
        """[CR4] Those that had ended by then."""
        young = trail(10, 50)
        await rooms.cursors.add([trail(10, 49), young])

        assert await rooms.cursors.forget_before(Micros(50)) == 1
        assert await kept(rooms) == [young]
