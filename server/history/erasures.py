"""Signed erasures: the installation says with its key which bytes stand in the place of a person's content.

Without such a record a row that has no salt any more is a row that somebody changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple

from crdt_docs.ids import UserId
from persistence.chain import ErasedRow, erasure_message, pack_erased, unpack_erased
from persistence.interfaces import Holdings, Micros, SignedErasure
from server.history.heads import SigningKey, is_signed


class Replaced(NamedTuple):
    """What a row says whose content was erased."""

    commitment: bytes
    digest: bytes


def sign_erasure(key: SigningKey, holdings: Holdings, by: UserId, at: Micros) -> SignedErasure:
    """[EA7] The record of an erasure that is about to be made."""
    rows = pack_erased(ErasedRow(row.seq, row.commitment, sha256(row.update).digest()) for row in holdings.rows)
    message = erasure_message(holdings.origin, holdings.document.name, at, by, rows)
    return SignedErasure(
        holdings.document, holdings.origin, at, by, rows, key.public, key.sign_message(message)
    )  # fmt: skip


def is_genuine_erasure(erasure: SignedErasure) -> bool:
    """Whether the signature is that of the key which it names; whose key that is, is another question."""
    message = erasure_message(erasure.origin, erasure.document.name, erasure.at, erasure.by, erasure.rows)
    return is_signed(erasure.key, erasure.signature, message)


def replaced_rows(erasures: Iterable[SignedErasure]) -> Mapping[int, Replaced]:
    """Seq → what stands there by the newest of these records.

    Raises:
        ValueError: One of them is cut off.
    """
    return {
        row.seq: Replaced(row.commitment, row.digest)
        for erasure in erasures
        for row in unpack_erased(erasure.rows)
    }  # fmt: skip
