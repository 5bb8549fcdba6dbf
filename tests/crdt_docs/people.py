"""Rows of a log as some people write them at random, with pycrdt or with real Yjs."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from random import Random
from typing import Any

from pycrdt import Array, Doc, Map, Text, XmlFragment

from crdt_docs.updates import read_delete_set
from tests.crdt_docs import writers, yjs

STEPS = 100

Rows = list[tuple[int, bytes]]


def told(rows: Rows) -> list[tuple[int, str]]:
    """Rows as the programs of tests/interop read them."""
    return [(client, b64encode(row).decode()) for client, row in rows]


def by_yjs(seed: int) -> Rows:
    """Three people with Yjs, likewise."""
    asked = yjs.ask("erase.mjs", {"write": {"seed": seed, "steps": STEPS}})
    return [(client, b64decode(row)) for client, row in asked["rows"]]


def by_pycrdt(seed: int) -> Rows:
    """Three people with pycrdt, who see each other's rows now and then."""
    random = Random(seed)
    rows: Rows = []
    docs: list[Doc[Any]] = [Doc(client_id=client) for client in (3, 2**32 - 1, 2**40)]
    for _ in range(STEPS):
        doc = random.choice(docs)
        if random.random() < 0.4:
            for _, row in rows:
                doc.apply_update(row)
        before = doc.get_state()
        deleted = read_delete_set(doc)
        with doc.transaction():
            writers.act(random, doc)
        if doc.get_state() != before or read_delete_set(doc) != deleted:
            rows.append((doc.client_id, doc.get_update(before)))
    return rows


def replayed(rows: list[bytes]) -> Doc[Any]:
    """The document of these rows."""
    doc: Doc[Any] = Doc()
    for row in rows:
        doc.apply_update(row)
    return doc


def shown(doc: Doc[Any]) -> list[Any]:
    """What one sees of it."""
    kinds = {"text": Text, "array": Array, "map": Map, "xml": XmlFragment}
    texts = {name: str(doc.get(name, type=kind)) for name, kind in kinds.items()}  # type: ignore[type-var]
    return [json.loads(text) if name in ("array", "map") else text for name, text in texts.items()]
