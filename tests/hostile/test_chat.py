"""[P3] [P5] TH4: speaking for others in the chat, and changing or hiding what they said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text, XmlFragment

from tests.crdt_docs.wire import ANY, TYPE, after, before, deletes, inside, rooted, run, text, update
from tests.hostile.attacker import entry_after, entry_of, hand, page, said, written
from tests.hostile.room import CHAT, HonestRoom, Work, message

HIGH, LOW = 2**53 - 2, 1
"""Client ids of Mallory's that win and lose against every other one."""
MAP_TYPE, ARRAY_TYPE, TEXT_TYPE = b"\x01", b"\x00", b"\x02"
FILE = {"sha256": "ab" * 32, "mime_type": "image/png", "file_name": "a.png", "size": 1}
THUMB = "\N{THUMBS UP SIGN}\0"


def messages(doc: Doc[Any]) -> Array[Any]:
    """The list of a chat."""
    found: Array[Any] = doc.get("messages", type=Array)
    return found


@asynccontextmanager
async def anns_message(room: HonestRoom) -> AsyncIterator[tuple[Work, int]]:
    """Ann has said something, with a reaction of her own; gives the clock of its first struct. In the end she still
    says so, word for word, and so does the list of everybody before her."""
    async with room.at_work(CHAT) as work:
        clock = work.clock(work.ann_client)
        said_by_ann = message("anns", room.ann.user, text="What Ann says")
        await work.write(lambda doc: messages(doc).append(said_by_ann))
        await work.write(lambda doc: find(doc, "anns")["reactions"].update({THUMB + room.ann.user: True}))
        earlier = words(work.server.ydoc)
        yield work, clock
        assert words(work.server.ydoc)[: len(earlier)] == earlier
        assert find(work.server.ydoc, "anns")["reactions"][THUMB + room.ann.user] is True


def words(doc: Doc[Any]) -> list[dict[str, Any]]:
    """What the list says, but for what everybody may add to it."""
    return [{key: value for key, value in each.items() if key != "reactions"} for each in messages(doc).to_py() or []]


def find(doc: Doc[Any], id_: str) -> Map[Any]:
    """A message by its id."""
    return next(each for each in messages(doc) if each["id"] == id_)


async def refused(room: HonestRoom, sent: bytes, *codes: str) -> None:
    """Mallory sends it, as an update and as a step 2; both are refused."""
    for as_step2 in (False, True):
        async with hand(room, CHAT) as mallory:
            await (mallory.step2 if as_step2 else mallory.update)(sent)
            assert await mallory.refusal() in codes


