"""Signed checkpoints: the installation says with its key which row it kept of a span that was thinned out.

Without such a record a gap in a log is a gap that somebody made.
"""

from __future__ import annotations

from persistence import chain
from persistence.interfaces import Micros, SignedCheckpoint, Thinning
from persistence.records import Span
from server.history.heads import SigningKey, is_signed


def sign_checkpoint(key: SigningKey, thinning: Thinning, span: Span, at: Micros) -> SignedCheckpoint:
    """[CK1] The record of a span that is about to be thinned out."""
    row = span.kept
    kept = chain.link(span.before, row.seq, row.at, row.user, row.session, chain.commit(b"", row.update))
    first = row.first or row.seq
    message = chain.checkpoint_message(
        thinning.origin, thinning.document.name, first, row.seq, span.before, span.after, kept, at
    )
    return SignedCheckpoint(
        thinning.document, thinning.origin, first, row.seq, span.before, span.after, kept, at, key.public,
        key.sign_message(message),
    )  # fmt: skip


def is_genuine_checkpoint(told: SignedCheckpoint) -> bool:
    """Whether the signature is that of the key which it names; whose key that is, is another question."""
    message = chain.checkpoint_message(
        told.origin, told.document.name, told.first, told.last, told.before, told.after, told.kept, told.at
    )
    return is_signed(told.key, told.signature, message)
