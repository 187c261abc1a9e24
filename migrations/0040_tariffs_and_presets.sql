-- What a phone takes along for days without network: price lists, and tiles with one picture for each kind.
CREATE TABLE tariffs (
  id        uuid PRIMARY KEY,
  source    text NOT NULL,
  starts_at int8 NOT NULL,
  buyer_id  uuid,
  prices    json NOT NULL,
  seq       int8 NOT NULL,
  last_seq  int8 NOT NULL
);
CREATE INDEX tariffs_start ON tariffs (starts_at, seq);
COMMENT ON TABLE tariffs IS 'One is in force at a moment: the last that started; of two that start together, the later in the ledger.';

CREATE TABLE presets (
  id       uuid PRIMARY KEY,
  tiles    json NOT NULL,
  seq      int8 NOT NULL,
  last_seq int8 NOT NULL
);
COMMENT ON COLUMN presets.id IS 'The site; the nil UUID for those of the whole programme.';
