"""Who writes under which client id of one document, and what follows from it (P3).

A client id belongs to the person who used it first, for ever. *New* structs under it are its owner's; what the document
has already may be sent by anybody, because a provider answers every step 1 with all that it holds. A deletion names
its victim and not its author, so it is no claim of authorship.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from crdt_docs.errors import AuthorshipViolation, DocumentQuotaExceeded
from crdt_docs.ids import ClientId, UserId
from crdt_docs.updates import Footprint

MAX_NEW_CLIENTS = 1_000
"""Client ids that one update, or one claim, may bind. A page uses one; offline work of many pages comes together."""
MAX_CLIENTS_PER_USER = 20_000
"""Client ids of one person in one document: so few of the 2**32 that Yjs draws from that nobody can occupy the ids
of people still to come."""
MAX_RETURNED_CLIENTS = 20_000
"""Unknown client ids that one update may bring back in recovery."""


class Ownership:
    """Whose the client ids of one document are. Plain values in memory: whoever binds or returns an id here records it.

    Args:
        owners: Client id → its owner; None where the id was returned in recovery and belongs to nobody (AU6).
    """

    def __init__(self, owners: Mapping[ClientId, UserId | None]) -> None:
        self._owners = dict(owners)
        self._counts = Counter(owner for owner in self._owners.values() if owner is not None)

    def __contains__(self, client: ClientId) -> bool:
        """Whether the id is recorded, as somebody's or as returned."""
        return client in self._owners

    def __len__(self) -> int:
        return len(self._owners)

    def owner(self, client: ClientId) -> UserId | None:
        """Whose the id is; None when it is free or was returned (`in` tells which)."""
        return self._owners.get(client)

    def adopt(self, owners: Mapping[ClientId, UserId | None]) -> None:
        """Record whose ids are that are not recorded, without any limit: what is on disk tells so."""
        for client, owner in owners.items():
            if client not in self._owners:
                self._owners[client] = owner
                if owner is not None:
                    self._counts[owner] += 1

    def claim(self, user: UserId, clients: Iterable[ClientId]) -> tuple[ClientId, ...]:
        """Bind the free ones of these ids to the user: all of them, or none when it raises.

        Returns:
            The ids that are bound now and were not before, each once.

        Raises:
            AuthorshipViolation: One belongs to somebody else, or to nobody (AU2, AU6).
            DocumentQuotaExceeded: It would bind too many (AU5).
        """
        free = self._free(user, dict.fromkeys(clients))
        if free:
            self._owners.update(dict.fromkeys(free, user))
            self._counts[user] += len(free)
        return free

    def check(self, user: UserId, footprint: Footprint, clocks: Mapping[ClientId, int]) -> tuple[ClientId, ...]:
        """Judge an update of the user; binds nothing.

        Args:
            user: Who sent it.
            footprint: What it touches.
            clocks: Client → next clock of the document that would receive it.

        Returns:
            The free ids with new structs, to be claimed once the update has been accepted.

        Raises:
            AuthorshipViolation: It has new structs under an id that is not the user's (AU2, AU6).
            DocumentQuotaExceeded: It would bind too many (AU5).
        """
        return self._free(user, _with_news(footprint, clocks))

    def check_recovery(
        self, moderator: UserId, footprint: Footprint, clocks: Mapping[ClientId, int]
    ) -> tuple[ClientId, ...]:
        """Judge an update in a room in recovery, sent by somebody who moderates: anybody's news may come back (AU7).

        Returns:
            The ids with new structs that are recorded nowhere, to be given to `mark_returned` once the update has been
            accepted; never the moderator's.

        Raises:
            DocumentQuotaExceeded: There are more than MAX_RETURNED_CLIENTS of them.
        """
        unknown = tuple(client for client in _with_news(footprint, clocks) if client not in self._owners)
        if len(unknown) > MAX_RETURNED_CLIENTS:
            raise DocumentQuotaExceeded(
                f"{moderator} brings back {len(unknown)} client ids at once; {MAX_RETURNED_CLIENTS} are allowed."
            )
        return unknown

    def mark_returned(self, clients: Iterable[ClientId]) -> tuple[ClientId, ...]:
        """Record ids that came back in recovery as nobody's; gives those that were not recorded before, each once."""
        unknown = tuple(client for client in dict.fromkeys(clients) if client not in self._owners)
        self._owners.update(dict.fromkeys(unknown))
        return unknown

    def _free(self, user: UserId, clients: Iterable[ClientId]) -> tuple[ClientId, ...]:
        """Those that belong to nobody yet; refuses if any cannot be the user's."""
        free: list[ClientId] = []
        for client in clients:
            if client not in self._owners:
                free.append(client)
            elif self._owners[client] != user:
                raise AuthorshipViolation(f"Client id {client} belongs to somebody else.")
        if free:
            self._refuse_too_many(user, len(free))
        return tuple(free)

    def _refuse_too_many(self, user: UserId, free: int) -> None:
        if free > MAX_NEW_CLIENTS:
            raise DocumentQuotaExceeded(f"{free} new client ids at once are more than the {MAX_NEW_CLIENTS} allowed.")
        if self._counts[user] + free > MAX_CLIENTS_PER_USER:
            raise DocumentQuotaExceeded(
                f"One person may write under {MAX_CLIENTS_PER_USER} client ids in one document at most."
            )


def _with_news(footprint: Footprint, clocks: Mapping[ClientId, int]) -> list[ClientId]:
    """Clients of which the update brings structs that the document does not have."""
    return [run.client for run in footprint.runs if run.end > clocks.get(run.client, 0)]
