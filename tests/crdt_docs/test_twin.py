"""Effects, not words: what reaches a checked document, and what only seems to do no harm."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import weakref
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pycrdt import Array, Assoc, Doc, Map, Text, merge_updates

from crdt_docs.applying import apply_update
from crdt_docs.chat import ChatView
from crdt_docs.effects import Actor, DocumentLimits, Verdict, note_event, read_notes
from crdt_docs.errors import (
    AuthorshipViolation,
    DocumentError,
    DocumentQuotaExceeded,
    MalformedUpdate,
    MissingDependencies,
    PermissionDenied,
    SchemaViolation,
)
from crdt_docs.ids import DocumentKind, UserId
from crdt_docs.twin import Twin
from crdt_docs.updates import merge, read_update
from tests.crdt_docs.twins import ANN, BOB, BOX, Client, Judged, message, stroke
from tests.crdt_docs.wire import (
    ANY,
    NULLS,
    STRING,
    TYPE,
    after,
    anything,
    deletes,
    identity,
    inside,
    mutate,
    rooted,
    run,
    text,
    update,
)

LOW, HIGH = 10, 999
"""Client ids of one who forges: below and above that of the author, so that he loses or wins."""
MESSAGE, AUTHOR = (300, 0), (300, 2)
BOX_MAP = (300, 0)
ARRAY, MAP = b"\x00", b"\x01"
STEP = anything(b"\x7d\x01")


def keyed(parent: tuple[int, int], key: str, content: int, body: bytes) -> bytes:
    """An item under a key of a shared type, beside nothing: as concurrent as can be."""
    return bytes((content | 0x20,)) + b"\x00" + identity(*parent) + text(key) + body


def said(value: str) -> bytes:
    return anything(b"\x77" + text(value))


@pytest.fixture
def ann() -> Client:
    ann = Client(300)
    ann.messages.append(message())
    return ann


@pytest.fixture
def chat(ann: Client) -> Judged:
    return Judged(DocumentKind.CHAT, ann.doc.get_update())


@pytest.fixture
def board() -> Judged:
    ann = Client(300)
    ann.elements["box"] = Map(BOX)
    ann.elements["ink"] = stroke(8, 16)
    return Judged(DocumentKind.WHITEBOARD, ann.doc.get_update())


def points_of(board: Judged) -> tuple[int, int]:
    """The id of the stroke's array."""
    found = board.live.get("elements", type=Map)["ink"]["pts"].sticky_index(0, Assoc.BEFORE).to_json()["type"]
    return found["client"], found["clock"]


def yjs_shows(*updates: bytes) -> dict[str, Any]:
    """What real Yjs makes of these updates, in this order."""
    question = {"updates": [b64encode(one).decode() for one in updates], "arrays": ["messages"], "maps": ["elements"]}
    script = Path(__file__).parent.parent / "interop" / "read_roots.mjs"
    done = subprocess.run(
        ["node", str(script)], input=json.dumps(question), capture_output=True, text=True, check=True, timeout=60
    )
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


