"""Rows from which content was erased pass only with a signed record of what stands there."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import pycrdt
import pytest
from msgspec.structs import replace as with_other

from crdt_docs.ids import DocumentId, RoomId, UserId
from persistence.interfaces import Micros
from persistence.loading import load_updates
from persistence.sqlite import SqliteStores, open_sqlite
from server.clock import SystemClock
from server.history import records as r
from server.history.archive import ArchiveDamaged, pack, unpack
from server.history.erasures import is_genuine_erasure, sign_erasure
from server.history.heads import load_signing_key
from tests.contracts.rows import read
from tests.server.history.test_archive import NOW, ROOM, Forge, a_folder, check_all, content, exported, imported, texts
from tests.server.history.test_verification import (
    check_that_another_key_counts_only_for_a_log_from_elsewhere,
    tamper,
    verdicts,
)

BOARD = DocumentId(ROOM, "whiteboard")
HIS = UserId("user1")


async def _erase(stores: SqliteStores, folder: Path, user: UserId = HIS, document: DocumentId = BOARD) -> list[int]:
    holdings = await stores.erasures.holdings(document, user)
    erasure = sign_erasure(load_signing_key(folder), holdings, UserId("owner"), SystemClock().now_us())
    await stores.erasures.replace(holdings, erasure)
    return [row.seq for row in holdings.rows]


@pytest.fixture
async def erased(tmp_path: Path) -> tuple[Path, list[int]]:
    """A room from whose whiteboard the content of two people was erased, one after the other; his rows."""
    folder = await a_folder(tmp_path / "data", 3, 60)
    async with open_sqlite(folder, durability="process", clock=lambda: NOW) as stores:
        seqs = await _erase(stores, folder)
        await _erase(stores, folder, UserId("user2"))
    assert len(seqs) > 3
    return folder, seqs


def test_erased_rows_are_ok_with_their_record(erased: tuple[Path, list[int]]) -> None:
    """[VE4] [EA7] The heads that were signed before still fit."""
    board = verdicts(erased[0])[2]
    assert (board.document, board.fault) == (BOARD, None)
    assert board.signed is not None


TAMPERED = {
    "the record is gone": ("DELETE FROM erasures WHERE id = 1", "replaced bytes that no signed record"),
    "other bytes": (
        "UPDATE updates SET bytes = x'0000', checksum = crc32(x'0000') WHERE document = board AND seq = {seq}",
        "replaced bytes that no signed record",
    ),
    "other bytes, record changed": ("UPDATE erasures SET rows = zeroblob(72) WHERE id = 1", "wrong signature"),
    "who did it": ("UPDATE erasures SET by = 'eve' WHERE id = 1", "wrong signature"),
    "when": ("UPDATE erasures SET at = at + 1 WHERE id = 1", "wrong signature"),
    "the record is cut off": ("UPDATE erasures SET rows = x'00' WHERE id = 1", "a record of an erasure is cut off"),
    "a salt": (
        "UPDATE updates SET salt = zeroblob(16) WHERE document = board AND seq = {seq}", "neither salt nor commitment"
    ),
    "no commitment": (
        "UPDATE updates SET commitment = NULL WHERE document = board AND seq = {seq}", "neither salt nor commitment"
    ),
    "another commitment": (
        "UPDATE updates SET commitment = zeroblob(32) WHERE document = board AND seq = {seq}", "replaced bytes that no"
    ),
    "checksum": ("UPDATE updates SET checksum = 0 WHERE document = board AND seq = {seq}", "changed bytes"),
    "another document's record": (
        "UPDATE erasures SET document = (SELECT id FROM documents WHERE name = 'chat') WHERE id = 1", "wrong signature"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "what"), TAMPERED.values(), ids=list(TAMPERED))
def test_nothing_else_may_stand_in_their_place(erased: tuple[Path, list[int]], statement: str, what: str) -> None:
    """[VE4] And not without being signed by this installation."""
    folder, seqs = erased
    tamper(folder, statement.format(seq=seqs[0]))

    faults = [verdict.fault.what for verdict in verdicts(folder) if verdict.fault is not None]

    assert faults[0][: len(what)] == what or faults[0].startswith(f"it has {what}")


def test_a_record_of_another_key_counts_only_where_a_log_came_from_elsewhere(erased: tuple[Path, list[int]]) -> None:
    """[VE4]"""
    check_that_another_key_counts_only_for_a_log_from_elsewhere(erased[0])


async def test_what_was_erased_for_two_people_cannot_come_back_for_one(tmp_path: Path) -> None:
    """[VE4] A row of both holds what the newest record says, not what an older one did."""
    folder = await a_folder(tmp_path / "data", 4, 30)
    branch = DocumentId(RoomId("branch"), "whiteboard")
    async with open_sqlite(folder, durability="process", clock=lambda: NOW) as stores:
        first = (await read(stores, BOARD))[0]
        doc_rows = (await load_updates(stores, BOARD)).updates
        doc: pycrdt.Doc[Any] = pycrdt.Doc()
        for update in doc_rows:
            doc.apply_update(update)
        bindings = [replace(each, document=branch) for each in await stores.updates.bindings(BOARD)]
        await stores.updates.append([replace(first, document=branch, update=doc.get_update())], bindings)
        await _erase(stores, folder, HIS, branch)
        once = (await read(stores, branch))[0].update
        await _erase(stores, folder, UserId("user2"), branch)
    assert verdicts(folder)[0].document == branch
    assert verdicts(folder)[0].fault is None

    number = "(SELECT id FROM documents WHERE room = 'branch')"
    tamper(folder, f"UPDATE updates SET bytes = x'{once.hex()}', checksum = {crc32(once)} WHERE document = {number}")

    assert verdicts(folder)[0].fault is not None


async def test_an_export_carries_what_stands_there_and_its_records(erased: tuple[Path, list[int]]) -> None:
    """[EX4] [EX3] [IM1] The same rows come out of an import, and they load."""
    folder, _ = erased
    new = folder.parent / "new"
    imported(exported(folder), new)

    assert content(new) == content(folder)
    assert await texts(new, ROOM) == await texts(folder, ROOM)
    assert [verdict.fault for verdict in verdicts(new)] == [None] * 3


def _without_record(records: list[Any]) -> list[Any]:
    return [each for each in records if not isinstance(each, r.Erasure)]


def _behind_the_rows(records: list[Any]) -> list[Any]:
    last = max(place for place, each in enumerate(records) if isinstance(each, r.Row))
    record = next(each for each in records if isinstance(each, r.Erasure))
    return [*_without_record(records[:last]), records[last], record, *records[last + 1 :]]


def _other(kind: type, **values: Any) -> Forge:
    return lambda records: [with_other(each, **values) if isinstance(each, kind) else each for each in records]


REFUSED: dict[str, Forge] = {
    "no record": _without_record,
    "record behind the rows": _behind_the_rows,
    "who": _other(r.Erasure, by="eve"),
    "rows": _other(r.Erasure, rows=b""),
    "signature": _other(r.Erasure, signature=b"s" * 64),
    "bytes": _other(r.Row, update=b"\0\0"),
    "commitment": lambda records: [
        with_other(each, commitment=b"c" * 32) if isinstance(each, r.Row) and each.commitment else each
        for each in records
    ],
}


@pytest.mark.parametrize("forge", REFUSED.values(), ids=list(REFUSED))
async def test_an_export_with_other_records_is_refused(erased: tuple[Path, list[int]], forge: Forge) -> None:
    """[EX3] [VE4]"""
    data = exported(erased[0])
    check_all(data)
    forged = b"".join(pack(forge(list(unpack(io.BytesIO(data))))))
    with pytest.raises(ArchiveDamaged):
        check_all(forged)


async def test_a_record_says_who_and_when(tmp_path: Path) -> None:
    """[EA7] With anything of it changed it is not genuine."""
    folder = await a_folder(tmp_path / "data")
    async with open_sqlite(folder, durability="process", clock=lambda: NOW) as stores:
        holdings = await stores.erasures.holdings(BOARD, HIS)
    erasure = sign_erasure(load_signing_key(folder), holdings, UserId("owner"), NOW)
    assert is_genuine_erasure(erasure)
    for other in (
        {"at": Micros(NOW + 1)}, {"by": UserId("eve")}, {"rows": erasure.rows + b"x" * 72}, {"origin": "x"},
        {"document": DocumentId(ROOM, "chat")}, {"key": b"k" * 32}, {"signature": b"s" * 64},
    ):  # fmt: skip
        assert not is_genuine_erasure(replace(erasure, **other))  # type: ignore[arg-type]
