"""A room leaves as one file and comes back the same; a file that was changed anywhere is refused."""

from __future__ import annotations

import hashlib
import io
import random
import sqlite3
import string
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pycrdt
import pytest
import zstandard
from msgspec.structs import replace as with_other

from crdt_docs.access import Permission
from crdt_docs.ids import ClientId, DocumentId, RoomId, Seq, SessionId, UserId
from persistence.errors import CorruptStorage
from persistence.interfaces import (
    Access,
    Asset,
    Binding,
    Mark,
    Member,
    Micros,
    Role,
    RoomRecord,
    SessionRecord,
    UpdateRow,
)
from persistence.loading import load_updates
from persistence.sqlite import DATABASE_NAME, SqliteStores, open_sqlite
from persistence.sqlite.reading import reading
from server.auth.tokens import ADMIN_USER
from server.clock import SystemClock
from server.errors import UnknownRoom
from server.history import records as r
from server.history.archive import ROOM as FORMAT
from server.history.archive import ArchiveDamaged, ArchiveForeign, ArchiveRefused, pack, unpack
from server.history.checking import ArchiveCheck
from server.history.exporting import export_room
from server.history.heads import load_signing_key
from server.history.importing import RoomTaken, import_room
from server.history.sealing import Sealer
from server.history.verification import verify_all

ROOM = RoomId("home")
NOW = Micros(1_790_000_000_000_000)
TABLES = {
    "members": "user, name, role, guest_hash, joined_at, role_at, overrides, tokens_from, removed_at, banned_at, "
    "family",
    "sessions": "id, user, name, joined_at, left_at, device, edits, messages, mic_seconds",
    "assets": "sha256, mime_type, file_name, size, uploader, uploaded_at",
    "rooms": "name, access, default_role, created_at, permissions, door, door_at, max_people, recovery, origin, "
    "origin_at",
    "marks": "id, at, kind, label, user, made_at",
}
BY_DOCUMENT = {
    "updates": "name, seq, first, at, user, session, checksum, salt, link, commitment, bytes",
    "document_clients": "name, client, user, at, returned_by",
    "erasures": "name, at, by, rows, key, signature",
    "checkpoints": "name, first, last, before, after, kept, at, key, signature",
}

ORDERS = {
    "updates": "name, seq",
    "document_clients": "name, at, document_clients.rowid",
    "erasures": "name, erasures.id",
    "checkpoints": "name, last",
}


class Random:
    """A room as chance makes it: people, pages, three documents written in turns, bindings, files."""

    def __init__(self, seed: int, writes: int) -> None:
        self.dice = random.Random(seed)
        self._writes = writes
        self._people = [UserId(f"user{number}") for number in range(4)]
        self._docs: dict[str, dict[int, pycrdt.Doc[Any]]] = {}

    async def fill(self, stores: SqliteStores, folder: Path) -> None:
        """Write it into an empty data folder."""
        await stores.rooms.create(
            RoomRecord(ROOM, "Grüße 🔵", Access.LOBBY, Role.VIEWER, Micros(5), permissions=frozenset([Permission.DRAW]),
                       origin=RoomId("elsewhere"), origin_at=Micros(4))
        )  # fmt: skip
        await stores.rooms.put_members(*map(self._member, range(4)))
        for number, user in enumerate(self._people):
            await stores.sessions.open(SessionRecord(SessionId(f"page{number}"), ROOM, user, user.title(), NOW))
        await stores.sessions.close(SessionId("page0"), Micros(NOW + 9))
        for number in range(2):
            mark = Mark(f"{number:016x}", ROOM, Micros(NOW - number), "person", "Idee 💡", self._people[0], NOW)
            assert await stores.marks.add(mark, most=2)
        heads = dict.fromkeys(("whiteboard", "chat", "doc-notes"), 0)
        async with Sealer(stores.heads, load_signing_key(folder), SystemClock()) as sealer:
            for _ in range(self._writes):
                await self._write(stores, heads)
                if self.dice.random() < 0.2:
                    sealer.request(DocumentId(ROOM, self.dice.choice(list(heads))))
                    await sealer.settled()
        for size in (0, 1, self.dice.randrange(300_000)):
            await self._upload(stores, self.dice.randbytes(size))

    def _member(self, number: int) -> Member:
        return Member(
            ROOM, self._people[number], f"Name {number}", self.dice.choice(list(Role)),
            self.dice.choice([None, bytes([number]) * 32]), Micros(number),
            overrides={Permission.DRAW: self.dice.random() < 0.5}, banned_at=self.dice.choice([None, NOW]),
            family=f"family{number}",
        )  # fmt: skip

    async def _write(self, stores: SqliteStores, heads: dict[str, int]) -> None:
        name, who = self.dice.choice(list(heads)), self.dice.randrange(4)
        document = DocumentId(ROOM, name)
        docs = self._docs.setdefault(name, {})
        doc = docs.setdefault(who, pycrdt.Doc(client_id=100 + who))
        before = doc.get_state()
        letters = "".join(self.dice.choices(string.printable, k=self.dice.randrange(1, 40)))
        doc.get("text", type=pycrdt.Text).insert(0, letters)
        heads[name] += 1
        at = Micros(NOW + self.dice.randrange(-5, 1_000_000))
        row = UpdateRow(
            document, Seq(heads[name]), at, self._people[who], SessionId(f"page{who}"), doc.get_update(before)
        )
        await stores.updates.append([row], [Binding(document, ClientId(100 + who), self._people[who], at)])

    async def _upload(self, stores: SqliteStores, content: bytes) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            yield content

        digest = hashlib.sha256(content).hexdigest()
        asset = Asset(ROOM, digest, "image/png", "a.png", len(content), self._people[0], NOW)
        await stores.assets.put(asset, chunks(), room_quota=10**9)


