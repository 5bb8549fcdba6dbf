"""Updates written with pycrdt at random: what the server's own library sends."""

from __future__ import annotations

from random import Random
from typing import Any

from pycrdt import Array, Doc, Map, Subscription, Text, XmlElement, XmlFragment, XmlText, merge_updates

_TEXTS = ["a", "hello", "ä", "漢字", "line\n"]
_VALUES = [None, True, 1, -7, 2**40, 0.5, "", "é😀", b"\x00\xff", [1, [2, None]], {"k": {"n": [1.5]}}]


def _new_value(random: Random) -> Any:
    plain = random.choice(_VALUES)
    return random.choice([plain, plain, Map({"x": plain}), Array([1, 2, plain]), Text("ünder"), Doc()])


def act(random: Random, doc: Doc[Any]) -> None:
    """Change something."""
    text, array, entries = doc.get("text", type=Text), doc.get("array", type=Array), doc.get("map", type=Map)
    xml = doc.get("xml", type=XmlFragment)
    match random.randrange(9):
        case 0:
            text += random.choice(_TEXTS)
        case 1:
            text.insert(0, random.choice(_TEXTS), attrs={"bold": True, "size": 3})
        case 2:
            text.clear()
        case 3:
            array.insert(random.randint(0, len(array)), _new_value(random))
        case 4:
            array.extend([1, 2, 3])
        case 5 if len(array):
            array.pop(random.randrange(len(array)))
        case 6:
            entries[random.choice("abc")] = _new_value(random)
        case 7:
            inner = [value for value in entries.values() if isinstance(value, Map)]
            if inner:
                random.choice(inner)[random.choice("xy")] = _new_value(random)
        case 8:
            xml.children.append(XmlElement("p", {"class": "ö"}, [XmlText("inner")]))


def _record(doc: Doc[Any], written: list[bytes]) -> Subscription:
    return doc.observe(lambda event: written.append(event.update))


def generate(seed: int, rounds: int) -> list[bytes]:
    """Incremental updates, answers to state vectors and merged updates, of two writers who meet now and then."""
    random = Random(seed)
    out: list[bytes] = []
    for _ in range(rounds):
        docs: list[Doc[Any]] = [Doc(client_id=random.randrange(1, 2**53)), Doc(client_id=random.randrange(1, 2**32))]
        written: list[bytes] = []
        subscriptions = [_record(doc, written) for doc in docs]
        for _ in range(20):
            doc, other = random.sample(docs, 2)
            with doc.transaction():
                for _ in range(random.randint(1, 3)):
                    act(random, doc)
            if random.random() < 0.3:
                out.append(doc.get_update(other.get_state()))
                other.apply_update(out[-1])
        out += written
        out += [doc.get_update() for doc in docs]
        for _ in range(4):
            out.append(merge_updates(*random.sample(written, max(1, len(written) // 3))))
        del subscriptions
    return out
