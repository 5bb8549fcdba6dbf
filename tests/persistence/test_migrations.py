"""A database of each earlier schema, with content, comes through whole."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from zlib import crc32

import pycrdt
import pytest

from crdt_docs.ids import ClientId, SessionId
from persistence.interfaces import (
    MEMBER_PERMISSIONS,
    Access,
    Binding,
    Door,
    Event,
    Invitation,
    Member,
    Micros,
    Role,
    RoomRecord,
    SessionRecord,
    Snapshot,
    UpdateRow,
)
from persistence.sqlite import DATABASE_NAME, migrations, open_sqlite
from persistence.sqlite.migrations import APPLICATION_ID
from tests.contracts.rows import ANN, BOB, CHAT, OTHER_ROOM, ROOM, WHITEBOARD, read
from tests.persistence.conftest import clock

FIRST_SCHEMA = (files(migrations) / "0001_rooms_and_logs.sql").read_text(encoding="utf-8")


def written_by(client: int, text: str) -> bytes:
    """A v1 update with structs of that client."""
    doc = pycrdt.Doc(client_id=client)
    doc.get("map", type=pycrdt.Map)[str(client)] = text
    return doc.get_update()


ROWS = [
    UpdateRow(WHITEBOARD, seq, Micros(seq), user, SessionId("page"), update)  # type: ignore[arg-type]
    for seq, user, update in (
        (1, ANN, written_by(11, "one")),
        (2, BOB, written_by(12, "two")),
        (3, BOB, written_by(11, "an id that Ann had first")),
        (4, BOB, b"no update"),
    )
]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The folder of a database that the first version wrote."""
    with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as database:
        database.executescript(FIRST_SCHEMA)
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute("PRAGMA user_version = 1")
        for table, rows in CONTENT.items():
            marks = ", ".join("?" * len(rows[0]))
            database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        database.commit()
    return tmp_path


CONTENT: dict[str, list[tuple[object, ...]]] = {
    "rooms": [(ROOM, "Blau 🔵", "link", "member", 5, None), (OTHER_ROOM, "Red", "invite", "viewer", 6, 9)],
    "members": [(ROOM, ANN, "Ann", "owner", b"a" * 32, 5), (ROOM, BOB, "Bob", "viewer", None, 7)],
    "invitations": [(ROOM, b"h" * 32, "moderator", 5, None), (ROOM, b"i" * 32, "viewer", 5, 8)],
    "documents": [(3, ROOM, "whiteboard"), (8, ROOM, "chat")],
    "updates": [(3, row.seq, row.at, row.user, row.session, crc32(row.update), row.update) for row in ROWS]
    + [(8, 1, 1, ANN, "page", 0, written_by(13, "damaged"))],
    "snapshots": [(3, 2, 2, crc32(b"state"), b"state")],
    "sessions": [("page", ROOM, ANN, "Ann", 5, 9), ("open", ROOM, BOB, "Bob", 7, None)],
    "events": [
        (4, ROOM, 5, "room_created", ANN, "{}"),
        (2, OTHER_ROOM, 6, "room_created", None, '{"a": 1}'),
        (9, ROOM, 5, "room_changed", ANN, "{}"),
    ],
    "assets": [(ROOM, "0" * 64, "image/png", "a.png", 7, ANN, 5)],
}


