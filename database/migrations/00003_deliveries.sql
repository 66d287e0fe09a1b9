-- +goose Up

-- What is to be told to others, by which route. What was delivered keeps its row for a while, without its body.
CREATE TABLE deliveries (
    delivery_id TEXT PRIMARY KEY,
    route       TEXT NOT NULL,
    event       TEXT NOT NULL,
    subject     TEXT NOT NULL, -- the alert that it tells of, or ''
    body        TEXT NOT NULL,
    made_at     BIGINT NOT NULL,
    state       SMALLINT NOT NULL, -- 1 waits, 2 is delivered, 3 is given up
    attempts    INTEGER NOT NULL,
    since       BIGINT NOT NULL, -- since when it is tried, which limits for how long
    next_at     BIGINT NOT NULL, -- not tried before; while somebody tries, when they are taken to have died
    ended_at    BIGINT NOT NULL,
    error       TEXT NOT NULL
);
CREATE INDEX deliveries_waiting ON deliveries (route, next_at) WHERE state = 1;
CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE state <> 1;
CREATE INDEX deliveries_by_time ON deliveries (made_at DESC, delivery_id DESC);
CREATE INDEX deliveries_given_up ON deliveries (made_at DESC, delivery_id DESC) WHERE state = 3;

-- Limits that are passed now, so that each passing is told once.
CREATE TABLE passed_limits (
    name  TEXT PRIMARY KEY,
    since BIGINT NOT NULL
);

-- +goose Down
DROP TABLE passed_limits;
DROP TABLE deliveries;
