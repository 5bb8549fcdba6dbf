"""A standing copy of a checked document: an update is tried on it first, and what it did there is judged.

Rules TW1 to TW10 of SPEC.md. What an update says does not tell what it does: a forged concurrent insert replaces a
value of a map without deleting anything. So effects are judged, as observers of the copy tell them. They stay for the
life of the copy; the live document has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from pycrdt import Doc

from crdt_docs.applying import apply_update
from crdt_docs.chat_rules import ChatRules
from crdt_docs.effects import Actor, DocumentLimits, Rules, Verdict, note_event, read_notes
from crdt_docs.errors import MissingDependencies, SchemaViolation
from crdt_docs.ids import DocumentKind
from crdt_docs.pieces import check_pieces
from crdt_docs.placement import read_placement
from crdt_docs.updates import Footprint, advance, decode_state_vector, find_gap
from crdt_docs.whiteboard_rules import WhiteboardRules

__all__ = ["MAX_DEPTH", "Actor", "DocumentLimits", "Twin", "Verdict"]

MAX_DEPTH: Final = 8
"""Shared types that one update may nest in each other; those of a chat or a whiteboard are 2 deep."""

_RULES: Final[Mapping[DocumentKind, Callable[[Doc[Any], DocumentLimits], Rules]]] = {
    DocumentKind.CHAT: ChatRules,
    DocumentKind.WHITEBOARD: WhiteboardRules,
}


class Twin:
    """A copy of one chat or whiteboard, in step with it as long as what passes here is applied there too.

    Attributes:
        doc: The copy. Only `judge` changes it.
        spoilt: Something was refused, so the copy is none any more: drop it and build another one.
    """

    def __init__(self, doc: Doc[Any], rules: Rules) -> None:
        self.doc = doc
        self.spoilt = False
        self._rules = rules
        self._clocks = decode_state_vector(doc.get_state())
        self._noted: list[Any] = []
        # The library keeps observers where the garbage collector does not look: they must not hold the twin.
        self._subscriptions = [
            doc.get(name, type=kind).integrated.observe_deep(partial(note_event, self._noted, name))
            for name, kind in rules.roots.items()
        ]

    @staticmethod
    def of(kind: DocumentKind, state: bytes, limits: DocumentLimits) -> Twin:
        """Build the twin of a document. What it holds already is not judged (TW7).

        Args:
            kind: Chat or whiteboard; other documents have no rules.
            state: The whole document as one update (v1).
            limits: How much it may hold.

        Raises:
            MalformedUpdate: The state cannot be integrated.
        """
        doc: Doc[Any] = Doc()
        apply_update(doc, state)
        return Twin(doc, _RULES[kind](doc, limits))

    def judge(self, update: bytes, footprint: Footprint, by: Actor) -> Verdict:
        """Apply an update to the copy and judge what it did there (TW1).

        Args:
            update: An update v1; it may repeat what the document has.
            footprint: What `read_update` tells of it.
            by: Who sent it; the structs in it that are new were found to be his.

        Returns:
            What it added.

        Raises:
            SchemaViolation: The document would have another shape than its kind prescribes.
            PermissionDenied: He may not do that to what others wrote.
            AuthorshipViolation: It is written in somebody else's name.
            DocumentQuotaExceeded: The document would hold too much.
            MissingDependencies: It builds on what the document does not have (TW3).
            MalformedUpdate: It cannot be integrated.
            ValueError: The twin is spoilt; nothing was judged.
        """
        if self.spoilt:
            raise ValueError("A spoilt twin judges nothing.")
        self.spoilt = True
        verdict = self._judge(update, footprint, by)
        self.spoilt = False
        return verdict

    def _judge(self, update: bytes, footprint: Footprint, by: Actor) -> Verdict:
        if not footprint.roots <= self._rules.roots.keys():
            raise SchemaViolation("The document has no such root type.")
        if footprint.depth > MAX_DEPTH:
            raise SchemaViolation(f"Shared types are nested more than {MAX_DEPTH} deep.")
        gap = find_gap(footprint, self._clocks)
        if gap is not None:  # it would take effect with what somebody else sends later
            raise MissingDependencies(gap)
        check_pieces(update)
        placement = read_placement(update, self._clocks)
        self._rules.check_placement(placement)
        apply_update(self.doc, update)
        effects = read_notes(self._noted, self.doc)
        self._noted.clear()
        with self.doc.transaction():  # one for all that is read, not one for each value
            verdict = self._rules.judge(effects, placement, by)
        advance(self._clocks, footprint)  # exact: no text is cut (UP8), there is none
        return verdict
