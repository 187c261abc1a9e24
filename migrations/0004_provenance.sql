-- What the provenance follower knows: every source, where its grams went, and what a batch is made of.

CREATE TABLE sources (
  key             int8 PRIMARY KEY,
  kind            text NOT NULL,
  lot_id          uuid NOT NULL,
  collection_id   uuid,
  organisation_id uuid NOT NULL,
  site_id         uuid NOT NULL,
  device_id       uuid,
  day             text NOT NULL,
  material        text NOT NULL,
  form            text NOT NULL,
  origin_class    text NOT NULL,
  grams           int8 NOT NULL,
  pay_grams       int8 NOT NULL,
  claimable_grams int8 NOT NULL,
  accepted        boolean NOT NULL,
  marks           json NOT NULL,
  parties         int2 NOT NULL
);
CREATE INDEX sources_site ON sources (site_id, key);
CREATE INDEX sources_device ON sources (device_id, key) WHERE device_id IS NOT NULL;
COMMENT ON COLUMN sources.key IS 'seq × 128 + place in the fact.';

CREATE TABLE source_parties (
  person_id uuid NOT NULL,
  key       int8 NOT NULL,
  PRIMARY KEY (person_id, key)
);
CREATE INDEX source_parties_key ON source_parties (key);

CREATE TABLE lot_vectors (
  lot_id uuid NOT NULL,
  seq    int8 NOT NULL,
  grams  int8 NOT NULL,
  vector bytea NOT NULL,
  PRIMARY KEY (lot_id, seq)
);
COMMENT ON TABLE lot_vectors IS 'Integer grams over sources of a lot after the fact seq. A source lot nobody drew on is its own vector and has no row.';

CREATE TABLE lot_moves (
  seq       int8 NOT NULL,
  place     int2 NOT NULL,
  lot_id    uuid NOT NULL,
  direction text NOT NULL CHECK (direction IN ('in', 'out', 'loss')),
  grams     int8 NOT NULL,
  PRIMARY KEY (seq, place)
);
CREATE INDEX lot_moves_lot ON lot_moves (lot_id, seq);
COMMENT ON TABLE lot_moves IS 'Lots that a fact took grams from (in), made (out), or lost grams of (loss): the way of a gram, forwards and backwards.';

CREATE TABLE lot_losses (
  seq    int8 NOT NULL,
  place  int2 NOT NULL,
  lot_id uuid,
  kind   text NOT NULL,
  grams  int8 NOT NULL,
  vector bytea NOT NULL,
  PRIMARY KEY (seq, place)
);
CREATE INDEX lot_losses_lot ON lot_losses (lot_id) WHERE lot_id IS NOT NULL;
COMMENT ON COLUMN lot_losses.lot_id IS 'The lot that lost it; null for a loss of a whole run.';

CREATE TABLE lot_models (
  lot_id        uuid PRIMARY KEY,
  custody_model text NOT NULL,
  claimable_grams int8 NOT NULL,
  cap_grams       int8,
  estimated_grams int8 NOT NULL,
  seq           int8 NOT NULL
);

CREATE TABLE batch_summaries (
  batch_id uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  seq      int8 NOT NULL,
  summary  json NOT NULL
);
