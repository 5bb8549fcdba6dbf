"""A room of a real server with honest people at work in it, and the proof that an attack did them no harm."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from pycrdt import Array, Doc, Map, Text

from crdt_docs.frames import AwarenessEntry, encode_awareness
from crdt_docs.ids import ClientId, DocumentId, RoomId, Seq, UserId, parse_document_id
from crdt_docs.updates import decode_state_vector, read_delete_set, read_update
from persistence.loading import load_updates
from server.rooms.document import LiveDocument
from tests.hostile.witness import Replica, Witness
from tests.server.live import Live, guest_key
from tests.wire_client import WireClient, sync_url, wire_client

NOTES, BOARD, CHAT = "doc-notes", "whiteboard", "chat"
EVERY_DOCUMENT = (NOTES, BOARD, CHAT)
BOX: Mapping[str, Any] = {"type": "rectangle", "xy": [1, 2], "wh": [30, 40], "index": "a1", "strokeColor": "#000"}
ANNS_OTHER_PAGE = ClientId(4_711)
_names = count(1)


@dataclass(frozen=True)
class Person:
    """Somebody who may come in."""

    name: str
    user: UserId
    token: str
    key: str
    """His guest key."""


def message(id_: str, author: str, **others: Any) -> Map[Any]:
    """A message of a chat as our client makes it."""
    fields = {"id": id_, "author": author, "name": "A", "text": id_, "sent_at": 1_700_000_000_123}
    return Map({**fields, "reactions": Map({}), **others})


def write_honestly(doc: Doc[Any], document: str, key: str, author: str) -> None:
    """What an honest page does in that document."""
    if document == BOARD:
        doc.get("elements", type=Map)[key] = Map(dict(BOX))
    elif document == CHAT:
        doc.get("messages", type=Array).append(message(key, author))
    else:
        doc.get("m", type=Map)[key] = "pycrdt"


def content(doc: Doc[Any], document: str) -> dict[str, Any]:
    """What a document says, root by root."""
    if document == BOARD:
        return {name: doc.get(name, type=Map).to_py() for name in ("elements", "files")}
    if document == CHAT:
        return {"messages": doc.get("messages", type=Array).to_py()}
    return {"m": doc.get("m", type=Map).to_py(), "t": str(doc.get("t", type=Text))}


def sees(doc: Doc[Any], document: str, key: str) -> bool:
    """Whether something of that name is there."""
    if document == CHAT:
        return key in {each.get("id") for each in content(doc, document)["messages"]}
    return key in doc.get("elements" if document == BOARD else "m", type=Map)


class HonestRoom:
    """A room open to its link: Olga owns it, Ann, Bob and Mallory followed the link."""

    live: Live
    id: str
    olga: Person
    ann: Person
    bob: Person
    mallory: Person
    witness: Witness
    links: dict[str, str]
    """Invitations by role."""

    @classmethod
    async def open(cls, live: Live, witness: Witness, **settings: Any) -> HonestRoom:
        """Make it as a page does; `settings` are those of `POST /api/rooms`."""
        room, key = cls(), guest_key()
        status, made = await live.call("POST", "/api/rooms", {"owner": {"name": "Olga", "guest_key": key}, **settings})
        assert status == 201, made
        room.live, room.witness, room.id = live, witness, made["room"]["id"]
        room.links = made["links"]
        room.olga = Person("Olga", UserId(made["me"]["sub"]), made["token"], key)
        room.ann, room.bob, room.mallory = [await room.guest(name) for name in ("Ann", "Bob", "Mallory")]
        return room

    async def guest(self, name: str, key: str | None = None) -> Person:
        """Somebody who follows the room's link."""
        key = key or guest_key()
        link = self.links.get("member", "").partition("#k=")[2]
        body = {"name": name, "guest_key": key, "key": link}
        status, joined = await self.live.call("POST", f"/api/rooms/{self.id}/join", body)
        assert status == 200, joined
        return Person(name, UserId(joined["me"]["sub"]), joined["token"], key)

    async def call(
        self, method: str, path: str = "", body: Any = None, by: Person | str | None = None
    ) -> tuple[int, Any]:
        """A request to this room's address; gives status and JSON."""
        token = by.token if isinstance(by, Person) else by
        return await self.live.call(method, f"/api/rooms/{self.id}{path}", body, token)

    async def refused(self, method: str, path: str = "", body: Any = None, by: Person | str | None = None) -> str:
        """The code of a request that must fail."""
        status, answer = await self.call(method, path, body, by)
        assert status >= 400, answer
        return str(answer["error"]["code"])

    async def change(self, person: Person, **body: Any) -> None:
        """Olga sets role or permissions of somebody."""
        status, answer = await self.call("PATCH", f"/members/{person.user}", body, self.olga)
        assert status == 200, answer

    def page(self, name: str) -> str:
        """The id of a session, which belongs to one room for ever."""
        return f"{name}-{self.id}"

    def url(self, document: str, token: str, **params: str) -> str:
        """The address of a document here."""
        return sync_url(self.live, self.id, document, token, **params)

    def document_id(self, document: str) -> DocumentId:
        """What the server calls it."""
        return parse_document_id(RoomId(self.id), document)

    def on_server(self, document: str) -> LiveDocument:
        """The document as the server has it in memory."""
        rooms = self.live.app.services.registry._rooms
        found = rooms[RoomId(self.id)].entries[self.document_id(document)].document
        assert found is not None
        return found

    async def stored(self, document: str) -> Doc[Any]:
        """The document as the server would load it from its log."""
        doc: Doc[Any] = Doc()
        for update in (await load_updates(self.live.app.services.stores, self.document_id(document))).updates:
            doc.apply_update(update)
        return doc

    @asynccontextmanager
    async def at_work(self, document: str = NOTES) -> AsyncIterator[Work]:
        """Ann and Bob write in a document the whole time; in the end everybody has the same, as if nothing had been."""
        name = f"bob-{next(_names)}"
        server = f"http://127.0.0.1:{self.live.port}"
        async with wire_client(self.url(document, self.ann.token, ext="1")) as ann:
            bob = await self.witness.open(name, server, self.id, document, self.bob.token)
            work = Work(self, document, ann, name, ClientId(bob))
            await work.go_on()
            yield work
            await work.check()
            await self.witness.close(name)


