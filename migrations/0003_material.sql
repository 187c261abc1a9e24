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
CREATE INDEX lots_used_up ON lots (site_id) WHERE grams = 0;
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

CREATE TABLE lot_places (
  lot_id  uuid NOT NULL,
  seq     int8 NOT NULL,
  site_id uuid,
  PRIMARY KEY (lot_id, seq)
);
CREATE INDEX lot_places_site ON lot_places (site_id, seq);
COMMENT ON TABLE lot_places IS 'Where a lot stood until the fact seq moved it, null while it travelled; where it stands now, lots tells.';

CREATE TABLE shipments (
  id              uuid PRIMARY KEY,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL,
  from_site_id    uuid NOT NULL,
  from_organisation_id uuid NOT NULL,
  to_site_id      uuid NOT NULL,
  to_organisation_id uuid NOT NULL,
  dispatched_by   uuid NOT NULL,
  carrier         text,
  vehicle         text,
  seals           json NOT NULL,
  lots            json NOT NULL,
  booked_grams    int8 NOT NULL,
  measured_grams  int8,
  tolerance_grams int8,
  loss_grams      int8,
  surplus_grams   int8,
  surplus_lot_id  uuid,
  case_id         uuid,
  state           text NOT NULL CHECK (state IN ('dispatched', 'received'))
);
CREATE INDEX shipments_from ON shipments (from_organisation_id, seq);
CREATE INDEX shipments_to ON shipments (to_organisation_id, seq);
CREATE INDEX shipments_carrier ON shipments (carrier, seq) WHERE carrier IS NOT NULL;
COMMENT ON COLUMN shipments.dispatched_by IS 'The organisation that recorded the dispatch.';

CREATE TABLE process_runs (
  id              uuid PRIMARY KEY,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL,
  organisation_id uuid NOT NULL,
  site_id         uuid NOT NULL,
  step            text NOT NULL,
  line_clean      boolean NOT NULL,
  inputs          json NOT NULL,
  outputs         json NOT NULL,
  losses          json NOT NULL,
  marks           json NOT NULL,
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
  material        text NOT NULL,
  form            text NOT NULL,
  grams           int8 NOT NULL,
  state           text NOT NULL CHECK (state IN ('sealed', 'unsealed'))
);
CREATE INDEX batches_organisation ON batches (organisation_id, seq);

CREATE TABLE cases (
  id              uuid PRIMARY KEY,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL,
  kind            text NOT NULL,
  subject_id      uuid NOT NULL,
  organisation_ids json NOT NULL,
  site_ids        json NOT NULL,
  lot_ids         json NOT NULL,
  measured_grams  int8 NOT NULL,
  grams           int8 NOT NULL,
  proposal        json,
  loss_grams      int8,
  state           text NOT NULL CHECK (state IN ('open', 'proposed', 'decided'))
);
CREATE INDEX cases_open ON cases (seq) WHERE state <> 'decided';
COMMENT ON COLUMN cases.organisation_ids IS 'Those whose holders profit, and so may not decide.';
COMMENT ON COLUMN cases.measured_grams IS 'What the scale said of the lots it holds.';
