"""What an update touches, whether it can be integrated, and merging."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text

from crdt_docs.errors import MalformedUpdate
from crdt_docs.ids import ClientId
from crdt_docs.updates import (
    EMPTY_UPDATE,
    MAX_CLOCK,
    StructRun,
    advance,
    decode_state_vector,
    encode_state_vector,
    find_gap,
    has_new_structs,
    merge,
    overlaps,
    read_delete_set,
    read_update,
)
from tests.crdt_docs.wire import (
    ANN,
    ANY,
    BOB,
    EVE,
    NULL,
    NULLS,
    STRING,
    TYPE,
    after,
    anything,
    before,
    beside,
    deletes,
    gc,
    inside,
    rooted,
    run,
    skip,
    text,
    update,
    varint,
)

ANN_ID, BOB_ID, EVE_ID = ClientId(ANN), ClientId(BOB), ClientId(EVE)
ITEM = rooted(ANY, NULLS)
MAP = b"\x01"


class TestReading:
    def test_the_empty_update_touches_nothing(self) -> None:
        """[UP1]"""
        footprint = read_update(EMPTY_UPDATE)

        assert footprint.is_empty
        assert find_gap(footprint, {}) is None
        assert not has_new_structs(footprint, {})

    def test_an_update_of_deletions_alone_is_not_empty(self) -> None:
        """[UP1]"""
        footprint = read_update(update(deletes=deletes((ANN, [(0, 2), (5, 1)]))))

        assert not footprint.is_empty
        assert footprint.deletes == {ANN_ID: ((0, 2), (5, 1))}

    @pytest.mark.parametrize(
        ("content", "length"), [("abc", 3), ("é", 1), ("漢", 1), ("😀", 2), ("a😀é", 4), ("\x00", 1)]
    )
    def test_a_string_is_as_long_as_its_utf16_form(self, content: str, length: int) -> None:
        """[UP7]"""
        [found] = read_update(update(run(ANN, 5, rooted(STRING, text(content))))).runs

        assert (found.start, found.end) == (5, 5 + length)

    def test_skips_leave_gaps_only_between_structs(self) -> None:
        """[UP7] Leading and trailing skips are no part of the run; neighbouring ones are one gap."""
        structs = skip(2), gc(3), skip(1), skip(4), ITEM, skip(5), gc(1), skip(9)

        [found] = read_update(update(run(ANN, 10, *structs))).runs

        assert found == StructRun(ANN_ID, 12, 27, ((15, 20), (21, 26)))

    def test_a_run_of_skips_brings_nothing(self) -> None:
        """[UP7]"""
        assert read_update(update(run(ANN, 0, skip(7)))).is_empty

    def test_dependencies_are_what_the_update_does_not_bring(self) -> None:
        """[UP1] The highest clock of origins, right origins and parents, as the next clock."""
        ann = run(ANN, 4, after((BOB, 6), ANY, NULLS), inside((EVE, 2), ANY, NULLS), after((ANN, 4), ANY, NULLS))
        bob = run(BOB, 5, inside((EVE, 1), ANY, anything(NULL, NULL)))

        assert read_update(update(ann, bob)).dependencies == {EVE_ID: 3}


class TestRoots:
    def test_roots_are_those_that_items_name(self) -> None:
        """[UP10] Each once, as text; an item beside or inside another names none."""
        ann = run(ANN, 0, rooted(ANY, NULLS, root="märchen"), rooted(ANY, NULLS, key="a"), rooted(ANY, NULLS, key="b"))
        bob = run(BOB, 0, after((ANN, 0), ANY, NULLS), rooted(TYPE, b"\x01"), inside((BOB, 1), ANY, NULLS))

        assert read_update(update(ann, bob)).roots == {"märchen", "r"}
        assert read_update(update(run(ANN, 3, after((ANN, 2), ANY, NULLS)))).roots == frozenset()
        assert read_update(update(deletes=deletes((ANN, [(0, 1)])))).roots == frozenset()


class TestDepth:
    @pytest.mark.parametrize(
        ("structs", "depth"),
        [
            ((ITEM, gc(2), inside((ANN, 0), ANY, NULLS)), 0),
            ((rooted(TYPE, MAP),), 1),
            ((rooted(TYPE, MAP), rooted(TYPE, MAP), after((ANN, 8), TYPE, MAP)), 1),
            ((rooted(TYPE, MAP), inside((ANN, 8), ANY, NULLS)), 1),
            ((rooted(TYPE, MAP), inside((ANN, 8), TYPE, MAP), inside((ANN, 9), TYPE, MAP)), 3),
            ((rooted(TYPE, MAP), inside((ANN, 8), ANY, NULLS), after((ANN, 9), TYPE, MAP)), 2),
            ((rooted(TYPE, MAP), inside((ANN, 8), TYPE, MAP), after((ANN, 9), TYPE, MAP)), 2),
            ((rooted(TYPE, MAP), inside((ANN, 8), ANY, NULLS), beside((ANN, 3), (ANN, 9), TYPE, MAP)), 2),
            ((rooted(TYPE, MAP), inside((ANN, 8), ANY, NULLS), beside((ANN, 9), (ANN, 3), TYPE, MAP)), 2),
            ((rooted(TYPE, MAP), inside((ANN, 8), ANY, NULLS), before((ANN, 9), TYPE, MAP)), 2),
        ],
        ids=[
            "none",
            "one",
            "side by side",
            "a value inside",
            "inside each other",
            "beside a value inside",
            "beside a type inside",
            "beside what is known and a value",
            "beside a value and what is known",
            "in front",
        ],
    )
    def test_depth_is_the_longest_chain_of_types_inside_each_other(
        self, structs: tuple[bytes, ...], depth: int
    ) -> None:
        """[UP11]"""
        assert read_update(update(run(ANN, 8, *structs))).depth == depth

    @pytest.mark.parametrize("parent", [(ANN, 2), (BOB, 7), (EVE, 0)])
    @pytest.mark.parametrize("make", [after, inside])
    def test_what_is_not_in_the_update_begins_the_chain(
        self, parent: tuple[int, int], make: Callable[..., bytes]
    ) -> None:
        """[UP11] Also what a skip leaves out."""
        bob = run(BOB, 6, ITEM, skip(3), ITEM)
        ann = run(ANN, 8, make(parent, TYPE, MAP), inside((ANN, 8), TYPE, MAP))

        assert read_update(update(bob, ann)).depth == 2

    def test_an_item_beside_what_is_skipped_begins_the_chain(self) -> None:
        """[UP11]"""
        structs = ITEM, rooted(TYPE, MAP), skip(5), after((ANN, 4), TYPE, MAP), inside((ANN, 7), TYPE, MAP)

        assert read_update(update(run(ANN, 0, *structs))).depth == 2

    def test_the_order_of_the_clients_does_not_matter(self) -> None:
        """[UP11] Children before their parents, in chains that go to and fro between clients."""
        ann = run(ANN, 0, rooted(TYPE, MAP), inside((BOB, 0), TYPE, MAP), inside((EVE, 1), TYPE, MAP))
        bob = run(BOB, 0, inside((ANN, 0), TYPE, MAP), after((EVE, 0), TYPE, MAP))
        eve = run(EVE, 0, inside((ANN, 1), ANY, NULLS), inside((BOB, 1), TYPE, MAP))

        for order in permutations((ann, bob, eve)):
            assert read_update(update(*order)).depth == 6

    def test_a_parent_may_come_later_under_a_lower_clock(self) -> None:
        """[UP11]"""
        ann = run(ANN, 8, inside((BOB, 0), TYPE, MAP))
        bob = run(BOB, 0, rooted(TYPE, MAP))

        assert read_update(update(ann, bob)).depth == 2
        assert read_update(update(bob, ann)).depth == 2

    def test_a_lie_about_ones_neighbours_does_not_make_it_less(self) -> None:
        """[UP11] Of a neighbour at the root and one deep inside the deeper one counts: either may be gone."""
        chain = rooted(TYPE, MAP), *(inside((ANN, clock), TYPE, MAP) for clock in range(5)), ITEM

        for left, right in permutations([5, 6]):
            lie = beside((ANN, left), (ANN, right), TYPE, MAP)
            assert read_update(update(run(ANN, 0, *chain, lie))).depth == 6

    @pytest.mark.parametrize("backwards", [False, True])
    def test_a_chain_without_end_is_measured_in_time(self, backwards: bool) -> None:
        """[UP11] 50,000 types inside each other, each of another client's, without recursion."""
        count = 50_000
        runs = [run(1, 0, rooted(TYPE, MAP))]
        runs += [run(client, 0, inside((client - 1, 0), TYPE, MAP)) for client in range(2, count + 1)]

        assert read_update(update(*(reversed(runs) if backwards else runs))).depth == count


