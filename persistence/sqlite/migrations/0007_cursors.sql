-- Where people pointed on the whiteboard, for a while: some seconds of one page's pointer each (server/history/trails.py).
CREATE TABLE cursors (
    id      INTEGER PRIMARY KEY,
    room    TEXT NOT NULL REFERENCES rooms (id),
    session TEXT NOT NULL,
    user    TEXT NOT NULL,
    since   INTEGER NOT NULL, -- the first sample
    until   INTEGER NOT NULL CHECK (until >= since), -- the last one
    samples BLOB NOT NULL
);
CREATE INDEX cursors_by_room ON cursors (room, since);
CREATE INDEX cursors_by_user ON cursors (user);
CREATE INDEX cursors_by_end ON cursors (until);
