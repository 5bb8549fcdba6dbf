-- What rows hold can be replaced, each time with a signed record (persistence/chain.py).

ALTER TABLE documents ADD COLUMN rewrites INTEGER NOT NULL DEFAULT 0; -- how often rows of it were replaced

-- The first seq that a row stands for, where those before it were thinned out; NULL: only its own.
ALTER TABLE updates ADD COLUMN first INTEGER;

-- Rows without the content of a person. `rows` is seq, old commitment and SHA-256 of the new bytes, 72 bytes each.
CREATE TABLE erasures (
    id        INTEGER PRIMARY KEY,
    document  INTEGER NOT NULL REFERENCES documents (id),
    at        INTEGER NOT NULL,
    by        TEXT NOT NULL,
    rows      BLOB NOT NULL,
    key       BLOB NOT NULL,
    signature BLOB NOT NULL
);
CREATE INDEX erasures_by_document ON erasures (document);

-- Spans of rows of which one was kept, at `last`: the links before the first and behind the last of them, and the link
-- that the kept row would have right behind the one before.
CREATE TABLE checkpoints (
    document  INTEGER NOT NULL REFERENCES documents (id),
    first     INTEGER NOT NULL,
    last      INTEGER NOT NULL,
    before    BLOB NOT NULL,
    after     BLOB NOT NULL,
    kept      BLOB NOT NULL,
    at        INTEGER NOT NULL,
    key       BLOB NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (document, last)
);
