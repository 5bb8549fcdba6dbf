"""A live document without a server: what it takes, and what it lets out when."""

from __future__ import annotations

from typing import Any

import pytest
from pycrdt import Doc, Map, Text

from crdt_docs.erasing import deletion_of
from crdt_docs.errors import AuthorshipViolation, CorruptLog, MalformedUpdate, SchemaViolation
from crdt_docs.frames import Update, decode_frame
from crdt_docs.ids import DocumentId, Seq
from crdt_docs.updates import decode_state_vector, read_update
from persistence.errors import StorageUnavailable
from persistence.interfaces import Micros
from server.rooms.document import Cut, LiveDocument, Reception
from tests.crdt_docs.wire import ANN, ANY, NULLS, STRING, TYPE, inside, rooted, run, text, update
from tests.server.rooms.reader import BOARD, Reader, changes

NOW = Micros(1_000_000)


@pytest.fixture
def document() -> LiveDocument:
    return LiveDocument(BOARD, Doc(), Seq(0), lambda _document: None)


def commit(document: LiveDocument) -> Cut:
    cut = document.cut(NOW)
    document.release(cut)
    return cut


def put(key: str, value: Any) -> Any:
    return lambda doc: doc.get("m", type=Map).__setitem__(key, value)


def content(doc: Doc[Any]) -> Any:
    return doc.get("m", type=Map).to_py()


def test_nothing_leaves_between_the_cut_and_its_commit(document: LiveDocument) -> None:
    """[TI1] A newcomer, the others and the author wait for the commit."""
    ann, bob = Reader("ann").join(document), Reader("bob").join(document)
    commit(document)

    ann.write(changes(put("a", 1)))
    cut = document.cut(NOW)
    newcomer = Reader("eve").join(document)

    assert (bob.shown, newcomer.states, newcomer.vectors) == ([], [], [])
    assert ann.acknowledged[-1:] != [(1, 1)]
    document.release(cut)
    assert content(bob.doc) == {"a": 1}
    assert ann.acknowledged[-1] == (1, 1)


def test_a_newcomer_during_a_commit_is_answered_by_the_next_one(document: LiveDocument) -> None:
    """[TI1] His state reflects what was applied meanwhile, so it leaves with the commit of that."""
    ann = Reader("ann").join(document)
    ann.write(changes(put("a", 1)))
    first = document.cut(NOW)
    newcomer = Reader("eve").join(document)
    ann.write(changes(put("b", 2)))

    document.release(first)

    assert newcomer.states == []
    commit(document)
    assert content(newcomer.doc) == {"a": 1, "b": 2}
    assert newcomer.states == [2]


def test_a_row_holds_what_one_session_did_in_one_tick(document: LiveDocument) -> None:
    """[TI4] Two writers make two rows, two updates of one writer make one."""
    ann, bob = Reader("ann").join(document), Reader("bob").join(document)
    ann.write(changes(put("a", 1)))
    bob.write(changes(put("b", 1)))
    ann.write(changes(put("c", 1)))

    cut = commit(document)

    assert [(row.seq, row.user, row.session) for row in cut.rows] == [(1, "ann", "ann-page"), (2, "bob", "bob-page")]
    replay: Doc[Any] = Doc()
    for row in cut.rows:
        replay.apply_update(row.update)
    assert content(replay) == {"a": 1, "b": 1, "c": 1}


def test_the_others_get_one_merged_frame_and_a_lone_writer_none(document: LiveDocument) -> None:
    """[TI5] Coalescing divides the frames; nobody is sent only his own work."""
    ann, bob = Reader("ann").join(document), Reader("bob").join(document)
    commit(document)
    for key in "abc":
        ann.write(changes(put(key, 1)))
    commit(document)

    assert [frame is None for frame, _ in ann.shown] == [True]
    assert len(bob.shown) == 1
    assert content(bob.doc) == {"a": 1, "b": 1, "c": 1}


def test_a_writer_is_shown_what_somebody_wrote_who_left_before_the_cut(document: LiveDocument) -> None:
    """[TI5] The one who remains is not the only writer of that cut."""
    ann, bob = Reader("ann").join(document), Reader("bob").join(document)
    commit(document)

    ann.write(changes(put("a", 1)))
    bob.write(changes(put("b", 1), bob.doc))
    document.leave(ann)
    commit(document)

    assert content(bob.doc) == {"a": 1, "b": 1}


