"""A room of a real server with people of every standing in it, and what can be seen of it from outside."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pycrdt import Array, Doc, Map

from crdt_docs.access import Permission, Permissions
from crdt_docs.ids import RoomId, UserId
from persistence.interfaces import Role
from server.auth.tokens import Claims
from tests.server.api import operator
from tests.server.live import Live, guest_key
from tests.wire_client import WireClient, sync_url, wire_client

SEEDED = 100
"""Elements and messages that are there to be changed and removed."""
_names = itertools.count()


@dataclass(frozen=True)
class Standing:
    """How somebody stands to a room: a column of the matrix, or one of its roles with other permissions."""

    name: str
    role: Role | None = None
    overrides: tuple[tuple[Permission, bool], ...] = ()
    claimed: Permissions | None = None

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Person:
    """Somebody who acts."""

    standing: Standing
    user: str
    token: str | None


@dataclass
class MatrixRoom:
    """A room with a lobby, a board, a chat and a document of another kind, and an owner who sets the stage."""

    live: Live
    id: str
    maker: str
    """Token of the owner who sets the stage; he takes no part in the play."""
    asset: str = ""
    people: dict[Standing, Person] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The room's address below /api."""
        return f"/api/rooms/{self.id}"

    async def done(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        """The answer to a request of the stage's owner that has to succeed."""
        status, answer = await self.live.call(method, f"{self.path}{path}", body, token or self.maker)
        assert status < 300, answer
        return answer

    async def upload(self, content: bytes, token: str | None) -> tuple[int, Any]:
        """Send a file; gives status and JSON of the answer."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        path = f"{self.path}/assets/{hashlib.sha256(content).hexdigest()}"
        client = self.live.app.quart.test_client()
        answer = await client.put(path, headers={**headers, "Content-Length": str(len(content))}, data=content)
        return answer.status_code, await answer.get_json()

    async def person(self, standing: Standing) -> Person:
        """Somebody of that standing, who has joined and is the same one at the next call."""
        if standing not in self.people:
            self.people[standing] = await self.come(standing)
        return self.people[standing]

    async def come(self, standing: Standing) -> Person:
        """Somebody of that standing, whom nobody has seen before (but there is one operator)."""
        if standing.name == "operator":
            return Person(standing, "admin", operator(self.live))
        if standing.name == "knocks":
            return Person(standing, *await self.knocker())
        if standing.role is None:
            return Person(standing, "nobody", None)
        person = Person(standing, *await self.newcomer(standing.role, standing.claimed))
        await self.override(person.user, dict(standing.overrides))
        return person

    async def newcomer(self, role: Role = Role.MEMBER, claimed: Permissions | None = None) -> tuple[str, str]:
        """User id and token of somebody who has just joined."""
        user = f"user{next(_names)}"
        claims = Claims(UserId(user), user.title(), self.id, role, claimed)
        token = self.live.app.services.tokens.issue(claims, 600)[0]
        await self.done("GET", "", token=token)
        return user, token

    async def knocker(self) -> tuple[str, str]:
        """User id and token of somebody who may knock, and has not yet."""
        body = {"name": "Nina", "guest_key": guest_key()}
        status, answer = await self.live.call("POST", f"{self.path}/join", body)
        assert status == 202
        return answer["me"]["sub"], answer["token"]

    async def override(self, user: str, overrides: Mapping[Permission, bool | None]) -> None:
        """Set single permissions of a person."""
        if overrides:
            await self.done("PATCH", f"/members/{user}", {"overrides": overrides})

    async def state(self) -> object:
        """All that acts may change, as it is kept: equal before and after means that nothing happened."""
        stores, room = self.live.app.services.stores, RoomId(self.id)
        usage = next(each for each in await stores.usage() if each.room == room)
        return (
            await stores.rooms.get(room),
            await stores.rooms.members(room),
            await stores.rooms.invitations(room),
            await stores.marks.of_room(room),
            (usage.rows, usage.assets),
            await stores.events.all(limit=1),
        )


def element() -> Map[Any]:
    """A box on the board, as a browser writes it."""
    return Map({"type": "rectangle", "xy": [1, 2.5], "wh": [30, 40], "index": "a1", "strokeColor": "#000"})


def message(author: str) -> Map[Any]:
    """A message in the chat, as a browser writes it."""
    id_ = f"m{next(_names)}"
    fields = {"id": id_, "author": author, "name": author.title(), "text": "Hello", "sent_at": 1_700_000_000_000}
    return Map({**fields, "reactions": Map({})})


def draw(doc: Doc[Any]) -> None:
    """Put a box on a board."""
    doc.get("elements", type=Map)[f"e{next(_names)}"] = element()


def put(doc: Doc[Any]) -> None:
    """Write into a document without a schema."""
    doc.get("m", type=Map)[f"k{next(_names)}"] = "v"


def say(author: str) -> Any:
    """An edit that adds a message of that person."""
    return lambda doc: doc.get("messages", type=Array).append(message(author))


async def written(room: MatrixRoom, document: str, act: Any, token: str | None = None, times: int = 1) -> None:
    """Make the same edit so many times as the stage's owner, or as somebody else, and wait until it is on disk."""
    async with wire_client(sync_url(room.live, room.id, document, token or room.maker, ext="1")) as client:
        await _write(client, act, times)


async def _write(client: WireClient, act: Any, times: int) -> None:
    def all_of_them(doc: Doc[Any]) -> None:
        for _ in range(times):
            act(doc)

    await client.write(all_of_them)
    await client.saved(1)


async def open_room(live: Live) -> MatrixRoom:
    """A new room with a lobby."""
    name = await live.room(f"matrix{next(_names)}")
    room = MatrixRoom(live, name, live.token(name, "maker", Role.OWNER))
    await room.done("PATCH", "", {"access": "lobby"})
    return room


async def open_furnished_room(live: Live) -> MatrixRoom:
    """A new room in which there is something to read, to change and to remove."""
    room = await open_room(live)
    status, kept = await room.upload(room.id.encode(), room.maker)
    assert status == 201
    room.asset = kept["sha256"]
    await written(room, "whiteboard", draw, times=SEEDED)
    await written(room, "chat", say("maker"), times=SEEDED)
    await written(room, "doc-notes", put, times=SEEDED)
    return room
