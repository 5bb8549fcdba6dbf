"""Rows are chained as `persistence/chain.py` says, computed here once more by hand."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from persistence.errors import SeqGap
from persistence.sqlite import DATABASE_NAME, SqliteStores, migrations, open_sqlite
from tests.contracts.rows import ANN, BOB, CHAT, WHITEBOARD, row, rows
from tests.persistence.conftest import clock
from tests.persistence.test_migrations import ROWS, old

__all__ = ["old"]


def text(value: str) -> bytes:
    """A text as the chain encodes it."""
    return len(value.encode()).to_bytes(4, "big") + value.encode()


def by_hand(database: Path, room: str, name: str, origin: str | None = None) -> list[bytes]:
    """What the links of a document must be, from its rows."""
    link = sha256(text("thunderline-chain-1") + text(origin or room) + text(name)).digest()
    links = []
    for seq, at, user, session, salt, update in stored(
        database, room, name, "seq, at, user, session, salt, bytes"
    ):  # fmt: skip
        assert len(salt) == 16
        place = seq.to_bytes(8, "big") + at.to_bytes(8, "big", signed=True)
        link = sha256(link + place + text(user) + text(session) + sha256(salt + update).digest()).digest()
        links.append(link)
    return links


def stored(database: Path, room: str, name: str, columns: str) -> list[tuple[object, ...]]:
    """Columns of the rows of a document."""
    query = f"SELECT {columns} FROM updates JOIN documents ON documents.id = document WHERE room = ? AND name = ?"
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(f"{query} ORDER BY seq", (room, name)).fetchall()


def links_of(database: Path, room: str, name: str) -> list[bytes]:
    """The links that are kept."""
    return [link for (link,) in stored(database, room, name, "link")]  # type: ignore[misc]


async def test_every_row_is_chained_to_the_one_before_it(stores: SqliteStores, tmp_path: Path) -> None:
    """[CH1] Whatever the appends are cut into, with several documents and people in one; each row has its own salt."""
    await stores.updates.append([row(1, "Grüße".encode(), user=BOB)])
    await stores.updates.append([row(2), *rows(2, CHAT), row(3, b"", user=ANN)])
    await stores.updates.append([*rows(1, CHAT, first=3), *rows(600, first=4)])

    for document, count in ((WHITEBOARD, 603), (CHAT, 3)):
        kept = links_of(tmp_path / DATABASE_NAME, document.room, document.name)
        assert kept == by_hand(tmp_path / DATABASE_NAME, document.room, document.name)
        assert len(kept) == len(set(kept)) == count
    salts = stored(tmp_path / DATABASE_NAME, WHITEBOARD.room, WHITEBOARD.name, "salt")
    assert len(set(salts)) == 603


async def test_a_retry_keeps_what_is_chained(stores: SqliteStores, tmp_path: Path) -> None:
    """[CH2] It draws other salts: those that are there stay, and new rows chain to them."""
    database = tmp_path / DATABASE_NAME
    await stores.updates.append(rows(3))
    kept = links_of(database, WHITEBOARD.room, WHITEBOARD.name)

    await stores.updates.append([*rows(5), *rows(6)])

    links = links_of(database, WHITEBOARD.room, WHITEBOARD.name)
    assert links[:3] == kept
    assert len(links) == 6
    assert links == by_hand(database, WHITEBOARD.room, WHITEBOARD.name)


async def test_a_refused_append_leaves_the_chain(stores: SqliteStores, tmp_path: Path) -> None:
    """[CH2]"""
    await stores.updates.append(rows(3))
    with pytest.raises(SeqGap):
        await stores.updates.append([*rows(2, first=4), row(7)])
    await stores.updates.append(rows(3, first=4))

    database = tmp_path / DATABASE_NAME
    assert links_of(database, WHITEBOARD.room, WHITEBOARD.name) == by_hand(database, WHITEBOARD.room, WHITEBOARD.name)


async def test_a_log_that_began_elsewhere_keeps_its_origin(stores: SqliteStores, tmp_path: Path) -> None:
    """[CH3] The genesis is that of the room where it began."""
    await stores.database.write(
        "INSERT INTO documents (room, name, origin) VALUES (?, ?, 'home')", (WHITEBOARD.room, WHITEBOARD.name)
    )
    await stores.updates.append(rows(2))

    database = tmp_path / DATABASE_NAME
    expected = by_hand(database, WHITEBOARD.room, WHITEBOARD.name, "home")
    assert links_of(database, WHITEBOARD.room, WHITEBOARD.name) == expected


async def test_rows_of_an_earlier_schema_are_chained(old: Path) -> None:
    """[CH4] As they stand, damaged ones too; what is appended later continues the chain."""
    async with open_sqlite(old, clock=clock) as stores:
        await stores.updates.append([row(len(ROWS) + 1)])
        assert await stores.database.read("SELECT name FROM sqlite_master WHERE name LIKE '%unchained%'") == []

    for document, count in ((WHITEBOARD, len(ROWS) + 1), (CHAT, 1)):
        kept = links_of(old / DATABASE_NAME, document.room, document.name)
        assert len(kept) == count
        assert kept == by_hand(old / DATABASE_NAME, document.room, document.name)


def test_two_migrations_of_one_number_are_told(tmp_path: Path) -> None:
    """[DB9] The second one would never be applied."""
    for name in ("0001_one.sql", "0002_two.sql"):
        (tmp_path / name).write_text("SELECT 1;")
    assert [number for number, _ in migrations._steps(tmp_path)] == [1, 2]
    (tmp_path / "0002_another.sql").write_text("SELECT 1;")

    with pytest.raises(ValueError, match="0002"):
        migrations._steps(tmp_path)