async def a_folder(folder: Path, seed: int = 1, writes: int = 12) -> Path:
    """A data folder with a room in it."""
    async with open_sqlite(folder, durability="process", clock=lambda: NOW) as stores:
        await Random(seed, writes).fill(stores, folder)
    return folder


def exported(folder: Path, room: RoomId = ROOM) -> bytes:
    """The room as a file."""
    return b"".join(pack(export_room(folder, room, load_signing_key(folder), NOW)))


def imported(data: bytes, folder: Path, as_room: RoomId | None = None) -> ArchiveCheck:
    """Read the file into a data folder."""
    return import_room(io.BytesIO(data), folder, as_room, ADMIN_USER, NOW)


def content(folder: Path, room: RoomId = ROOM) -> dict[str, list[Any]]:
    """Everything of a room that an export takes."""
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
        found = {}
        for table, columns in TABLES.items():
            where = "id" if table == "rooms" else "room"
            query = f"SELECT {columns} FROM {table} WHERE {where} = ? ORDER BY rowid"
            found[table] = connection.execute(query, (room,)).fetchall()
        for table, columns in BY_DOCUMENT.items():
            query = f"SELECT {columns} FROM {table} JOIN documents ON documents.id = document WHERE room = ?"
            found[table] = connection.execute(f"{query} ORDER BY {ORDERS[table]}", (room,)).fetchall()
        files = (folder / "assets" / room).rglob("*")
        found["files"] = sorted((path.name, path.read_bytes()) for path in files if path.is_file())
        return found


def everything(folder: Path) -> dict[str, Any]:
    """The whole of a data folder: rows of all tables and all files but the database's own."""
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
        tables = list(connection.iterdump())
    files = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*")
             if path.is_file() and not path.name.startswith(DATABASE_NAME)}  # fmt: skip
    return {"tables": tables, "files": files}


async def texts(folder: Path, room: RoomId) -> dict[str, str]:
    """What a client reads in each document."""
    told = {}
    async with open_sqlite(folder, clock=lambda: NOW) as stores:
        for name in ("whiteboard", "chat", "doc-notes"):
            doc: pycrdt.Doc[Any] = pycrdt.Doc()
            for update in (await load_updates(stores, DocumentId(room, name))).updates:
                doc.apply_update(update)
            told[name] = str(doc.get("text", type=pycrdt.Text))
    return told


