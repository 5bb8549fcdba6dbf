"""Who may say what in a document's awareness: the rules, without sockets.

Awareness is Yjs' ephemeral state, one JSON object per client id (y-protocols `awareness.js`). A provider sends its own
state and rebroadcasts what it hears of others, so an entry that is not the sender's is dropped without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

from pycrdt import Awareness

from crdt_docs.frames import AwarenessEntry, encode_awareness
from crdt_docs.ids import ClientId
from server.rooms.author import Author

MAX_CLIENTS_PER_SOCKET = 16
"""How many client ids one socket may announce; further ones are ignored."""
MAX_DEPARTED = 4096
"""How many departed client ids are remembered; the oldest is forgotten first."""


class AwarenessBook:
    """Who announced which client id, and what everybody should know.

    `states` is the `pycrdt.Awareness` of the room; only entries that were accepted here get into it.
    """

    def __init__(self, states: Awareness) -> None:
        self._states = states
        self._owners: dict[ClientId, object] = {}
        self._authors: dict[ClientId, Author] = {}
        self._departed: dict[ClientId, int] = {}
        self._announced: set[object] = set()
        self._changed: set[ClientId] = set()
        self.on_state: Callable[[Author, Mapping[str, Any] | None], None] = lambda _author, _state: None
        """[AW9] Told of each state that was accepted, and (None) of each that ended, with whose it is."""
        states.set_local_state(None)

    @property
    def changed(self) -> bool:
        """Whether `take_changes` has something to tell."""
        return bool(self._changed)

    def announce(self, socket: object, author: Author, entries: Iterable[AwarenessEntry]) -> list[ClientId]:
        """Accept from a socket what is its own; gives the client ids that it speaks for.

        [AW1] A socket's first awareness binds its client ids; so does a later id that nobody has. [AW2] An id that
        another user's socket holds is never taken; the same user's newer socket takes over (a reconnect that came
        before the old socket was seen to be dead). [AW3] What is heard of somebody who has just left is an echo.
        [AW4] The user's id, name and colour in a state are the server's.
        """
        first = socket not in self._announced
        own = []
        for entry in entries:
            if self._may_announce(socket, author, entry, first):
                self._announced.add(socket)
                self._owners[entry.client] = socket
                self._authors[entry.client] = author
                self._accept(entry, author)
                own.append(entry.client)
        return own

    def leave(self, socket: object) -> None:
        """[AW5] Forget exactly the ids that this socket announced; the others are told at once."""
        self._announced.discard(socket)
        for client in [client for client, owner in self._owners.items() if owner is socket]:
            del self._owners[client]
            self._remove(client)
            self.on_state(self._authors.pop(client), None)

    def take_changes(self) -> bytes:
        """Encode what changed since the last call, once for everybody."""
        changed, self._changed = self._changed, set()
        frame = encode_awareness(self._entry(client) for client in changed)
        for client in changed:
            if client not in self._states.states:
                self._depart(client)
        return frame

    def snapshot(self, without: Container[ClientId] = ()) -> bytes | None:
        """[AW6] Everybody who is present but those client ids, for a newcomer; None when nobody is."""
        present = [ClientId(client) for client in self._states.states if client not in without]
        return encode_awareness(self._entry(client) for client in present) if present else None

    def _may_announce(self, socket: object, author: Author, entry: AwarenessEntry, first: bool) -> bool:
        owner = self._owners.get(entry.client)
        if owner is socket:
            return True
        if entry.state is None or sum(held is socket for held in self._owners.values()) >= MAX_CLIENTS_PER_SOCKET:
            return False
        if owner is not None:
            return first and self._authors[entry.client].user == author.user
        return first or entry.clock > self._departed.get(entry.client, -1)

    def _accept(self, entry: AwarenessEntry, author: Author) -> None:
        known = self._states.meta.get(entry.client)
        if known is not None and entry.clock < known["clock"]:
            return
        self.on_state(author, entry.state)
        if entry.state is None:
            self._set(entry.client, entry.clock, None)
            return
        user = entry.state.get("user")
        signed = {**(user if isinstance(user, dict) else {}), "id": author.user, "name": author.name}
        signed["color"] = author.color
        self._set(entry.client, entry.clock, {**entry.state, "user": signed})

    def _set(self, client: ClientId, clock: int, state: dict[str, Any] | None) -> None:
        if state is None:
            self._states.states.pop(client, None)
        else:
            self._states.states[client] = state
        self._states.meta[client] = {"clock": clock, "lastUpdated": 0}
        self._changed.add(client)

    def _remove(self, client: ClientId) -> None:
        if self._states.states.pop(client, None) is not None:
            self._changed.add(client)

    def _depart(self, client: ClientId) -> None:
        meta = self._states.meta.pop(client, None)
        if meta is not None:
            self._departed.pop(client, None)
            self._departed[client] = meta["clock"]
            while len(self._departed) > MAX_DEPARTED:
                del self._departed[next(iter(self._departed))]

    def _entry(self, client: ClientId) -> AwarenessEntry:
        meta = self._states.meta.get(client, {"clock": 0})
        return AwarenessEntry(client, meta["clock"], self._states.states.get(client))
