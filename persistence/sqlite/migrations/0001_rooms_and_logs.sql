-- Times are microseconds since 1970-01-01 UTC. Checksums are CRC-32 of the bytes beside them.

CREATE TABLE rooms (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    access       TEXT NOT NULL,
    default_role TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    deleted_at   INTEGER
);

CREATE TABLE members (
    room       TEXT NOT NULL REFERENCES rooms (id),
    user       TEXT NOT NULL,
    name       TEXT NOT NULL,
    role       TEXT NOT NULL,
    guest_hash BLOB,
    joined_at  INTEGER NOT NULL,
    PRIMARY KEY (room, user)
);
CREATE INDEX members_by_guest ON members (room, guest_hash) WHERE guest_hash IS NOT NULL;

CREATE TABLE invitations (
    room       TEXT NOT NULL REFERENCES rooms (id),
    key_hash   BLOB NOT NULL,
    role       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (room, key_hash)
);

CREATE TABLE documents (
    id   INTEGER PRIMARY KEY,
    room TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (room, name)
);

CREATE TABLE updates (
    document INTEGER NOT NULL REFERENCES documents (id),
    seq      INTEGER NOT NULL CHECK (seq >= 1),
    at       INTEGER NOT NULL,
    user     TEXT NOT NULL,
    session  TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    bytes    BLOB NOT NULL,
    PRIMARY KEY (document, seq)
);
CREATE TRIGGER updates_leave_no_gap BEFORE INSERT ON updates
WHEN new.seq > 1 AND NOT EXISTS (SELECT 1 FROM updates WHERE document = new.document AND seq = new.seq - 1)
BEGIN
    SELECT RAISE(ABORT, 'the row before this one is not in the log');
END;

CREATE TABLE snapshots (
    document INTEGER NOT NULL REFERENCES documents (id),
    seq      INTEGER NOT NULL CHECK (seq >= 1),
    at       INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    bytes    BLOB NOT NULL,
    PRIMARY KEY (document, seq)
);

CREATE TABLE sessions (
    id        TEXT PRIMARY KEY,
    room      TEXT NOT NULL REFERENCES rooms (id),
    user      TEXT NOT NULL,
    name      TEXT NOT NULL,
    joined_at INTEGER NOT NULL,
    left_at   INTEGER
);
CREATE INDEX sessions_by_room ON sessions (room, joined_at);
CREATE INDEX sessions_open ON sessions (id) WHERE left_at IS NULL;

CREATE TABLE events (
    id      INTEGER PRIMARY KEY,
    room    TEXT NOT NULL REFERENCES rooms (id),
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    user    TEXT,
    details TEXT NOT NULL CHECK (json_valid(details))
);
CREATE INDEX events_by_room ON events (room, at);

CREATE TABLE assets (
    room        TEXT NOT NULL REFERENCES rooms (id),
    sha256      TEXT NOT NULL,
    mime_type   TEXT NOT NULL,
    file_name   TEXT NOT NULL,
    size        INTEGER NOT NULL,
    uploader    TEXT NOT NULL,
    uploaded_at INTEGER NOT NULL,
    PRIMARY KEY (room, sha256)
);

CREATE TABLE checks (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at INTEGER NOT NULL
);