@pytest.mark.parametrize("as_room", [None, RoomId("elsewhere")])
async def test_what_is_exported_comes_back_the_same(tmp_path: Path, as_room: RoomId | None) -> None:
    """[EX4] [IM1] Rows with their salts and links, people, pages, bindings, files, and what a document reads."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    old, new, room = await a_folder(tmp_path / "old", seed, 150), tmp_path / "new", as_room or ROOM

    check = imported(exported(old), new, as_room)

    assert content(new, room) == content(old)
    assert await texts(new, room) == await texts(old, ROOM)
    with reading(new / DATABASE_NAME) as connection:
        verdicts = list(verify_all(connection, None, load_signing_key(new).public))
    assert [verdict.fault for verdict in verdicts] == [None] * 3
    assert sum(verdict.rows for verdict in verdicts) == 150
    assert [verdict.signed.key if verdict.signed else None for verdict in verdicts] == [
        load_signing_key(old).public
    ] * 3
    assert [each.rows for each in check.verdicts] == [each.rows for each in verdicts]
    async with open_sqlite(new, clock=lambda: NOW) as stores:
        assert [event.kind for event in await stores.events.of_room(room)] == ["room_imported"]

    again = imported(exported(new, room), tmp_path / "third", ROOM)
    assert content(tmp_path / "third") == content(old)
    assert len(again.verdicts) == 3


async def test_a_copy_beside_the_original_goes_its_own_way(tmp_path: Path) -> None:
    """[IM1] Under another id; its log continues, and verifies, and so does the old one."""
    folder = await a_folder(tmp_path)
    imported(exported(folder), folder, RoomId("copy"))
    notes = DocumentId(RoomId("copy"), "doc-notes")
    async with open_sqlite(folder, clock=lambda: NOW) as stores:
        head = await stores.updates.head(notes)
        await stores.updates.append([UpdateRow(notes, Seq(head + 1), NOW, UserId("x"), SessionId("x"), b"\0\0")])
        assert len(await stores.sessions.of_room(RoomId("copy"))) == len(await stores.sessions.of_room(ROOM)) == 4
        assert len(await stores.marks.of_room(RoomId("copy"))) == len(await stores.marks.of_room(ROOM)) == 2

    with reading(folder / DATABASE_NAME) as connection:
        assert [verdict.fault for verdict in verify_all(connection, None, load_signing_key(folder).public)] == [
            None
        ] * 6


async def test_files_of_the_first_version_are_read(tmp_path: Path) -> None:
    """[EX2] They have what later ones have, but for the records that came since."""
    folder = await a_folder(tmp_path / "old")
    first = replace(FORMAT, version=1)
    imported(b"".join(pack(unpack(io.BytesIO(exported(folder))), first)), tmp_path / "new")
    assert content(tmp_path / "new") == content(folder)


async def test_every_flipped_bit_is_refused(tmp_path: Path) -> None:
    """[EX2] [IM2] And nothing of the file is kept."""
    data = small(await a_folder(tmp_path / "old", 2, 6))
    new = tmp_path / "new"
    imported(data, new, RoomId("there"))
    before = everything(new)
    assert len(data) < 8192
    for place in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            with pytest.raises(ArchiveRefused):
                check_all(bytes(changed))
    for place in range(0, len(data), max(1, len(data) // 40)):
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises(ArchiveRefused):
            imported(bytes(changed), new)
    assert everything(new) == before


def small(folder: Path) -> bytes:
    """The room without its large files."""
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
        connection.execute("DELETE FROM assets WHERE size > 1")
        connection.commit()
    return exported(folder)


def check_all(data: bytes) -> None:
    """What `thunderline verify FILE` does."""
    for _ in ArchiveCheck().passing(unpack(io.BytesIO(data))):
        pass


async def test_a_file_that_is_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    """[EX2] At every length; so is one that goes on."""
    data = small(await a_folder(tmp_path, 3, 6))
    check_all(data)
    for length in range(len(data)):
        with pytest.raises(ArchiveRefused):
            check_all(data[:length])
    with pytest.raises(ArchiveDamaged):
        check_all(data + b"\0")


def test_other_files_and_newer_versions_are_told(tmp_path: Path) -> None:
    """[EX2] Each in its own words, and no data folder is filled."""
    for data, told in (
        (b"", "no export"), (b"SQLite format 3\0" + b"x" * 100, "no export"),
        (b"thunderline-room 3\n" + b"x" * 100, "version 3"), (b"thunderline-room 01\n" + b"x" * 100, "no export"),
    ):  # fmt: skip
        with pytest.raises(ArchiveForeign, match=told):
            imported(data, tmp_path)
    with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as connection:
        assert connection.execute("SELECT count(*) FROM rooms").fetchone() == (0,)


Forge = Callable[[list[Any]], Iterable[Any]]


def _every(kind: type, **other: Any) -> Forge:
    return lambda records: [with_other(each, **other) if isinstance(each, kind) else each for each in records]


def _without(kind: type, at: int = 0) -> Forge:
    def forge(records: list[Any]) -> list[Any]:
        found = [place for place, each in enumerate(records) if isinstance(each, kind)][at]
        return records[:found] + records[found + 1 :]

    return forge


def _twice(kind: type) -> Forge:
    def forge(records: list[Any]) -> list[Any]:
        found = next(place for place, each in enumerate(records) if isinstance(each, kind))
        return records[: found + 1] + records[found:]

    return forge


def _document(records: list[Any]) -> list[Any]:
    """The first document with all that follows it."""
    first = next(place for place, each in enumerate(records) if isinstance(each, r.Document))
    kinds = (r.Head, r.Erasure, r.Checkpoint, r.Binding, r.Row)
    behind = next(place for place in range(first + 1, len(records)) if not isinstance(records[place], kinds))
    return records[first:behind]


FORGED: dict[str, Forge] = {
    "user": _every(r.Row, user="eve"),
    "bytes": _every(r.Row, update=b"\0\0"),
    "neither salt nor commitment": _every(r.Row, salt=b""),
    "both": _every(r.Row, commitment=b"c" * 32),
    "salt": _every(r.Row, salt=b"s" * 16),
    "missing row": _without(r.Row, 1),
    "a row twice": _twice(r.Row),
    "last row cut off": _without(r.Row, -1),
    "origin": _every(r.Document, origin="other"),
    "a document's name": _every(r.Document, name="doc-other"),
    "no document's name": _every(r.Document, name="../x"),
    "no room's id": _every(r.Room, id="../x"),
    "last link": _every(r.Document, link=b"l" * 32),
    "signature": _every(r.Head, signature=b"s" * 64),
    "signed link": _every(r.Head, link=b"l" * 32),
    "bytes of a file": _every(r.Chunk, data=b"other"),
    "no bytes of a file": _without(r.Chunk),
    "a file's hash": _every(r.Asset, sha256="0" * 64),
    "a file's path": _every(r.Asset, sha256="../../../../etc/passwd"),
    "a head twice": _twice(r.Head),
    "a document twice": lambda records: [*records[:-1], *_document(records), records[-1]],
    "a type of no file": _every(r.Asset, mime_type="text/html\r\nX: y"),
    "a member twice": _twice(r.Member),
    "a member less": _without(r.Member),
    "a binding less": _without(r.Binding),
    "no end": _without(r.End),
    "no room": _without(r.Room),
    "two rooms": _twice(r.Room),
    "nothing": lambda records: [],
    "other order": lambda records: [*records[:2], *reversed(records[2:-1]), records[-1]],
    "an unknown role": _every(r.Member, role="king"),
    "a number beyond": _every(r.Member, joined_at=2**63),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=list(FORGED))
async def test_what_does_not_fit_is_refused_though_the_digest_is_right(tmp_path: Path, forge: Forge) -> None:
    """[EX3] [IM2] Whoever changes a file can compute the last bytes anew; nothing of it is kept."""
    data = small(await a_folder(tmp_path / "old", 4, 12))
    records = list(unpack(io.BytesIO(data)))
    forged = b"".join(pack(forge(records)))
    (tmp_path / "new").mkdir()
    imported(data, tmp_path / "new", RoomId("there"))
    before = everything(tmp_path / "new")

    with pytest.raises(ArchiveDamaged):
        imported(forged, tmp_path / "new")

    assert everything(tmp_path / "new") == before


async def test_a_bomb_is_refused(tmp_path: Path) -> None:
    """[EX2] A length without end is damage; nobody asks for that memory."""
    body = zstandard.ZstdCompressor().compress(b"\xff" * 4 + b"x" * 1000)
    with pytest.raises(ArchiveDamaged, match="a record of"):
        check_all(FORMAT.first_line + body + hashlib.sha256(FORMAT.first_line + body).digest())


async def test_a_room_that_is_or_was_there_is_not_overwritten(tmp_path: Path) -> None:
    """[IM2] Deleted ones included: ids stay taken."""
    folder = await a_folder(tmp_path)
    data = exported(folder)
    async with open_sqlite(folder, clock=lambda: NOW) as stores:
        room = await stores.rooms.get(ROOM)
        assert room is not None
        await stores.rooms.change(replace(room, deleted_at=NOW))
    before = everything(folder)

    with pytest.raises(RoomTaken, match="--as"):
        imported(data, folder)
    with pytest.raises(UnknownRoom):
        exported(folder)

    assert everything(folder) == before


async def test_a_room_that_is_not_what_it_was_is_not_exported(tmp_path: Path) -> None:
    """[EX4] Neither with a changed row nor with a lost file."""
    folder = await a_folder(tmp_path)
    for path in (folder / "assets" / ROOM).rglob("*"):
        if path.is_file():
            path.unlink()
    with pytest.raises(CorruptStorage, match="missing"):
        exported(folder)
    with closing(sqlite3.connect(folder / DATABASE_NAME, isolation_level=None)) as connection:
        connection.execute("UPDATE updates SET user = 'eve' WHERE seq = 2")
    with pytest.raises(CorruptStorage, match="verify"):
        exported(folder)