@pytest.mark.parametrize("whole", [False, True])
def test_what_is_known_makes_no_row_but_an_acknowledgement(document: LiveDocument, whole: bool) -> None:
    """[RC1] A reload, a rebroadcast and a second SyncStep2 bring nothing new."""
    ann = Reader("ann").join(document)
    update = changes(put("a", 1))
    ann.write(update)
    commit(document)

    assert ann.write(update, whole=whole) is Reception.KNOWN
    cut = commit(document)

    assert cut.rows == ()
    assert cut.frame is None
    assert ann.acknowledged[-1] == (2, 1)


def test_a_known_deletion_is_no_news(document: LiveDocument) -> None:
    """[RC1] A delete set alone is judged by what it changes."""
    ann = Reader("ann").join(document)
    doc: Doc[Any] = Doc()
    ann.write(changes(put("a", 1), doc))
    deletion = changes(lambda each: each.get("m", type=Map).pop("a"), doc)

    assert ann.write(deletion) is Reception.APPLIED
    assert ann.write(deletion) is Reception.KNOWN
    assert ann.write(doc.get_update(), whole=True) is Reception.KNOWN


def test_a_step_2_is_reduced_to_its_news(document: LiveDocument) -> None:
    """[RC1] The row of a returning client holds what the document lacked, not all it has."""
    ann = Reader("ann").join(document)
    doc: Doc[Any] = Doc()
    big = changes(lambda each: each.get("t", type=Text).insert(0, "x" * 10_000), doc)
    ann.write(big)
    commit(document)
    doc.get("t", type=Text).insert(5, "new")

    assert ann.write(doc.get_update(), whole=True) is Reception.APPLIED
    (row,) = commit(document).rows

    assert len(row.update) < 100


def test_a_gap_waits_unapplied_until_it_is_filled(document: LiveDocument) -> None:
    """[RC2] What builds on missing structs is neither stored nor shown before they come."""
    ann = Reader("ann").join(document)
    doc: Doc[Any] = Doc()
    first, second = changes(put("a", 1), doc), changes(put("a", 2), doc)

    assert ann.write(second) is Reception.WAITING
    assert commit(document).rows == ()
    assert document.ydoc.get_update() == Doc().get_update()
    assert ann.write(first) is Reception.APPLIED
    cut = commit(document)

    assert ann.acknowledged[-1] == (2, 1)
    bob = Reader("bob").join(document)
    commit(document)
    assert content(bob.doc) == {"a": 2}
    assert len(cut.rows) == 1


def test_a_gap_may_be_filled_by_somebody_else(document: LiveDocument) -> None:
    """[RC2] Two tabs that share a database: one sends what the other builds on."""
    ann, bob = Reader("ann").join(document), Reader("ann", "other-page").join(document)
    first = changes(put("a", 1), origin := Doc())
    builds_on = changes(put("a", 2), origin)

    assert bob.write(builds_on) is Reception.WAITING
    ann.write(first)
    commit(document)

    assert bob.acknowledged[-1][0] == 1
    assert content(Reader().join(document).document.ydoc) == {"a": 2}


def test_a_deletion_of_what_is_missing_waits(document: LiveDocument) -> None:
    """[RC2] pycrdt would keep it and let it strike later."""
    ann = Reader("ann").join(document)
    doc: Doc[Any] = Doc()
    first = changes(put("a", 1), doc)
    deletion = changes(lambda each: each.get("m", type=Map).pop("a"), doc)

    assert ann.write(deletion) is Reception.WAITING
    ann.write(first)
    commit(document)

    assert content(document.ydoc) == {}


def test_what_yrs_counted_less_of_does_not_hide_how_deep_types_are() -> None:
    """[RC9] A lie that cuts a surrogate pair costs yrs a clock; the type that comes under it is new, not known."""
    document = LiveDocument(DocumentId(BOARD.room, "doc-x"), Doc(), Seq(0), lambda _document: None)
    eve = Reader("eve").join(document)
    eve.write(update(run(1, 0, rooted(TYPE, b"\x01"))))
    deepest = (1, 0)

    with pytest.raises(SchemaViolation):
        for client in range(2, 6):
            eve.write(update(run(client, 0, rooted(STRING, text("ab")))))
            eve.write(update(run(client, 0, rooted(STRING, text("a😀b")))))
            nested = [inside((client, clock), TYPE, b"\x01") for clock in range(3, 103)]
            eve.write(update(run(client, 3, inside(deepest, TYPE, b"\x01"), *nested)))
            deepest = (client, 103)

    assert deepest == (3, 103)


