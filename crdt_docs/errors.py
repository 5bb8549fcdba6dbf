"""What can be wrong with a document, a frame or an update.

DocumentError
├── InvalidRoomId         unknown_room
├── UnknownDocument       unknown_document
├── MalformedFrame        malformed_frame
├── MalformedUpdate       malformed_update
├── MissingDependencies   missing_dependencies
├── UpdateTooLarge        update_too_large
├── SchemaViolation       schema_violation
├── PermissionDenied      permission_denied
├── AuthorshipViolation   authorship_violation
├── DocumentQuotaExceeded quota_exceeded
└── CorruptLog            corrupt_log
"""

from __future__ import annotations

from typing import ClassVar


class DocumentError(Exception):
    """Something about a document is wrong; `code` is the stable name a client sees (DESIGN §5)."""

    code: ClassVar[str]

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """A sentence for a person; never contains anybody's content or secret."""


class InvalidRoomId(DocumentError):
    """A room id does not have the form of one, so no such room exists."""

    code = "unknown_room"

    def __init__(self, text: str) -> None:
        super().__init__("There is no room of that name.")
        self.text = text


class UnknownDocument(DocumentError):
    """A document name is neither `whiteboard` nor `chat` nor `doc-<name>`."""

    code = "unknown_document"

    def __init__(self, name: str) -> None:
        super().__init__("A room has the documents whiteboard, chat and doc-<name>.")
        self.name = name


class MalformedFrame(DocumentError):
    """A frame does not follow the y-websocket protocol."""

    code = "malformed_frame"


class MalformedUpdate(DocumentError):
    """An update does not decode, or decodes and cannot be integrated."""

    code = "malformed_update"


class MissingDependencies(DocumentError):
    """An update builds on structs that the document does not have."""

    code = "missing_dependencies"


class UpdateTooLarge(DocumentError):
    """A frame or an update exceeds its limit."""

    code = "update_too_large"

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"{size} bytes are more than the {limit} allowed at once.")
        self.size = size
        self.limit = limit


class SchemaViolation(DocumentError):
    """A document does not have the shape its kind prescribes."""

    code = "schema_violation"


class PermissionDenied(DocumentError):
    """The sender may not do this to this document."""

    code = "permission_denied"


class AuthorshipViolation(DocumentError):
    """Something is written in the name of somebody else: under his client id, or with him as its author."""

    code = "authorship_violation"


class DocumentQuotaExceeded(DocumentError):
    """A document, or one person's part in it, would grow beyond its limit."""

    code = "quota_exceeded"


class CorruptLog(DocumentError):
    """The stored rows of a document cannot be turned into a document."""

    code = "corrupt_log"
