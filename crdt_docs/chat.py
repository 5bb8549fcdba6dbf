"""The chat document, read as what it means: `messages`, a Y.Array of Y.Maps.

Rules CH1 to CH6 of SPEC.md. A view never fails on what somebody's client wrote: it leaves out what has no meaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pycrdt import Array, Doc, Map

from crdt_docs.errors import SchemaViolation
from crdt_docs.ids import UserId
from crdt_docs.shapes import fields, flag, sha256, text, values, whole

MAX_TEXT = 20_000
"""Characters of one message."""
MAX_ATTACHMENTS = 20
MAX_ID = 128
_MAX_NAME = 1024
_MAX_TIME = 8_640_000_000_000_000
"""The last millisecond that a browser has a date for."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message; its bytes are an asset of the room."""

    sha256: str
    mime_type: str
    file_name: str
    size: int


@dataclass(frozen=True, slots=True)
class Message:
    """One message; times are the author's clock, in milliseconds since 1970."""

    id: str
    author: UserId
    name: str
    """What the author was called when he wrote it."""
    text: str
    """Empty once deleted."""
    sent_at: int
    reply_to: str | None
    edited_at: int | None
    deleted: bool
    reactions: Mapping[str, tuple[UserId, ...]]
    """Emoji → who reacted so, sorted."""
    attachments: tuple[Attachment, ...]


class ChatView:
    """What a chat says now; reads the document anew at each call and changes nothing."""

    def __init__(self, doc: Doc[Any]) -> None:
        self._messages: Array[Any] = doc.get("messages", type=Array)

    def messages(self) -> list[Message]:
        """The messages in the document's order, deleted ones included: replies still point to them (CH4)."""
        return [found for found in self._read() if isinstance(found, Message)]

    def problems(self) -> list[SchemaViolation]:
        """Why entries were left out, one for each."""
        return [found for found in self._read() if isinstance(found, SchemaViolation)]

    def _read(self) -> Iterator[Message | SchemaViolation]:
        seen: set[str] = set()
        for value in self._messages:
            try:
                message = read_message(value)
                if message.id in seen:
                    raise SchemaViolation("Two messages have the same id.")  # noqa: TRY301
                seen.add(message.id)
                yield message
            except SchemaViolation as problem:
                yield problem


def check_chat(doc: Doc[Any]) -> None:
    """Check the whole document against its schema.

    Raises:
        SchemaViolation: The first entry found that a view would leave out.
    """
    for problem in ChatView(doc).problems():
        raise problem


def read_message(value: Any) -> Message:
    """Read an entry of `messages`.

    Raises:
        SchemaViolation: It is no message.
    """
    return read_message_fields(message_fields(value))


def message_fields(value: Any) -> dict[str, Any]:
    """The keys of an entry of `messages`, or SchemaViolation."""
    if not isinstance(value, Map):
        raise SchemaViolation("A message is not a shared map.")
    return fields(value, "A message")


def read_message_fields(entries: Mapping[str, Any]) -> Message:
    """Read what `message_fields` gave, or SchemaViolation."""
    return Message(
        id=_name(entries.get("id"), "A message's id"),
        author=UserId(_name(entries.get("author"), "A message's author")),
        name=text(entries.get("name"), "A message's name", _MAX_NAME),
        text=read_text(entries.get("text")),
        sent_at=_time(entries.get("sent_at"), "A message's time"),
        reply_to=read_reply_to(entries.get("reply_to")),
        edited_at=read_edited_at(entries.get("edited_at")),
        deleted=read_deleted(entries.get("deleted", False)),
        reactions=_read_reactions(entries.get("reactions")),
        attachments=read_attachments(entries.get("attachments")),
    )


def read_text(value: Any) -> str:
    """What a message says, or SchemaViolation."""
    return text(value, "A message's text", MAX_TEXT)


def read_reply_to(value: Any) -> str | None:
    """The id of another message or None, or SchemaViolation."""
    return None if value is None else text(value, "A message's reply_to", MAX_ID)


def read_edited_at(value: Any) -> int | None:
    """A time or None, or SchemaViolation."""
    return None if value is None else _time(value, "The time of an edit")


def read_deleted(value: Any) -> bool:
    """Whether a message was deleted, or SchemaViolation."""
    return flag(value, "A message's deleted")


def read_attachments(value: Any) -> tuple[Attachment, ...]:
    """At most MAX_ATTACHMENTS, or SchemaViolation."""
    if value is None:
        return ()
    found = values(value, "A message's attachments")
    if len(found) > MAX_ATTACHMENTS:
        raise SchemaViolation(f"A message has more than {MAX_ATTACHMENTS} attachments.")
    return tuple(_read_attachment(one) for one in found)


def _name(value: Any, place: str) -> str:
    if value == "":
        raise SchemaViolation(f"{place} is empty.")
    return text(value, place, MAX_ID)


def _time(value: Any, place: str) -> int:
    time = whole(value, place)
    if abs(time) > _MAX_TIME:
        raise SchemaViolation(f"{place} is no time.")
    return time


def _read_reactions(value: Any) -> dict[str, tuple[UserId, ...]]:
    """Keys are `emoji NUL sub`, so that a person reacts once with each emoji whatever is merged (CH5)."""
    reactions: dict[str, list[UserId]] = {}
    if value is None:
        return {}
    for key, given in fields(value, "A message's reactions").items():
        emoji, separator, sub = key.partition("\0")
        if not (emoji and separator and sub) or given is not True:
            raise SchemaViolation("A reaction does not say who reacts how.")
        reactions.setdefault(emoji, []).append(UserId(sub))
    return {emoji: tuple(sorted(people)) for emoji, people in sorted(reactions.items())}


def _read_attachment(value: Any) -> Attachment:
    entries = fields(value, "An attachment")
    return Attachment(
        sha256=sha256(entries.get("sha256"), "An attachment's sha256"),
        mime_type=text(entries.get("mime_type"), "An attachment's type", 255),
        file_name=text(entries.get("file_name"), "An attachment's name", _MAX_NAME),
        size=whole(entries.get("size"), "An attachment's size"),
    )
