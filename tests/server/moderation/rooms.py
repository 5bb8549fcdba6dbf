"""A room with an owner, and what he can do to it over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crdt_docs.ids import RoomId
from server.auth.tokens import admin_claims
from tests.server.live import Live, guest_key


@dataclass(frozen=True)
class Room:
    """A room in a live server."""

    live: Live
    id: str
    owner: str
    """Token of the owner."""

    @property
    def admin(self) -> str:
        """A token of the operator."""
        return self.live.app.services.tokens.issue(admin_claims(), 600)[0]

    async def act(self, token: str, user: str, act: str, body: Any = None) -> tuple[int, Any]:
        """Kick, ban, unban or hand over."""
        return await self.live.call("POST", f"/api/rooms/{self.id}/members/{user}/{act}", body, token)

    async def set(self, token: str, user: str, **body: Any) -> tuple[int, Any]:
        """Change a person's role or permissions."""
        return await self.live.call("PATCH", f"/api/rooms/{self.id}/members/{user}", body, token)

    async def change(self, token: str, **body: Any) -> tuple[int, Any]:
        """Change the room's settings."""
        return await self.live.call("PATCH", f"/api/rooms/{self.id}", body, token)

    async def join(self, key: str, name: str = "X", link: str | None = None) -> tuple[int, Any]:
        """Follow the room's link."""
        body = {"name": name, "guest_key": key, "key": link}
        return await self.live.call("POST", f"/api/rooms/{self.id}/join", body)

    async def kinds(self) -> list[str]:
        """The kinds of the room's events, newest first."""
        events = await self.live.app.services.stores.events.of_room(RoomId(self.id))
        return [event.kind for event in events]


async def make_room(live: Live, **settings: Any) -> Room:
    """A room open to its link unless told otherwise."""
    owner = {"name": "Owner", "guest_key": guest_key()}
    status, made = await live.call("POST", "/api/rooms", {"owner": owner, **settings})
    assert status == 201, made
    return Room(live, made["room"]["id"], made["token"])
