"""Honest people, at random: the browser client's own code and pycrdt, with partitions. Nobody is ever refused."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, merge_updates

from crdt_docs.chat import check_chat
from crdt_docs.effects import Actor, DocumentLimits
from crdt_docs.ids import DocumentKind, UserId
from crdt_docs.twin import Twin
from crdt_docs.updates import Footprint, advance, find_gap, read_update
from crdt_docs.whiteboard import check_whiteboard
from tests.crdt_docs.twins import BOX, HASH, Client, message, stroke

ROOT = Path(__file__).parent.parent.parent
KINDS = [DocumentKind.CHAT, DocumentKind.WHITEBOARD]
CHECKS: dict[DocumentKind, Callable[[Doc[Any]], None]] = {
    DocumentKind.CHAT: check_chat,
    DocumentKind.WHITEBOARD: check_whiteboard,
}


class Server:
    """A live document and its twin. What lacks something waits, as it does in the server."""

    def __init__(self, kind: DocumentKind) -> None:
        self.kind = kind
        self.live: Doc[Any] = Doc()
        self.roots = (
            {"messages": self.live.get("messages", type=Array)}
            if kind is DocumentKind.CHAT
            else {name: self.live.get(name, type=Map) for name in ("elements", "files")}
        )
        self.twin = Twin.of(kind, b"\0\0", DocumentLimits())
        self.clocks: dict[Any, int] = {}
        self._waiting: list[tuple[bytes, Actor]] = []

    def take(self, update: bytes, by: Actor) -> None:
        footprint = read_update(update)
        if find_gap(footprint, self.clocks):
            self._waiting.append((update, by))
            return
        self._apply(update, footprint, by)
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            self.take(*one)

    def _apply(self, update: bytes, footprint: Footprint, by: Actor) -> None:
        before = [len(root) for root in self.roots.values()]
        verdict = self.twin.judge(update, footprint, by)
        self.live.apply_update(update)
        advance(self.clocks, footprint)
        assert self.twin.doc.get_state() == self.live.get_state()
        if self.kind is DocumentKind.CHAT:
            assert len(self.roots["messages"]) <= before[0] + verdict.messages
        else:
            assert len(self.roots["elements"]) <= before[0] + verdict.elements

    def finish(self) -> dict[str, Any]:
        """What is shown in the end, the same by the twin and by a twin that is built anew."""
        assert not self._waiting
        CHECKS[self.kind](self.live)
        shown = {name: json.loads(str(root)) for name, root in self.roots.items()}
        rebuilt = Twin.of(self.kind, self.live.get_update(), DocumentLimits())
        for twin in (self.twin, rebuilt):
            copies = {name: twin.doc.get(name, type=type(root)) for name, root in self.roots.items()}
            assert {name: json.loads(str(root)) for name, root in copies.items()} == shown
        return shown


@pytest.fixture(scope="module")
def browsers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The browser client's code as one program for Node."""
    program = tmp_path_factory.mktemp("honest") / "clients.mjs"
    bundler = ROOT / "web" / "node_modules" / "rolldown" / "bin" / "cli.mjs"
    source = ROOT / "tests" / "interop" / "honest_clients.mjs"
    command = ["node", bundler, source, "--platform", "node", "--format", "esm", "--file", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"The client cannot be bundled (./scripts/setup installs web):\n{done.stderr}"
    return program


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("run", range(int(os.environ.get("RUNS", "6"))))
def test_browsers_are_never_refused(browsers: Path, kind: DocumentKind, run: int) -> None:
    """[TW9] Two pages of one person, another one and a moderator: whole states, single and merged updates."""
    seed = int(os.environ.get("SEED", Random().randrange(2**31))) + run
    print(f"SEED={seed} RUNS=1")
    done = subprocess.run(
        ["node", str(browsers), kind, str(seed), "300"], capture_output=True, text=True, check=True, timeout=120
    )
    room = json.loads(done.stdout)
    server = Server(kind)

    for one in room["sent"]:
        server.take(b64decode(one["update"]), Actor(UserId(one["user"]), one["moderates"]))

    assert server.finish() == room["shown"]
    assert any(server.finish().values())


class Person(Client):
    """Writes with pycrdt, alone for a while."""

    def __init__(self, random: Random, user: str) -> None:
        super().__init__(random.randrange(2**32))
        self.random = random
        self.user = UserId(user)
        self.unsent: list[bytes] = []
        self.step = 0

    def chat(self) -> None:
        self.step += 1
        match self.random.randrange(6):
            case 0 | 1:
                self.messages.append(message(f"{self.user}{self.step}", self.user))
            case 2 if len(self.messages):
                reactions = self.random.choice([*self.messages])["reactions"]
                key = f"{self.random.choice('👍🎉')}\0{self.user}"
                if key in reactions:
                    del reactions[key]
                else:
                    reactions[key] = True
            case _ if mine := [n for n, entry in enumerate(self.messages) if entry["author"] == self.user]:
                self.change(self.random.choice(mine))

    def change(self, place: int) -> None:
        entry = self.messages[place]
        match self.random.randrange(4):
            case 0:
                entry["text"], entry["edited_at"] = f"edit {self.step}", self.step
            case 1:
                entry["deleted"], entry["text"] = True, ""
            case 2 if "deleted" in entry:
                del entry["deleted"]
            case 3:
                del self.messages[place]

    def draw(self) -> None:
        self.step += 1
        keys = [*self.elements.keys()]
        match self.random.randrange(7):
            case 0:
                self.elements[f"{self.user}{self.step}"] = self.random.choice([Map(BOX), stroke(), stroke(1, 2)])
            case 1:
                self.files[f"f{self.step}"] = {"sha256": HASH, "mimeType": "image/png", "width": 1, "height": 1}
            case 2 if keys and self.random.random() < 0.3:
                del self.elements[self.random.choice(keys)]
            case _ if keys:
                element = self.elements[self.random.choice(keys)]
                if element["type"] == "freedraw":
                    self.redraw(element)
                else:
                    element[self.random.choice(["xy", "wh"])] = [self.step, self.step]

    def redraw(self, element: Map[Any]) -> None:
        points = element["pts"]
        match self.random.randrange(4):
            case 0 if len(points):
                del points[self.random.randrange(len(points)) :]
            case 1:
                element["pts"] = Array([1, 2, 3])
            case 2:
                element["sc"] = [self.step, 1]
            case _:
                points.extend([self.step, -1])


@pytest.mark.parametrize("kind", KINDS)
def test_nor_are_writers_with_pycrdt(kind: DocumentKind) -> None:
    """[TW9] They create arrays empty, insert in the middle and take messages out of the list."""
    seed = int(os.environ.get("SEED", Random().randrange(2**31)))
    print(f"SEED={seed}")
    random = Random(seed)
    for _ in range(8):
        people = [Person(random, user) for user in ("ann", "bob", "cid")]
        server = Server(kind)
        for _ in range(100):
            person = random.choice(people)
            person.unsent.append(person.write(person.chat if kind is DocumentKind.CHAT else person.draw))
            if random.random() < 0.3:
                upload(random, person, server)
            if random.random() < 0.3:
                person.doc.apply_update(server.live.get_update(person.doc.get_state()))
        for person in people:
            upload(random, person, server)
        server.finish()


def upload(random: Random, person: Person, server: Server) -> None:
    """All that the server lacks, or what was written since, one by one or merged."""
    by = Actor(person.user, moderates=False)
    sent, person.unsent = person.unsent, []
    match random.randrange(3):
        case 0:
            sent = [person.doc.get_update(server.live.get_state())]
        case 1 if sent:
            sent = [merge_updates(*sent)]
    for update in sent:
        server.take(update, by)