class TestForgeries:
    def test_a_concurrent_insert_that_deletes_nothing_is_seen(self, chat: Judged) -> None:
        """[TW1] The winner by its client id: the author is another one, and no delete set says so."""
        forged = update(run(HIGH, 0, keyed(MESSAGE, "author", ANY, said("bob"))))
        assert not read_update(forged).deletes

        with pytest.raises(PermissionDenied):
            chat.take(forged, BOB)

    def test_so_is_one_behind_what_it_replaces(self, chat: Judged) -> None:
        """[TW1]"""
        with pytest.raises(PermissionDenied):
            chat.take(update(run(LOW, 0, after(AUTHOR, ANY, said("bob")))), BOB)

    def test_a_loser_never_takes_effect(self, chat: Judged) -> None:
        """[TW5] Not even once the winner is deleted: Yjs deletes a loser as it comes, and so does yrs."""
        before = chat.state
        loser = update(run(LOW, 0, keyed(MESSAGE, "text", ANY, said("Never said"))))
        assert chat.take(loser, BOB) == Verdict()

        author = Client(301, chat.state)
        edited = author.write(lambda: author.messages[0].__setitem__("text", "Later"))
        chat.take(edited)

        [shown] = yjs_shows(before, loser, edited)["messages"]
        assert shown["text"] == ChatView(chat.live).messages()[0].text == "Later"

    def test_nor_when_the_winner_goes(self) -> None:
        """[TW5] An optional key is dropped by its author, and what had lost against it stays away."""
        author = Client(300)
        author.messages.append(message(reply_to="m0"))
        chat = Judged(DocumentKind.CHAT, author.doc.get_update())
        before = chat.state
        loser = update(run(LOW, 0, keyed(MESSAGE, "reply_to", ANY, said("forged"))))
        chat.take(loser, BOB)
        dropped = author.write(lambda: author.messages[0].__delitem__("reply_to"))
        chat.take(dropped)

        [shown] = yjs_shows(before, loser, dropped)["messages"]
        assert "reply_to" not in shown
        assert ChatView(chat.live).messages()[0].reply_to is None

    def test_nor_with_the_deletion_of_the_winner_beside_it(self, chat: Judged) -> None:
        """[TW1, TW5]"""
        forged = update(
            run(LOW, 0, keyed(MESSAGE, "author", ANY, said("bob"))), deletes=deletes((AUTHOR[0], [(AUTHOR[1], 1)]))
        )

        with pytest.raises(PermissionDenied):
            chat.take(forged, BOB)

    def test_nor_as_a_place_for_another(self, chat: Judged) -> None:
        """[TW5] What stands behind a loser is left of the winner, too."""
        before = chat.state
        loser = update(run(LOW, 0, keyed(MESSAGE, "author", ANY, said("bob"))))
        behind = update(run(LOW, 1, after((LOW, 0), ANY, said("bob"))))
        chat.take(loser, BOB)
        chat.take(behind, BOB)

        [shown] = yjs_shows(before, loser, behind)["messages"]
        assert shown["author"] == ChatView(chat.live).messages()[0].author == ANN

    def test_what_waits_for_somebody_elses_update_is_refused(self, chat: Judged) -> None:
        """[TW3] pycrdt would keep it, and the update that it waits for would make it take effect in another's name."""
        author = Client(301, chat.state)
        awaited = author.write(lambda: author.messages.append(message("m2")))

        with pytest.raises(MissingDependencies):
            chat.take(update(run(HIGH, 0, after((301, 2), ANY, said("bob")))), BOB)
        fresh = Judged(DocumentKind.CHAT, chat.state)
        fresh.take(awaited)
        assert [entry.author for entry in ChatView(fresh.live).messages()] == [ANN, ANN]

    def test_what_an_update_overwrites_itself_has_no_effect(self, chat: Judged) -> None:
        """[TW1] Only what is left counts, so that merged offline work is judged as what it comes to."""
        author = Client(301, chat.state)
        first = author.write(lambda: author.messages[0].__setitem__("text", "First"))
        second = author.write(lambda: author.messages[0].__setitem__("text", "Hello"))

        assert chat.take(merge_updates(first, second), BOB) == Verdict()


