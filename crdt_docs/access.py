"""Who may send what: role and frame → a decision. What the frame contains is judged elsewhere."""

from __future__ import annotations

from enum import Enum

from crdt_docs.frames import Awareness, Extension, Frame, QueryAwareness, SyncStep1
from crdt_docs.ids import DocumentKind

_WRITERS = frozenset({"owner", "moderator", "member"})


class Decision(Enum):
    """What becomes of a frame."""

    ALLOW = "allow"
    DROP = "drop"
    """Ignored without a word."""
    REJECT = "reject"
    """A write by somebody who may not: refused as soon as it brings news. A provider answers every step 1 with a
    step 2, deletions included, so a repetition of what is known is no offence."""


def decide(role: str, kind: DocumentKind, frame: Frame) -> Decision:
    """Decide about a frame of a person with this role; a role that is not known may only read.

    Everybody who got in may read and be seen (AC1); owner, moderator and member write to every kind of document (AC2);
    others' writes are rejected (AC3); clients have no business sending type 100 (AC4).
    """
    del kind  # roles do not differ by document yet
    if isinstance(frame, SyncStep1 | Awareness | QueryAwareness):
        return Decision.ALLOW
    if isinstance(frame, Extension):
        return Decision.DROP
    return Decision.ALLOW if role in _WRITERS else Decision.REJECT