class TestRefusing:
    @pytest.mark.parametrize(
        "structs",
        [
            (gc(0),),
            (skip(0),),
            (rooted(1, varint(0)),),
            (rooted(STRING, text("")),),
            (rooted(ANY, varint(0)),),
            (),
        ],
    )
    def test_what_is_empty(self, structs: tuple[bytes, ...]) -> None:
        """[UP5]"""
        with pytest.raises(MalformedUpdate):
            read_update(update(run(ANN, 0, *structs)))

    @pytest.mark.parametrize("delete_set", [deletes((ANN, [])), deletes((ANN, [(3, 0)]))])
    def test_deletions_of_nothing(self, delete_set: bytes) -> None:
        """[UP5]"""
        with pytest.raises(MalformedUpdate):
            read_update(update(deletes=delete_set))

    @pytest.mark.parametrize(
        "data",
        [
            update(run(ANN, 2**32, gc(1))),
            update(run(ANN, MAX_CLOCK, gc(1))),
            update(run(ANN, 0, gc(2**53 - 1))),
            update(run(ANN, 0, after((BOB, 2**32), ANY, NULLS))),
            update(deletes=deletes((ANN, [(2**31, 5)]))),
            update(deletes=deletes((ANN, [(0, 2**32)]))),
        ],
    )
    def test_clocks_that_yrs_would_wrap(self, data: bytes) -> None:
        """[UP3]"""
        with pytest.raises(MalformedUpdate):
            read_update(data)

    @pytest.mark.parametrize(
        "data",
        [
            update(run(ANN, 0, ITEM), run(ANN, 1, ITEM)),
            update(run(ANN, 0, ITEM), deletes=deletes((ANN, [(0, 1)]), (ANN, [(0, 1)]))),
            update(run(ANN, 0, rooted(2, anything(text("1"))))),
            update(run(ANN, 0, rooted(TYPE, b"\x05" + text("hook")))),
            update(run(ANN, 0, rooted(TYPE, b"\x07"))),
            update(run(ANN, 0, rooted(TYPE, b"\x81\x00"))),
            update(run(ANN, 0, rooted(10, varint(1)))),
            update(run(ANN, 0, b"\x20" + varint(1))),
            update(run(ANN, 0, rooted(0x11, varint(1)))),
            update(run(ANN, 0, rooted(STRING, b"\x02\xc3\x28"))),
            update(run(ANN, 0, b"\x08\x01\x01\xff" + NULLS)),
            update(run(ANN, 0, rooted(9, text("guid") + NULL))),
        ],
        ids=["runs", "deletes", "json", "hook", "weak", "wide type", "skip", "gc", "content", "utf8", "root", "doc"],
    )
    def test_what_yrs_reads_otherwise_than_yjs(self, data: bytes) -> None:
        """[UP3]"""
        with pytest.raises(MalformedUpdate):
            read_update(data)

    @pytest.mark.parametrize(
        "json", ["", "undefined", "NaN", "-Infinity", "1e999", '"\\ud800"', "\ufeff1", "{1:2}", "[" * 101 + "]" * 101]
    )
    @pytest.mark.parametrize(
        "frame", [lambda json: rooted(6, text("bold") + text(json)), lambda json: rooted(5, text(json))]
    )
    def test_json_that_somebody_could_not_read(self, frame: Callable[[str], bytes], json: str) -> None:
        """[UP4]"""
        with pytest.raises(MalformedUpdate):
            read_update(update(run(ANN, 0, frame(json))))

    @pytest.mark.parametrize("json", ["null", '"\\ud83d\\ude00"', "[" * 100 + "]" * 100, '{"[[[[": 1.5e3}'])
    def test_but_not_json_that_everybody_reads(self, json: str) -> None:
        """[UP4]"""
        assert read_update(update(run(ANN, 0, rooted(5, text(json))))).runs

    def test_values_nested_without_end(self) -> None:
        """[UP4]"""
        deep = b"\x75\x01" * 1_000_000 + NULL
        fair = b"\x75\x01" * 99 + NULL

        assert read_update(update(run(ANN, 0, rooted(ANY, anything(fair)))))
        with pytest.raises(MalformedUpdate):
            read_update(update(run(ANN, 0, rooted(ANY, anything(deep)))))

    @pytest.mark.parametrize("make", [after, inside])
    def test_a_struct_that_builds_on_its_own_future(self, make: Callable[..., bytes]) -> None:
        """[UP6]"""
        for clock in (3, 4, 9):
            with pytest.raises(MalformedUpdate):
                read_update(update(run(ANN, 3, make((ANN, clock), ANY, NULLS), ITEM)))
        assert read_update(update(run(ANN, 3, make((ANN, 2), ANY, NULLS)))).runs

    def test_structs_that_wait_for_each_other(self) -> None:
        """[UP6] Also in a longer circle, and through the middle of runs."""
        pair = update(run(ANN, 5, after((BOB, 5), ANY, NULLS)), run(BOB, 5, after((ANN, 5), ANY, NULLS)))
        circle = update(
            run(ANN, 5, ITEM, after((BOB, 6), ANY, NULLS), ITEM),
            run(BOB, 5, ITEM, after((EVE, 1), ANY, NULLS)),
            run(EVE, 0, ITEM, after((ANN, 7), ANY, NULLS)),
        )

        for data in (pair, circle):
            with pytest.raises(MalformedUpdate):
                read_update(data)

    @pytest.mark.parametrize("claim", [2**20, 2**40, 2**53 - 1])
    def test_counts_that_the_bytes_do_not_hold(self, claim: int) -> None:
        """[UP2]"""
        for data in (
            varint(claim),
            update(varint(claim) + varint(ANN) + varint(0) + ITEM),
            update(run(ANN, 0, rooted(ANY, varint(claim) + NULL))),
            update(run(ANN, 0, rooted(ANY, anything(b"\x76" + varint(claim))))),
            update(run(ANN, 0, rooted(STRING, varint(claim) + b"a"))),
            update(run(ANN, 0, rooted(3, varint(claim) + b"a"))),
            update(deletes=varint(claim)),
        ):
            with pytest.raises(MalformedUpdate):
                read_update(data)

    @given(st.binary(max_size=200))
    @example(b"")
    @example(b"\x00")
    @example(b"\x00\x00\x00")
    @example(b"\x80\x00\x00")
    def test_any_bytes_without_another_exception(self, data: bytes) -> None:
        """[UP2]"""
        try:
            footprint = read_update(data)
        except MalformedUpdate:
            return
        find_gap(footprint, {})

    def test_every_truncation(self) -> None:
        """[UP2] An update is complete only at its end."""
        doc: Doc[Array[object]] = Doc(client_id=ANN)
        doc.get("a", type=Array).extend([1, "é😀", {"k": [None, b"x"]}, Map({"t": Text("x")})])
        whole = doc.get_update()

        assert read_update(whole).runs
        for end in range(len(whole)):
            with pytest.raises(MalformedUpdate):
                read_update(whole[:end])


