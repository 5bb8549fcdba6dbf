"""Whether the records of an export fit each other: order, chains, signed heads, files, counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final

from msgspec import Struct

from crdt_docs.errors import DocumentError
from crdt_docs.ids import DocumentId, RoomId, Seq, UserId, parse_document_id, parse_room_id
from persistence import chain
from persistence.interfaces import Micros, SignedCheckpoint, SignedErasure, SignedHead
from server.history.archive import ArchiveDamaged
from server.history.erasures import Replaced, replaced_rows
from server.history.records import (
    Asset,
    Binding,
    Checkpoint,
    Chunk,
    Document,
    End,
    Erasure,
    Head,
    Made,
    Mark,
    Member,
    Record,
    Room,
    Row,
    Session,
)
from server.history.verification import (
    NOT_KEPT,
    REWRITTEN,
    Fault,
    Told,
    Verdict,
    checkpoint_fault,
    erasure_fault,
    replacement_fault,
    signature_fault,
)

_FOLLOWS: Final[dict[type[Struct] | None, tuple[type[Struct], ...]]] = {
    None: (Room,),
    Room: (Made,),
    Made: (Member, Session, Mark, Document, Asset, End),
    Member: (Member, Session, Mark, Document, Asset, End),
    Session: (Session, Mark, Document, Asset, End),
    Mark: (Mark, Document, Asset, End),
    Document: (Head, Erasure, Checkpoint, Binding, Row, Document, Asset, End),
    Head: (Head, Erasure, Checkpoint, Binding, Row),
    Erasure: (Erasure, Checkpoint, Binding, Row),
    Checkpoint: (Checkpoint, Binding, Row),
    Binding: (Binding, Row, Document, Asset, End),
    Row: (Row, Document, Asset, End),
    Asset: (Chunk, Asset, End),
    Chunk: (Chunk, Asset, End),
    End: (),
}
"""What may come after what."""
_COUNTED: Final = {"members": Member, "sessions": Session, "marks": Mark, "documents": Document, "rows": Row,
                   "bindings": Binding, "assets": Asset}  # fmt: skip


class ArchiveCheck:
    """Looks at each record as it passes.

    Attributes:
        verdicts: What came of each document that has passed.
        made: Who made the export, once that has passed.
        link: The link of the row that has just passed.
        first: The first seq that it stands for, where others were thinned out; None: its own.
    """

    def __init__(self) -> None:
        self.verdicts: list[Verdict] = []
        self.made: Made | None = None
        self.link = b""
        self.first: int | None = None
        self._room = RoomId("")
        self._log: _Log | None = None
        self._file: _File | None = None
        self._counts: Counter[str] = Counter()

    def passing(self, records: Iterable[Record]) -> Iterator[Record]:
        """[EX3] The same records. They are good only once all have passed.

        Raises:
            ArchiveDamaged: One of them does not fit; `link`, `verdicts` tell of those before it.
        """
        last: type[Struct] | None = None
        for record in records:
            if type(record) not in _FOLLOWS[last]:
                raise ArchiveDamaged(f"a record of the kind {type(record).__name__.lower()} is out of order.")
            last = type(record)
            self._counts[last.__name__] += 1
            try:
                self._look(record)
            except DocumentError as exc:
                raise ArchiveDamaged(f"{exc}") from exc
            yield record
        if last is not End:
            raise ArchiveDamaged("it is cut off.")

    def _look(self, record: Record) -> None:
        match record:
            case Room():
                self._room = parse_room_id(record.id)
            case Made():
                self.made = record
            case Document():
                self._finish()
                if any(verdict.document.name == record.name for verdict in self.verdicts):
                    raise ArchiveDamaged(f"it holds the document {record.name} twice.")
                parse_room_id(record.origin)
                self._log = _Log(record, parse_document_id(self._room, record.name))
            case Head() | Erasure() | Checkpoint() if self._log is not None:
                self._log.signed(record)
            case Row() if self._log is not None:
                self.link, self.first = self._log.row(record)
            case Asset():
                self._finish()
                self._file = _File(record)
            case Chunk() if self._file is not None:
                self._file.chunk(record)
            case End():
                self._finish()
                for name, kind in _COUNTED.items():
                    if getattr(record, name) != (came := self._counts[kind.__name__]):
                        raise ArchiveDamaged(f"it has {came} {name} and says that it has others.")

    def _finish(self) -> None:
        """What came is complete: the document, or the file."""
        if self._log is not None:
            self.verdicts.append(self._log.finish())
        if self._file is not None:
            self._file.finish()
        self._log, self._file = None, None


class _Log:
    """The log that passes."""

    def __init__(self, told: Document, document: DocumentId) -> None:
        self._told = told
        self._document = document
        self._link = chain.genesis(told.origin, told.name)
        self._seq = self._rows = 0
        self._heads: dict[int, SignedHead] = {}
        self._replaced: dict[int, Replaced] = {}
        self._checkpoints: dict[int, SignedCheckpoint] = {}
        self._signed = Told(self._heads, self._replaced, self._checkpoints)

    def signed(self, told: Head | Erasure | Checkpoint) -> None:
        """Take what was signed of it."""
        match told:
            case Head():
                self._head(told)
            case Erasure():
                self._erasure(told)
            case Checkpoint():
                self._checkpoint(told)

    def _head(self, told: Head) -> None:
        signed = SignedHead(
            self._document, self._told.origin, Seq(told.seq), told.link, Micros(told.at), told.key, told.signature
        )
        if (fault := signature_fault([signed], None)) is not None:
            raise self._wrong(fault)
        if told.seq <= max(self._heads, default=0):
            raise self._wrong(Fault(told.seq, "its heads are out of order"))
        self._heads[told.seq] = signed

    def _erasure(self, told: Erasure) -> None:
        signed = SignedErasure(
            self._document, self._told.origin, Micros(told.at), UserId(told.by), told.rows, told.key, told.signature
        )
        if (fault := erasure_fault([signed], None)) is not None:
            raise self._wrong(fault)
        self._replaced |= replaced_rows([signed])

    def _checkpoint(self, told: Checkpoint) -> None:
        signed = SignedCheckpoint(
            self._document, self._told.origin, Seq(told.first), Seq(told.last), told.before, told.after, told.kept,
            Micros(told.at), told.key, told.signature,
        )  # fmt: skip
        if (fault := checkpoint_fault([signed], None)) is not None:
            raise self._wrong(fault)
        if told.last <= max(self._checkpoints, default=0):
            raise self._wrong(Fault(told.last, "its checkpoints are out of order"))
        self._checkpoints[told.last] = signed

    def row(self, told: Row) -> tuple[bytes, int | None]:
        """The link of the row, and the first seq that it stands for if there are several."""
        if self._signed.is_gap(self._seq + 1, told.seq):
            raise self._wrong(Fault(self._seq + 1, "missing row"))
        self._seq, self._rows = told.seq, self._rows + 1
        if not told.salt or told.commitment is not None:
            fault = replacement_fault(told.seq, told.salt, told.commitment, told.update, self._signed)
            if fault is not None:
                raise self._wrong(fault)
        commitment = told.commitment or chain.commit(told.salt, told.update)
        computed = chain.link(self._link, told.seq, told.at, told.user, told.session, commitment)
        link = self._signed.link_behind(self._link, told.seq, computed)
        if link is None:
            raise self._wrong(Fault(told.seq, NOT_KEPT))
        self._link = link
        if told.seq in self._heads and self._heads[told.seq].link != link:
            raise self._wrong(Fault(told.seq, REWRITTEN))
        return link, self._checkpoints[told.seq].first if told.seq in self._checkpoints else None

    def finish(self) -> Verdict:
        newest = max(self._heads, default=0)
        if self._seq != self._told.rows or newest > self._seq:
            raise self._wrong(Fault(self._seq + 1, "cut off: more rows were there"))
        if self._link != self._told.link:
            raise self._wrong(Fault(self._seq, "changed: the last link is not the one that the export names"))
        return Verdict(self._document, self._rows, None, self._heads.get(newest))

    def _wrong(self, fault: Fault) -> ArchiveDamaged:
        return ArchiveDamaged(f"{Verdict(self._document, self._rows, fault)}.")


class _File:
    """The file of the room that passes."""

    def __init__(self, told: Asset) -> None:
        self._told = told
        self._size = 0
        self._digest = sha256()

    def chunk(self, told: Chunk) -> None:
        self._size += len(told.data)
        self._digest.update(told.data)
        if self._size > self._told.size:
            self._refuse()

    def finish(self) -> None:
        if self._size != self._told.size or self._digest.hexdigest() != self._told.sha256:
            self._refuse()

    def _refuse(self) -> None:
        raise ArchiveDamaged(f"the file {self._told.sha256} does not have the bytes that its name says.")