async def test_everything_the_first_schema_kept_is_kept(old: Path) -> None:
    """[DB7] Rows, people, sessions and events as they were; what is new has its defaults."""
    async with open_sqlite(old, clock=clock) as stores:
        rooms = [
            RoomRecord(ROOM, "Blau 🔵", Access.LINK, Role.MEMBER, Micros(5)),
            RoomRecord(OTHER_ROOM, "Red", Access.INVITE, Role.VIEWER, Micros(6), Micros(9)),
        ]
        assert await stores.rooms.all() == rooms
        assert rooms[0].permissions == MEMBER_PERMISSIONS
        assert rooms[0].door is Door.OPEN
        assert await stores.rooms.members(ROOM) == [
            Member(ROOM, ANN, "Ann", Role.OWNER, b"a" * 32, Micros(5)),
            Member(ROOM, BOB, "Bob", Role.VIEWER, None, Micros(7)),
        ]
        assert await stores.rooms.invitations(ROOM) == [
            Invitation(ROOM, b"h" * 32, Role.MODERATOR, Micros(5)),
            Invitation(ROOM, b"i" * 32, Role.VIEWER, Micros(5), Micros(8)),
        ]
        assert await read(stores) == ROWS
        assert await stores.snapshots.newest(WHITEBOARD) == Snapshot(WHITEBOARD, 2, Micros(2), b"state")  # type: ignore[arg-type]
        assert await stores.sessions.of_room(ROOM) == [
            SessionRecord(SessionId("page"), ROOM, ANN, "Ann", Micros(5), Micros(9)),
            SessionRecord(SessionId("open"), ROOM, BOB, "Bob", Micros(7)),
        ]
        assert [kept.sha256 for kept in await stores.assets.of_room(ROOM)] == ["0" * 64]


async def test_events_keep_their_ids_and_their_order(old: Path) -> None:
    """[DB7] And the installation may have events now."""
    async with open_sqlite(old, clock=clock) as stores:
        await stores.events.add(Event(None, Micros(7), "retention", None))

        assert [(event.id, event.room, event.details) for event in await stores.events.all()] == [
            (10, None, "{}"),
            (2, OTHER_ROOM, '{"a": 1}'),
            (9, ROOM, "{}"),
            (4, ROOM, "{}"),
        ]


async def test_client_ids_of_old_rows_belong_to_those_who_used_them_first(old: Path) -> None:
    """[DB8] Rows that cannot be read bind nothing, and stop nothing."""
    async with open_sqlite(old, clock=clock) as stores:
        assert await stores.updates.bindings(WHITEBOARD) == [
            Binding(WHITEBOARD, ClientId(11), ANN, Micros(1)),
            Binding(WHITEBOARD, ClientId(12), BOB, Micros(2)),
        ]
        assert await stores.updates.bindings(CHAT) == []


async def test_a_migrated_database_is_sound(old: Path) -> None:
    """[DB7] Its references hold, and a second start changes nothing."""
    dumps = []
    for _ in range(2):
        async with open_sqlite(old, clock=clock) as stores:
            assert await stores.database.read("PRAGMA foreign_key_check") == []
            assert await stores.database.read("PRAGMA integrity_check") == [("ok",)]
        with closing(sqlite3.connect(old / DATABASE_NAME)) as database:
            dumps.append(list(database.iterdump()))

    assert dumps[0] == dumps[1]


async def test_a_step_whose_filling_fails_is_not_taken(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """[DB6] The database stays with its schema and its content, and the next start takes the step."""

    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM members")
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(migrations, "_FILLS", {2: fail})
        with pytest.raises(ZeroDivisionError):
            async with open_sqlite(old, clock=clock):
                pass
    with closing(sqlite3.connect(old / DATABASE_NAME)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)

    async with open_sqlite(old, clock=clock) as stores:
        assert len(await stores.rooms.members(ROOM)) == 2


async def test_what_earlier_schemas_removed_is_in_the_file_no_more(old: Path) -> None:
    """[RW4] Bringing rows over to a new table left them in free pages; the file is written anew once."""
    marker = b"what stands in one place only "
    with closing(sqlite3.connect(old / DATABASE_NAME)) as database:
        rows = [(3, seq, 9, ANN, "page", crc32(marker * 500), marker * 500) for seq in range(5, 25)]
        database.executemany("INSERT INTO updates VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        database.commit()

    async with open_sqlite(old, clock=clock) as stores:
        assert len(await read(stores)) == 24
        await stores.erasures.scrub()
        [(free,)] = await stores.database.read("PRAGMA freelist_count")

    assert free == 0
    assert abs((old / DATABASE_NAME).read_bytes().count(marker) - 20 * 500) < 100