@dataclass
class Work:
    """Two people at one document: Ann with pycrdt, Bob with Yjs and an unmodified provider."""

    room: HonestRoom
    document: str
    ann: WireClient
    bob: str
    """His name in the witness program."""
    bob_client: ClientId

    @property
    def ann_client(self) -> ClientId:
        """The client id under which Ann writes."""
        return ClientId(self.ann.doc.client_id)

    @property
    def server(self) -> LiveDocument:
        """The document in the server's memory."""
        return self.room.on_server(self.document)

    def names(self) -> set[str]:
        """What stands in the map `m` of the server's document."""
        return set(self.server.ydoc.get("m", type=Map))

    def clock(self, client: int) -> int:
        """The next clock of a client id on the server."""
        return decode_state_vector(self.server.ydoc.get_state()).get(ClientId(client), 0)

    async def write(self, act: Callable[[Doc[Any]], Any]) -> bytes:
        """Ann writes something, which is on disk afterwards; gives the update."""
        update = await self.ann.write(act)
        await self.ann.until(lambda: self.clock(self.ann_client) >= _clock(self.ann.doc))
        return update

    async def go_on(self) -> None:
        """Each of them writes, and the other one sees it."""
        room, mine, his = self.room, f"ann-{next(_names)}", f"bob-{next(_names)}"
        await self.ann.write(lambda doc: write_honestly(doc, self.document, mine, room.ann.user))
        await room.witness.wait_for(self.bob, mine)
        await room.witness.write(self.bob, his, room.bob.user)
        await self.ann.until(lambda: sees(self.ann.doc, self.document, his))

    async def presence(self) -> dict[int, Any]:
        """Whom Bob sees where, by client id, once all that was announced until now has reached him."""
        mark = next(_names)
        await self.ann.socket.send(encode_awareness([AwarenessEntry(ANNS_OTHER_PAGE, mark, {})]))
        return await self.room.witness.presence(self.bob, ANNS_OTHER_PAGE, mark)

    async def check(self) -> None:
        """They go on, were never refused or sent away, and have what the server has, and so has whoever comes now."""
        await self.go_on()
        server = self.server.ydoc
        await self.ann.until(lambda: self.server.idle and _same(self.ann.doc, server))
        assert self.ann.last("rejected") == {}
        assert self.ann.socket.close_code is None
        said = content(server, self.document)
        assert content(self.ann.doc, self.document) == said
        await self._check_newcomer(said)
        bob = await self.room.witness.state(self.bob, server.get_state())
        self._check_witness(bob, said)
        stored = await self.room.stored(self.document)
        assert _same(stored, server)
        assert content(stored, self.document) == said
        await self._check_owners()

    async def _check_newcomer(self, said: Any) -> None:
        room = self.room
        async with wire_client(room.url(self.document, room.olga.token)) as newcomer:
            assert _same(newcomer.doc, self.server.ydoc)
            assert content(newcomer.doc, self.document) == said
            name = f"olga-{next(_names)}"
            await room.witness.open(name, f"http://127.0.0.1:{room.live.port}", room.id, self.document, room.olga.token)
            self._check_witness(await room.witness.state(name, self.server.ydoc.get_state()), said)
            await room.witness.close(name)

    def _check_witness(self, replica: Replica, said: Any) -> None:
        footprint = read_update(replica.update)
        ends = {run.client: run.end for run in footprint.runs}
        assert ends == decode_state_vector(self.server.ydoc.get_state())
        assert footprint.deletes == read_delete_set(self.server.ydoc)
        assert replica.content == said
        assert replica.closes == []

    async def _check_owners(self) -> None:
        """Client ids are whose they were, and every row of the log brings structs of its own author alone, or what he
        returned to a room in recovery, which is nobody's."""
        updates = self.room.live.app.services.stores.updates
        bindings = await updates.bindings(self.room.document_id(self.document))
        owners = {binding.client: binding.user or binding.returned_by for binding in bindings}
        assert owners[self.ann_client] == self.room.ann.user
        assert owners[self.bob_client] == self.room.bob.user
        async for row in updates.read_after(self.room.document_id(self.document), Seq(0)):
            assert {owners[run.client] for run in read_update(row.update).runs} <= {row.user}


def _clock(doc: Doc[Any]) -> int:
    return decode_state_vector(doc.get_state()).get(ClientId(doc.client_id), 0)


def _same(one: Doc[Any], other: Doc[Any]) -> bool:
    """Equal state vectors and equal deletions."""
    return (
        decode_state_vector(one.get_state()) == decode_state_vector(other.get_state())
        and read_delete_set(one) == read_delete_set(other)
    )  # fmt: skip
