"""What a person may do to a chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pycrdt import Array, Map, Text, merge_updates

from crdt_docs.chat import MAX_TEXT, ChatView, check_chat
from crdt_docs.chat_rules import MAX_REACTIONS, MAX_REACTIONS_PER_PERSON
from crdt_docs.effects import DocumentLimits, Verdict
from crdt_docs.errors import AuthorshipViolation, DocumentQuotaExceeded, PermissionDenied, SchemaViolation
from crdt_docs.ids import DocumentKind, UserId
from tests.crdt_docs.twins import ANN, BOB, HASH, MOD, Client, Judged, message

FILE = {"sha256": HASH, "mime_type": "image/png", "file_name": "a.png", "size": 5}
Act = Callable[[Map[Any]], Any]


@pytest.fixture
def ann() -> Client:
    """Wrote m1, with a file."""
    ann = Client(300)
    ann.messages.append(message(attachments=[FILE]))
    return ann


@pytest.fixture
def chat(ann: Client) -> Judged:
    return Judged(DocumentKind.CHAT, ann.doc.get_update())


@pytest.fixture
def bob(chat: Judged) -> Client:
    return Client(400, chat.state)


def change(client: Client, act: Act) -> bytes:
    """Let the client do something to the first message."""
    return client.write(lambda: act(client.messages[0]))


def put(key: str, value: Any) -> Act:
    return lambda entry: entry.__setitem__(key, value)


def drop(key: str) -> Act:
    return lambda entry: entry.__delitem__(key)


def remove(entry: Map[Any]) -> None:
    entry["deleted"] = True
    entry["text"] = ""
    if "attachments" in entry:
        del entry["attachments"]


def restore(text: str) -> Act:
    def act(entry: Map[Any]) -> None:
        del entry["deleted"]
        entry["text"] = text
        entry["attachments"] = [FILE]

    return act


def react(key: str, given: Any = True) -> Act:
    return lambda entry: entry["reactions"].__setitem__(key, given)


class TestAdding:
    def test_everybody_writes_in_his_own_name(self, chat: Judged, bob: Client) -> None:
        """[CH7, CH8]"""
        sent = bob.write(lambda: bob.messages.extend([message("m2", BOB), message("m3", BOB, reply_to="m1")]))

        assert chat.take(sent, BOB) == Verdict(messages=2)
        check_chat(chat.live)

    def test_a_message_in_another_name_is_refused(self, chat: Judged, bob: Client) -> None:
        """[CH8]"""
        with pytest.raises(AuthorshipViolation):
            chat.take(bob.write(lambda: bob.messages.append(message("m2", ANN))), BOB, moderates=True)

    def test_what_is_sent_with_a_message_may_be_ones_own_reaction(self, chat: Judged, bob: Client) -> None:
        """[CH8]"""
        sent = bob.write(lambda: bob.messages.append(message("m2", BOB, reactions=Map({"👍\0bob": True}))))

        assert chat.take(sent, BOB).messages == 1

    def test_and_no_reaction_of_others(self, chat: Judged, bob: Client) -> None:
        """[CH8, CH12]"""
        forged = message("m2", BOB, reactions=Map({"👍\0ann": True}))

        with pytest.raises(PermissionDenied):
            chat.take(bob.write(lambda: bob.messages.append(forged)), BOB)

    def test_an_id_is_not_used_again(self, chat: Judged, bob: Client) -> None:
        """[CH9] Of two messages with one id readers see the first: a forged one in front would hide it."""
        with pytest.raises(SchemaViolation):
            chat.take(bob.write(lambda: bob.messages.insert(0, message("m1", BOB))), BOB)

    def test_nor_twice_in_one_update(self, chat: Judged, bob: Client) -> None:
        """[CH9]"""
        with pytest.raises(SchemaViolation):
            chat.take(bob.write(lambda: bob.messages.extend([message("m2", BOB), message("m2", BOB)])), BOB)

    def test_a_message_can_be_moved_by_its_author(self, chat: Judged, ann: Client) -> None:
        """[CH9, CH14] Yjs moves by taking out and putting in."""

        def move() -> None:
            ann.messages.append(message("m2"))
            del ann.messages[0]
            ann.messages.append(message("m1"))

        assert chat.take(ann.write(move)).messages == 2
        assert [entry.id for entry in ChatView(chat.live).messages()] == ["m2", "m1"]

    @pytest.mark.parametrize(
        "fields",
        [
            {"id": ""},
            {"id": "x" * 129},
            {"id": None},
            {"text": "x" * (MAX_TEXT + 1)},
            {"text": "😀" * (MAX_TEXT // 2 + 1)},
            {"text": Text("x")},
            {"name": 5},
            {"sent_at": 1.5},
            {"sent_at": 9e15},
            {"sent_at": True},
            {"deleted": 1},
            {"edited_at": "now"},
            {"reply_to": ["m1"]},
            {"reactions": {"👍\0bob": True}},
            {"reactions": Array([])},
            {"reactions": Map({"👍": True})},
            {"reactions": Map({"👍\0bob": 1})},
            {"reactions": Map({"👍" * 33 + "\0bob": True})},
            {"attachments": [FILE] * 21},
            {"attachments": [{**FILE, "sha256": "http://evil"}]},
            {"attachments": [{**FILE, "more": "x" * 5_000}]},
            {"attachments": Array([FILE])},
            {"attachments": Map({})},
            {"color": "red"},
            {"extra": Map({"deep": Map({})})},
        ],
    )
    def test_what_is_no_whole_message_is_refused(self, chat: Judged, bob: Client, fields: dict[str, Any]) -> None:
        """[CH7, TW4]"""
        with pytest.raises((SchemaViolation, PermissionDenied)):
            chat.take(bob.write(lambda: bob.messages.append(message(**{"id_": "m2", "author": BOB, **fields}))), BOB)

    @pytest.mark.parametrize("value", [3, "text", [1], {"id": "m2"}, Array([]), Text("x"), None])
    def test_what_is_no_map_is_no_message(self, chat: Judged, bob: Client, value: Any) -> None:
        """[CH7]"""
        with pytest.raises(SchemaViolation):
            chat.take(bob.write(lambda: bob.messages.append(value)), BOB)

    def test_a_chat_has_an_end(self, ann: Client) -> None:
        """[CH13]"""
        chat = Judged(DocumentKind.CHAT, ann.doc.get_update(), DocumentLimits(messages=2))
        chat.take(ann.write(lambda: ann.messages.append(message("m2"))))

        with pytest.raises(DocumentQuotaExceeded):
            chat.take(ann.write(lambda: ann.messages.append(message("m3"))))


EDITS: list[Act] = [
    put("text", "Bye"),
    put("edited_at", 5),
    put("reply_to", "m0"),
    put("deleted", True),
    put("attachments", [FILE, FILE]),
    drop("attachments"),
    remove,
]


class TestChanging:
    @pytest.mark.parametrize("act", EDITS)
    def test_authors_change_and_remove_what_they_say(self, chat: Judged, ann: Client, act: Act) -> None:
        """[CH10]"""
        chat.take(change(ann, act))
        check_chat(chat.live)

    @pytest.mark.parametrize("act", EDITS)
    def test_others_do_not(self, chat: Judged, bob: Client, act: Act) -> None:
        """[CH10]"""
        with pytest.raises(PermissionDenied):
            chat.take(change(bob, act), BOB)

    @pytest.mark.parametrize("act", EDITS[:3] + EDITS[4:5])
    def test_nor_do_moderators(self, chat: Judged, bob: Client, act: Act) -> None:
        """[CH10]"""
        with pytest.raises(PermissionDenied):
            chat.take(change(bob, act), MOD, moderates=True)

    def test_an_author_gives_back_what_he_removed(self, chat: Judged, ann: Client) -> None:
        """[CH10]"""
        chat.take(change(ann, remove))
        chat.take(change(ann, restore("Hello")))

        [found] = ChatView(chat.live).messages()
        assert (found.text, found.deleted, len(found.attachments)) == ("Hello", False, 1)

    def test_a_moderator_removes_and_gives_back(self, chat: Judged, bob: Client) -> None:
        """[CH10]"""
        chat.take(change(bob, remove), MOD, moderates=True)
        assert ChatView(chat.live).messages()[0].deleted

        chat.take(change(bob, restore("Hello")), MOD, moderates=True)
        assert ChatView(chat.live).messages()[0].text == "Hello"

    def test_in_other_words_he_does_not(self, chat: Judged, bob: Client) -> None:
        """[CH10]"""
        chat.take(change(bob, remove), MOD, moderates=True)

        with pytest.raises(PermissionDenied):
            chat.take(change(bob, restore("Never said")), MOD, moderates=True)

    def test_what_its_author_removed_stays_removed(self, chat: Judged, ann: Client, bob: Client) -> None:
        """[CH10]"""
        sent = change(ann, remove)
        chat.take(sent)
        bob.doc.apply_update(sent)

        with pytest.raises(PermissionDenied):
            chat.take(change(bob, restore("Hello")), MOD, moderates=True)

    @pytest.mark.parametrize("key", ["id", "author", "name", "sent_at"])
    def test_who_wrote_and_when_is_fixed(self, chat: Judged, ann: Client, key: str) -> None:
        """[CH11]"""
        with pytest.raises(PermissionDenied):
            chat.take(change(ann, put(key, "other")), moderates=True)

    @pytest.mark.parametrize("key", ["id", "author", "name", "sent_at", "text"])
    def test_nothing_a_message_needs_is_dropped(self, chat: Judged, ann: Client, key: str) -> None:
        """[CH7, CH11]"""
        with pytest.raises((PermissionDenied, SchemaViolation)):
            chat.take(change(ann, drop(key)))

    def test_to_write_what_is_there_is_no_change(self, chat: Judged, bob: Client) -> None:
        """[CH11]"""
        assert chat.take(change(bob, put("text", "Hello")), BOB) == Verdict()

    @pytest.mark.parametrize(
        ("key", "value"),
        [("text", None), ("text", "x" * 20_001), ("deleted", 1), ("attachments", [7]), ("new", 1), ("text", Map({}))],
    )
    def test_a_change_keeps_the_schema(self, chat: Judged, ann: Client, key: str, value: Any) -> None:
        """[CH7]"""
        with pytest.raises(SchemaViolation):
            chat.take(change(ann, put(key, value)))

    def test_true_is_not_one(self, chat: Judged, ann: Client) -> None:
        """[CH11] Python finds them equal; a browser that looks for true does not."""
        chat.take(change(ann, remove))

        with pytest.raises(SchemaViolation):
            chat.take(change(ann, put("deleted", 1)))


class TestTakingOut:
    def test_an_author_and_a_moderator_may(self, chat: Judged, ann: Client, bob: Client) -> None:
        """[CH14]"""
        more = ann.write(lambda: ann.messages.append(message("m2")))
        chat.take(more)
        bob.doc.apply_update(more)
        chat.take(bob.write(lambda: bob.messages.pop(0)), MOD, moderates=True)
        chat.take(ann.write(lambda: ann.messages.pop(1)))

        assert ChatView(chat.live).messages() == []

    def test_others_may_not(self, chat: Judged, ann: Client, bob: Client) -> None:
        """[CH14] Whose it was is told by its place, after what else changed in the list."""
        chat.take(bob.write(lambda: bob.messages.insert(0, message("m0", BOB))), BOB)
        chat.take(bob.write(lambda: bob.messages.append(message("m2", BOB))), BOB)

        with pytest.raises(PermissionDenied):
            chat.take(bob.write(lambda: bob.messages.pop(1)), BOB)

    def test_places_stay_true_whatever_comes_and_goes(self, chat: Judged, bob: Client) -> None:
        """[CH14, TW1] In one update, and when an edit names a place that moved."""

        def act() -> None:
            bob.messages.insert(0, message("m0", BOB))
            bob.messages.append(message("m2", BOB))
            bob.messages.append(message("m3", BOB))
            del bob.messages[2]

        chat.take(bob.write(act), BOB)
        chat.take(bob.write(lambda: bob.messages[2].__setitem__("text", "mine")), BOB)
        chat.take(bob.write(lambda: bob.messages.pop(0)), BOB)

        assert [entry.id for entry in ChatView(chat.live).messages()] == ["m1", "m3"]
        with pytest.raises(PermissionDenied):
            chat.take(bob.write(lambda: bob.messages[0].__setitem__("text", "not mine")), BOB)


class TestReacting:
    def test_everybody_adds_and_takes_back_his_own(self, chat: Judged, bob: Client) -> None:
        """[CH12]"""
        chat.take(change(bob, react("👍\0bob")), BOB)
        assert ChatView(chat.live).messages()[0].reactions == {"👍": ("bob",)}

        chat.take(change(bob, lambda entry: entry["reactions"].__delitem__("👍\0bob")), BOB)
        assert ChatView(chat.live).messages()[0].reactions == {}

    @pytest.mark.parametrize("user", [MOD, ANN])
    def test_and_nobody_elses(self, chat: Judged, bob: Client, user: UserId) -> None:
        """[CH12] Not even who moderates, or whose message it is."""
        with pytest.raises(PermissionDenied):
            chat.take(change(bob, react("👍\0bob")), user, moderates=user == MOD)

    def test_nor_takes_another_ones_back(self, chat: Judged, ann: Client, bob: Client) -> None:
        """[CH12]"""
        sent = change(bob, react("👍\0bob"))
        chat.take(sent, BOB)
        ann.doc.apply_update(sent)

        with pytest.raises(PermissionDenied):
            chat.take(change(ann, lambda entry: entry["reactions"].__delitem__("👍\0bob")))

    @pytest.mark.parametrize(
        ("key", "given"),
        [("\0bob", True), ("👍\0bob", False), ("👍\0bob", 1), ("x" * 65 + "\0bob", True), ("👍\0bob", Map({}))],
    )
    def test_a_reaction_is_a_short_text_and_true(self, chat: Judged, bob: Client, key: str, given: Any) -> None:
        """[CH12]"""
        with pytest.raises(SchemaViolation):
            chat.take(change(bob, react(key, given)), BOB)

    def test_a_person_reacts_so_often_and_no_more(self, chat: Judged, bob: Client) -> None:
        """[CH13] What was taken back counts no more."""
        for number in range(MAX_REACTIONS_PER_PERSON):
            chat.take(change(bob, react(f"e{number}\0bob")), BOB)
        chat.take(change(bob, lambda entry: entry["reactions"].__delitem__("e0\0bob")), BOB)
        chat.take(change(bob, react("again\0bob")), BOB)

        with pytest.raises(DocumentQuotaExceeded):
            chat.take(change(bob, react("more\0bob")), BOB)

    def test_a_message_has_so_many_reactions_and_no_more(self) -> None:
        """[CH13]"""
        ann = Client(300)
        given = {f"👍\0u{number}": True for number in range(MAX_REACTIONS)}
        ann.messages.append(message(reactions=Map(given)))
        chat = Judged(DocumentKind.CHAT, ann.doc.get_update())

        with pytest.raises(DocumentQuotaExceeded):
            chat.take(change(ann, react("👍\0ann")))

    def test_the_map_may_come_where_there_is_none(self, bob: Client) -> None:
        """[CH12]"""
        ann = Client(300)
        ann.messages.append(Map({"id": "m1", "author": ANN, "name": "A", "text": "Hello", "sent_at": 5}))
        chat = Judged(DocumentKind.CHAT, ann.doc.get_update())
        bob = Client(401, chat.state)

        chat.take(change(bob, put("reactions", Map({"👍\0bob": True}))), BOB)

        assert ChatView(chat.live).messages()[0].reactions == {"👍": ("bob",)}

    @pytest.mark.parametrize("act", [put("reactions", Map({})), drop("reactions")])
    def test_it_does_not_go_with_what_others_gave(self, chat: Judged, bob: Client, ann: Client, act: Act) -> None:
        """[CH12]"""
        sent = change(bob, react("👍\0bob"))
        chat.take(sent, BOB)
        ann.doc.apply_update(sent)

        with pytest.raises(PermissionDenied):
            chat.take(change(ann, act), moderates=True)

    def test_it_is_no_plain_value(self, chat: Judged, ann: Client) -> None:
        """[CH12]"""
        with pytest.raises(SchemaViolation):
            chat.take(change(ann, put("reactions", {"👍\0ann": True})))


class TestOfflineWork:
    def test_what_several_people_did_apart_comes_together(self, chat: Judged, ann: Client, bob: Client) -> None:
        """[CH8, CH10, CH12, TW5, TW9] Each transaction by itself for one, merged for the other."""
        of_ann = [
            ann.write(lambda: ann.messages.append(message("a1"))),
            change(ann, put("text", "Edited offline")),
            change(ann, react("🎉\0ann")),
            change(ann, lambda entry: entry["reactions"].__delitem__("🎉\0ann")),
        ]
        of_mod = [change(bob, remove), change(bob, react("👍\0mod"))]
        chat.take(merge_updates(*of_ann))
        for sent in of_mod:
            chat.take(sent, MOD, moderates=True)

        assert [entry.id for entry in ChatView(chat.live).messages()] == ["m1", "a1"]
        check_chat(chat.live)

    @pytest.mark.parametrize("client", [299, 301])
    def test_a_moderators_word_and_an_authors_edit_meet_either_way(self, chat: Judged, client: int) -> None:
        """[CH10, TW5] Whichever wins, neither is refused."""
        author, moderator = Client(300, chat.state), Client(client, chat.state)
        edited = change(author, put("text", "Edited"))
        removed = change(moderator, remove)

        chat.take(edited)
        chat.take(removed, MOD, moderates=True)
        moderator.doc.apply_update(edited)
        chat.take(change(moderator, restore("Hello")), MOD, moderates=True)


class TestRecovery:
    def test_others_work_comes_back_as_theirs(self, chat: Judged, bob: Client) -> None:
        """[CH15]"""
        sent = bob.write(lambda: bob.messages.append(message("m2", BOB, reactions=Map({"👍\0ann": True}))))
        edited = change(bob, put("text", "Later"))

        assert chat.take(sent, MOD, moderates=True, recovers=True).messages == 1
        chat.take(edited, MOD, moderates=True, recovers=True)

    def test_and_keeps_the_schema(self, chat: Judged, bob: Client) -> None:
        """[CH15]"""
        with pytest.raises(SchemaViolation):
            chat.take(change(bob, put("text", 5)), MOD, moderates=True, recovers=True)
