"""Every frame of the sync protocol on every kind of document, as somebody sends it over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from pycrdt import Array, Doc, Map

from crdt_docs.access import Permission
from crdt_docs.frames import (
    AwarenessEntry,
    encode_awareness,
    encode_extension,
    encode_sync_step1,
    encode_sync_step2,
    encode_update,
)
from crdt_docs.ids import ClientId
from crdt_docs.lib0 import read_varint
from persistence.interfaces import Role
from tests.server.matrix.action import Act, Action, Prepare, nothing, waits_for_a_moderator
from tests.server.matrix.requests import READ
from tests.server.matrix.room import MatrixRoom, Person, draw, put, say, written
from tests.wire_client import FIRST_FRAMES, WireClient, raw, sync_url, wire_client

BE_SEEN: Final = "Be seen, rename oneself, raise a hand, renew one's token"
DRAW: Final = "Draw, change and delete on the whiteboard and in `doc-*`"
CHAT: Final = "Write in the chat, name moments, take back one's own"
REMOVE: Final = "Remove messages and marks of others"
BRING_BACK: Final = "Bring back others' work while recovery is on"

KINDS: Final = {"whiteboard": "whiteboard", "chat": "chat", "doc": "doc-notes"}
"""Kind of document → one of it."""
_ROOTS: Final[list[tuple[str, Any]]] = [("elements", Map), ("messages", Array), ("m", Map)]
_QUERY_AWARENESS: Final = b"\x03"

Talk = Callable[[WireClient, Person, Any], Awaitable[str | None]]


def talking(document: str, talk: Talk) -> Act:
    """Come to a document and talk with the server; gives the code of what refuses the socket or the talk."""

    async def act(room: MatrixRoom, person: Person, aim: Any) -> str | None:
        async with raw(sync_url(room.live, room.id, document, person.token, ext="1")) as socket:
            client = WireClient(socket)
            reading = asyncio.create_task(client.run())
            try:
                await client.until(lambda: client.synced.is_set() or _ended(client))
                return socket.close_reason if _ended(client) else await talk(client, person, aim)
            finally:
                await socket.close()
                await reading

    return act


def _ended(client: WireClient) -> bool:
    return client.socket.close_code is not None


async def _verdict(client: WireClient) -> str | None:
    """What became of the first edit."""
    await client.until(
        lambda: bool(client.last("rejected") or _ended(client)) or client.last("saved").get("through", 0) > FIRST_FRAMES
    )
    return client.socket.close_reason if _ended(client) else client.last("rejected").get("code")


def writing(edit: Callable[[Doc[Any], Person], Any], frame: Callable[[bytes], bytes] = encode_update) -> Talk:
    """Make an edit and send it in a frame of this kind."""

    async def talk(client: WireClient, person: Person, aim: Any) -> str | None:
        before, content = client.doc.get_state(), _content(client.doc)
        with client.doc.transaction():
            edit(client.doc, person)
        await client.socket.send(frame(client.doc.get_update(before)))
        code = await _verdict(client)
        assert code is None or _content(await _served(client)) == content
        return code

    return talk


async def _served(client: WireClient) -> Doc[Any]:
    """What the server hands out now."""
    count = len(client.frames)
    await client.socket.send(encode_sync_step1(b"\0"))
    answers = lambda: [frame for frame in client.frames[count:] if frame[:2] == b"\0\1"]  # noqa: E731
    await client.until(lambda: bool(answers()))
    doc: Doc[Any] = Doc()
    length, at = read_varint(answers()[0], 2)
    doc.apply_update(answers()[0][at : at + length])
    return doc


def _content(doc: Doc[Any]) -> list[Any]:
    return [doc.get(root, type=kind).to_py() for root, kind in _ROOTS]


async def bringing_back(client: WireClient, person: Person, lost: bytes) -> str | None:
    """Send somebody else's work."""
    await client.socket.send(encode_update(lost))
    return await _verdict(client)


async def lost_work(room: MatrixRoom, person: Person) -> bytes:
    """An update that somebody made after another that the server has."""
    _, token = await room.newcomer()
    async with wire_client(sync_url(room.live, room.id, "doc-notes", token, ext="1")) as client:
        await client.write(put)
        await client.saved(1)
        before = client.doc.get_state()
        put(client.doc)
        return client.doc.get_update(before)


async def reading(client: WireClient, person: Person, aim: Any) -> str | None:
    """Have the content, and ask for it and for who is here once more."""
    assert any(_content(client.doc)), "the document is empty"
    await client.socket.send(_QUERY_AWARENESS)
    assert _content(await _served(client)) == _content(client.doc)
    return None