class TestPlaces:
    @pytest.mark.parametrize(
        "struct",
        [
            rooted(ANY, NULLS, root="doc"),
            rooted(ANY, NULLS, root="files2", key="x"),
            rooted(ANY, NULLS, root="messages"),
        ],
    )
    def test_there_are_no_other_roots(self, board: Judged, struct: bytes) -> None:
        """[TW2]"""
        before = board.twin.doc.get_state()

        with pytest.raises(SchemaViolation):
            board.take(update(run(LOW, 0, struct)))
        assert board.twin.doc.get_state() == before

    def test_nor_is_anything_nested_without_end(self, board: Judged) -> None:
        """[TW2] Refused before it is applied."""
        nested = [keyed(BOX_MAP, "deep", TYPE, MAP), *(keyed((LOW, n), "deep", TYPE, MAP) for n in range(8))]
        before = board.twin.doc.get_state()

        with pytest.raises(SchemaViolation):
            board.take(update(run(LOW, 0, *nested)))
        assert board.twin.doc.get_state() == before

    @pytest.mark.parametrize("honest", [False, True])
    @pytest.mark.parametrize(
        "hide",
        [
            lambda board: [inside(BOX_MAP, ANY, NULLS)],
            lambda board: [inside(BOX_MAP, TYPE, MAP)],
            lambda board: [inside(BOX_MAP, TYPE, ARRAY), inside((LOW, 0), ANY, NULLS)],
            lambda board: [keyed(points_of(board), "k", ANY, NULLS)],
            lambda board: [rooted(ANY, NULLS, root="elements")],
            lambda board: [rooted(TYPE, MAP, root="files")],
            lambda board: [
                rooted(TYPE, MAP, root="elements", key="new"),
                keyed((LOW, 0), "type", ANY, said("ellipse")),
                keyed((LOW, 0), "xy", ANY, anything(b"\x75" + anything(b"\x7d\x01", b"\x7d\x01"))),
                keyed((LOW, 0), "wh", ANY, anything(b"\x75" + anything(b"\x7d\x01", b"\x7d\x01"))),
                inside((LOW, 0), ANY, NULLS),
            ],
        ],
    )
    def test_nothing_hides_on_a_board(self, board: Judged, hide: Callable[[Judged], list[bytes]], honest: bool) -> None:
        """[TW4] No event names it and nobody sees it, alone or beside an honest change of the very same type."""
        runs = [run(LOW, 0, *hide(board))]
        if honest:
            ann = Client(301, board.state)
            sent = ann.write(
                lambda: (ann.elements["box"].__setitem__("new", 1), ann.elements["ink"]["pts"].extend([1, 2]))
            )
            board.take(sent)
            runs.append(run(302, 0, after((301, 0), ANY, NULLS)))

        with pytest.raises(SchemaViolation):
            board.take(update(*runs))

    @pytest.mark.parametrize(
        "struct",
        [
            inside(MESSAGE, ANY, NULLS),
            inside((300, 6), ANY, NULLS),
            rooted(ANY, NULLS, root="messages", key="k"),
            rooted(TYPE, MAP, root="messages", key="k"),
            keyed(MESSAGE, "attachments", TYPE, ARRAY),
            keyed((300, 6), "👍\0bob", TYPE, MAP),
        ],
    )
    def test_nor_in_a_chat(self, chat: Judged, struct: bytes) -> None:
        """[TW4]"""
        with pytest.raises(SchemaViolation):
            chat.take(update(run(HIGH, 0, struct)), BOB)

    @pytest.mark.parametrize(
        ("content", "body"),
        [
            (3, b"\x01x"),
            (STRING, text("hidden")),
            (5, text("{}")),
            (6, text("bold") + text("true")),
            (TYPE, b"\x02"),
            (TYPE, b"\x03" + text("p")),
            (TYPE, b"\x04"),
            (TYPE, b"\x06"),
            (9, text("guid") + b"\x76\x00"),
            (ANY, anything(b"\x7a" + bytes(8))),
            (ANY, anything(b"\x75" + anything(b"\x7a" + bytes(8)))),
            (ANY, anything(b"\x74\x01x")),
        ],
    )
    def test_values_are_json_maps_and_arrays(self, board: Judged, content: int, body: bytes) -> None:
        """[TW4] No text, XML, bytes or subdocument, and no bigint, on which JSON.stringify fails in every browser."""
        with pytest.raises(SchemaViolation):
            board.take(update(run(HIGH, 0, keyed(BOX_MAP, "new", content, body))))

    def test_points_may_come_into_an_array_that_came_empty(self) -> None:
        """[TW4, WB10] Then they name their array, as something hidden would name a map."""
        ann = Client(300)
        ann.elements["ink"] = stroke()
        board = Judged(DocumentKind.WHITEBOARD, ann.doc.get_update())
        board.take(ann.write(lambda: ann.elements["ink"]["pts"].extend([1, 2])))

        assert len(board.live.get("elements", type=Map)["ink"]["pts"]) == 2


