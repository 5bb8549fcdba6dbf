-- Who was active when, without reading what was written; named moments; branches. Step 4 goes on counting (chaining.py).

-- Rows by person and slot of ten seconds: counting those of a long log takes too long for who looks at it.
CREATE TABLE activity (
    document INTEGER NOT NULL REFERENCES documents (id),
    slot     INTEGER NOT NULL,
    user     TEXT NOT NULL,
    rows     INTEGER NOT NULL,
    PRIMARY KEY (document, slot, user)
) WITHOUT ROWID;
INSERT INTO activity (document, slot, user, rows)
SELECT document, at / 10000000 AS slot, user, count(*) FROM updates GROUP BY document, slot, user;

CREATE TABLE marks (
    id      TEXT PRIMARY KEY,
    room    TEXT NOT NULL REFERENCES rooms (id),
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    label   TEXT NOT NULL,
    user    TEXT,
    made_at INTEGER NOT NULL
);
CREATE INDEX marks_by_room ON marks (room, at);

ALTER TABLE rooms ADD COLUMN origin TEXT;
ALTER TABLE rooms ADD COLUMN origin_at INTEGER;