def test_no_observer_stays(document: LiveDocument) -> None:
    """[RC3] An observer costs milliseconds an update once many client ids have written."""
    ann = Reader("ann").join(document)
    update = changes(put("a", 1))
    ann.write(update, whole=True)
    ann.write(update, whole=True)
    commit(document)

    assert document.ydoc._subscriptions == []


def test_what_pycrdt_refuses_is_malformed_and_changes_nothing(document: LiveDocument) -> None:
    """[RC4] The decoder lets this pass, pycrdt does not: the document goes on."""
    ann = Reader("ann").join(document)
    with pytest.raises(MalformedUpdate):
        document.receive(ann, b"\x01\x02\x03garbage", read_update(changes(put("b", 1))), whole=True)

    assert ann.write(changes(put("a", 1))) is Reception.APPLIED
    assert len(commit(document).rows) == 1


def test_a_document_left_half_changed_is_given_up(document: LiveDocument) -> None:
    """[RC4] Its rows would not tell what it holds. The parent of the second struct is no shared type: pycrdt refuses
    the update after it has taken the first."""
    ann = Reader("ann").join(document)

    with pytest.raises(MalformedUpdate):
        ann.write(update(run(ANN, 0, rooted(ANY, NULLS, key="k"), inside((ANN, 0), ANY, NULLS))))

    with pytest.raises(CorruptLog):
        document.cut(NOW)


def test_an_abandoned_document_takes_nothing(document: LiveDocument) -> None:
    """[RM6] Its sockets are told, and what they still send is for the document that is loaded next."""
    ann = Reader("ann").join(document)
    document.abandon("storage_unavailable")

    assert ann.dropped == ["storage_unavailable"]
    with pytest.raises(StorageUnavailable):
        ann.write(changes(put("a", 1)))


def test_who_left_is_told_nothing(document: LiveDocument) -> None:
    """What he wrote stays, and what he asked for is forgotten."""
    ann, bob = Reader("ann").join(document), Reader("bob").join(document)
    commit(document)
    bob.write(changes(put("a", 1)))
    cut = document.cut(NOW)
    document.leave(bob)
    document.release(cut)

    assert (bob.shown, bob.acknowledged[1:]) == ([], [])
    assert content(ann.doc) == {"a": 1}


def test_a_reader_without_the_right_lacks_nothing_it_was_given(document: LiveDocument) -> None:
    """[RC5] `lacks` applies nothing and sees through repeated deletions."""
    ann = Reader("ann").join(document)
    doc: Doc[Any] = Doc()
    ann.write(changes(put("a", 1), doc))
    ann.write(changes(lambda each: each.get("m", type=Map).pop("a"), doc))
    ann.write(changes(put("b", 1), doc))

    assert not document.lacks(read_update(doc.get_update()))
    unknown = changes(lambda each: each.get("m", type=Map).pop("b"), doc)
    assert document.lacks(read_update(unknown))
    assert content(document.ydoc) == {"b": 1}


def test_a_frame_to_the_others_is_an_update_frame(document: LiveDocument) -> None:
    """[TI5] Unmodified providers read it."""
    ann = Reader("ann").join(document)
    ann.write(changes(put("a", 1)))
    frame = document.cut(NOW).frame
    assert frame is not None
    assert isinstance(decode_frame(frame), Update)


def test_an_edit_of_the_servers_own_is_kept_and_shown_as_any_other(document: LiveDocument) -> None:
    """[RC10] Whoever made what it deletes; a second time it says nothing new, and nobody's client id is taken."""
    ann, bob, server = Reader("ann").join(document), Reader("bob").join(document), Reader("owner").join(document)
    ann.write(changes(put("a", 1)))
    commit(document)
    clocks = decode_state_vector(document.ydoc.get_state())
    [client] = clocks

    for _ in range(2):
        document.amend(server, deletion_of(clocks))
    cut = commit(document)

    assert [(row.user, row.seq) for row in cut.rows] == [("owner", 2)]
    assert content(ann.doc) == content(bob.doc) == {}
    with pytest.raises(AuthorshipViolation):
        document.amend(server, _more(client, clocks))
    document.amend(server, changes(put("c", 1)))
    commit(document)
    assert content(bob.doc) == {"c": 1}
    document.abandon("storage_unavailable")
    with pytest.raises(StorageUnavailable):
        document.amend(server, deletion_of(clocks))


def _more(client: int, clocks: dict[Any, int]) -> bytes:
    """The next struct of a client."""
    return update(run(client, clocks[client], rooted(ANY, NULLS, root="m", key="b")))