class TestGaps:
    def test_an_update_that_follows_has_none(self) -> None:
        """[UP8]"""
        footprint = read_update(update(run(ANN, 5, ITEM)))

        assert find_gap(footprint, {ANN_ID: 5}) is None
        assert find_gap(footprint, {ANN_ID: 9}) is None

    def test_a_run_that_starts_later_than_known_has_one(self) -> None:
        """[UP8]"""
        assert find_gap(read_update(update(run(ANN, 5, ITEM))), {ANN_ID: 4})
        assert find_gap(read_update(update(run(ANN, 5, ITEM))), {})

    def test_a_skip_over_what_is_known_has_none(self) -> None:
        """[UP8]"""
        footprint = read_update(update(run(ANN, 0, gc(2), skip(3), gc(2))))

        assert find_gap(footprint, {ANN_ID: 5}) is None
        assert find_gap(footprint, {ANN_ID: 4})

    @pytest.mark.parametrize("make", [after, inside])
    def test_a_dependency_on_another_client_must_be_known(self, make: Callable[..., bytes]) -> None:
        """[UP8]"""
        footprint = read_update(update(run(ANN, 0, make((BOB, 7), ANY, NULLS))))

        assert find_gap(footprint, {BOB_ID: 7})
        assert find_gap(footprint, {BOB_ID: 8}) is None

    def test_two_runs_of_one_update_may_build_on_each_other(self) -> None:
        """[UP8] In turns, as two people typing do."""
        data = update(
            run(ANN, 0, ITEM, after((BOB, 0), ANY, NULLS), after((BOB, 1), ANY, NULLS)),
            run(BOB, 0, after((ANN, 0), ANY, NULLS), after((ANN, 1), ANY, NULLS)),
        )
        doc: Doc[Array[object]] = Doc()
        doc.apply_update(data)

        footprint = read_update(data)

        assert find_gap(footprint, {}) is None
        assert footprint.dependencies == {}
        assert decode_state_vector(doc.get_state()) == {ANN_ID: 3, BOB_ID: 2}

    def test_a_long_chain_between_runs_is_judged_in_time(self) -> None:
        """[UP8] 20,000 runs, each waiting for the next one's end, take time in proportion."""
        count = 20_000
        runs = [run(client, 0, after((client + 1, 1), ANY, NULLS), ITEM) for client in range(1, count)]

        footprint = read_update(update(*runs, run(count, 0, ITEM, ITEM)))

        assert len(footprint.runs) == count
        assert find_gap(footprint, {}) is None

    def test_deletions_must_not_go_beyond_what_is_known_or_comes_along(self) -> None:
        """[UP8]"""
        alone = read_update(update(deletes=deletes((ANN, [(2, 3)]))))
        along = read_update(update(run(ANN, 2, gc(3)), deletes=deletes((ANN, [(2, 3)]))))

        assert find_gap(alone, {ANN_ID: 5}) is None
        assert find_gap(alone, {ANN_ID: 4})
        assert find_gap(along, {ANN_ID: 2}) is None

    def test_a_reason_names_no_content(self) -> None:
        """[UP8]"""
        reason = find_gap(read_update(update(run(ANN, 5, rooted(STRING, text("secret"))))), {})

        assert reason is not None
        assert "secret" not in reason


