-- The keys of the log: what the ledger names, and the checkpoints that its facts about keys stand under. Those are kept
-- for ever, since a key that was retired signs no later one.

CREATE TABLE log_keys (
  id          text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{8}$'),
  key         text NOT NULL,
  seq         int8 NOT NULL,
  retired_seq int8
);
COMMENT ON TABLE log_keys IS 'Keys that sign the log''s checkpoints, with the facts that added and retired them.';

CREATE TABLE key_checkpoints (
  seq  int8 PRIMARY KEY,
  note text NOT NULL
);
COMMENT ON TABLE key_checkpoints IS 'For each fact about a key of the log the signed note whose last entry it is.';

-- A programme that was founded before has one key, the one in entry 0.
INSERT INTO log_keys
SELECT split_part(key, '+', 2), key, 0, NULL
FROM (SELECT convert_from(substring(bytes FOR ends[1]), 'UTF8')::jsonb #>> '{data,logKey}' AS key
      FROM chunks WHERE first_seq = 0) AS founded
WHERE key IS NOT NULL;