def acts(room: HonestRoom) -> dict[str, tuple[Callable[[Doc[Any]], Any], str]]:
    """What a page of Mallory's does with the library alone, and how it is refused."""
    me, ann = room.mallory.user, room.ann.user
    forged: dict[str, tuple[Callable[[Doc[Any]], Any], str]] = {
        "a message in Ann's name": (lambda doc: messages(doc).append(message("m", ann)), "authorship_violation"),
        "one in her name among his own": (
            lambda doc: messages(doc).extend([message("m1", me), message("m2", ann), message("m3", me)]),
            "authorship_violation",
        ),
        "one by nobody": (lambda doc: messages(doc).append(message("m", "")), "schema_violation"),
        "one by her and a NUL": (lambda doc: messages(doc).append(message("m", ann + "\0")), "authorship_violation"),
        "another text of hers": (lambda doc: find(doc, "anns").update({"text": "forged"}), "permission_denied"),
        "her text gone": (lambda doc: find(doc, "anns").pop("text"), "schema_violation"),
        "her message marked as deleted": (lambda doc: find(doc, "anns").update({"deleted": True}), "permission_denied"),
        "her message made his own": (lambda doc: find(doc, "anns").update({"author": me}), "permission_denied"),
        "another name above it": (lambda doc: find(doc, "anns").update({"name": "Eve"}), "permission_denied"),
        "another time": (lambda doc: find(doc, "anns").update({"sent_at": 7}), "permission_denied"),
        "another id": (lambda doc: find(doc, "anns").update({"id": "other"}), "permission_denied"),
        "an answer to something": (lambda doc: find(doc, "anns").update({"reply_to": "x"}), "permission_denied"),
        "a file that she did not send": (
            lambda doc: find(doc, "anns").update({"attachments": [FILE]}), "permission_denied"),
        "a key that nobody knows": (lambda doc: find(doc, "anns").update({"hidden": 1}), "schema_violation"),
        "her message taken out": (lambda doc: messages(doc).pop(len(messages(doc)) - 1), "permission_denied"),
        "everything taken out": (lambda doc: messages(doc).clear(), "permission_denied"),
        "a reaction in her name": (
            lambda doc: find(doc, "anns")["reactions"].update({"x\0" + ann: True}), "permission_denied"),
        "her reaction taken away": (
            lambda doc: find(doc, "anns")["reactions"].pop(THUMB + ann), "permission_denied"),
        "her reaction set again": (
            lambda doc: find(doc, "anns")["reactions"].update({THUMB + ann: False}), "permission_denied"),
        "all reactions replaced": (lambda doc: find(doc, "anns").update({"reactions": Map({})}), "permission_denied"),
        "all reactions gone": (lambda doc: find(doc, "anns").pop("reactions"), "permission_denied"),
        "no map of reactions": (lambda doc: find(doc, "anns").update({"reactions": 1}), "permission_denied"),
        "a reaction by nobody": (
            lambda doc: find(doc, "anns")["reactions"].update({"x": True}), "permission_denied"),
        "her reaction on a message of his": (
            lambda doc: messages(doc).append(message("m", me, reactions=Map({THUMB + ann: True}))),
            "permission_denied"),
        "her id once more, before hers": (lambda doc: messages(doc).insert(0, message("anns", me)), "schema_violation"),
        "his own id twice": (
            lambda doc: messages(doc).extend([message("m", me), message("m", me)]), "schema_violation"),
    }  # fmt: skip
    return forged


async def test_nobody_speaks_for_ann_or_changes_what_she_said(room: HonestRoom) -> None:
    """[P3] [P5] TH4: with a library that is as it should be and a page that is not; each is refused with its code."""
    limits = room.live.app.services.limits
    async with anns_message(room) as (work, _):
        for what, (act, code) in acts(room).items():
            limits.refused_updates._buckets.clear()
            async with hand(room, CHAT) as mallory:
                await mallory.update(written(page(work.server.ydoc), act))
                assert await mallory.refusal() == code, what


@pytest.mark.parametrize("client", [HIGH, LOW], ids=["wins", "loses"])
@pytest.mark.parametrize("key", ["text", "author", "deleted", "reactions"])
async def test_a_value_is_not_overwritten_without_a_deletion(room: HonestRoom, key: str, client: int) -> None:
    """[P3] TH4: a concurrent insert under a key of Ann's message deletes nothing, and a higher client id wins."""
    async with anns_message(room) as (work, clock):
        anns = (work.ann_client, clock)
        content, body = (TYPE, MAP_TYPE) if key == "reactions" else (ANY, said("forged"))
        async with hand(room, CHAT) as mallory:
            await mallory.update(update(run(client, 0, entry_of(anns, key, content, body))))
            if client == HIGH or key == "deleted":
                assert await mallory.refusal() in ("permission_denied", "schema_violation")
            else:
                await mallory.settle()  # what loses against hers changes nothing


async def test_a_value_is_not_followed_without_a_deletion(room: HonestRoom) -> None:
    """[P3] TH4: behind any struct of Ann's message, as the next value of its key or as something more."""
    limits = room.live.app.services.limits
    async with anns_message(room) as (work, clock):
        for each in range(clock + 1, work.clock(work.ann_client)):
            for sent in (entry_after((work.ann_client, each), ANY, said("forged")),
                         entry_after((work.ann_client, each), TYPE, MAP_TYPE)):  # fmt: skip
                limits.refused_updates._buckets.clear()
                async with hand(room, CHAT) as mallory:
                    await mallory.update(update(run(HIGH, 0, sent)))
                    assert await mallory.refusal() in ("permission_denied", "schema_violation"), each


async def test_a_value_before_hers_is_no_value(room: HonestRoom) -> None:
    """[P3] TH4: whatever goes to the left of a key's value is an older one, which nobody sees, in any library."""
    async with anns_message(room) as (work, clock), hand(room, CHAT) as mallory:
        for number, each in enumerate(range(clock + 1, work.clock(work.ann_client))):
            await mallory.update(update(run(HIGH, number, before((work.ann_client, each), ANY, said("forged")))))
        await mallory.settle()
        assert "forged" not in str(messages(work.server.ydoc))


