-- What the follower knows of the counters that devices signed: which were seen, and which are missing.
ALTER TABLE sources ADD COLUMN device_key int2;
ALTER TABLE sources ADD COLUMN counter int8;
COMMENT ON COLUMN sources.counter IS 'Of a weigh-in whose signature fits: the counter its device signed, under the key of that number.';

CREATE TABLE device_lines (
  device_id  uuid NOT NULL,
  device_key int2 NOT NULL,
  counter    int8 NOT NULL,
  runs       json NOT NULL,
  due        int8,
  closed     boolean NOT NULL,
  PRIMARY KEY (device_id, device_key)
);
CREATE INDEX device_lines_due ON device_lines (due) WHERE due IS NOT NULL;
COMMENT ON COLUMN device_lines.device_key IS 'Each key a device had counts from its own beginning.';
COMMENT ON COLUMN device_lines.due IS 'Milliseconds: when the gap that waited longest is marked.';

-- A phone that lost its key is enrolled again: what the lost key signed before that still arrives.
ALTER TABLE devices ADD COLUMN former_keys json NOT NULL DEFAULT '[]';
