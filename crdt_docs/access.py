"""Who may send what: permissions and frame → a decision. What the frame contains is judged elsewhere."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import TypeAlias

from crdt_docs.frames import Awareness, Extension, Frame, QueryAwareness, SyncStep1
from crdt_docs.ids import DocumentKind


class Permission(StrEnum):
    """One thing that a person may do in a room."""

    DRAW = "draw"
    CHAT = "chat"
    VOICE = "voice"
    VIDEO = "video"
    SCREEN_SHARE = "screen_share"
    UPLOAD = "upload"
    RECORD = "record"
    MODERATE = "moderate"


Permissions: TypeAlias = frozenset[Permission]
"""All that a person may do in a room."""


class Decision(Enum):
    """What becomes of a frame."""

    ALLOW = "allow"
    DROP = "drop"
    """Ignored without a word."""
    REJECT = "reject"
    """A write by somebody who may not: refused as soon as it brings news. A provider answers every step 1 with a
    step 2, deletions included, so a repetition of what is known is no offence."""


def needed(kind: DocumentKind) -> Permission:
    """What one must be permitted to write to a document of this kind (AC2)."""
    return Permission.CHAT if kind is DocumentKind.CHAT else Permission.DRAW


def decide(permissions: Permissions, kind: DocumentKind, frame: Frame) -> Decision:
    """Decide about a frame of a person with these permissions.

    Everybody who got in may read and be seen (AC1); to write takes the permission that the document's kind needs (AC2),
    and without it writes are rejected (AC3); clients have no business sending type 100 (AC4).
    """
    if isinstance(frame, SyncStep1 | Awareness | QueryAwareness):
        return Decision.ALLOW
    if isinstance(frame, Extension):
        return Decision.DROP
    return Decision.ALLOW if needed(kind) in permissions else Decision.REJECT
