-- Recordings of calls that have ended; their files lie in recordings/<room>/<id>/.
CREATE TABLE recordings (
    id         TEXT PRIMARY KEY,
    room       TEXT NOT NULL REFERENCES rooms (id),
    starter    TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL CHECK (ended_at >= started_at),
    stopped_by TEXT NOT NULL -- who or what ended it
);
CREATE INDEX recordings_by_room ON recordings (room, started_at);
CREATE TABLE recording_tracks (
    recording TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    file      TEXT NOT NULL,
    session   TEXT NOT NULL,
    user      TEXT NOT NULL,
    kind      TEXT NOT NULL,
    codec     TEXT NOT NULL,
    begun_at  INTEGER NOT NULL, -- the instant of the file's time 0
    ended_at  INTEGER NOT NULL CHECK (ended_at >= begun_at),
    bytes     INTEGER NOT NULL,
    PRIMARY KEY (recording, file)
) WITHOUT ROWID;
CREATE INDEX recording_tracks_by_user ON recording_tracks (user);
