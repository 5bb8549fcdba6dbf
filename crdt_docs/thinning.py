"""Many updates become one: what is left of them when nobody has to see the states in between (rules TH1 to TH3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pycrdt import Doc

from crdt_docs.applying import apply_update, encode_state
from crdt_docs.errors import MalformedUpdate
from crdt_docs.updates import EMPTY_UPDATE, advance, decode_state_vector, merge, read_update


class Thinner:
    """Walks through a document's updates in their order."""

    def __init__(self) -> None:
        self._doc: Doc[Any] = Doc()

    def pass_by(self, update: bytes) -> None:
        """Go on by one update, which stays as it is.

        Raises:
            MalformedUpdate: It cannot be integrated.
        """
        apply_update(self._doc, update)

    def merge(self, updates: Sequence[bytes]) -> bytes:
        """Go on by these updates; gives one in their place, without what was overwritten or deleted among them.

        Raises:
            MalformedUpdate: One of them cannot be integrated.
        """
        foretold = decode_state_vector(self._doc.get_state())
        news: list[bytes] = []
        subscription = self._doc.observe(lambda event: news.append(event.update))
        try:
            with self._doc.transaction():
                for update in updates:
                    apply_update(self._doc, update)
        finally:
            self._doc.unobserve(subscription)
        merged = news[0] if news else EMPTY_UPDATE
        try:
            advance(foretold, read_update(merged))
        except MalformedUpdate:
            return merge(updates)
        # yrs writes half of a surrogate pair in another length than it has: then all of it is kept (see CP6).
        return merged if foretold == decode_state_vector(self._doc.get_state()) else merge(updates)

    def state(self) -> bytes | None:
        """The whole document as one update; None where that would not restore it."""
        return encode_state(self._doc)
