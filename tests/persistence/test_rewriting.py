"""Content goes out of rows, snapshots and the files of the database, and nothing else changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pycrdt
import pytest

from crdt_docs.ids import DocumentId, RoomId
from persistence.chain import ErasedRow, commit, pack_erased, unpack_erased
from persistence.errors import SeqTaken
from persistence.interfaces import Holdings, Micros, SignedErasure, Snapshot
from persistence.loading import load_updates
from persistence.sqlite import DATABASE_NAME, SqliteStores, open_sqlite, seal
from persistence.worker_process import WorkerProcess
from tests.contracts.rows import ANN, BOB, CHAT, WHITEBOARD, bound, read, room, row
from tests.persistence.conftest import clock
from tests.persistence.test_chain import links_of, stored
from tests.persistence.test_seal import seal_all

MARKER = "what Bob wrote, word by word"
DOCUMENT = replace(WHITEBOARD, name="doc-notes")
OTHER = DocumentId(RoomId("red-room"), "doc-notes")


def _erasure(holdings: Holdings) -> SignedErasure:
    """A record; the storage keeps whatever is in it."""
    rows = pack_erased(ErasedRow(each.seq, each.commitment, sha256(each.update).digest()) for each in holdings.rows)
    return SignedErasure(holdings.document, holdings.origin, Micros(9), ANN, rows, b"k" * 32, b"s" * 64)


async def _written(stores: SqliteStores, document: DocumentId = DOCUMENT) -> None:
    """Ann and Bob write in turns, long texts too; there is a snapshot on the way."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    for seq in range(1, 41):
        client, user = (11, ANN) if seq % 2 else (12, BOB)
        page: pycrdt.Doc[Any] = pycrdt.Doc(client_id=client)
        page.apply_update(doc.get_update())
        before = page.get_state()
        what = f"Ann's {seq}. " if seq % 2 else MARKER * (400 if seq % 10 == 0 else 1)
        page.get("text", type=pycrdt.Text).insert(0, what)
        update = page.get_update(before)
        doc.apply_update(update)
        await stores.updates.append([row(seq, update, document, user=user)], [bound(client, user, document)])
        if seq in (9, 30):
            await stores.snapshots.add(Snapshot(document, row(seq).seq, Micros(seq), doc.get_update()))


async def _erase(stores: SqliteStores, document: DocumentId = DOCUMENT) -> Holdings:
    holdings = await stores.erasures.holdings(document, BOB)
    await stores.erasures.replace(holdings, _erasure(holdings))
    return holdings


def _files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob(f"{DATABASE_NAME}*")))


@asynccontextmanager
async def _opened(folder: Path) -> AsyncIterator[SqliteStores]:
    async with open_sqlite(folder, durability="process", clock=clock) as stores:
        yield stores


