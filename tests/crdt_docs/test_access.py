"""Who may send what."""

from __future__ import annotations

import pytest

from crdt_docs.access import Decision, Permission, decide, needed
from crdt_docs.frames import Awareness, Extension, Frame, QueryAwareness, SyncStep1, SyncStep2, Update
from crdt_docs.ids import DocumentKind

WRITES: list[Frame] = [Update(b"\x00\x00"), SyncStep2(b"\x00\x00")]
NOTHING = frozenset[Permission]()
ALL = frozenset(Permission)


@pytest.mark.parametrize("kind", DocumentKind)
class TestDeciding:
    @pytest.mark.parametrize("permissions", [NOTHING, ALL])
    @pytest.mark.parametrize("frame", [SyncStep1(b"\x00"), Awareness(()), QueryAwareness()])
    def test_everybody_reads_and_is_seen(
        self, permissions: frozenset[Permission], kind: DocumentKind, frame: Frame
    ) -> None:
        """[AC1]"""
        assert decide(permissions, kind, frame) is Decision.ALLOW

    @pytest.mark.parametrize("frame", WRITES)
    def test_whoever_has_what_the_kind_needs_writes(self, kind: DocumentKind, frame: Frame) -> None:
        """[AC2]"""
        assert needed(kind) is (Permission.CHAT if kind is DocumentKind.CHAT else Permission.DRAW)
        assert decide(frozenset({needed(kind)}), kind, frame) is Decision.ALLOW

    @pytest.mark.parametrize("frame", WRITES)
    def test_nothing_else_lets_anybody_write(self, kind: DocumentKind, frame: Frame) -> None:
        """[AC3]"""
        assert decide(ALL - {needed(kind)}, kind, frame) is Decision.REJECT

    @pytest.mark.parametrize("permissions", [NOTHING, ALL])
    def test_extensions_from_clients_are_dropped(self, permissions: frozenset[Permission], kind: DocumentKind) -> None:
        """[AC4]"""
        assert decide(permissions, kind, Extension("{}")) is Decision.DROP
