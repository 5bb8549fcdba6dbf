"""What was done to a log is found, and told."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from zlib import crc32

import pytest

from persistence import chain
from persistence.segment import Segment, encode
from persistence.sqlite import DATABASE_NAME, open_sqlite, seal
from persistence.sqlite.migrations import newest_schema
from persistence.sqlite.reading import reading
from server.clock import SystemClock
from server.history.heads import load_signing_key
from server.history.sealing import Sealer
from server.history.verification import Verdict, verify_all
from tests.contracts.rows import BOB, CHAT, WHITEBOARD, row, rows

ROWS, SIGNED = 12, (5, 9)


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """Two logs; the whiteboard's has heads at rows 5 and 9."""
    key, now = load_signing_key(tmp_path), SystemClock()
    async with open_sqlite(tmp_path, durability="process", clock=now.now_us) as stores:
        await stores.updates.append(rows(3, CHAT))
        first = 1
        for until in (*SIGNED, ROWS):
            await stores.updates.append([row(first, b"Bob's", user=BOB), *rows(until - first, first=first + 1)])
            first = until + 1
            if until in SIGNED:
                async with Sealer(stores.heads, key, now) as sealer:
                    sealer.request(WHITEBOARD)
    return tmp_path


def verdicts(folder: Path) -> list[Verdict]:
    """What comes of checking: the chat, then the whiteboard."""
    with reading(folder / DATABASE_NAME) as connection:
        return list(verify_all(connection, None, load_signing_key(folder).public))


def tamper(folder: Path, *statements: str) -> None:
    """Change the database behind the server's back; `board` stands for the whiteboard's number."""
    number = "(SELECT id FROM documents WHERE name = 'whiteboard')"
    with closing(sqlite3.connect(folder / DATABASE_NAME, isolation_level=None)) as connection:
        connection.create_function("crc32", 1, crc32)
        for statement in statements:
            assert connection.execute(statement.replace("board", number)).rowcount > 0, statement


def check_that_another_key_counts_only_for_a_log_from_elsewhere(folder: Path) -> None:
    """What stands beside the whiteboard's rows is signed; the installation's key becomes another one."""
    tamper(folder, "DELETE FROM heads WHERE key IS NOT NULL")
    (folder / "history-key.pem").unlink()
    fault = verdicts(folder)[2].fault
    assert fault is not None
    assert "not this installation's" in fault.what

    tamper(folder, "UPDATE documents SET origin = room WHERE id = board")
    assert verdicts(folder)[2].fault is None


def rewrite_from(folder: Path, start: int) -> None:
    """What somebody does who knows the chain: change a row's user, and chain everything behind it anew."""
    tamper(folder, f"UPDATE updates SET user = 'eve' WHERE document = board AND seq = {start}")
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
        query = "SELECT seq, at, user, session, salt, bytes, document FROM updates JOIN documents ON id = document"
        link = chain.genesis(WHITEBOARD.room, WHITEBOARD.name)
        for seq, at, user, session, salt, update, number in connection.execute(
            f"{query} WHERE name = 'whiteboard' ORDER BY seq"
        ).fetchall():
            link = chain.link(link, seq, at, user, session, chain.commit(salt, update))
            connection.execute("UPDATE updates SET link = ? WHERE document = ? AND seq = ?", (link, number, seq))
        connection.commit()


def test_logs_that_are_as_they_were_are_ok(folder: Path) -> None:
    """[VE1] [VE2] With the newest head that fits."""
    chat, board = verdicts(folder)
    assert (chat.document, chat.rows, chat.fault, chat.signed) == (CHAT, 3, None, None)
    assert (board.document, board.rows, board.fault) == (WHITEBOARD, ROWS, None)
    assert board.signed is not None
    assert board.signed.seq == SIGNED[-1]


