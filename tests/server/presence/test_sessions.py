"""Sessions over real SQLite."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from crdt_docs.ids import RoomId, SessionId, UserId
from persistence.errors import StorageUnavailable
from persistence.interfaces import MEMBER_PERMISSIONS, Access, Role, RoomRecord, SessionRecord, Stores
from persistence.sqlite import open_sqlite
from server.auth.admission import Admitted
from server.auth.tokens import Claims
from server.errors import PermissionRefused
from server.metrics import Metrics
from server.presence.roster import Person
from server.presence.sessions import SessionBook
from server.rooms.author import Author
from tests.server.clocks import StandingClock

PAGE = SessionId("page")


class Book:
    """A session book with what it told."""

    def __init__(self, stores: Stores) -> None:
        self.clock = StandingClock()
        self.book = SessionBook(stores.sessions, self.clock, Metrics())
        self.told: list[str] = []
        self.book.on_joined = lambda _room, person: self._tell("joined", person)
        self.book.on_left = lambda _room, person: self._tell("left", person)

    def _tell(self, what: str, person: Person) -> None:
        self.told.append(f"{what} {person.session}")

    def admitted(self, user: str = "ann", room: str = "room", session: SessionId = PAGE) -> Admitted:
        record = RoomRecord(RoomId(room), "Room", Access.LINK, Role.MEMBER, self.clock.now_us())
        return Admitted(
            record,
            Author(UserId(user), user, Role.MEMBER, session, "#000000", MEMBER_PERMISSIONS),
            Claims(UserId(user), user, room, Role.MEMBER),
        )


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    clock = StandingClock()
    async with open_sqlite(tmp_path, clock=clock.now_us) as opened:
        for room in ("room", "other"):
            await opened.rooms.create(RoomRecord(RoomId(room), "R", Access.LINK, Role.MEMBER, clock.now_us()))
        yield opened


@pytest.fixture
def books(stores: Stores) -> Book:
    return Book(stores)


async def test_a_session_lasts_from_its_first_socket_to_its_last(books: Book, stores: Stores) -> None:
    """[SB1] Three sockets that come together are one session."""
    async with AsyncExitStack() as stack:
        await asyncio.gather(*(stack.enter_async_context(books.book.attached(books.admitted())) for _ in range(3)))
        record = await stores.sessions.get(PAGE)
        assert record is not None
        assert record.left_at is None
        assert books.told == ["joined page"]

    record = await stores.sessions.get(PAGE)
    assert record is not None
    assert record.left_at is not None
    assert books.told == ["joined page", "left page"]


@pytest.mark.parametrize(("user", "room"), [("bob", "room"), ("ann", "other")])
async def test_a_session_stays_with_its_user_and_room(books: Book, user: str, room: str) -> None:
    """[SB2] While it is open and after it was closed."""
    async with books.book.attached(books.admitted()):
        with pytest.raises(PermissionRefused):
            async with books.book.attached(books.admitted(user, room)):
                pass
    with pytest.raises(PermissionRefused):
        async with books.book.attached(books.admitted(user, room)):
            pass

    assert books.told == ["joined page", "left page"]


async def test_a_page_that_comes_back_keeps_its_beginning(books: Book, stores: Stores) -> None:
    """[SB3] A reload is the same session, open again."""
    async with books.book.attached(books.admitted()) as first:
        pass
    books.clock.seconds += 60

    async with books.book.attached(books.admitted()) as again:
        record = await stores.sessions.get(PAGE)
        assert record is not None
        assert record.left_at is None
        assert again.since == first.since == record.joined_at


async def test_a_socket_that_comes_while_the_last_one_goes_leaves_the_session_open(books: Book, stores: Stores) -> None:
    """[SB3] Whatever the interleaving, the end that is kept agrees with who is there."""
    for _ in range(20):
        async with AsyncExitStack() as old:
            await old.enter_async_context(books.book.attached(books.admitted()))
            async with AsyncExitStack() as new:
                await asyncio.gather(old.aclose(), new.enter_async_context(books.book.attached(books.admitted())))
                record = await stores.sessions.get(PAGE)
                assert record is not None
                assert record.left_at is None


async def test_what_a_crash_left_open_is_closed_at_the_start(books: Book, stores: Stores) -> None:
    """[SB5] Nobody is here for ever."""
    await stores.sessions.open(
        SessionRecord(PAGE, RoomId("room"), UserId("ann"), "Ann", books.clock.now_us())
    )  # fmt: skip

    await books.book.close_left_over()

    record = await stores.sessions.get(PAGE)
    assert record is not None
    assert record.left_at is not None


async def test_an_end_that_cannot_be_written_keeps_nobody_present(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[SB4] The others are told all the same; the next start closes the record."""
    book = Book(stores)

    async def refuse(_session: SessionId, _left_at: int) -> None:
        raise StorageUnavailable("The disk is full.")

    monkeypatch.setattr(stores.sessions, "close", refuse)
    async with book.book.attached(book.admitted()):
        pass
    assert book.told == ["joined page", "left page"]
    assert await stores.sessions.close_all(book.clock.now_us()) == 1
