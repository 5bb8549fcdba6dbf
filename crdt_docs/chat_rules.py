"""Who may add, edit, remove and react in a chat, judged by what an update did to it.

Rules CH7 to CH14 of SPEC.md.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from typing import Any, ClassVar, Final

from pycrdt import Array, Doc, Map

from crdt_docs.chat import (
    MAX_ID,
    message_fields,
    read_attachments,
    read_deleted,
    read_edited_at,
    read_message_fields,
    read_reply_to,
    read_text,
)
from crdt_docs.effects import Actor, DocumentLimits, Effect, KeyChange, ListChange, MapChange, Verdict
from crdt_docs.errors import AuthorshipViolation, DocumentQuotaExceeded, PermissionDenied, SchemaViolation
from crdt_docs.placement import Placement
from crdt_docs.shapes import plain, text

MAX_EMOJI: Final = 64
"""Characters of one reaction."""
MAX_REACTIONS_PER_PERSON: Final = 50
"""Of one person to one message."""
MAX_REACTIONS: Final = 2_000
"""Of everybody to one message."""
_MAX_ATTACHMENT_JSON: Final = 4_096

_FIXED: Final = frozenset({"id", "author", "name", "sent_at"})
_OPTIONAL: Final = frozenset({"reply_to", "edited_at", "deleted", "attachments"})
_SAYING: Final = frozenset({"text", "attachments"})
_REMEMBERED: Final = 32
_KEYS: Final = _FIXED | _OPTIONAL | {"text", "reactions"}


class _Entry:
    """What has to be remembered of one entry of `messages`."""

    __slots__ = ("author", "id", "reactions", "said", "taken")

    def __init__(self, id_: str | None, author: str | None, reactions: Iterable[str]) -> None:
        self.id = id_
        self.author = author
        self.reactions = Counter(map(_who, reactions))
        """Person → how many reactions."""
        self.said: deque[bytes] | None = None
        """Digests of what it said lately, the texts and the attachments; None as long as it never changed."""
        self.taken = False
        """Somebody who moderates took away what it said, and may give that back."""


class ChatRules:
    """Judges a chat; keeps, by place, whose each message is, because an event tells a deletion by its place alone."""

    roots: ClassVar[Mapping[str, type[Map[Any] | Array[Any]]]] = {"messages": Array}

    def __init__(self, doc: Doc[Any], limits: DocumentLimits) -> None:
        self._limits = limits
        self._entries = [_read_entry(value) for value in json.loads(str(doc.get("messages", type=Array)))]
        self._ids = Counter(entry.id for entry in self._entries)

    def check_placement(self, placement: Placement) -> None:
        """Messages are listed, everything else is under a key of a message or of its reactions (TW4)."""
        if placement.keyed_roots or placement.listed or placement.arrays:
            raise SchemaViolation("A chat is a list of messages, and those are maps.")

    def judge(self, effects: list[Effect], placement: Placement, by: Actor) -> Verdict:
        """See `Rules`. The list comes first: paths name places as they are after it changed."""
        added = sum(self._judge_list(effect, by) for effect in effects if isinstance(effect, ListChange))
        for effect in effects:
            if isinstance(effect, MapChange):
                self._judge_map(effect, by)
        return Verdict(messages=added)

    # ---- the list

    def _judge_list(self, change: ListChange, by: Actor) -> int:
        if change.path:
            raise SchemaViolation("Nothing in a message is a shared array.")
        removed: list[_Entry] = []
        added: list[_Entry] = []
        place = 0
        for step in change.delta:
            if "retain" in step:
                place += step["retain"]
            elif "delete" in step:
                removed += self._entries[place : place + step["delete"]]
                del self._entries[place : place + step["delete"]]
            else:
                new = [_read_new(value, by) for value in step["insert"]]
                added += new
                self._entries[place:place] = new
                place += len(new)
        self._take_out(removed, by)
        self._put_in(added)
        return len(added)

    def _take_out(self, entries: list[_Entry], by: Actor) -> None:
        for entry in entries:
            if entry.author != by.user and not by.moderates:
                raise PermissionDenied("Only its author or a moderator removes a message.")
            self._ids[entry.id] -= 1

    def _put_in(self, entries: list[_Entry]) -> None:
        for entry in entries:
            if self._ids[entry.id]:
                raise SchemaViolation("Two messages have the same id.")
            self._ids[entry.id] = 1
        if entries and len(self._entries) > self._limits.messages:
            raise DocumentQuotaExceeded(f"A chat has at most {self._limits.messages} messages.")

    # ---- one message

    def _judge_map(self, change: MapChange, by: Actor) -> None:
        match change.path:
            case (int(place),) if place < len(self._entries):
                for key, change_of_key in change.keys.items():
                    _judge_key(self._entries[place], key, change_of_key, by)
            case (int(place), "reactions") if place < len(self._entries):
                for key, change_of_key in change.keys.items():
                    _judge_reaction(self._entries[place], key, change_of_key, by)
            case _:
                raise SchemaViolation("Something in the chat is neither a message nor its reactions.")


def _judge_key(entry: _Entry, key: str, change: KeyChange, by: Actor) -> None:
    if key == "reactions":
        _judge_replaced_reactions(entry, change, by)
    elif key not in _KEYS:
        raise SchemaViolation("A message has an unknown key.")
    elif _is_same(change):
        pass
    elif key in _FIXED:
        raise PermissionDenied("Who wrote a message, and when, does not change.")
    else:
        _check_value(key, change)
        if entry.author != by.user and not by.recovers:
            if not by.moderates:
                raise PermissionDenied("Only its author changes a message.")
            _judge_moderation(entry, key, change)
        _remember(entry, key, change)


def _judge_moderation(entry: _Entry, key: str, change: KeyChange) -> None:
    """Whoever moderates takes away what somebody else says, and may give back just that (CH10)."""
    if _takes_away(key, change):
        entry.taken = True
    elif not entry.taken or not _gives_back(entry, key, change):
        raise PermissionDenied("A moderator removes a message of somebody else, and does not write it.")


def _takes_away(key: str, change: KeyChange) -> bool:
    if key == "attachments":
        return change.deleted
    return change.new == "" if key == "text" else key == "deleted" and change.new is True


def _gives_back(entry: _Entry, key: str, change: KeyChange) -> bool:
    if key == "deleted":
        return change.deleted or change.new is False
    return key in _SAYING and entry.said is not None and _digest(change.new) in entry.said


def _remember(entry: _Entry, key: str, change: KeyChange) -> None:
    if key in _SAYING:
        if entry.said is None:
            entry.said = deque(maxlen=_REMEMBERED)
        entry.said += (_digest(change.old), _digest(change.new))


def _digest(value: Any) -> bytes:
    return blake2b((_json(value) or "").encode(), digest_size=16).digest()


def _check_value(key: str, change: KeyChange) -> None:
    if change.deleted and key in _OPTIONAL:
        return
    _VALUES[key](change.new)


def _is_same(change: KeyChange) -> bool:
    """Whether the value is what it was; True is not 1."""
    new = None if change.added or change.deleted else _json(change.new)
    return new is not None and new == _json(change.old)


def _json(value: Any) -> str | None:
    """The value as JSON; None when it is none, as what came before there were rules may be."""
    try:
        return json.dumps(value, sort_keys=True)
    except (TypeError, ValueError):
        return None


# ---- reactions


def _judge_reaction(entry: _Entry, key: str, change: KeyChange, by: Actor) -> None:
    who = _who(key)
    if who != by.user and not by.recovers:
        raise PermissionDenied("Everybody reacts for himself.")
    if change.deleted:
        entry.reactions[who] -= 1
        return
    _check_reaction(key, change.new)
    if change.added:
        entry.reactions[who] += 1
        _check_counts(entry, who)


def _judge_replaced_reactions(entry: _Entry, change: KeyChange, by: Actor) -> None:
    """The map itself came, went or was replaced: nobody else's reactions may go with it (CH12)."""
    if any(count for who, count in entry.reactions.items() if who != by.user):
        raise PermissionDenied("The reactions of others would be dropped.")
    entry.reactions = Counter() if change.deleted else _read_own_reactions(change.new, by)