class TestLife:
    @pytest.mark.parametrize(
        "sent",
        [
            update(run(LOW, 0, rooted(ANY, NULLS, root="other"))),
            update(run(LOW, 5, keyed(MESSAGE, "x", ANY, NULLS))),
            update(run(LOW, 0, inside(MESSAGE, ANY, NULLS))),
            update(run(LOW, 0, keyed(MESSAGE, "x", ANY, NULLS))),
            update(run(LOW, 0, keyed((300, 1), "x", ANY, NULLS))),
        ],
    )
    def test_after_any_refusal_it_judges_nothing(self, chat: Judged, sent: bytes) -> None:
        """[TW6] Whatever was refused, and whether it was applied before."""
        with pytest.raises(DocumentError):
            chat.take(sent)
        assert chat.twin.spoilt
        with pytest.raises(ValueError, match="spoilt"):
            chat.take(b"\0\0")

    def test_a_parent_that_is_no_shared_type_is_malformed(self, chat: Judged) -> None:
        """[TW8]"""
        with pytest.raises(MalformedUpdate):
            chat.take(update(run(LOW, 0, keyed((300, 1), "x", ANY, NULLS))))

    def test_what_came_before_there_were_rules_is_no_offence(self) -> None:
        """[TW7] Nor is repeating it; and life goes on around it."""
        old = Client(300)
        old.messages.extend([3, "text", message("m1"), message("m1"), Array([Map({})])])
        old.doc.get("other", type=Map)["x"] = 1
        state = old.doc.get_update()
        chat = Judged(DocumentKind.CHAT, state)

        bob = Client(400, state)
        sent = bob.write(lambda: bob.messages.insert(2, message("m2", BOB)))
        assert chat.take(sent, BOB) == Verdict(messages=1)
        chat.take(old.write(lambda: old.messages[2].__setitem__("text", "mine")))
        chat.take(bob.write(lambda: bob.messages.pop(0)), BOB, moderates=True)

    def test_an_update_is_judged_by_its_news(self, board: Judged) -> None:
        """[TW7] Providers repeat everything they have, texts of older days as well."""
        state = Client(300)
        state.elements["box"] = Map({**BOX, "old": Text("of older days")})
        board = Judged(DocumentKind.WHITEBOARD, state.doc.get_update())
        ann = Client(301, board.state)
        ann.write(lambda: ann.elements["box"].__setitem__("xy", [5, 5]))

        board.take(ann.doc.get_update())
        board.take(ann.doc.get_update())

        assert board.live.get("elements", type=Map)["box"]["xy"] == [5, 5]

    def test_what_is_raised_in_an_observer_is_not_lost(self) -> None:
        """[TW8] Raised into the library it would be."""
        noted: list[Any] = []
        note_event(noted, "messages", [object()])

        with pytest.raises(AttributeError):
            read_notes(noted, Doc())

    def test_a_panic_is_a_malformed_update(self) -> None:
        """[TW8] It is a BaseException of its own."""

        class Panicking(Doc[Any]):
            def apply_update(self, update: bytes) -> None:
                self.get("a", type=Array).sticky_index(0, Assoc.AFTER)

        with pytest.raises(MalformedUpdate) as refused:
            apply_update(Panicking(), b"\0\0")
        assert type(refused.value.__cause__).__name__ == "PanicException"

    def test_a_twin_that_was_dropped_is_freed(self, chat: Judged) -> None:
        """[TW6] The library holds observers where no collector looks: a leak of a document for each refusal."""
        twin = Twin.of(DocumentKind.CHAT, chat.state, DocumentLimits())
        freed = weakref.ref(twin)
        doc = weakref.ref(twin.doc)
        del twin
        gc.collect()

        assert freed() is None
        assert doc() is None