class TestStates:
    def test_new_known_and_overlapping_structs_are_told_apart(self) -> None:
        """[UP8]"""
        footprint = read_update(update(run(ANN, 5, gc(3))))

        assert (has_new_structs(footprint, {ANN_ID: 5}), overlaps(footprint, {ANN_ID: 5})) == (True, False)
        assert (has_new_structs(footprint, {ANN_ID: 6}), overlaps(footprint, {ANN_ID: 6})) == (True, True)
        assert (has_new_structs(footprint, {ANN_ID: 8}), overlaps(footprint, {ANN_ID: 8})) == (False, True)

    def test_a_state_only_rises(self) -> None:
        """[UP8]"""
        state = {ANN_ID: 9, BOB_ID: 1}

        advance(state, read_update(update(run(ANN, 5, gc(3)), run(BOB, 1, gc(2)), run(EVE, 0, gc(1)))))

        assert state == {ANN_ID: 9, BOB_ID: 3, EVE_ID: 1}

    def test_a_document_tells_what_it_has_deleted(self) -> None:
        """[UP1] Neighbouring ranges are one."""
        doc: Doc[Array[object]] = Doc(client_id=ANN)
        content = doc.get("a", type=Array)
        content.extend([1, 2, 3, 4, 5, 6])
        assert read_delete_set(doc) == {}
        for place in (4, 1, 1):
            del content[place]

        assert read_delete_set(doc) == {ANN_ID: ((1, 2), (4, 1))}

    @given(st.dictionaries(st.integers(0, 2**53 - 1).map(ClientId), st.integers(0, MAX_CLOCK), max_size=20))
    def test_state_vectors_come_back(self, state: dict[ClientId, int]) -> None:
        """[UP1]"""
        assert decode_state_vector(encode_state_vector(state)) == state

    @given(st.binary(max_size=60))
    @example(b"\x02\x01\x01\x01\x02")
    def test_any_state_vector_decodes_or_is_malformed(self, data: bytes) -> None:
        """[UP2]"""
        try:
            state = decode_state_vector(data)
        except MalformedUpdate:
            return
        assert decode_state_vector(encode_state_vector(state)) == state


class TestMerging:
    def test_one_update_comes_back_as_it_is(self) -> None:
        """[UP9]"""
        assert merge([b"whatever it is"]) == b"whatever it is"
        assert merge([]) == EMPTY_UPDATE

    def test_merged_updates_have_the_effect_of_all(self) -> None:
        """[UP9] More than one batch of them, in any order."""
        written: list[bytes] = []
        source: Doc[Text] = Doc()
        subscription = source.observe(lambda event: written.append(event.update))
        content = source.get("t", type=Text)
        for step in range(200):
            content.insert(0, f"{step} ")
            del content[0:1]
        source.unobserve(subscription)
        seed = 7
        shuffled = Random(seed).sample(written, len(written))
        target: Doc[Text] = Doc()

        target.apply_update(merge(shuffled))

        assert str(target.get("t", type=Text)) == str(content)
        assert target.get_state() == source.get_state()

    def test_what_does_not_decode_is_malformed(self) -> None:
        """[UP9]"""
        with pytest.raises(MalformedUpdate):
            merge([EMPTY_UPDATE, b"\x01\x01"])
