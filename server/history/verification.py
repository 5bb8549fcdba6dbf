"""Whether a log is what it was: its chain is computed again and held against what is kept and what was signed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from zlib import crc32

from crdt_docs.ids import DocumentId, RoomId
from persistence import chain
from persistence.errors import SegmentCorrupt
from persistence.interfaces import SignedCheckpoint, SignedErasure, SignedHead
from persistence.segment import StoredRow
from persistence.sqlite.reading import Log, checkpoints_of, erasures_of, heads_of, logs, rows_of
from persistence.sqlite.segments import one_view
from server.history.checkpoints import is_genuine_checkpoint
from server.history.erasures import Replaced, is_genuine_erasure, replaced_rows
from server.history.heads import is_genuine, key_id


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong with a log, and at which row."""

    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of checking one log."""

    document: DocumentId
    rows: int
    """How many were read; those behind a fault are not."""
    fault: Fault | None
    signed: SignedHead | None = None
    """The newest head that fits."""

    def __str__(self) -> str:
        if self.fault is not None:
            return f"{self.document}: row {self.fault.seq}: {self.fault.what}"
        signed = f"signed up to row {self.signed.seq} by key {key_id(self.signed.key)}" if self.signed else "not signed"
        return f"{self.document}: {self.rows} rows, ok, {signed}"


def verify_all(connection: sqlite3.Connection, room: RoomId | None, own: bytes | None) -> Iterator[Verdict]:
    """[VE1] Check the logs of a room, or of all, each as it is at one instant, so that a server may write meanwhile.

    Args:
        own: The installation's public key; logs that began here may have been signed with no other.
    """
    for log in logs(connection, room):
        with one_view(connection):
            verdict = verify_log(connection, log, own)
        yield verdict


def verify_log(connection: sqlite3.Connection, log: Log, own: bytes | None) -> Verdict:
    """[VE2] Check one log."""
    heads, erasures, checkpoints = (
        heads_of(connection, log),
        erasures_of(connection, log),
        checkpoints_of(connection, log),
    )
    signer = None if log.imported else own
    forged = signature_fault(heads, signer)
    genuine = heads if forged is None else [head for head in heads if head.seq < forged.seq]
    fault = erasure_fault(erasures, signer) or checkpoint_fault(checkpoints, signer)
    if fault is not None:
        return Verdict(log.document, 0, fault)
    told = Told(
        {head.seq: head for head in genuine}, replaced_rows(erasures), {each.last: each for each in checkpoints}
    )
    rows, last, fault = _check_rows(rows_of(connection, log), log, told)
    with suppress(SegmentCorrupt):
        if fault is not None and fault.what == _DIFFERS and (place := _belongs(connection, log, fault.seq)) is not None:
            fault = Fault(fault.seq, f"reordered: what stands here was row {place}")
    fault = fault or forged or cut_off(heads, last)
    return Verdict(log.document, rows, fault, heads[-1] if heads and fault is None else None)


def signature_fault(heads: Sequence[SignedHead], own: bytes | None) -> Fault | None:
    """[VE3] The first head that was not signed by whom it names, or by another than must have signed it."""
    faults = (_signer_fault(head.seq, "the head", is_genuine(head), head.key, own) for head in heads)
    return next(filter(None, faults), None)


def erasure_fault(erasures: Sequence[SignedErasure], own: bytes | None) -> Fault | None:
    """[VE4] The first record of an erasure that was not signed by whom it names, or by who must have signed it."""
    for each in erasures:
        try:
            first = min(replaced_rows([each]), default=0)
        except ValueError:
            return Fault(0, "a record of an erasure is cut off")
        fault = _signer_fault(first, "the record of an erasure", is_genuine_erasure(each), each.key, own)
        if fault is not None:
            return fault
    return None


def checkpoint_fault(checkpoints: Sequence[SignedCheckpoint], own: bytes | None) -> Fault | None:
    """[VE5] The first checkpoint that was not signed by whom it names, or by who must have signed it."""
    faults = (
        _signer_fault(each.last, "a checkpoint", is_genuine_checkpoint(each), each.key, own) for each in checkpoints
    )
    return next(filter(None, faults), None)


def _signer_fault(seq: int, what: str, is_genuine: bool, key: bytes, own: bytes | None) -> Fault | None:
    """What is wrong with the signature of `what`, which stands for the row `seq`."""
    if not is_genuine:
        return Fault(seq, f"wrong signature of {what}")
    if own is not None and key != own:
        return Fault(seq, f"{what} is signed by key {key_id(key)}, which is not this installation's")
    return None


@dataclass(frozen=True, slots=True)
class Told:
    """What was signed of a log, by seq."""

    heads: Mapping[int, SignedHead]
    replaced: Mapping[int, Replaced]
    checkpoints: Mapping[int, SignedCheckpoint]

    def is_gap(self, expected: int, seq: int) -> bool:
        """Whether rows are missing before the row `seq` that no checkpoint stands for."""
        return seq != expected and (seq not in self.checkpoints or self.checkpoints[seq].first != expected)

    def link_behind(self, link: bytes, seq: int, computed: bytes) -> bytes | None:
        """The link of the row `seq` right behind `link`; None where a checkpoint says that another row was kept.

        Args:
            computed: What its link is if no checkpoint stands for it.
        """
        checkpoint = self.checkpoints.get(seq)
        if checkpoint is None:
            return computed
        return checkpoint.after if (checkpoint.before, checkpoint.kept) == (link, computed) else None


def replacement_fault(seq: int, salt: bytes, commitment: bytes | None, update: bytes, told: Told) -> Fault | None:
    """[VE4] What is wrong with a row that has no salt, or has a commitment: a signed record has to name what stands
    there."""
    if not salt and commitment is None and seq in told.checkpoints:
        return None  # the checkpoint names it
    if salt or commitment is None:
        return Fault(seq, "it has neither salt nor commitment, or both")
    if told.replaced.get(seq) != Replaced(commitment, sha256(update).digest()):
        return Fault(seq, "replaced bytes that no signed record of an erasure names")
    return None


def cut_off(heads: Sequence[SignedHead], last: int) -> Fault | None:
    """[VE3] Whether rows behind the `last` were there, when a head was signed, that are not there any more."""
    lost = next((head for head in heads if head.seq > last), None)
    return Fault(last + 1, f"cut off: row {lost.seq} was there when a head was signed") if lost is not None else None


_DIFFERS = "changed metadata, or bytes under a checksum that was made to fit"
NOT_KEPT = "it is not the row that a checkpoint says was kept of its span"
REWRITTEN = "another link was signed for this row: it, or a row before it, was changed and chained anew"


def _check_rows(rows: Iterable[StoredRow], log: Log, told: Told) -> tuple[int, int, Fault | None]:
    """How many rows there are, the seq of the last one, and what is first wrong with them.

    The loop of a whole archive: plain and flat.
    """
    link, count, last = chain.genesis(log.origin, log.document.name), 0, 0
    heads = told.heads
    fault: Fault | None = None
    try:
        for seq, at, user, session, checksum, salt, kept, commitment, update in rows:
            if told.is_gap(last + 1, seq):
                fault = Fault(last + 1, "missing row")
                break
            count, last = count + 1, seq
            if crc32(update) != checksum:
                fault = Fault(seq, "changed bytes")
                break
            if (not salt or commitment is not None) and (
                fault := replacement_fault(seq, salt, commitment, update, told)
            ) is not None:
                break
            computed = chain.link(link, seq, at, user, session, commitment or chain.commit(salt, update))
            behind = told.link_behind(link, seq, computed)
            if behind is None:
                fault = Fault(seq, NOT_KEPT)
                break
            link = behind
            if link != kept:
                fault = Fault(seq, _DIFFERS)
                break
            if seq in heads and heads[seq].link != link:
                fault = Fault(seq, REWRITTEN)
                break
    except SegmentCorrupt as exc:
        fault = Fault(exc.first, exc.reason)
    return count, last, fault


def _belongs(connection: sqlite3.Connection, log: Log, seq: int) -> int | None:
    """Where a row that does not fit at `seq` came from, if it is from this log: its link tells."""
    stored = {row[0]: row for row in rows_of(connection, log) if row[0] == seq}[seq]
    _, at, user, session, _, salt, kept, commitment, update = stored
    commitment = commitment or chain.commit(salt, update)
    for other, *_, link, _, _ in rows_of(connection, log):
        for place in (other + 1, seq + 1):
            if chain.link(link, place, at, user, session, commitment) == kept:
                return place
    start = chain.genesis(log.origin, log.document.name)
    return 1 if seq != 1 and chain.link(start, 1, at, user, session, commitment) == kept else None
