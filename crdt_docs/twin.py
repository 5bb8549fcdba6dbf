"""Placeholder while the real one is written."""
from __future__ import annotations
from dataclasses import dataclass
@dataclass(frozen=True, slots=True)
class DocumentLimits:
    elements: int = 20_000
@dataclass(frozen=True, slots=True)
class Actor:
    user: str
    moderates: bool
@dataclass(frozen=True, slots=True)
class Verdict:
    messages: int = 0
    elements: int = 0
class Twin:
    spoilt = False
    @staticmethod
    def of(kind, state, limits):  # type: ignore
        return Twin()
    def judge(self, update, footprint, by):  # type: ignore
        return Verdict()
