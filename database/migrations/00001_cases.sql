-- +goose Up

-- Numbers that transactions hand out one after the other: who takes one holds its row until it commits, so that a greater
-- number is never there before a smaller one.
CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('case', 0), ('outbox', 0), ('audit', 0);

-- What was taken in of each partition of a topic.
CREATE TABLE cursors (
    topic          TEXT NOT NULL,
    partition      INTEGER NOT NULL,
    next           BIGINT NOT NULL,
    PRIMARY KEY (topic, partition)
);

-- Times are milliseconds since 1970; severity, state and verdicts are the numbers that the program gives them.
CREATE TABLE cases (
    case_id       BIGINT PRIMARY KEY,
    account_id    TEXT NOT NULL,
    state         SMALLINT NOT NULL,
    alerts        INTEGER NOT NULL,
    severity      SMALLINT NOT NULL,
    score         DOUBLE PRECISION NOT NULL,
    at_risk       DOUBLE PRECISION NOT NULL,
    reason        TEXT NOT NULL,
    oldest        BIGINT NOT NULL,
    newest        BIGINT NOT NULL,
    touched       BIGINT NOT NULL,
    fresh         INTEGER NOT NULL,
    owner         TEXT NOT NULL,
    owned_until   BIGINT NOT NULL,
    snoozed_until BIGINT NOT NULL,
    disposition   SMALLINT NOT NULL,
    closed_by     TEXT NOT NULL,
    closed_at     BIGINT NOT NULL,
    version       BIGINT NOT NULL
);
CREATE INDEX cases_of_account ON cases (account_id, newest);
-- The orders of the queue. Closed cases are in none of them.
CREATE INDEX cases_by_risk ON cases (severity DESC, score DESC, case_id DESC) WHERE state < 3;
CREATE INDEX cases_by_money ON cases (at_risk DESC, case_id DESC) WHERE state < 3;
CREATE INDEX cases_by_age ON cases (touched DESC, case_id DESC) WHERE state < 3;
CREATE INDEX cases_closed ON cases (closed_at DESC, case_id DESC) WHERE state = 3;

CREATE TABLE alerts (
    alert_id       TEXT PRIMARY KEY,
    case_id        BIGINT NOT NULL REFERENCES cases (case_id),
    account_id     TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    event_time     BIGINT NOT NULL,
    made_at        BIGINT NOT NULL,
    body           TEXT NOT NULL -- the event as it came
);
CREATE INDEX alerts_of_case ON alerts (case_id, event_time);
CREATE INDEX alerts_of_account ON alerts (account_id, event_time);
CREATE INDEX alerts_of_transaction ON alerts (transaction_id);

-- By which keys alerts are related.
CREATE TABLE alert_keys (
    entity     TEXT NOT NULL,
    key        TEXT NOT NULL,
    event_time BIGINT NOT NULL,
    alert_id   TEXT NOT NULL REFERENCES alerts (alert_id),
    PRIMARY KEY (entity, key, event_time, alert_id)
);

CREATE TABLE labels (
    feedback_id    TEXT PRIMARY KEY,
    account_id     TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    made_at        BIGINT NOT NULL,
    body           TEXT NOT NULL
);
CREATE INDEX labels_of_transaction ON labels (account_id, transaction_id, made_at);

-- Labels that are to be published, in the order of seq. One that is published may be deleted.
CREATE TABLE outbox (
    seq         BIGINT PRIMARY KEY,
    feedback_id TEXT NOT NULL REFERENCES labels (feedback_id)
);

CREATE TABLE notes (
    case_id BIGINT NOT NULL REFERENCES cases (case_id),
    at      BIGINT NOT NULL,
    author  TEXT NOT NULL,
    body    TEXT NOT NULL
);
CREATE INDEX notes_of_case ON notes (case_id, at);

-- Who did what. Nothing changes or deletes a row.
CREATE TABLE audit (
    audit_id BIGINT PRIMARY KEY,
    at       BIGINT NOT NULL,
    actor    TEXT NOT NULL,
    action   TEXT NOT NULL,
    object   TEXT NOT NULL,
    detail   TEXT NOT NULL
);
CREATE INDEX audit_of_object ON audit (object, audit_id);

-- +goose Down
DROP TABLE audit;
DROP TABLE notes;
DROP TABLE outbox;
DROP TABLE labels;
DROP TABLE alert_keys;
DROP TABLE alerts;
DROP TABLE cases;
DROP TABLE cursors;
DROP TABLE counters;
