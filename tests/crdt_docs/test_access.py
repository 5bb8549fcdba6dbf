"""Who may send what."""

from __future__ import annotations

import pytest

from crdt_docs.access import Decision, decide
from crdt_docs.frames import Awareness, Extension, Frame, QueryAwareness, SyncStep1, SyncStep2, Update
from crdt_docs.ids import DocumentKind

ROLES = ["owner", "moderator", "member", "viewer", "stranger", ""]
WRITES: list[Frame] = [Update(b"\x00\x00"), SyncStep2(b"\x00\x00")]


@pytest.mark.parametrize("kind", DocumentKind)
class TestDeciding:
    @pytest.mark.parametrize("role", ROLES)
    @pytest.mark.parametrize("frame", [SyncStep1(b"\x00"), Awareness(()), QueryAwareness()])
    def test_everybody_reads_and_is_seen(self, role: str, kind: DocumentKind, frame: Frame) -> None:
        """[AC1]"""
        assert decide(role, kind, frame) is Decision.ALLOW

    @pytest.mark.parametrize("frame", WRITES)
    def test_members_write(self, kind: DocumentKind, frame: Frame) -> None:
        """[AC2]"""
        assert [decide(role, kind, frame) for role in ROLES[:3]] == [Decision.ALLOW] * 3

    @pytest.mark.parametrize("frame", WRITES)
    def test_viewers_and_unknown_roles_do_not(self, kind: DocumentKind, frame: Frame) -> None:
        """[AC3]"""
        assert [decide(role, kind, frame) for role in ROLES[3:]] == [Decision.REJECT] * 3

    @pytest.mark.parametrize("role", ROLES)
    def test_extensions_from_clients_are_dropped(self, role: str, kind: DocumentKind) -> None:
        """[AC4]"""
        assert decide(role, kind, Extension("{}")) is Decision.DROP
