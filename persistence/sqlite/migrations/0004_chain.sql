-- Every row of a log is chained to the one before it (persistence/chain.py). The table is built again, so that what is
-- small stands before the bytes and can be read without them; the rows are brought over by chaining.py. The trigger
-- against gaps is not made again: who appends has to look at the last row for its link anyway.

ALTER TABLE documents ADD COLUMN origin TEXT; -- the room in which the log began; NULL: this one

DROP TRIGGER updates_leave_no_gap;
ALTER TABLE updates RENAME TO updates_unchained;
CREATE TABLE updates (
    document   INTEGER NOT NULL REFERENCES documents (id),
    seq        INTEGER NOT NULL CHECK (seq >= 1),
    at         INTEGER NOT NULL,
    user       TEXT NOT NULL,
    session    TEXT NOT NULL,
    checksum   INTEGER NOT NULL,
    salt       BLOB NOT NULL,
    link       BLOB NOT NULL,
    commitment BLOB, -- kept when the bytes are erased, which are empty then; else NULL: it follows from salt and bytes
    bytes      BLOB NOT NULL,
    PRIMARY KEY (document, seq)
);

-- Links that the installation has signed. The key is the public one, 32 bytes.
CREATE TABLE heads (
    document  INTEGER NOT NULL REFERENCES documents (id),
    seq       INTEGER NOT NULL CHECK (seq >= 1),
    link      BLOB NOT NULL,
    at        INTEGER NOT NULL,
    key       BLOB NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (document, seq)
);
