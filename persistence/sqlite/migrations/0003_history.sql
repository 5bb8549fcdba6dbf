-- Where an instant is in a log, and who was active when, without reading what was written.
CREATE INDEX updates_by_time ON updates (document, at, user);