def _read_own_reactions(value: Any, by: Actor) -> Counter[str]:
    if not isinstance(value, Map):
        raise SchemaViolation("A message's reactions are not a shared map.")
    entry = _Entry(None, None, ())
    for key, given in value.items():
        _judge_reaction(entry, key, KeyChange(None, given, added=True, deleted=False), by)
    return entry.reactions


def _check_reaction(key: str, given: Any) -> None:
    emoji, _, sub = key.partition("\0")
    if not emoji or not sub or given is not True:
        raise SchemaViolation("A reaction does not say who reacts how.")
    text(emoji, "A reaction", MAX_EMOJI)
    text(sub, "Who reacts", MAX_ID)


def _check_counts(entry: _Entry, who: str) -> None:
    if entry.reactions[who] > MAX_REACTIONS_PER_PERSON or entry.reactions.total() > MAX_REACTIONS:
        raise DocumentQuotaExceeded(
            f"A message has at most {MAX_REACTIONS_PER_PERSON} reactions of each person and {MAX_REACTIONS} in all."
        )


def _who(key: str) -> str:
    return key.partition("\0")[2]


# ---- reading


def _read_entry(value: Any) -> _Entry:
    """What the document has already, whatever it is."""
    if not isinstance(value, dict):
        return _Entry(None, None, ())
    id_, author, reactions = value.get("id"), value.get("author"), value.get("reactions")
    return _Entry(
        id_ if isinstance(id_, str) else None,
        author if isinstance(author, str) else None,
        reactions if isinstance(reactions, dict) else (),
    )


def _read_new(value: Any, by: Actor) -> _Entry:
    """Read a message that was just added: complete, in its author's name, with no reaction but his (CH7, CH8)."""
    fields = message_fields(value)
    message = read_message_fields(fields)
    if message.author != by.user and not by.recovers:
        raise AuthorshipViolation("A message is in somebody else's name.")
    if unknown := fields.keys() - _KEYS:
        raise SchemaViolation(f"A message has {len(unknown)} unknown keys.")
    _check_attachments(fields.get("attachments"))
    entry = _Entry(message.id, message.author, ())
    if "reactions" in fields:
        entry.reactions = _read_own_reactions(fields["reactions"], by)
    return entry


def _check_attachments(value: Any) -> None:
    """A list of plain objects: what is shared in it could be changed by anybody."""
    if value is None:
        return
    if not isinstance(value, list):
        raise SchemaViolation("A message's attachments are not a list.")
    read_attachments(value)
    for one in value:
        plain(one, "An attachment", _MAX_ATTACHMENT_JSON)


_VALUES: Final[Mapping[str, Callable[[Any], object]]] = {
    "text": read_text,
    "reply_to": read_reply_to,
    "edited_at": read_edited_at,
    "deleted": read_deleted,
    "attachments": _check_attachments,
}
