-- Grams: where they are and what they are.

CREATE TABLE lots (
  id              uuid PRIMARY KEY,
  seq             int8 NOT NULL,
  place           int2 NOT NULL,
  last_seq        int8 NOT NULL,
  kind            text NOT NULL,
  organisation_id uuid NOT NULL,
  site_id         uuid,
  shipment_id     uuid,
  material        text NOT NULL,
  form            text NOT NULL,
  origin_class    text,
  grams           int8 NOT NULL CHECK (grams >= 0),
  held_by         uuid
);
CREATE INDEX lots_in_stock ON lots (site_id) WHERE grams > 0;
COMMENT ON COLUMN lots.origin_class IS 'The origin class all its sources share; null when they differ.';
COMMENT ON COLUMN lots.held_by IS 'The open case that holds it.';

CREATE TABLE postings (
  account uuid NOT NULL,
  seq     int8 NOT NULL,
  delta   int8 NOT NULL,
  after   int8 NOT NULL,
  PRIMARY KEY (account, seq)
);
COMMENT ON TABLE postings IS 'What a fact did to an amount of grams, and what was left: a balance as of any position is one probe.';

CREATE TABLE shipments (
  id              uuid PRIMARY KEY,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL,
  organisation_id uuid NOT NULL,
  from_site_id    uuid NOT NULL,
  to_site_id      uuid NOT NULL,
  lots            json NOT NULL,
  booked_grams    int8 NOT NULL,
  measured_grams  int8,
  case_id         uuid,
  state           text NOT NULL CHECK (state IN ('dispatched', 'received', 'held'))
);

CREATE TABLE process_runs (
  id              uuid PRIMARY KEY,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL,
  organisation_id uuid NOT NULL,
  site_id         uuid NOT NULL,
  step            text NOT NULL,
  line_clean      boolean NOT NULL,
  outputs         json NOT NULL,
  state           text NOT NULL CHECK (state IN ('completed', 'voided'))
);

CREATE TABLE batches (
  id              uuid PRIMARY KEY,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL,
  organisation_id uuid NOT NULL,
  site_id         uuid NOT NULL,
  code            text NOT NULL UNIQUE,
  lot_id          uuid NOT NULL,
  grams           int8 NOT NULL,
  state           text NOT NULL CHECK (state IN ('sealed', 'unsealed'))
);

CREATE TABLE cases (
  id              uuid PRIMARY KEY,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL,
  kind            text NOT NULL,
  subject_id      uuid NOT NULL,
  organisation_ids json NOT NULL,
  grams           int8 NOT NULL,
  proposed_by     text,
  proposal        json,
  state           text NOT NULL CHECK (state IN ('open', 'proposed', 'decided'))
);
CREATE INDEX cases_open ON cases (seq) WHERE state <> 'decided';