@contextmanager
def counted_calls() -> Iterator[list[int]]:
    """Count the calls of functions, ours and the library's: a clock that runs alike on every machine."""
    calls = [0]

    def count(_frame: Any, event: str, _arg: Any) -> None:
        if event in ("call", "c_call"):
            calls[0] += 1

    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(None)


def honest_updates() -> list[tuple[DocumentKind, bytes, bytes]]:
    """(kind, state, update) of all kinds of honest changes."""
    writer = Client(300)
    writer.messages.extend([message("m0"), message("m1", reply_to="m0"), message("m2")])
    writer.elements["box"] = Map(BOX)
    writer.elements["ink"] = stroke(8, 16)
    chat, board = Client(300), Client(300)
    chat.messages.extend([message("m0"), message("m1", reply_to="m0"), message("m2")])
    board.elements["box"] = Map(BOX)
    board.elements["ink"] = stroke(8, 16)
    found = []
    for kind, client, acts in (
        (
            DocumentKind.CHAT,
            chat,
            [
                lambda: chat.messages.append(message("new", reactions=Map({"👍\0ann": True}))),
                lambda: chat.messages[0].__setitem__("text", "Edited"),
                lambda: chat.messages[1]["reactions"].__setitem__("👍\0ann", True),
                lambda: chat.messages.pop(2),
            ],
        ),
        (
            DocumentKind.WHITEBOARD,
            board,
            [
                lambda: board.elements["ink"]["pts"].extend([1, 2, 3, 4]),
                lambda: board.elements.__setitem__("new", Map({**BOX, "link": "https://example.org"})),
                lambda: board.elements["ink"].__setitem__("pts", Array([1, 2])),
                lambda: board.elements["ink"]["pts"].pop(0),
                lambda: board.elements.pop("box"),
            ],
        ),
    ):
        base = client.doc.get_update()
        sent = [client.write(act) for act in acts]  # type: ignore[arg-type]
        found += [(kind, base, merge_updates(*sent[: n + 1])) for n in range(len(sent))]
    return found


