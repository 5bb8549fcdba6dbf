"""What some clients wrote goes out of rows and snapshots; what others wrote stays, in Yjs and in pycrdt."""

from __future__ import annotations

import os
from base64 import b64encode
from random import Random
from typing import Any

import pytest
from pycrdt import Array, Doc, Map

from crdt_docs.erasing import deletion_of, erase_clients
from crdt_docs.errors import MalformedUpdate
from crdt_docs.ids import ClientId, DocumentKind
from crdt_docs.mending import deletion_and_mending
from crdt_docs.updates import EMPTY_UPDATE, decode_state_vector, read_delete_set, read_update
from crdt_docs.whiteboard import WhiteboardView
from tests.crdt_docs import yjs
from tests.crdt_docs.people import STEPS, by_pycrdt, by_yjs, replayed, shown, told
from tests.crdt_docs.wire import ANN, ANY, BOB, NULLS, after, anything, rooted, run, update

SEED = int(os.environ.get("SEED", Random().randrange(2**31)))
MARKER = "what Bob wrote"


@pytest.mark.parametrize("written_by", [by_yjs, by_pycrdt])
def test_what_others_wrote_is_what_it_was(written_by: Any) -> None:
    """[EA1] [EA2] [EA3] At every row, after the deletion, and when others go on; nothing waits for what is gone."""
    print(f"SEED={SEED}")
    for seed in range(SEED, SEED + 2):
        rows = written_by(seed)
        client = Random(seed).choice(sorted({author for author, _ in rows}))
        erased = [(author, erase_clients(row, {ClientId(client)})) for author, row in rows]
        clocks = decode_state_vector(replayed([row for _, row in rows]).get_state())
        deletion = deletion_of({ClientId(client): clocks[ClientId(client)]})

        question: dict[str, Any] = {
            "rows": told(rows), "erased": told(erased), "deletion": b64encode(deletion).decode(), "client": client
        }  # fmt: skip
        if written_by is by_yjs:
            question |= {"seed": seed, "steps": STEPS}
        judged = yjs.ask("erase.mjs", {"judge": question})

        assert judged == {"moments": [], "pending": [], "same": True, "next": []}, seed
        live, replay = (replayed([*[row for _, row in which], deletion]) for which in (rows, erased))
        assert shown(live) == shown(replay), seed
        assert decode_state_vector(live.get_state()) == decode_state_vector(replay.get_state())
        assert read_delete_set(live) == read_delete_set(replay)
        assert erased != rows


@pytest.mark.parametrize("seed", range(SEED, SEED + 2))
def test_snapshots_are_erased_as_rows_are(seed: int) -> None:
    """[EA4] A state without the content of some is the state of the rows without it."""
    print(f"SEED={SEED}")
    rows = by_pycrdt(seed)
    client = ClientId(rows[0][0])
    whole = replayed([row for _, row in rows])
    deletion = deletion_of({client: decode_state_vector(whole.get_state())[client]})

    snapshot = replayed([erase_clients(whole.get_update(), {client}), deletion])
    whole.apply_update(deletion)

    assert shown(snapshot) == shown(whole)
    assert decode_state_vector(snapshot.get_state()) == decode_state_vector(whole.get_state())


def test_an_item_keeps_everything_but_its_content() -> None:
    """[EA1] Id, neighbours, parent, key and length; an update without such items is given back as it is."""
    text = update(
        run(ANN, 0, rooted(4, b"\x05hello", root="t", key="k"), after((ANN, 4), ANY, anything(b"\x7e", b"\x7e"))),
        run(BOB, 3, after((ANN, 1), 4, b"\x03abc")),
    )
    expected = update(
        run(ANN, 0, rooted(1, b"\x05", root="t", key="k"), after((ANN, 4), 1, b"\x02")),
        run(BOB, 3, after((ANN, 1), 4, b"\x03abc")),
    )

    assert erase_clients(text, {ClientId(ANN)}) == expected
    assert erase_clients(expected, {ClientId(ANN)}) is expected
    assert erase_clients(text, {ClientId(99)}) is text
    assert read_update(expected).runs == read_update(text).runs


def test_what_does_not_decode_is_refused() -> None:
    """[EA5]"""
    whole = update(run(ANN, 0, rooted(8, NULLS)))
    for cut in range(len(whole) - 1):
        with pytest.raises(MalformedUpdate):
            erase_clients(whole[:cut], {ClientId(ANN)})


def _board() -> tuple[Doc[Any], bytes]:
    """Ann's two elements, which Bob has changed, and one of his; and the deletion of what he wrote."""
    ann: Doc[Any] = Doc(client_id=1)
    bob: Doc[Any] = Doc(client_id=2)
    elements = ann.get("elements", type=Map)
    for key in ("moved", "gone"):
        elements[key] = Map({"type": "text", "xy": [1, 1], "wh": [5, 5], "text": "what Ann wrote", "index": "a0"})
    bob.apply_update(ann.get_update())
    his = bob.get("elements", type=Map)
    his["moved"]["xy"] = [7, 8]
    his["moved"]["text"] = MARKER
    his["moved"]["index"] = None
    his["gone"]["isDeleted"] = True
    his["own"] = Map({"type": "rectangle", "xy": [1, 1], "wh": [5, 5], "customData": MARKER})
    ann.apply_update(bob.get_update())
    return ann, deletion_of({ClientId(2): decode_state_vector(bob.get_state())[ClientId(2)]})


def test_what_others_made_stays_where_he_put_it() -> None:
    """[EA6] His moves and removals of others' elements hold, as the eraser's; what he said in them is gone."""
    board, deletion = _board()

    for each in deletion_and_mending(DocumentKind.WHITEBOARD, board.get_update(), deletion):
        board.apply_update(each)

    elements = board.get("elements", type=Map)
    assert sorted(elements.keys()) == ["gone", "moved"]
    assert (elements["moved"]["xy"], elements["moved"]["index"], "text" in elements["moved"]) == ([7, 8], None, False)
    assert [element.id for element in WhiteboardView(board).elements()] == ["moved"]
    assert MARKER not in str(elements)


def test_a_message_that_he_took_away_does_not_come_back() -> None:
    """[EA6] His own messages are gone."""
    chat: Doc[Any] = Doc(client_id=1)
    messages = chat.get("messages", type=Array)
    for name in ("a", "b"):
        messages.append(Map({"id": name, "author": "ann", "name": "Ann", "text": "hello", "sent_at": 1}))
    bob: Doc[Any] = Doc(client_id=2)
    bob.apply_update(chat.get_update())
    said = bob.get("messages", type=Array)
    said[0]["text"] = ""
    said[0]["deleted"] = True
    said.append(Map({"id": "c", "author": "bob", "name": "Bob", "text": MARKER, "sent_at": 2}))
    chat.apply_update(bob.get_update())
    deletion = deletion_of({ClientId(2): decode_state_vector(bob.get_state())[ClientId(2)]})

    for each in deletion_and_mending(DocumentKind.CHAT, chat.get_update(), deletion):
        chat.apply_update(each)

    assert [(one["id"], one["text"], one.get("deleted", False)) for one in messages] == [
        ("a", "", True), ("b", "hello", False)
    ]  # fmt: skip


def test_where_nothing_is_to_be_mended_only_the_deletion_is_made() -> None:
    """[EA6] In documents without a schema nothing is: nobody knows what their keys mean."""
    board, deletion = _board()
    assert deletion_and_mending(DocumentKind.GENERIC, board.get_update(), deletion) == (deletion,)
    assert deletion_of({}) == deletion_of({ClientId(1): 0}) == EMPTY_UPDATE
