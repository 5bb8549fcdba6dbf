"""One update in the place of many: where they end, nobody sees a difference."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from pycrdt import Doc, Text

from crdt_docs.errors import MalformedUpdate
from crdt_docs.thinning import Thinner
from crdt_docs.updates import EMPTY_UPDATE, decode_state_vector, read_delete_set
from tests.crdt_docs import yjs
from tests.crdt_docs.people import Rows, by_pycrdt, by_yjs, replayed, shown, told

SEED = int(os.environ.get("SEED", Random().randrange(2**31)))


def _thinned(random: Random, rows: list[bytes]) -> list[bytes | None]:
    """Spans of random lengths become one row each, in the place of their last one; others stay."""
    thinner, kept, at = Thinner(), list[bytes | None](), 0
    while at < len(rows):
        span = rows[at : at + random.choice([1, 1, 2, 5, 20])]
        at += len(span)
        if len(span) == 1:
            thinner.pass_by(span[0])
            kept.append(span[0])
        else:
            kept += [None] * (len(span) - 1)
            kept.append(thinner.merge(span))
    assert thinner.state() is not None
    return kept


@pytest.mark.parametrize("written_by", [by_yjs, by_pycrdt])
def test_where_a_span_ends_the_document_is_what_it_was(written_by: Callable[[int], Rows]) -> None:
    """[TH1] [TH2] In Yjs and in pycrdt, and rows that were not thinned out go on from there."""
    print(f"SEED={SEED}")
    for seed in range(SEED, SEED + 3):
        rows = written_by(seed)
        kept = _thinned(Random(seed), [row for _, row in rows])

        encoded = [None if row is None else b64encode(row).decode() for row in kept]
        assert yjs.ask("erase.mjs", {"compare": {"rows": told(rows), "kept": encoded}}) == {"wrong": []}, seed
        for end in Random(seed).sample([at for at, row in enumerate(kept) if row is not None], 8):
            before = replayed([row for _, row in rows[: end + 1]])
            after = replayed([row for row in kept[: end + 1] if row is not None])
            assert shown(before) == shown(after), (seed, end)
            assert decode_state_vector(before.get_state()) == decode_state_vector(after.get_state())
            assert read_delete_set(before) == read_delete_set(after)


def test_what_was_overwritten_in_a_span_goes() -> None:
    """[TH1]"""
    page: Doc[Any] = Doc()
    updates: list[bytes] = []
    subscription = page.observe(lambda event: updates.append(event.update))
    text = page.get("text", type=Text)
    text += "what nobody kept"
    text.clear()
    text += "kept"
    del subscription

    merged = Thinner().merge(updates)

    assert b"nobody" not in merged
    assert str(replayed([merged]).get("text", type=Text)) == "kept"


def test_a_cut_surrogate_pair_keeps_everything() -> None:
    """[TH3] yrs would write a state that is longer than it is; then the updates themselves are merged."""
    page: Doc[Any] = Doc(client_id=1)
    updates: list[bytes] = []
    subscription = page.observe(lambda event: updates.append(event.update))
    text = page.get("text", type=Text)
    text += "a😀b"
    del subscription
    half = b"\x00\x01\x01\x01\x01\x01"  # deletes one of the two halves
    thinner = Thinner()
    merged = thinner.merge([*updates, half])

    all_of_it = replayed([*updates, half])
    assert decode_state_vector(replayed([merged]).get_state()) == decode_state_vector(all_of_it.get_state())
    assert str(replayed([merged]).get("text", type=Text)) == str(all_of_it.get("text", type=Text))


def test_nothing_new_is_nothing_and_damage_is_told() -> None:
    """[TH1] [TH3]"""
    thinner = Thinner()
    row = by_pycrdt(SEED)[0][1]
    thinner.pass_by(row)
    assert thinner.merge([row, EMPTY_UPDATE]) == EMPTY_UPDATE
    with pytest.raises(MalformedUpdate):
        thinner.merge([b"\x01"])
