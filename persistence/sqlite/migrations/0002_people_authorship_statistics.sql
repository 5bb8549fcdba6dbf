-- Permissions, doors and bans; whose client ids are; what sessions come to; tokens that are void.

ALTER TABLE rooms ADD COLUMN permissions TEXT NOT NULL
    DEFAULT '["draw","chat","voice","video","screen_share","upload"]' CHECK (json_valid(permissions));
ALTER TABLE rooms ADD COLUMN door TEXT NOT NULL DEFAULT 'open';
ALTER TABLE rooms ADD COLUMN door_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN max_people INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN recovery INTEGER NOT NULL DEFAULT 0;

ALTER TABLE members ADD COLUMN role_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN overrides TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(overrides));
ALTER TABLE members ADD COLUMN tokens_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN removed_at INTEGER;
ALTER TABLE members ADD COLUMN banned_at INTEGER;
ALTER TABLE members ADD COLUMN family TEXT NOT NULL DEFAULT '';
CREATE INDEX members_banned ON members (room) WHERE banned_at IS NOT NULL;
CREATE INDEX members_by_user ON members (user);

ALTER TABLE invitations ADD COLUMN label TEXT NOT NULL DEFAULT '';
ALTER TABLE invitations ADD COLUMN created_by TEXT;
ALTER TABLE invitations ADD COLUMN uses INTEGER NOT NULL DEFAULT 0;

-- Rows that came before this step get their bindings from it too (see bindings.py).
CREATE TABLE document_clients (
    document    INTEGER NOT NULL REFERENCES documents (id),
    client      INTEGER NOT NULL,
    user        TEXT,
    at          INTEGER NOT NULL,
    returned_by TEXT,
    PRIMARY KEY (document, client)
);

ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN mic_seconds REAL NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN camera_seconds REAL NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN screen_seconds REAL NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN edits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN messages INTEGER NOT NULL DEFAULT 0;
DROP INDEX sessions_open;
CREATE INDEX sessions_by_end ON sessions (left_at);
CREATE INDEX sessions_by_room_and_end ON sessions (room, left_at);
CREATE INDEX sessions_by_user ON sessions (user);

-- SQLite cannot take NOT NULL from a column: the table is built again. Retention removes events, and an id that was
-- removed shall not name another one.
CREATE TABLE events_of_all (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    room    TEXT REFERENCES rooms (id),
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    user    TEXT,
    details TEXT NOT NULL CHECK (json_valid(details))
);
INSERT INTO events_of_all (id, room, at, kind, user, details)
SELECT id, room, at, kind, user, details FROM events ORDER BY id;
DROP TABLE events;
ALTER TABLE events_of_all RENAME TO events;
CREATE INDEX events_by_room ON events (room, at);
CREATE INDEX events_by_room_and_kind ON events (room, kind, at);
CREATE INDEX events_by_time ON events (at);
CREATE INDEX events_by_kind ON events (kind, at);
CREATE INDEX events_by_user ON events (user) WHERE user IS NOT NULL;

CREATE TABLE revoked_tokens (
    jti        TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
);
CREATE INDEX revoked_tokens_by_expiry ON revoked_tokens (expires_at);
