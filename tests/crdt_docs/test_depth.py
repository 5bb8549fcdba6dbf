"""How deep shared types are nested, from update to update, against what Yjs makes of them."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterable, Sequence
from itertools import permutations
from pathlib import Path
from random import Random
from signal import SIGSEGV
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text

from crdt_docs.applying import apply_update
from crdt_docs.depth import MAX_DEPTH, TypeDepths
from crdt_docs.errors import MalformedUpdate, SchemaViolation
from crdt_docs.ids import ClientId
from crdt_docs.updates import decode_state_vector, find_gap, read_update
from tests.crdt_docs import writers, yjs
from tests.crdt_docs.nested import MAP, nested
from tests.crdt_docs.wire import (
    ANN,
    ANY,
    BOB,
    EVE,
    NULLS,
    STRING,
    TYPE,
    after,
    before,
    beside,
    gc,
    inside,
    mutate,
    rooted,
    run,
    skip,
    text,
    update,
)

SEED = int(os.environ.get("SEED", Random().randrange(2**31)))
MIB = 2**20
ITEM = rooted(ANY, NULLS)
ROOT_MAP = rooted(TYPE, MAP)


def _after(*updates: bytes) -> TypeDepths:
    depths = TypeDepths()
    for each in updates:
        depths.extend(each)
    return depths


def _levels(depths: TypeDepths, client: int, clocks: Iterable[int]) -> list[int]:
    return [depths.level(client, clock) for clock in clocks]


class TestLevels:
    def test_a_level_is_how_many_types_are_around(self) -> None:
        """[DE1] Under a root 0, and of what is not known."""
        depths = _after(update(run(ANN, 0, ITEM, ROOT_MAP, inside((ANN, 1), TYPE, MAP), inside((ANN, 2), ANY, NULLS))))

        assert _levels(depths, ANN, range(5)) == [0, 0, 1, 2, 0]
        assert depths.level(BOB, 7) == 0

    def test_what_stands_beside_another_has_its_level(self) -> None:
        """[DE1] On either side of it, in later updates, by other clients."""
        depths = _after(
            update(run(ANN, 0, ROOT_MAP, inside((ANN, 0), STRING, text("abc")))),
            update(run(BOB, 0, after((ANN, 2), STRING, text("de")), ITEM)),
            update(run(EVE, 0, before((BOB, 1), STRING, text("f")), beside((ANN, 1), (BOB, 0), ANY, NULLS))),
        )

        assert _levels(depths, BOB, range(3)) == [1, 1, 0]
        assert _levels(depths, EVE, range(2)) == [1, 1]

    def test_children_may_stand_before_their_parents(self) -> None:
        """[DE1] Clients come in any order, and chains go to and fro between them."""
        ann = run(ANN, 0, ROOT_MAP, inside((BOB, 0), TYPE, MAP), inside((EVE, 1), TYPE, MAP))
        bob = run(BOB, 0, inside((ANN, 0), TYPE, MAP), after((EVE, 0), TYPE, MAP))
        eve = run(EVE, 0, inside((ANN, 1), ANY, NULLS), inside((BOB, 1), TYPE, MAP))

        for order in permutations((ann, bob, eve)):
            depths = _after(update(*order))

            levels = {client: _levels(depths, client, range(2)) for client in (ANN, BOB, EVE)}
            assert levels == {ANN: [0, 2], BOB: [1, 3], EVE: [3, 4]}
            assert depths.level(ANN, 2) == 5

    def test_structs_that_wait_for_each_other_are_malformed(self) -> None:
        """[DE1] Instead of an endless search."""
        data = update(run(ANN, 0, inside((BOB, 0), TYPE, MAP)), run(BOB, 0, inside((ANN, 0), TYPE, MAP)))

        with pytest.raises(MalformedUpdate):
            TypeDepths().extend(data)

    def test_bytes_that_are_no_update_are_malformed(self) -> None:
        """[DE1]"""
        for data in (b"", nested(3)[:-5], update(run(ANN, 0, b"\x1f\x01\x01r"))):
            with pytest.raises(MalformedUpdate):
                TypeDepths().extend(data)


class TestKnownStructs:
    def test_what_is_known_is_not_read_again(self) -> None:
        """[DE2] A liar's own past changes nothing of what the document has, nor does a repetition."""
        honest = update(run(ANN, 0, ROOT_MAP, inside((ANN, 0), TYPE, MAP), inside((ANN, 1), STRING, text("abc"))))
        depths = _after(honest, honest)
        assert _levels(depths, ANN, range(5)) == [0, 1, 2, 2, 2]

        depths.extend(update(run(ANN, 0, *[ITEM] * 5, after((ANN, 1), ANY, NULLS), after((ANN, 4), ANY, NULLS))))

        assert _levels(depths, ANN, range(7)) == [0, 1, 2, 2, 2, 1, 2]

    def test_the_rest_of_a_cut_struct_stands_beside_what_is_known(self) -> None:
        """[DE2] Whatever the update calls its parent."""
        depths = _after(update(run(ANN, 0, ROOT_MAP, inside((ANN, 0), STRING, text("ab")))))

        depths.extend(update(run(ANN, 1, rooted(STRING, text("abcd")), after((ANN, 4), TYPE, MAP))))

        assert _levels(depths, ANN, range(6)) == [0, 1, 1, 1, 1, 1]

    def test_levels_hold_when_the_document_counted_less_than_was_sent(self) -> None:
        """[DE2] yrs loses a clock where a lie cuts through a surrogate pair; what comes then is not taken for known."""
        first, lie = (update(run(ANN, 0, rooted(STRING, text(content)))) for content in ("ab", "a😀b"))
        doc: Doc[Any] = Doc()
        depths = _after(first, lie)
        for each in (first, lie):
            doc.apply_update(each)
        clocks = decode_state_vector(doc.get_state())
        assert clocks == {ANN: 3}, "yrs counts otherwise now"

        depths.trim(clocks)
        depths.extend(update(run(BOB, 0, ROOT_MAP)))
        depths.extend(update(run(ANN, 3, inside((BOB, 0), TYPE, MAP), inside((ANN, 3), TYPE, MAP))))

        assert _levels(depths, ANN, range(5)) == [0, 0, 0, 1, 2]

    def test_trimming_forgets_whole_clients_and_levels(self) -> None:
        """[DE2]"""
        depths = _after(nested(4), update(run(BOB, 0, inside((ANN, 3), ANY, NULLS))))

        depths.trim({ClientId(ANN): 2})
        depths.extend(update(run(ANN, 2, ITEM)))
        depths.extend(update(run(BOB, 0, ITEM)))

        assert _levels(depths, ANN, range(4)) == [0, 1, 0, 0]
        assert depths.level(BOB, 0) == 0

    def test_skipped_structs_are_those_that_are_known(self) -> None:
        """[DE2]"""
        depths = _after(nested(3))

        depths.extend(update(run(ANN, 0, gc(1), skip(2), after((ANN, 2), ANY, NULLS)), run(BOB, 0, ITEM, skip(9))))

        assert _levels(depths, ANN, range(4)) == [0, 1, 2, 2]
        depths.extend(update(run(BOB, 1, after((ANN, 2), ANY, NULLS))))
        assert _levels(depths, BOB, range(2)) == [0, 2]