async def test_nobody_deletes_structs_of_anothers_message(room: HonestRoom) -> None:
    """[P5] TH4: not the message, not one of its values, not the reactions in it, not a range across it; by hand."""
    async with anns_message(room) as (work, clock):
        end = work.clock(work.ann_client)
        limits = room.live.app.services.limits
        for first, length in (*((each, 1) for each in range(clock, end)), (clock, end - clock), (0, end)):
            limits.refused_updates._buckets.clear()
            async with hand(room, CHAT) as mallory:
                await mallory.update(update(deletes=deletes((work.ann_client, [(first, length)]))))
                assert await mallory.refusal() in ("permission_denied", "schema_violation"), first


async def test_an_attack_behind_an_honest_message_is_refused_with_it(room: HonestRoom) -> None:
    """[P5] TH4: a message of his own, a reaction as himself, and in the same update a deletion of Ann's message."""
    async with anns_message(room) as (work, clock):
        async with hand(room, CHAT) as mallory:
            own = page(work.server.ydoc)
            news = written(own, lambda doc: messages(doc).append(message("his", room.mallory.user)))
            with_deletion = news[:-1] + deletes((work.ann_client, [(clock, 1)]))
            await mallory.update(with_deletion)
            assert await mallory.refusal() == "permission_denied"
        assert "his" not in str(messages(work.server.ydoc))


async def test_what_is_added_and_deleted_at_once_hides_nothing(room: HonestRoom) -> None:
    """[P3] TH4: a message in Ann's name that is deleted in the same update is never seen, and changes nothing."""
    async with anns_message(room) as (work, _):
        own = page(work.server.ydoc)

        def act(doc: Doc[Any]) -> None:
            messages(doc).append(message("gone", room.ann.user))
            messages(doc).pop(len(messages(doc)) - 1)

        async with hand(room, CHAT) as mallory:
            await mallory.update(written(own, act))
            await mallory.settle()
        assert "gone" not in str(messages(work.server.ydoc))


HIDDEN = {
    "an entry by key in the list": rooted(ANY, said("x"), root="messages", key="hidden"),
    "a map by key in the list": rooted(TYPE, MAP_TYPE, root="messages", key="hidden"),
    "a plain value in the list": rooted(ANY, said("x"), root="messages"),
    "a list in the list": rooted(TYPE, ARRAY_TYPE, root="messages"),
    "a text in the list": rooted(TYPE, TEXT_TYPE, root="messages"),
    "letters in the list": rooted(4, text("hello"), root="messages"),
    "bytes in the list": rooted(3, b"\x03abc", root="messages"),
    "a document in the list": rooted(9, text("sub") + b"\x76\x00", root="messages"),
    "a format in the list": rooted(6, text("bold") + text("true"), root="messages"),
    "another root": rooted(ANY, said("x"), root="elements", key="e"),
    "a root without a name": rooted(TYPE, MAP_TYPE, root=""),
    "a root called like a method": rooted(ANY, said("x"), root="__proto__", key="e"),
}


async def test_a_chat_holds_messages_and_nothing_else(room: HonestRoom) -> None:
    """[P5] TH4: other roots, other types, and entries that no reader looks at; also inside Ann's message."""
    async with anns_message(room) as (work, clock):
        inner = {
            "an entry by place in a message": inside((work.ann_client, clock), ANY, said("x")),
            "a list in a message": entry_of((work.ann_client, clock), "list", TYPE, ARRAY_TYPE),
            "a map in a message": entry_of((work.ann_client, clock), "map", TYPE, MAP_TYPE),
            "something in the middle": after((work.ann_client, clock + 1), TYPE, ARRAY_TYPE),
        }
        for client, (what, struct) in enumerate({**HIDDEN, **inner}.items(), HIGH - 100):
            async with hand(room, CHAT) as mallory:
                await mallory.update(update(run(client, 0, struct)))
                codes = ("schema_violation", "malformed_update", "permission_denied")
                assert await mallory.refusal() in codes, what


