"""What every store of marks does, and of the origins of rooms."""

from __future__ import annotations

from dataclasses import replace

from persistence.interfaces import Mark, Micros, Stores
from tests.contracts.rows import ANN, OTHER_ROOM, ROOM, room


def mark(id_: str, at: int, *, label: str = "First idea") -> Mark:
    """A mark of Ann's."""
    return Mark(id_, ROOM, Micros(at), "person", label, ANN, Micros(9))


class MarksContract:
    async def test_marks_are_told_in_the_order_of_their_instants(self, stores: Stores) -> None:
        """[MK1] As they were set; those of other rooms are not."""
        await stores.rooms.create(room())
        await stores.rooms.create(room(OTHER_ROOM))
        late, early, nobodys = mark("late", 7), mark("early", 5), replace(mark("nobodys", 5), user=None)
        for each in (late, early, nobodys, replace(mark("other", 1), room=OTHER_ROOM)):
            assert await stores.marks.add(each, most=9)

        assert await stores.marks.of_room(ROOM) == [early, nobodys, late]

    async def test_a_room_has_only_so_many(self, stores: Stores) -> None:
        """[MK2] What is one too many changes nothing; another room's do not count."""
        await stores.rooms.create(room())
        await stores.rooms.create(room(OTHER_ROOM))
        assert await stores.marks.add(replace(mark("other", 1), room=OTHER_ROOM), most=1)
        assert await stores.marks.add(mark("first", 1), most=1)

        assert not await stores.marks.add(mark("second", 2), most=1)
        assert [each.id for each in await stores.marks.of_room(ROOM)] == ["first"]

    async def test_a_mark_is_removed_once(self, stores: Stores) -> None:
        """[MK3] By its own room alone."""
        await stores.rooms.create(room())
        await stores.marks.add(mark("one", 1), most=9)

        assert not await stores.marks.remove(OTHER_ROOM, "one")
        assert await stores.marks.remove(ROOM, "one")
        assert not await stores.marks.remove(ROOM, "one")
        assert await stores.marks.of_room(ROOM) == []


class OriginContract:
    async def test_a_room_keeps_where_it_came_from(self, stores: Stores) -> None:
        """[RM1] A change keeps it too."""
        branched = replace(room(), origin=OTHER_ROOM, origin_at=Micros(5))
        await stores.rooms.create(branched)
        await stores.rooms.change(replace(branched, name="Green"))

        assert await stores.rooms.get(ROOM) == replace(branched, name="Green")