class TestLimit:
    def test_an_update_may_nest_to_the_limit_and_not_beyond(self) -> None:
        """[DE3]"""
        assert TypeDepths().judge(nested(MAX_DEPTH)).depth == MAX_DEPTH
        with pytest.raises(SchemaViolation) as caught:
            TypeDepths().judge(nested(MAX_DEPTH + 1))

        assert caught.value.code == "schema_violation"

    def test_nor_may_many_that_go_one_level_deeper_each(self) -> None:
        """[DE3]"""
        depths = _after(*(nested(1, first=clock) for clock in range(MAX_DEPTH)))

        with pytest.raises(SchemaViolation):
            depths.extend(nested(1, first=MAX_DEPTH))

    @pytest.mark.parametrize("turns", [["in"], ["in", "after"], ["in", "before", "after"]])
    def test_nor_along_neighbours_and_through_other_clients(self, turns: Sequence[str]) -> None:
        """[DE3] A child has no parent of its own in the update when it stands beside another child."""
        depths = _after(update(run(1, 0, ROOT_MAP)))

        for client in range(2, MAX_DEPTH + 1):
            depths.extend(update(_deeper(client, turns)))
        with pytest.raises(SchemaViolation):
            depths.extend(update(_deeper(MAX_DEPTH + 1, turns)))

    def test_a_lie_about_neighbours_does_not_pass(self) -> None:
        """[DE3] Between a root's item and one at the bottom: yrs takes the parent of whichever is still there."""
        bottom = inside((ANN, MAX_DEPTH - 1), ANY, NULLS)
        base = [nested(MAX_DEPTH), update(run(ANN, MAX_DEPTH, bottom, ITEM))]

        for left, right in permutations([MAX_DEPTH, MAX_DEPTH + 1]):
            with pytest.raises(SchemaViolation):
                _after(*base).extend(update(run(BOB, 0, beside((ANN, left), (ANN, right), TYPE, MAP))))
        with pytest.raises(SchemaViolation):
            _after(*base).extend(update(run(BOB, 0, ITEM, beside((BOB, 0), (ANN, MAX_DEPTH), TYPE, MAP))))

    def test_of_a_refused_update_nothing_is_kept(self) -> None:
        """[DE4] Not even of the runs before the one that is too deep."""
        depths = _after(nested(MAX_DEPTH))

        with pytest.raises(SchemaViolation):
            depths.extend(
                update(
                    run(EVE, 0, inside((ANN, 0), TYPE, MAP)),
                    run(ANN, MAX_DEPTH, inside((ANN, MAX_DEPTH - 1), TYPE, MAP)),
                )
            )

        assert depths.level(EVE, 0) == 0
        depths.extend(update(run(EVE, 0, inside((ANN, 1), TYPE, MAP)), run(ANN, MAX_DEPTH, ITEM)))
        assert depths.level(EVE, 0) == 2
        assert depths.level(ANN, MAX_DEPTH) == 0

    def test_what_was_judged_counts_only_once_it_is_recorded(self) -> None:
        """[DE4] The document may refuse what passed here; other structs then take those clocks."""
        depths = _after(nested(3))
        growth = depths.judge(update(run(ANN, 3, ITEM, ITEM)))

        assert growth.depth == 0
        depths.record(depths.judge(update(run(ANN, 3, inside((ANN, 2), TYPE, MAP)))))

        assert depths.level(ANN, 3) == 3