async def being_seen(client: WireClient, person: Person, aim: Any) -> str | None:
    """Say something about oneself; the server names the person to all who ask."""
    entry = AwarenessEntry(ClientId(client.doc.client_id), 1, {"at": [1, 2]})
    await client.socket.send(encode_awareness([entry]))
    await client.socket.send(_QUERY_AWARENESS)
    await client.until(lambda: any(frame[0] == 1 and person.user.encode() in frame for frame in client.frames))
    return None


async def saying_our_own(client: WireClient, person: Person, aim: Any) -> str | None:
    """Clients have no business with type 100: it is passed over, and the socket goes on."""
    await client.socket.send(encode_extension('{"type":"saved","through":1000000}'))
    return await reading(client, person, aim)


# ---- edits


def _change(doc: Doc[Any], person: Person) -> None:
    elements = doc.get("elements", type=Map)
    elements[min(elements)]["link"] = f"https://example.org/{person.user}"


def _delete(doc: Doc[Any], person: Person) -> None:
    elements = doc.get("elements", type=Map)
    del elements[max(elements)]


def _delete_note(doc: Doc[Any], person: Person) -> None:
    notes = doc.get("m", type=Map)
    del notes[max(notes)]


def _places(doc: Doc[Any], author: str) -> list[int]:
    """Where that person's messages stand, as far as they were not removed."""
    told = doc.get("messages", type=Array).to_py() or []
    return [at for at, each in enumerate(told) if each["author"] == author and not each.get("deleted")]


def _react(doc: Doc[Any], person: Person) -> None:
    doc.get("messages", type=Array)[0]["reactions"][f"👍\0{person.user}"] = True


def _take_back(doc: Doc[Any], person: Person) -> None:
    own = doc.get("messages", type=Array)[_places(doc, person.user)[-1]]
    own["deleted"], own["text"] = True, ""


def _remove(doc: Doc[Any], person: Person) -> None:
    others = doc.get("messages", type=Array)[_places(doc, "maker")[0]]
    others["deleted"], others["text"] = True, ""


def _take_out(doc: Doc[Any], person: Person) -> None:
    del doc.get("messages", type=Array)[_places(doc, "maker")[-1]]


async def having_said(room: MatrixRoom, person: Person) -> None:
    """The person has written, at a time when he was allowed to."""
    if person.token is None or person.standing.name == "knocks":
        return
    role, token = person.standing.role, person.token
    overridden = role not in (None, Role.OWNER)
    if overridden:
        await room.override(person.user, {Permission.CHAT: True})
    elif role is Role.OWNER:
        token = room.live.token(room.id, person.user, role)
    await written(room, "chat", say(person.user), token)
    if overridden:
        await room.override(person.user, {Permission.CHAT: dict(person.standing.overrides).get(Permission.CHAT)})


def _frames(row: str, kind: str, what: str, *types: str, talk: Talk, prepare: Prepare = nothing, **more: Any) -> Action:
    covers = frozenset(f"{kind} {each}" for each in types)
    return Action(f"{kind}: {what}", row, talking(KINDS[kind], talk), covers, prepare, **more)


def _of_every_kind(kind: str) -> list[Action]:
    return [
        _frames(READ, kind, "read", "SyncStep1", "QueryAwareness", talk=reading),
        _frames(READ, kind, "speak out of turn", "Extension", talk=saying_our_own),
        _frames(BE_SEEN, kind, "be seen", "Awareness", talk=being_seen),
    ]


def _writes(row: str, kind: str, what: str, edit: Any, **more: Any) -> Action:
    return _frames(row, kind, what, "Update", talk=writing(edit), changes=True, **more)


def _adds(row: str, kind: str, edit: Any) -> list[Action]:
    late = writing(edit, encode_sync_step2)
    return [
        _writes(row, kind, "add", edit),
        _frames(row, kind, "add, as an answer", "SyncStep2", talk=late, changes=True),
    ]


FRAMES: Final = [
    *(action for kind in KINDS for action in _of_every_kind(kind)),
    *_adds(DRAW, "whiteboard", lambda doc, _person: draw(doc)),
    _writes(DRAW, "whiteboard", "change", _change),
    _writes(DRAW, "whiteboard", "delete", _delete),
    *_adds(DRAW, "doc", lambda doc, _person: put(doc)),
    _writes(DRAW, "doc", "delete", _delete_note),
    *_adds(CHAT, "chat", lambda doc, person: say(person.user)(doc)),
    _writes(CHAT, "chat", "react", _react),
    _writes(CHAT, "chat", "take back", _take_back, prepare=having_said),
    _writes(REMOVE, "chat", "remove", _remove),
    _writes(REMOVE, "chat", "take out", _take_out),
    _frames(
        BRING_BACK, "doc", "bring back", "Update", talk=bringing_back, prepare=lost_work, changes=True,
        stage="recovering", otherwise=waits_for_a_moderator,
    ),
]  # fmt: skip