@pytest.fixture(params=["open", "sealed"])
def lying(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Has the rows of a folder lie open, or all but the last in segments of three."""

    def lie(folder: Path) -> None:
        if request.param == "sealed":
            monkeypatch.setattr(seal, "MAX_ROWS", 3)
            assert seal_all(folder / DATABASE_NAME) >= 39

    return lie


async def test_his_content_is_in_no_row_no_snapshot_and_no_file(tmp_path: Path, lying: Callable[[Path], None]) -> None:
    """[RW1] [RW4] Small texts and those that fill pages of their own, in the write-ahead log too, at once."""
    async with _opened(tmp_path) as stores:
        await _written(stores)
        assert MARKER.encode() in _files(tmp_path)
        lying(tmp_path)

        holdings = await _erase(stores)
        assert await stores.erasures.scrub()

        assert [each.seq for each in holdings.rows] == list(range(2, 41, 2))
        assert MARKER.encode() not in _files(tmp_path)
        assert b"Ann's 39" in _files(tmp_path)
        lying(tmp_path)
    assert MARKER.encode() not in _files(tmp_path)


async def test_rows_keep_their_links_and_commitments(
    stores: SqliteStores, tmp_path: Path, lying: Callable[[Path], None]
) -> None:
    """[RW1] [RW2] [SG3] Place, instant, author and link stay; the salt goes; others' rows are not touched."""
    await _written(stores)
    database = tmp_path / DATABASE_NAME
    columns = "seq, at, user, session, link, salt, commitment, bytes"
    before = stored(database, DOCUMENT.room, DOCUMENT.name, columns)
    lying(tmp_path)

    await _erase(stores)

    after = stored(database, DOCUMENT.room, DOCUMENT.name, columns)
    assert [each[:5] for each in after] == [each[:5] for each in before]
    for old, new in zip(before, after, strict=True):
        if old[2] == ANN:
            assert new == old
        else:
            assert new[5:7] == (b"", commit(old[5], old[7]))  # type: ignore[arg-type]
            assert new[7] != old[7]
    assert len(links_of(database, DOCUMENT.room, DOCUMENT.name)) == 40


async def test_the_document_loads_as_others_wrote_it(stores: SqliteStores) -> None:
    """[RW1] [RW3] From its rows and from each of its snapshots, and the worker builds the next one of them."""
    await _written(stores)
    await _erase(stores)
    loaded = await load_updates(stores, DOCUMENT)
    whole, shown = pycrdt.Doc[Any](), pycrdt.Doc[Any]()
    for each in await read(stores, DOCUMENT):
        whole.apply_update(each.update)
    for update in loaded.updates:
        shown.apply_update(update)

    assert loaded.snapshot_seq == 30
    texts = [str(doc.get("text", type=pycrdt.Text)) for doc in (whole, shown)]
    assert texts == ["".join(f"Ann's {seq}. " for seq in range(39, 0, -2))] * 2


async def test_a_snapshot_of_what_stood_there_before_is_not_kept(stores: SqliteStores, tmp_path: Path) -> None:
    """[RW3] One that was being built meanwhile would bring the content back."""
    await _written(stores)
    worker = WorkerProcess(tmp_path / DATABASE_NAME)
    try:
        old = await worker.build(DOCUMENT)
        await _erase(stores)
        new = await worker.build(DOCUMENT)
    finally:
        await worker.stop()

    await stores.snapshots.add(old)
    newest = await stores.snapshots.newest(DOCUMENT)
    assert newest is not None
    assert newest.seq == 30
    await stores.snapshots.add(new)
    assert await stores.snapshots.newest(DOCUMENT) == new
    assert MARKER.encode() not in new.update


async def test_what_changed_since_it_was_looked_at_is_looked_at_again(stores: SqliteStores) -> None:
    """[RW2] A snapshot that came, or another erasure; nothing is half done."""
    await _written(stores)
    holdings = await stores.erasures.holdings(DOCUMENT, BOB)
    await stores.snapshots.add(Snapshot(DOCUMENT, row(35).seq, Micros(35), b"\0\0"))
    before = await read(stores, DOCUMENT)

    with pytest.raises(SeqTaken):
        await stores.erasures.replace(holdings, _erasure(holdings))
    assert await read(stores, DOCUMENT) == before

    again = await _erase(stores)
    with pytest.raises(SeqTaken):
        await stores.erasures.replace(again, _erasure(again))


async def test_other_documents_and_people_are_not_touched(stores: SqliteStores) -> None:
    """[RW2] Nor is there anything to be found of whom nothing is, or a second time."""
    await _written(stores)
    await _written(stores, OTHER)
    before = await read(stores, OTHER)

    await _erase(stores)

    assert await read(stores, OTHER) == before
    assert (await stores.erasures.holdings(DOCUMENT, BOB)).rows == ()
    assert (await stores.erasures.holdings(CHAT, BOB)).rows == ()
    found = await stores.erasures.holdings(DOCUMENT, ANN)
    assert [each.seq for each in found.rows] == list(range(1, 41, 2))


async def test_what_is_told_of_sizes_is_told_anew(stores: SqliteStores) -> None:
    """[US1] [RW2] Sizes that were remembered are those of bytes that are gone."""
    await stores.rooms.create(room())
    await _written(stores)
    [full] = await stores.usage()
    await _erase(stores)

    [left] = await stores.usage()

    assert left.rows == full.rows == 40
    assert left.update_bytes == sum(len(each.update) for each in await read(stores, DOCUMENT)) < full.update_bytes


def test_rows_of_an_erasure_are_packed_and_unpacked() -> None:
    """[RW2]"""
    rows = [ErasedRow(1, b"c" * 32, b"d" * 32), ErasedRow(2**63, b"e" * 32, b"f" * 32)]
    assert unpack_erased(pack_erased(rows)) == rows
    with pytest.raises(ValueError, match="cut off"):
        unpack_erased(pack_erased(rows)[:-1])
