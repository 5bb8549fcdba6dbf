"""read_update against Yjs itself, on updates of Yjs, of pycrdt, and on broken ones."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from pycrdt import Doc

from crdt_docs.errors import MalformedUpdate
from crdt_docs.ids import ClientId
from crdt_docs.updates import (
    Footprint,
    StructRun,
    advance,
    decode_state_vector,
    encode_state_vector,
    find_gap,
    overlaps,
    read_update,
)
from tests.crdt_docs import writers, yjs
from tests.crdt_docs.wire import mutate

SEED = int(os.environ.get("SEED", Random().randrange(2**31)))


@pytest.fixture(scope="module")
def honest() -> list[bytes]:
    print(f"SEED={SEED}")
    return yjs.generate(SEED, 6) + writers.generate(SEED, 6)


@pytest.fixture(scope="module")
def mutated(honest: list[bytes]) -> list[bytes]:
    random = Random(SEED)
    return [mutate(random, random.choice(honest)) for _ in range(12_000)]


def _expected(decoded: dict[str, Any], depth: int) -> Footprint:
    """The footprint by brute force, from Yjs' list of structs; its depth is known beforehand."""
    structs: list[tuple[str, int, int, int, list[tuple[int, int]]]] = decoded["structs"]
    present: dict[int, set[range]] = {}
    for kind, client, clock, length, _ in structs:
        if kind != "Skip":
            present.setdefault(client, set()).add(range(clock, clock + length))
    runs = {client: _run(client, sorted(ranges, key=lambda one: one.start)) for client, ranges in present.items()}
    needs: dict[ClientId, int] = {}
    for _, client, _, _, ids in structs:
        for other, clock in ids:
            brought = runs[other].end if other in runs else 0
            if other != client and clock >= brought:
                needs[ClientId(other)] = max(needs.get(ClientId(other), 0), clock + 1)
    deletes = {
        ClientId(client): tuple((clock, length) for clock, length in items) for client, items in decoded["deletes"]
    }
    return Footprint(tuple(runs.values()), needs, deletes, frozenset(decoded["roots"]), depth)


def _run(client: int, ranges: Sequence[range]) -> StructRun:
    gaps = tuple((left.stop, right.start) for left, right in pairwise(ranges) if left.stop < right.start)
    return StructRun(ClientId(client), ranges[0].start, ranges[-1].stop, gaps)


def _state_vector(footprint: Footprint) -> bytes:
    return encode_state_vector(
        {run.client: run.gaps[0][0] if run.gaps else run.end for run in footprint.runs if run.start == 0}
    )


def test_footprints_of_honest_updates_are_what_yjs_decodes(honest: list[bytes]) -> None:
    """[UP1, UP7, UP10, UP11] All that a footprint says, of all contents, GC, merged with skips.

    A parent that comes along deleted counts for us, so there the depth is one that Yjs does not exceed.
    """
    seen = [read_update(update) for update in honest]

    for update, footprint, decoded in zip(honest, seen, yjs.decode(honest), strict=True):
        assert "error" not in decoded, update
        depth, deleted = decoded["chain"]["depth"], decoded["chain"]["deleted"]
        assert footprint == _expected(decoded, max(depth, footprint.depth) if deleted else depth), update
    assert max(footprint.depth for footprint in seen) > 1
    assert any(run.gaps for footprint in seen for run in footprint.runs), "no update had a skip"
    assert any(footprint.dependencies for footprint in seen)


def test_state_vectors_of_honest_updates_are_what_yjs_encodes(honest: list[bytes]) -> None:
    """[UP1] Y.encodeStateVectorFromUpdate counts what starts at 0, up to the first gap."""
    for update, decoded in zip(honest, yjs.decode(honest), strict=True):
        vector = yjs.b64decode(decoded["vector"])
        leading_skips = {one[1] for one in decoded["structs"] if one[0] == "Skip" and one[2] == 0}

        ours = decode_state_vector(_state_vector(read_update(update)))

        theirs = decode_state_vector(vector)
        assert {client: clock for client, clock in theirs.items() if client not in leading_skips} == ours, update


def test_what_is_left_of_a_broken_update_is_what_yjs_decodes(mutated: list[bytes]) -> None:
    """[UP2, UP3, UP11] Thousands of mutations: refused as malformed, or read as Yjs reads them, never less deep."""
    accepted = [(update, footprint) for update in mutated if (footprint := _read(update)) is not None]

    assert len(accepted) > 100
    for (update, footprint), decoded in zip(accepted, yjs.decode([update for update, _ in accepted]), strict=True):
        assert "error" not in decoded, (decoded, update)
        assert footprint == _expected(decoded, max(footprint.depth, decoded["chain"]["depth"])), update


def _read(update: bytes) -> Footprint | None:
    try:
        return read_update(update)
    except MalformedUpdate:
        return None


@dataclass(frozen=True)
class _Step:
    """One update of a document's history, and the document just before it."""

    before: bytes
    state: dict[ClientId, int]
    update: bytes


@pytest.fixture(scope="module")
def history() -> list[_Step]:
    """Without cut surrogate pairs: yrs' own snapshots cannot be trusted after one (SPEC.md, "Not seen here")."""
    print(f"SEED={SEED}")
    doc: Doc[Any] = Doc()
    steps: list[_Step] = []
    for update in yjs.generate(SEED, 6, astral=False) + writers.generate(SEED, 6):
        state = decode_state_vector(doc.get_state())
        if find_gap(read_update(update), state) is None:
            steps.append(_Step(doc.get_update(), state, update))
            doc.apply_update(update)
    return steps


def test_an_update_without_a_gap_leaves_nothing_pending(history: list[_Step]) -> None:
    """[UP8] find_gap and advance foretell what pycrdt integrates."""
    assert len(history) > 100
    for step in history:
        doc: Doc[Any] = Doc()
        doc.apply_update(step.before)
        foretold = dict(step.state)
        advance(foretold, read_update(step.update))

        doc.apply_update(step.update)

        assert decode_state_vector(doc.get_state()) == foretold, step


def test_pycrdt_applies_of_a_broken_update_exactly_what_was_judged(history: list[_Step]) -> None:
    """[UP3, UP8] What read_update and find_gap accept, pycrdt integrates whole or refuses with an exception."""
    random = Random(SEED)
    applied = failed = 0
    for _ in range(15_000):
        step = random.choice(history)
        update = mutate(random, step.update)
        footprint = _read(update)
        if footprint is None or overlaps(footprint, step.state) or find_gap(footprint, step.state):
            continue
        doc: Doc[Any] = Doc()
        doc.apply_update(step.before)
        foretold = dict(step.state)
        advance(foretold, footprint)
        try:
            doc.apply_update(update)
        except (RuntimeError, ValueError):  # a parent that is no shared type, …
            failed += 1
            continue
        assert decode_state_vector(doc.get_state()) == foretold, (step, update)
        applied += 1
    print(f"{applied} applied, {failed} refused by pycrdt")
    assert applied > 50
