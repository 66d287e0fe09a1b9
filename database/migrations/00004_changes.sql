-- +goose Up

-- With which change a case became what it is. Changes are numbered as they commit, so that whoever has seen number n has
-- missed none below it. The cases that one transaction changes have one number.
ALTER TABLE cases ADD COLUMN changed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX cases_by_change ON cases (changed);
INSERT INTO counters (name, value) VALUES ('change', 0);

-- +goose Down
DELETE FROM counters WHERE name = 'change';
DROP INDEX cases_by_change;
ALTER TABLE cases DROP COLUMN changed;
