"""The typed view of the chat."""

from __future__ import annotations

from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text

from crdt_docs.chat import MAX_TEXT, Attachment, ChatView, check_chat
from crdt_docs.errors import SchemaViolation

HELLO: dict[str, Any] = {"id": "m1", "author": "u1", "name": "Ada", "text": "Hello", "sent_at": 1_700_000_000_123}
HASH = "0f" * 32
FILE = {"sha256": HASH, "mime_type": "image/png", "file_name": "a.png", "size": 5}


def chat(*messages: Any) -> Doc[Any]:
    doc: Doc[Any] = Doc()
    shared = doc.get("messages", type=Array)
    for message in messages:
        shared.append(Map(message) if isinstance(message, dict) else message)
    return doc


class TestReading:
    def test_a_message_has_its_author_and_time(self) -> None:
        """[CH1, CH2]"""
        doc = chat({**HELLO, "reply_to": "m0", "edited_at": 1_700_000_000_124})
        [message] = ChatView(doc).messages()

        assert (message.id, message.author, message.name, message.text) == ("m1", "u1", "Ada", "Hello")
        assert (message.sent_at, message.edited_at, message.reply_to) == (1_700_000_000_123, 1_700_000_000_124, "m0")
        assert (message.deleted, message.reactions, message.attachments) == (False, {}, ())
        check_chat(doc)

    def test_messages_keep_the_documents_order(self) -> None:
        """[CH1]"""
        doc = chat({**HELLO, "id": "b", "sent_at": 5}, {**HELLO, "id": "a", "sent_at": 1})

        assert [message.id for message in ChatView(doc).messages()] == ["b", "a"]

    def test_a_deleted_message_keeps_its_place(self) -> None:
        """[CH4]"""
        [message] = ChatView(chat({**HELLO, "deleted": True, "text": ""})).messages()

        assert message.deleted

    def test_people_react_once_with_each_emoji(self) -> None:
        """[CH5]"""
        given = Map({"👍\0u2": True, "👍\0u1": True, "🎉\0u1": True})
        [message] = ChatView(chat({**HELLO, "reactions": given})).messages()

        assert message.reactions == {"👍": ("u1", "u2"), "🎉": ("u1",)}

    def test_attachments_name_an_asset(self) -> None:
        """[CH1]"""
        [message] = ChatView(chat({**HELLO, "attachments": [FILE]})).messages()

        assert message.attachments == (Attachment(HASH, "image/png", "a.png", 5),)

    def test_of_two_messages_with_one_id_the_first_counts(self) -> None:
        """[CH3]"""
        view = ChatView(chat(HELLO, {**HELLO, "author": "u2", "text": "Forged"}))

        assert [message.author for message in view.messages()] == ["u1"]
        assert len(view.problems()) == 1


HOSTILE: list[Any] = [
    3,
    "text",
    [1],
    Text("x"),
    Array([]),
    {},
    {**HELLO, "id": 5},
    {**HELLO, "id": "x" * 129},
    {**HELLO, "author": None},
    {**HELLO, "text": Text("x")},
    {**HELLO, "text": "x" * (MAX_TEXT + 1)},
    {**HELLO, "sent_at": "now"},
    {**HELLO, "sent_at": float("nan")},
    {**HELLO, "sent_at": 1.5},
    {**HELLO, "edited_at": True},
    {**HELLO, "deleted": 1},
    {**HELLO, "reply_to": 7},
    {**HELLO, "reactions": ["👍"]},
    {**HELLO, "reactions": Map({"👍": True})},
    {**HELLO, "reactions": Map({"\0u1": True})},
    {**HELLO, "reactions": Map({"👍\0u1": "yes"})},
    {**HELLO, "attachments": "file"},
    {**HELLO, "attachments": [FILE] * 21},
    {**HELLO, "attachments": [{**FILE, "sha256": "../etc/passwd"}]},
    {**HELLO, "attachments": [7]},
]


class TestHostileContent:
    @pytest.mark.parametrize("index", range(len(HOSTILE)))
    def test_is_left_out_and_reported(self, index: int) -> None:
        """[CH1, CH2, CH5, CH6]"""
        value = HOSTILE[index]
        doc = chat({**HELLO, "id": "good"}, value)
        view = ChatView(doc)

        assert [message.id for message in view.messages()] == ["good"]
        assert len(view.problems()) == 1
        with pytest.raises(SchemaViolation):
            check_chat(doc)

    def test_a_root_of_another_kind_is_no_message(self) -> None:
        """[CH6]"""
        other: Doc[Any] = Doc()
        other.get("messages", type=Text).insert(0, "hey")
        doc: Doc[Any] = Doc()
        doc.apply_update(other.get_update())

        assert ChatView(doc).messages() == []
