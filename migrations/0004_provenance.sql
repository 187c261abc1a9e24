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

CREATE TABLE lot_edges (
  seq      int8 NOT NULL,
  place    int2 NOT NULL,
  from_lot uuid NOT NULL,
  to_lot   uuid,
  grams    int8 NOT NULL,
  kind     text NOT NULL,
  PRIMARY KEY (seq, place)
);
CREATE INDEX lot_edges_from ON lot_edges (from_lot, seq);
CREATE INDEX lot_edges_to ON lot_edges (to_lot, seq) WHERE to_lot IS NOT NULL;

CREATE TABLE lot_losses (
  seq    int8 NOT NULL,
  place  int2 NOT NULL,
  kind   text NOT NULL,
  grams  int8 NOT NULL,
  vector bytea NOT NULL,
  PRIMARY KEY (seq, place)
);

CREATE TABLE lot_models (
  lot_id        uuid PRIMARY KEY,
  custody_model text NOT NULL,
  claimable_grams int8 NOT NULL,
  estimated_grams int8 NOT NULL,
  seq           int8 NOT NULL
);

CREATE TABLE batch_summaries (
  batch_id uuid PRIMARY KEY,
  seq      int8 NOT NULL,
  summary  json NOT NULL
);
