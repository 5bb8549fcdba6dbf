"""Whether a log is what it was: its chain is computed again and held against what is kept and what was signed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from zlib import crc32

from crdt_docs.ids import DocumentId, RoomId
from persistence import chain
from persistence.errors import SegmentCorrupt
from persistence.interfaces import SignedHead
from persistence.segment import StoredRow
from persistence.sqlite.reading import Log, heads_of, logs, rows_of
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
    """[VE1] Check the logs of a room, or of all.

    Heads are read before rows, so that a server may write meanwhile.

    Args:
        own: The installation's public key; logs that began here may have been signed with no other.
    """
    for log in logs(connection, room):
        yield verify_log(connection, log, own)


def verify_log(connection: sqlite3.Connection, log: Log, own: bytes | None) -> Verdict:
    """[VE2] Check one log."""
    heads = heads_of(connection, log)
    forged = signature_fault(heads, None if log.imported else own)
    genuine = heads if forged is None else [head for head in heads if head.seq < forged.seq]
    try:
        rows, fault = _check_rows(rows_of(connection, log), log, {head.seq: head for head in genuine})
    except SegmentCorrupt as exc:
        rows, fault = exc.first - 1, Fault(exc.first, exc.reason)
    with suppress(SegmentCorrupt):
        if fault is not None and fault.what == _DIFFERS and (place := _belongs(connection, log, fault.seq)) is not None:
            fault = Fault(fault.seq, f"reordered: what stands here was row {place}")
    fault = fault or forged or cut_off(heads, rows)
    return Verdict(log.document, rows, fault, heads[-1] if heads and fault is None else None)


def signature_fault(heads: Sequence[SignedHead], own: bytes | None) -> Fault | None:
    """[VE3] The first head that was not signed by whom it names, or by another than must have signed it."""
    for head in heads:
        if not is_genuine(head):
            return Fault(head.seq, "wrong signature of the head")
        if own is not None and head.key != own:
            return Fault(head.seq, f"the head is signed by key {key_id(head.key)}, which is not this installation's")
    return None


def cut_off(heads: Sequence[SignedHead], rows: int) -> Fault | None:
    """[VE3] Whether rows were there, when a head was signed, that are not there any more."""
    lost = next((head for head in heads if head.seq > rows), None)
    return Fault(rows + 1, f"cut off: row {lost.seq} was there when a head was signed") if lost is not None else None


_DIFFERS = "changed metadata, or bytes under a checksum that was made to fit"


def _check_rows(rows: Iterable[StoredRow], log: Log, heads: Mapping[int, SignedHead]) -> tuple[int, Fault | None]:
    """How many rows there are and what is first wrong with them. The loop of a whole archive: plain and flat."""
    link, expected = chain.genesis(log.origin, log.document.name), 0
    for seq, at, user, session, checksum, salt, kept, commitment, update in rows:
        expected += 1
        if seq != expected:
            return expected - 1, Fault(expected, "missing row")
        if crc32(update) != checksum or (commitment is not None and update):
            return expected, Fault(seq, "changed bytes")
        link = chain.link(link, seq, at, user, session, commitment or chain.commit(salt, update))
        if link != kept:
            return expected, Fault(seq, _DIFFERS)
        if seq in heads and heads[seq].link != link:
            return expected, Fault(seq, REWRITTEN)
    return expected, None


REWRITTEN = "another link was signed for this row: it, or a row before it, was changed and chained anew"


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
