"""Rows come back from a segment exactly, and nothing else comes back from a damaged one."""

from __future__ import annotations

import random
from hashlib import sha256
from zlib import crc32

import pytest
import zstandard

from persistence import chain
from persistence.segment import Segment, SegmentDamaged, StoredRow, encode

BEFORE = sha256(b"before").digest()


def some_rows(chance: random.Random, count: int) -> list[StoredRow]:
    """Chained rows of a few people; some are erased, with or without bytes in their place."""
    link, first, out = BEFORE, chance.randrange(1, 1 << 40), []
    for seq in range(first, first + count):
        user, session, at = chance.choice(["ann", "bøb", ""]), chance.choice("ab"), chance.randrange(-(10**6), 10**16)
        update, salt = chance.randbytes(chance.choice([0, 1, 50, 3000])), chance.randbytes(16)
        commitment = None
        if chance.random() < 0.2:
            commitment, update = chain.commit(salt, update), chance.choice([b"", b"in its place"])
            salt = chance.choice([b"", salt])
        link = chain.link(link, seq, at, user, session, commitment or chain.commit(salt, update))
        out.append((seq, at, user, session, crc32(update), salt, link, commitment, update))
    return out


def test_rows_come_back_as_they_were() -> None:
    """[SG1] With links and checksums, which are computed again; erased rows keep their commitments."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    for count in (1, 2, 40, 300):
        rows = some_rows(chance, count)
        segment = Segment(encode(BEFORE, rows))

        assert list(segment.stored()) == rows
        assert list(segment.rows()) == [(*row[:5], None, row[8]) for row in rows]
        start = rows[count // 3][0]
        within = [row[0] for row in rows if start < row[0] <= start + 5]
        assert [row[0] for row in segment.rows(start, start + 5)] == within
        assert list(segment.rows(rows[-1][0])) == list(segment.rows(0, rows[0][0] - 1)) == []
        assert (segment.first, segment.last, segment.before) == (rows[0][0], rows[-1][0], BEFORE)
        assert segment.times == [row[1] for row in rows]
        assert segment.users == [row[2] for row in rows]
        assert segment.size == sum(len(row[8]) for row in rows)


def test_what_has_no_place_in_a_segment_is_refused() -> None:
    """[SG1] Rather than changed."""
    seq, at, user, session, checksum, salt, link, _, update = some_rows(random.Random(1), 1)[0]
    for row in (
        (seq, at, user, session, checksum, b"short", link, None, update),
        (seq, at, user, session, checksum, salt, link, b"short", update),
        (seq, 1 << 63, user, session, checksum, salt, link, None, update),
    ):
        with pytest.raises((ValueError, OverflowError)):
            encode(BEFORE, [row])
    with pytest.raises(ValueError, match="has rows"):
        encode(BEFORE, [])


def test_no_flipped_bit_of_a_segment_stays_unseen() -> None:
    """[SG4] The frame has a checksum of its own."""
    rows = some_rows(random.Random(2), 6)
    sealed = encode(BEFORE, rows)
    for place in range(len(sealed)):
        flipped = bytearray(sealed)
        flipped[place] ^= 1 << place % 8
        try:
            segment = Segment(bytes(flipped))
        except SegmentDamaged:
            continue
        assert list(segment.stored()) == rows, place  # a bit that means nothing


def test_a_frame_that_holds_something_else_is_damaged() -> None:
    """[SG4] Cut off at any place, longer, of another version, with an author who is not there."""
    sealed = encode(BEFORE, some_rows(random.Random(3), 3))
    plain = zstandard.ZstdDecompressor().decompress(sealed)
    others = [plain[:length] for length in range(len(plain))]
    others += [plain + b"\x00", b"\x02" + plain[1:], plain[:45] + b"\x00" + plain[46:]]
    for other in others:
        with pytest.raises(SegmentDamaged):
            Segment(zstandard.ZstdCompressor().compress(other))