def _deeper(client: int, turns: Sequence[str]) -> bytes:
    """One client's types, the last one level below the last of the client before."""
    parent = (client - 1, len(turns) - 1 if client > 2 else 0)
    structs = []
    for clock, turn in enumerate(turns):
        near = client, clock - 1
        match turn:
            case "in":
                structs.append(inside(parent, TYPE, MAP))
            case "after":
                structs.append(after(near, TYPE, MAP))
            case "before":
                structs.append(before(near, TYPE, MAP))
    return run(client, 0, *structs)


class TestAgainstYjs:
    def test_levels_of_honest_histories_are_those_of_yjs(self) -> None:
        """[DE1] [DE2] Updates of all kinds, overlapping and merged ones too, that follow each other without a gap."""
        print(f"SEED={SEED}")
        updates = _gapless(yjs.generate(SEED, 8, astral=False) + writers.generate(SEED, 4) + _grown(SEED))

        depths = _after(*updates)

        seen = _compare(depths, updates)
        assert max(seen) > 5, "nothing was nested deeply"
        assert len(seen) > 2_000

    def test_levels_of_a_whole_state_are_those_of_its_history(self) -> None:
        """[DE2] As a snapshot holds it, with what came after."""
        print(f"SEED={SEED}")
        updates = _grown(SEED)
        state, rest = updates[: len(updates) // 2], updates[len(updates) // 2 :]
        doc: Doc[Any] = Doc()
        for each in state:
            doc.apply_update(each)
        live, loaded = _after(*updates), _after(doc.get_update(), *rest)

        for client, clock, length, level in yjs.levels([doc.get_update(), *rest]):
            assert _levels(loaded, client, range(clock, clock + length)) == [level] * length
            assert _levels(live, client, range(clock, clock + length)) == [level] * length

    def test_nothing_is_deeper_in_yjs_than_here(self) -> None:
        """[DE1] [DE2] Whatever broken updates lie about, also about structs that are known already."""
        print(f"SEED={SEED}")
        random = Random(SEED)
        depths, doc = TypeDepths(), Doc[Any]()
        accepted: list[bytes] = []
        for each in _grown(SEED):
            for candidate in (*(mutate(random, random.choice([each, *accepted])) for _ in range(40)), each):
                if not _fits(candidate, doc):
                    continue
                growth = depths.judge(candidate)
                if _applies(doc, candidate):
                    depths.record(growth)
                    accepted.append(candidate)
                else:
                    doc = _document(accepted)

        found = [
            (level, depths.level(client, at))
            for client, clock, length, level in yjs.levels(accepted, broken=True)
            for at in (clock, clock + length // 2, clock + length - 1)  # a broken length is a billion at times
        ]
        broken = len(accepted) - len(set(accepted) & set(_grown(SEED)))
        print(f"{broken} broken updates were accepted")
        assert broken > 100
        assert found
        assert not [each for each in found if each[0] > each[1]]


def _gapless(updates: Sequence[bytes]) -> list[bytes]:
    """Those that can be integrated whole one after the other."""
    doc: Doc[Any] = Doc()
    return [each for each in updates if _fits(each, doc) and _applies(doc, each)]


def _fits(data: bytes, doc: Doc[Any]) -> bool:
    try:
        return find_gap(read_update(data), decode_state_vector(doc.get_state())) is None
    except MalformedUpdate:
        return False


def _applies(doc: Doc[Any], data: bytes) -> bool:
    try:
        apply_update(doc, data)
    except MalformedUpdate:  # a parent that is no shared type, …
        return False
    return True


def _document(updates: Iterable[bytes]) -> Doc[Any]:
    doc: Doc[Any] = Doc()
    for each in updates:
        doc.apply_update(each)
    return doc


def _compare(depths: TypeDepths, updates: list[bytes]) -> list[int]:
    """Check each clock of what Yjs integrates; gives the levels."""
    seen: list[int] = []
    for client, clock, length, level in yjs.levels(updates):
        assert _levels(depths, client, range(clock, clock + length)) == [level] * length, (client, clock)
        seen += [level] * length
    return seen


def _grown(seed: int) -> list[bytes]:
    """Two pycrdt writers who meet now and then and put types into types, at random places and ever deeper."""
    random = Random(seed + 1)  # other client ids than those of writers.generate
    docs: list[Doc[Any]] = [Doc(client_id=random.randrange(1, 2**53)) for _ in range(2)]
    written: list[bytes] = []
    subscriptions = [doc.observe(lambda event: written.append(event.update)) for doc in docs]
    for _ in range(200):
        doc, other = random.sample(docs, 2)
        with doc.transaction():
            for _ in range(random.randint(1, 4)):
                _put(random, doc.get("root", type=Array))
        if random.random() < 0.3:
            other.apply_update(doc.get_update(other.get_state()))
    del subscriptions
    return _gapless(written)


def _put(random: Random, root: Array[Any]) -> None:
    """Insert, replace or remove something in a type some way below the root."""
    at: Any = root
    while True:
        inner = [each for each in (at.values() if isinstance(at, Map) else at) if isinstance(each, Map | Array)]
        if not inner or random.random() < 0.04:
            break
        at = random.choice(inner)
    value = random.choice([1, "x", Map({"a": 1}), Array([1, Array()]), Array(), Map(), Text("abc")])
    if isinstance(at, Map):
        at[random.choice("abc")] = value
    elif len(at) and random.random() < 0.1:
        del at[random.randrange(len(at))]
    else:
        at.insert(random.randint(0, len(at)), value)


class TestCost:
    def test_typing_takes_next_to_no_memory(self) -> None:
        """[DE5] Ten thousand characters one by one inside a paragraph are one entry."""
        depths = _after(nested(3), update(run(BOB, 0, inside((ANN, 2), STRING, text("a")))))
        letters = [update(run(BOB, clock, after((BOB, clock - 1), STRING, text("a")))) for clock in range(1, 10_000)]

        tracemalloc.start()
        for letter in letters:
            depths.extend(letter)
        grown, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert _levels(depths, BOB, (0, 5_000, 9_999, 10_000)) == [3, 3, 3, 0]
        assert grown < 2_000

    @pytest.mark.parametrize("backwards", [False, True])
    def test_a_chain_without_end_is_refused_without_recursion(self, backwards: bool) -> None:
        """[DE3] [DE5] 50,000 types, each of another client's, children before or behind their parents."""
        runs = [
            run(1, 0, ROOT_MAP),
            *(run(client, 0, inside((client - 1, 0), TYPE, MAP)) for client in range(2, 50_001)),
        ]

        with pytest.raises(SchemaViolation):
            TypeDepths().judge(update(*(reversed(runs) if backwards else runs)))

    def test_many_structs_take_time_in_proportion(self) -> None:
        """[DE5] Neighbours of neighbours, in turns of two clients."""
        count = 50_000
        ann = [ITEM, *(after((BOB, clock - 1), ANY, NULLS) for clock in range(1, count))]
        bob = [after((ANN, clock), ANY, NULLS) for clock in range(count)]

        assert TypeDepths().judge(update(run(ANN, 0, *ann), run(BOB, 0, *bob))).depth == 0


def _live(depth: int, stack_bytes: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.crdt_docs.nested", str(depth), str(stack_bytes)]
    folder = Path(__file__).parents[2]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


class TestLife:
    def test_a_document_as_deep_as_allowed_lives_on_the_smallest_stack(self) -> None:
        """[DE3] Loaded, its outermost type deleted, encoded, loaded again and dropped, in a thread with 128 KiB."""
        ended = _live(MAX_DEPTH, MIB // 8)

        assert (ended.returncode, ended.stdout) == (0, "survived\n"), ended.stderr

    def test_without_the_limit_a_deep_one_ends_the_process(self) -> None:
        """[DE3] What it is for: 100,000 types, 683 KB, on the stack that a main thread has."""
        assert 600_000 < len(nested(100_000)) < 700_000

        assert _live(100_000, 8 * MIB).returncode == -SIGSEGV
