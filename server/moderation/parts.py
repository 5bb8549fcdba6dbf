"""What moderation needs of the running system."""

from __future__ import annotations

from typing import Protocol

from server.auth.admission import AdmissionParts
from server.presence.sessions import SessionBook
from server.rooms.registry import Registry
from server.signaling.hub import Hub


class ModerationParts(AdmissionParts, Protocol):
    """Who is here, who listens, and what is open, beside all that admission needs."""

    @property
    def sessions(self) -> SessionBook: ...
    @property
    def registry(self) -> Registry: ...
    @property
    def hub(self) -> Hub: ...