@pytest.mark.parametrize("kind", [Map, Text, XmlFragment], ids=["a map", "a text", "XML"])
async def test_the_list_of_messages_is_no_other_type(room: HonestRoom, kind: Any) -> None:
    """[P5] TH4: a page that takes the root for something else writes what others would read in another way."""

    def act(doc: Doc[Any]) -> None:
        root = doc.get("messages", type=kind)
        if kind is Map:
            root["x"] = 1
        elif kind is Text:
            root += "forged"
        else:
            root.children.append("forged")

    async with anns_message(room):
        await refused(room, written(page(), act), "schema_violation")


def sizes(me: str) -> dict[str, tuple[Callable[[Doc[Any]], Any], str]]:
    """What is too much, or no value of its kind."""

    def add(**fields: Any) -> Callable[[Doc[Any]], Any]:
        return lambda doc: messages(doc).append(message("big", me, **fields))

    many = {f"{number}\0{me}": True for number in range(20_000)}
    return {
        "10 MB of text": (add(text="x" * 10_000_000), "schema_violation"),
        "one letter too much": (add(text="x" * 20_001), "schema_violation"),
        "a text that is a list": (add(text=["x"]), "schema_violation"),
        "a time that is none": (add(sent_at=float("nan")), "schema_violation"),
        "a time without end": (add(sent_at=float("inf")), "schema_violation"),
        "a time beyond dates": (add(sent_at=10**17), "schema_violation"),
        "half a millisecond": (add(sent_at=0.5), "schema_violation"),
        "bytes": (add(reply_to=b"\x00"), "schema_violation"),
        "a long id": (add(reply_to="x" * 129), "schema_violation"),
        "21 files": (add(attachments=[FILE] * 21), "schema_violation"),
        "a file by address": (
            add(attachments=[{**FILE, "sha256": "https://evil.example/x.png"}]),
            "schema_violation"),
        "files in a shared list": (add(attachments=Array([])), "schema_violation"),
        "twenty thousand reactions": (add(reactions=Map(many)), "quota_exceeded"),
        "51 reactions": (add(reactions=Map(dict(list(many.items())[:51]))), "quota_exceeded"),
        "a long reaction": (add(reactions=Map({"x" * 65 + "\0" + me: True})), "schema_violation"),
        "a reaction that is a map": (add(reactions=Map({"x\0" + me: Map({})})), "schema_violation"),
    }  # fmt: skip


async def test_a_message_has_a_size(room: HonestRoom) -> None:
    """[P5] [P8] TH4: texts, ids, times, files and reactions, one of them wrong at a time."""
    async with anns_message(room):
        for what, (act, code) in sizes(room.mallory.user).items():
            async with hand(room, CHAT) as mallory:
                await mallory.update(written(page(), act))
                assert await mallory.refusal() == code, what


def react(doc: Doc[Any], reaction: dict[str, bool]) -> None:
    """React to Ann's message."""
    find(doc, "anns")["reactions"].update(reaction)


async def test_reactions_do_not_grow_without_end(room: HonestRoom) -> None:
    """[P5] [P8] TH4: one after the other on Ann's message: so many of one person, whatever updates they come in."""
    async with anns_message(room) as (work, _):
        own = page(work.server.ydoc)
        async with hand(room, CHAT) as mallory:
            for number in range(60):
                reaction = {f"{number}\0{room.mallory.user}": True}
                await mallory.update(written(own, partial(react, reaction=reaction)))
            assert await mallory.refusal() == "quota_exceeded"
        given = find(work.server.ydoc, "anns")["reactions"].to_py() or {}
        assert len(given) == 51  # 50 of his and hers


async def test_a_moderator_removes_and_does_not_write(room: HonestRoom) -> None:
    """[P3] TH4: he may take Ann's words away, and put none of his into her mouth; nor react or forge for her."""
    await room.change(room.mallory, role="moderator")
    async with anns_message(room) as (work, _):
        for what in (
            "a message in Ann's name", "another text of hers", "her message made his own", "another time",
            "a reaction in her name", "her reaction taken away", "her id once more, before hers", "another id",
        ):  # fmt: skip
            act, code = acts(room)[what]
            async with hand(room, CHAT) as mallory:
                await mallory.update(written(page(work.server.ydoc), act))
                assert await mallory.refusal() == code, what
