"""The live standing of a page: rights, media, counts, and how it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from crdt_docs.access import Permission, Permissions
from crdt_docs.ids import RoomId, SessionId, UserId
from persistence.errors import StorageUnavailable
from persistence.interfaces import MEMBER_PERMISSIONS, Access, Member, Micros, Role, RoomRecord, SessionCounts, Stores
from persistence.sqlite import open_sqlite
from server.auth.admission import Admitted
from server.auth.tokens import Claims
from server.errors import Banned, PermissionRefused, RateLimited, Removed, TokenExpired
from server.metrics import Metrics
from server.presence.device import device_of
from server.presence.page import MAX_TOKENS, Page
from server.presence.roster import Media
from server.presence.sessions import MAX_PAGES, MAX_SOCKETS, SessionBook
from server.rooms.author import Author
from tests.server.clocks import StandingClock

ROOM = RoomRecord(RoomId("room"), "Room", Access.LINK, Role.MEMBER, Micros(1))
SECOND = 1_000_000


class Socket:
    """A socket that notes what its page tells it."""

    def __init__(self) -> None:
        self.changes = 0
        self.ended: list[Exception] = []

    def rights_changed(self) -> None:
        self.changes += 1

    def end(self, error: Exception) -> None:
        self.ended.append(error)


class Desk:
    """A session book over real SQLite, with a clock that stands."""

    def __init__(self, stores: Stores, clock: StandingClock) -> None:
        self.stores = stores
        self.clock = clock
        self.book = SessionBook(stores.sessions, clock, Metrics())

    def admitted(self, user: str = "ann", *, expires_at: int = 0) -> Admitted:
        author = Author(UserId(user), user, Role.MEMBER, SessionId(f"{user}-page"), "#000000", MEMBER_PERMISSIONS)
        claims = Claims(UserId(user), user, "room", Role.MEMBER, expires_at=Micros(expires_at))
        return Admitted(ROOM, author, claims, "Firefox on Linux")

    async def show(
        self,
        page: Page,
        claims: Claims,
        *,
        role: Role = Role.MEMBER,
        permissions: Permissions = MEMBER_PERMISSIONS,
    ) -> None:
        """A page shows a token whose person is this."""

        async def read() -> Author:
            return replace(page.author, name=claims.name, role=role, permissions=permissions)

        await self.book.show(page, claims, read)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = StandingClock()
    async with open_sqlite(tmp_path, clock=clock.now_us) as stores:
        await stores.rooms.create(ROOM)
        yield Desk(stores, clock)


def lowered(user: str = "ann", **overrides: bool) -> Member:
    """The member with single permissions set."""
    given = {Permission(name): on for name, on in overrides.items()}
    return Member(ROOM.id, UserId(user), user, Role.MEMBER, None, Micros(1), overrides=given)


async def test_rights_change_on_all_pages_of_a_person_and_no_others(desk: Desk) -> None:
    """[SB7] The sockets are told once; what changes nothing is told to nobody."""
    async with desk.book.attached(desk.admitted()) as ann, desk.book.attached(desk.admitted("bob")) as bob:
        hers, his = Socket(), Socket()
        with ann.connected(hers), bob.connected(his):
            for _ in range(2):
                desk.book.set_rights(ROOM, lowered(draw=False))
            assert Permission.DRAW not in ann.author.permissions
            assert Permission.DRAW in bob.author.permissions
            assert (hers.changes, his.changes) == (1, 0)
            desk.book.rename(ROOM.id, UserId("ann"), "Anna")
            assert (ann.author.name, hers.changes) == ("Anna", 1)


async def test_media_that_are_not_permitted_are_refused_or_switched_off(desk: Desk) -> None:
    """[SB8]"""
    told: list[Media] = []
    desk.book.on_changed = lambda _room, person: told.append(person.media)
    async with desk.book.attached(desk.admitted()) as page:
        desk.book.set_call(page, "call-of-ann")
        desk.book.set_media(page, Media(mic=True, camera=True))
        desk.book.set_rights(ROOM, lowered(video=False))
        assert told == [Media(), Media(mic=True, camera=True), Media(mic=True)]
        with pytest.raises(PermissionRefused):
            desk.book.set_media(page, Media(camera=True))


async def test_a_page_that_was_sent_away_takes_no_socket_any_more(desk: Desk) -> None:
    """[SB9]"""
    error = Removed()
    async with desk.book.attached(desk.admitted()) as page:
        socket = Socket()
        with page.connected(socket):
            desk.book.send_away(ROOM.id, error, user=UserId("ann"))
            assert socket.ended == [error]
        with pytest.raises(Removed), page.connected(Socket()):
            pass


async def test_a_page_lives_no_longer_than_its_newest_token(desk: Desk) -> None:
    """[SB10] [SB13] With 30 s of leeway; a newer token prolongs it, an older one does not shorten it."""
    now = desk.clock.now_us()
    admitted = desk.admitted(expires_at=now + 60 * SECOND)
    async with desk.book.attached(admitted) as page:
        socket = Socket()
        with page.connected(socket):
            for seconds in (120, 10):
                claims = replace(admitted.claims, expires_at=Micros(now + seconds * SECOND))
                await desk.show(page, claims)
            desk.clock.seconds += 149
            desk.book.end_expired()
            assert socket.ended == []
            desk.clock.seconds += 1
            desk.book.end_expired()
            assert [type(error) for error in socket.ended] == [TokenExpired]


async def test_a_newer_token_says_what_its_person_is_now(desk: Desk) -> None:
    """[SB13] Name, role and rights."""
    async with desk.book.attached(desk.admitted()) as page:
        claims = replace(page.claims, name="Anna", expires_at=Micros(desk.clock.now_us()))
        await desk.show(page, claims, role=Role.VIEWER, permissions=frozenset())
        assert (page.author.name, page.author.role, page.author.permissions) == ("Anna", Role.VIEWER, frozenset())


async def test_an_older_token_says_nothing_but_has_to_stay_good(desk: Desk) -> None:
    """[SB13] [SB16] Rights and end come from one token, whichever holds longer; the page knows all that it showed."""
    newer = replace(
        desk.admitted().claims, issued_at=Micros(2), expires_at=Micros(desk.clock.now_us() + SECOND), jti="b"
    )
    older = replace(newer, issued_at=Micros(1), expires_at=Micros(newer.expires_at + SECOND), jti="a")
    async with desk.book.attached(replace(desk.admitted(), claims=newer)) as page:
        await desk.show(page, older, role=Role.OWNER)
        assert (page.claims, page.author.role) == (newer, Role.MEMBER)
        assert {shown.jti for shown in page.tokens} == {"a", "b"}


async def test_another_socket_brings_a_newer_token(desk: Desk) -> None:
    """[SB13] What it says is read again, and counts for all sockets of the page."""
    admitted = desk.admitted()
    async with desk.book.attached(admitted) as page:
        viewer = replace(admitted.author, role=Role.VIEWER, permissions=frozenset())
        newer = replace(admitted, author=viewer, claims=replace(admitted.claims, issued_at=Micros(2)))
        async with desk.book.attached(newer) as same:
            assert same is page
            assert (page.author, page.claims) == (viewer, newer.claims)


async def test_rights_that_change_while_a_token_is_read_are_read_again(desk: Desk) -> None:
    """[SB13] What was read before a live change is not taken for newer than it."""
    async with desk.book.attached(desk.admitted()) as page:
        before, reads = page.author, 0

        async def read() -> Author:
            nonlocal reads
            reads += 1
            if reads == 1:
                desk.book.set_rights(ROOM, lowered(draw=False))
                return before
            return page.author

        await desk.book.show(page, replace(page.claims, issued_at=Micros(2)), read)
        assert (reads, Permission.DRAW in page.author.permissions) == (2, False)


async def test_a_page_shows_only_so_many_tokens(desk: Desk) -> None:
    """[SB16] Those that ran out do not count."""
    async with desk.book.attached(desk.admitted()) as page:
        now = desk.clock.now_us()
        for number in range(1, MAX_TOKENS):
            await desk.show(page, replace(page.claims, jti=str(number), expires_at=Micros(now + SECOND)))
        with pytest.raises(RateLimited):
            await desk.show(page, replace(page.claims, jti="one more"))
        desk.clock.seconds += 2
        await desk.show(page, replace(page.claims, jti="another"))
        assert {shown.jti for shown in page.tokens} == {"", "another"}


async def test_what_a_page_did_is_kept(desk: Desk) -> None:
    """[SB11] [SB14] While it is open, at its end, and after a write that failed."""
    async with desk.book.attached(desk.admitted()) as page:
        desk.book.set_call(page, "call-of-ann")
        desk.book.set_media(page, Media(mic=True))
        page.credit(edits=2, messages=1)
        desk.clock.seconds += 5
        await desk.book.write_counts()
        kept = await desk.stores.sessions.get(page.author.session)
        assert kept is not None
        assert (kept.edits, kept.messages, kept.mic_seconds, kept.device) == (2, 1, 5.0, "Firefox on Linux")
        page.credit(edits=1)
        desk.clock.seconds += 2
    kept = await desk.stores.sessions.get(SessionId("ann-page"))
    assert kept is not None
    assert (kept.edits, kept.mic_seconds) == (3, 7.0)


async def test_a_person_has_a_bounded_number_of_pages_and_a_page_of_sockets(desk: Desk) -> None:
    """[SB15] One more is refused, and leaves no trace."""

    def page(number: int) -> Admitted:
        admitted = desk.admitted()
        return replace(admitted, author=replace(admitted.author, session=SessionId(f"page-{number}")))

    async with AsyncExitStack() as stack:
        for number in range(MAX_PAGES):
            await stack.enter_async_context(desk.book.attached(page(number)))
        for _ in range(MAX_SOCKETS - 1):
            await stack.enter_async_context(desk.book.attached(page(0)))
        for number in (0, MAX_PAGES):
            with pytest.raises(RateLimited):
                await stack.enter_async_context(desk.book.attached(page(number)))
        assert len(desk.book.pages(ROOM.id)) == MAX_PAGES
    assert desk.book.rooms() == []


async def test_counts_that_cannot_be_written_wait(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """[SB11]"""

    async def refuse(_session: SessionId, _counts: SessionCounts) -> None:
        raise StorageUnavailable("The disk is full.")

    async with desk.book.attached(desk.admitted()) as page:
        page.credit(edits=2)
        with monkeypatch.context() as broken:
            broken.setattr(desk.stores.sessions, "count", refuse)
            await desk.book.write_counts()
        page.credit(edits=1)
    kept = await desk.stores.sessions.get(SessionId("ann-page"))
    assert kept is not None
    assert kept.edits == 3


async def test_a_change_between_the_check_and_the_opening_is_not_lost(desk: Desk) -> None:
    """[SB12] Rights are read again until no change came in between."""
    member, reads = lowered(), 0

    async def readmit(admitted: Admitted) -> Admitted:
        nonlocal member, reads
        reads += 1
        rights = MEMBER_PERMISSIONS - {each for each, on in member.overrides.items() if not on}
        if reads == 1:  # a moderator acts while the answer of the storage is on its way
            member = lowered(draw=False)
            desk.book.set_rights(ROOM, member)
        return replace(admitted, author=replace(admitted.author, permissions=rights))

    desk.book.readmit = readmit
    async with desk.book.attached(desk.admitted()) as page:
        assert Permission.DRAW not in page.author.permissions
    assert reads == 2


async def test_a_ban_between_the_check_and_the_opening_is_not_lost(desk: Desk) -> None:
    """[SB12] [SB9] Nobody is told of the page, and nothing of it stays."""

    async def readmit(_admitted: Admitted) -> Admitted:
        raise Banned

    told: list[str] = []
    desk.book.on_joined = lambda _room, person: told.append(person.name)
    desk.book.readmit = readmit
    with pytest.raises(Banned):
        async with desk.book.attached(desk.admitted()):
            pass
    assert (told, desk.book.rooms()) == ([], [])


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0",
         "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1",
         "Safari on iPhone"),
        ("Python/3.11 websockets/17.4", "Other program"),
        ("", "Other program"),
    ],
)  # fmt: skip
def test_of_a_device_only_its_kind_is_kept(agent: str, device: str) -> None:
    """[SB14]"""
    assert device_of({"headers": [(b"user-agent", agent.encode())]}) == device


def test_counts_that_are_nothing_are_not_written() -> None:
    """[SB11]"""
    author = Author(UserId("ann"), "Ann", Role.MEMBER, SessionId("page"), "#000000", MEMBER_PERMISSIONS)
    page = Page(ROOM.id, author, Micros(0), Claims(UserId("ann"), "Ann", "room", Role.MEMBER))
    assert page.take_counts(Micros(SECOND)) is None