_WHERE = "WHERE document = board AND seq"
_MOVED = f"UPDATE updates SET seq = 1000 {_WHERE} = {{0}}"
TAMPERED = {
    "bytes": ([f"UPDATE updates SET bytes = x'00' {_WHERE} = 4"], 4, "changed bytes"),
    "bytes and checksum": (
        [f"UPDATE updates SET bytes = x'00', checksum = crc32(x'00') {_WHERE} = 4"], 4, "changed metadata, or bytes",
    ),
    "instant": ([f"UPDATE updates SET at = at + 1 {_WHERE} = 2"], 2, "changed metadata"),
    "user": ([f"UPDATE updates SET user = 'eve' {_WHERE} = 1"], 1, "changed metadata"),
    "session": ([f"UPDATE updates SET session = 'x' {_WHERE} = 12"], 12, "changed metadata"),
    "salt": ([f"UPDATE updates SET salt = zeroblob(16) {_WHERE} = 7"], 7, "changed metadata"),
    "link": ([f"UPDATE updates SET link = zeroblob(32) {_WHERE} = 7"], 7, "changed metadata"),
    "erased without being told": ([f"UPDATE updates SET bytes = x'', checksum = 0 {_WHERE} = 7"], 7, "changed"),
    "missing": ([f"DELETE FROM updates {_WHERE} = 6"], 6, "missing row"),
    "first missing": ([f"DELETE FROM updates {_WHERE} = 1"], 1, "missing row"),
    "cut off": ([f"DELETE FROM updates {_WHERE} > 7"], 8, "cut off: row 9"),
    "emptied": ([f"DELETE FROM updates {_WHERE} > 0"], 1, "cut off: row 5"),
    "neighbours swapped": (
        [_MOVED.format(3), f"UPDATE updates SET seq = 3 {_WHERE} = 4", f"UPDATE updates SET seq = 4 {_WHERE} = 1000"],
        3, "reordered: what stands here was row 4",
    ),
    "far ones swapped": (
        [_MOVED.format(3), f"UPDATE updates SET seq = 3 {_WHERE} = 8", f"UPDATE updates SET seq = 8 {_WHERE} = 1000"],
        3, "reordered: what stands here was row 8",
    ),
    "first one moved": (
        [_MOVED.format(1), f"UPDATE updates SET seq = 1 {_WHERE} = 2", f"UPDATE updates SET seq = 2 {_WHERE} = 1000"],
        1, "reordered: what stands here was row 2",
    ),
    "signature": (["UPDATE heads SET signature = zeroblob(64) WHERE seq = 5"], 5, "wrong signature"),
    "signed link": (["UPDATE heads SET link = zeroblob(32) WHERE seq = 9"], 9, "wrong signature"),
    "signed instant": (["UPDATE heads SET at = at + 1 WHERE seq = 9"], 9, "wrong signature"),
    "key": (["UPDATE heads SET key = zeroblob(32) WHERE seq = 9"], 9, "wrong signature"),
    "name": (["UPDATE documents SET name = 'doc-x' WHERE id = board"], 1, "changed metadata"),
}  # fmt: skip


@pytest.mark.parametrize(("statements", "seq", "what"), TAMPERED.values(), ids=list(TAMPERED))
def test_the_first_faulty_row_is_told(folder: Path, statements: list[str], seq: int, what: str) -> None:
    """[VE2] [VE3] And the other log stays ok."""
    tamper(folder, *statements)

    (faulty,) = (each for each in verdicts(folder) if each.fault is not None)

    assert faulty.fault is not None
    assert (faulty.fault.seq, faulty.fault.what[: len(what)]) == (seq, what)


@pytest.mark.parametrize("start", [1, 3, 5])
def test_rows_that_were_chained_anew_do_not_fit_what_was_signed(folder: Path, start: int) -> None:
    """[VE2] The chain alone would be sound."""
    rewrite_from(folder, start)

    board = verdicts(folder)[1]

    assert board.fault is not None
    assert board.fault.seq == 5
    assert "chained anew" in board.fault.what


def test_heads_of_another_key_count_only_where_a_log_came_from_elsewhere(folder: Path) -> None:
    """[VE3] Else whoever changes the log could sign it himself."""
    (folder / "history-key.pem").unlink()
    board = verdicts(folder)[1]
    assert board.fault is not None
    assert "not this installation's" in board.fault.what

    tamper(folder, "UPDATE documents SET origin = room WHERE id = board")
    assert [verdict.fault for verdict in verdicts(folder)] == [None, None]


def _change(column: str, seq: int, dice: random.Random) -> Callable[[sqlite3.Connection], None]:
    def change(connection: sqlite3.Connection) -> None:
        where = "document = (SELECT id FROM documents WHERE name = 'whiteboard') AND seq = ?"
        [(value,)] = connection.execute(f"SELECT {column} FROM updates WHERE {where}", (seq,)).fetchall()
        if isinstance(value, bytes):
            place = dice.randrange(len(value))
            value = value[:place] + bytes([value[place] ^ 1 << dice.randrange(8)]) + value[place + 1 :]
        else:
            value = value + 1 if isinstance(value, int) else value + "x"
        connection.execute(f"UPDATE updates SET {column} = ? WHERE {where}", (value, seq))

    return change


