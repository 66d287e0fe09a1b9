-- +goose Up

-- Who may sign in. A hash says itself how it was made.
CREATE TABLE users (
    name     TEXT PRIMARY KEY,
    role     TEXT NOT NULL,
    hash     TEXT NOT NULL,
    disabled SMALLINT NOT NULL
);

-- Who has signed in. Of what a browser or a program bears, only the SHA-256 is kept.
CREATE TABLE sessions (
    hash    TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    role    TEXT NOT NULL,
    csrf    TEXT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX sessions_by_end ON sessions (expires);

CREATE TABLE tokens (
    hash    TEXT PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE,
    scopes  TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    expires BIGINT NOT NULL -- 0 for never
);

-- What writes were answered with, for those that come again. Status 0 is one that is not answered yet.
CREATE TABLE answers (
    actor    TEXT NOT NULL,
    key      TEXT NOT NULL,
    request  TEXT NOT NULL,
    at       BIGINT NOT NULL,
    status   SMALLINT NOT NULL,
    response TEXT NOT NULL,
    PRIMARY KEY (actor, key)
);
CREATE INDEX answers_by_time ON answers (at);

-- Notes that wait for the alert of their case to come again, while the cases are rebuilt from the log.
CREATE TABLE kept_notes (
    alert_id TEXT NOT NULL,
    at       BIGINT NOT NULL,
    author   TEXT NOT NULL,
    body     TEXT NOT NULL
);
CREATE INDEX kept_notes_of_alert ON kept_notes (alert_id);

-- The cases that somebody has claimed.
CREATE INDEX cases_of_owner ON cases (owner) WHERE owner <> '';

-- What the figures of the last days are counted by.
CREATE INDEX alerts_by_time ON alerts (made_at);
CREATE INDEX labels_by_time ON labels (made_at);

-- +goose Down
DROP INDEX cases_of_owner;
DROP INDEX labels_by_time;
DROP INDEX alerts_by_time;
DROP TABLE kept_notes;
DROP TABLE answers;
DROP TABLE tokens;
DROP TABLE sessions;
DROP TABLE users;