class TestHostileBytes:
    def test_whatever_they_are_there_is_an_answer(self) -> None:
        """[TW8] And never more work than their size explains."""
        seed = Random().randrange(2**32)
        print(f"seed {seed}")
        random = Random(seed)
        updates = honest_updates()
        judged = 0
        while judged < 1_500:
            kind, base, honest = random.choice(updates)
            broken = mutate(random, honest)
            try:
                footprint = read_update(broken)
            except MalformedUpdate:
                continue
            twin = Twin.of(kind, base, DocumentLimits())
            judged += 1
            with counted_calls() as calls:
                try:
                    twin.judge(broken, footprint, Actor(random.choice([ANN, BOB]), random.random() < 0.3))
                except DocumentError:
                    assert twin.spoilt
            assert calls[0] < 500 + 20 * len(broken), broken.hex()

    @pytest.mark.parametrize(
        "write",
        [
            lambda client, size: client.messages.extend([message(f"n{n}") for n in range(size)]),
            lambda client, size: client.elements.__setitem__("s", stroke(*range(size * 10))),
            lambda client, size: client.elements.__setitem__("l", Map({**BOX, "new": [[n] for n in range(size)]})),
            lambda client, size: [client.elements.__setitem__(f"e{n}", Map(BOX)) for n in range(size)],
        ],
    )
    def test_twice_as_much_takes_twice_as_long(self, write: Callable[[Client, int], Any]) -> None:
        """[TW8]"""
        work = []
        for size in (200, 400):
            client = Client(300)
            sent = client.write(lambda client=client, size=size: write(client, size))  # type: ignore[misc]
            kind = DocumentKind.CHAT if len(client.messages) else DocumentKind.WHITEBOARD
            twin = Twin.of(kind, b"\0\0", DocumentLimits())
            footprint = read_update(sent)
            with counted_calls() as calls:
                twin.judge(sent, footprint, Actor(UserId(ANN), moderates=False))
            work.append(calls[0])

        assert work[1] < 2.2 * work[0]

    def test_a_push_costs_the_same_on_a_long_stroke(self) -> None:
        """[WB10]"""
        work = []
        for length in (100, 3_000):
            client = Client(300)
            client.elements["ink"] = stroke(*range(length))
            twin = Twin.of(DocumentKind.WHITEBOARD, client.doc.get_update(), DocumentLimits())
            sent = client.write(lambda client=client: client.elements["ink"]["pts"].extend([1, 2]))  # type: ignore[misc]
            footprint = read_update(sent)
            with counted_calls() as calls:
                twin.judge(sent, footprint, Actor(ANN, moderates=False))
            work.append(calls[0])

        assert work[0] == work[1]

    def test_an_array_in_many_pieces_is_read_once(self) -> None:
        """[TW8] Walking to each value from the start took minutes for 60,000 of them."""
        size = 5_000
        head = [rooted(TYPE, MAP, root="elements", key="s"), keyed((LOW, 0), "pts", TYPE, ARRAY)]
        place = anything(b"\x75" + anything(b"\x7d\x01", b"\x7d\x01"))
        fields = [keyed((LOW, 0), "type", ANY, said("freedraw")), keyed((LOW, 0), "xy", ANY, place)]
        first = [inside((LOW, 1), ANY, STEP), *(after((HIGH, n), ANY, STEP) for n in range(size))]
        between = [after((LOW, n + 4), ANY, STEP) for n in range(size)]
        sent = update(run(LOW, 0, *head, *fields, *first), run(HIGH, 0, *between))
        twin = Twin.of(DocumentKind.WHITEBOARD, b"\0\0", DocumentLimits())
        footprint = read_update(sent)

        with counted_calls() as calls:
            assert twin.judge(sent, footprint, Actor(ANN, moderates=False)).elements == 1
        assert calls[0] < 5 * len(sent)

    def test_values_that_come_one_by_one_are_not_put_together_for_ever(self, board: Judged) -> None:
        """[TW10] Refused before anything is applied; the same values in pieces of an honest size are not."""
        single = [after((300, 12), ANY, STEP), *(after((LOW, n), ANY, STEP) for n in range(3_000))]
        before = board.twin.doc.get_state()

        with pytest.raises(DocumentQuotaExceeded):
            board.take(update(run(LOW, 0, *single)))
        assert board.twin.doc.get_state() == before

    def test_but_a_days_pushes_merged_are(self) -> None:
        """[TW10] A client that queues updates instead of keeping a document: 50 strokes of 200 pushes."""
        ann = Client(300)
        sent = []
        for n in range(50):
            sent.append(ann.write(lambda n=n: ann.elements.__setitem__(f"s{n}", stroke(1, 2))))  # type: ignore[misc]
            points = ann.elements[f"s{n}"]["pts"]
            sent += [ann.write(lambda points=points: points.extend([1, 2])) for _ in range(200)]  # type: ignore[misc]
        board = Judged(DocumentKind.WHITEBOARD)

        assert board.take(merge(sent)).elements == 50


def test_a_message_in_anothers_name_is_an_authorship_violation(chat: Judged) -> None:
    """[TW1, CH8] Told apart, because a browser starts a fresh document then."""
    eve = Client(HIGH, chat.state)

    with pytest.raises(AuthorshipViolation):
        chat.take(eve.write(lambda: eve.messages.append(message("m2"))), BOB)