def test_no_change_of_a_row_stays_unseen(folder: Path) -> None:
    """[VE2] Any column of any row, at random."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    for _ in range(60):
        seq = dice.randrange(1, ROWS + 1)
        column = dice.choice(["at", "user", "session", "checksum", "salt", "link", "bytes"])
        with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
            before = list(connection.iterdump())
            _change(column, seq, dice)(connection)
            connection.commit()
        fault = verdicts(folder)[1].fault
        assert fault is not None, (seed, column, seq)
        assert fault.seq == seq
        (folder / DATABASE_NAME).unlink()
        with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
            connection.executescript("\n".join(before))
            connection.execute("PRAGMA application_id = 0x54484C4E")
            connection.execute(f"PRAGMA user_version = {newest_schema()}")


@pytest.fixture
def sealed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The whiteboard's rows 1 to 8 lie in two segments."""
    monkeypatch.setattr(seal, "MAX_ROWS", 4)
    with closing(sqlite3.connect(folder / DATABASE_NAME, isolation_level=None)) as connection:
        [number] = connection.execute("SELECT id FROM documents WHERE name = 'whiteboard'").fetchone()
        for _ in range(2):
            assert seal.seal_first(connection, number, ROWS, 1 << 62) == 4
    return folder


def test_sealed_rows_are_checked_as_open_ones(sealed: Path) -> None:
    """[VE2] [VE3] Up to the same rows and heads."""
    board = verdicts(sealed)[1]

    assert (board.rows, board.fault) == (ROWS, None)
    assert board.signed is not None
    assert board.signed.seq == SIGNED[-1]


SEALED_TAMPERED = {
    "link": ("UPDATE segments SET link = zeroblob(32) WHERE last = 4", 4, "changed metadata"),
    "removed": ("DELETE FROM segments WHERE last = 4", 1, "missing row"),
    "checksum": ("UPDATE segments SET checksum = checksum + 1 WHERE last = 8", 5, "The sealed rows 5 to 8 are damaged"),
    "moved": ("UPDATE segments SET first = 105, last = 108 WHERE last = 8", 5, "missing row"),
    "size": ("UPDATE segments SET size = size + 1 WHERE last = 8", 5, "The sealed rows 5 to 8 are damaged"),
}


@pytest.mark.parametrize(("statement", "seq", "what"), SEALED_TAMPERED.values(), ids=list(SEALED_TAMPERED))
def test_what_was_done_to_a_segment_is_told(sealed: Path, statement: str, seq: int, what: str) -> None:
    """[VE2] [SG4] At its first row, or at the last one where only the chain shows it."""
    tamper(sealed, statement)

    fault = verdicts(sealed)[1].fault

    assert fault is not None
    assert (fault.seq, fault.what[: len(what)]) == (seq, what)


def test_a_segment_that_was_made_again_with_other_rows_is_told(sealed: Path) -> None:
    """[VE2] [SG4] Checksum and all: its last row does not have the link that is kept, or that was signed."""
    with closing(sqlite3.connect(sealed / DATABASE_NAME, isolation_level=None)) as connection:
        [plain] = connection.execute("SELECT bytes FROM segments WHERE last = 8").fetchone()
        stored = list(Segment(plain).stored())
        stored[1] = (*stored[1][:2], "eve", *stored[1][3:])
        forged = encode(Segment(plain).before, stored)
        told = (forged, crc32(forged))
        connection.execute("UPDATE segments SET bytes = ?, checksum = ? WHERE last = 8", told)

    fault = verdicts(sealed)[1].fault

    assert fault is not None
    assert (fault.seq, fault.what[:7]) == (8, "changed")


def test_no_flipped_bit_of_a_segment_stays_unseen(sealed: Path) -> None:
    """[VE2] [SG4] At random places."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    with closing(sqlite3.connect(sealed / DATABASE_NAME, isolation_level=None)) as connection:
        [kept] = connection.execute("SELECT bytes FROM segments WHERE last = 4").fetchone()
        for _ in range(40):
            flipped = bytearray(kept)
            flipped[place := dice.randrange(len(kept))] ^= 1 << dice.randrange(8)
            connection.execute("UPDATE segments SET bytes = ? WHERE last = 4", (bytes(flipped),))
            fault = verdicts(sealed)[1].fault
            assert fault is not None, place
            assert fault.seq == 1
