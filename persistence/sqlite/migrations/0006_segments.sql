-- Older rows of a log, sealed together (persistence/segment.py): a row is in `updates` or in a segment, never in both.
-- The last row of a log stays in `updates`.
CREATE TABLE segments (
    document INTEGER NOT NULL REFERENCES documents (id),
    first    INTEGER NOT NULL CHECK (first >= 1),
    last     INTEGER NOT NULL CHECK (last >= first),
    first_at INTEGER NOT NULL, -- the earliest instant
    last_at  INTEGER NOT NULL, -- the latest
    size     INTEGER NOT NULL, -- bytes of the rows
    checksum INTEGER NOT NULL,
    link     BLOB NOT NULL, -- of the last row
    bytes    BLOB NOT NULL,
    PRIMARY KEY (document, last)
);
