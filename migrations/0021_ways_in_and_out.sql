-- Grams that come in from outside, and grams that leave for good.

CREATE TABLE outside_materials (
  id               uuid PRIMARY KEY,
  seq              int8 NOT NULL,
  organisation_id  uuid NOT NULL,
  site_id          uuid NOT NULL,
  lot_id           uuid NOT NULL,
  day              text NOT NULL,
  kind             text NOT NULL,
  material         text NOT NULL,
  form             text NOT NULL,
  origin_class     text NOT NULL,
  grams            int8 NOT NULL,
  certified_grams  int8 NOT NULL,
  claimable_grams  int8 NOT NULL,
  marks            json NOT NULL,
  certificate      json,
  supplier         text,
  invoice_sha256   text,
  note             text
);
CREATE INDEX outside_materials_organisation ON outside_materials (organisation_id, seq);
COMMENT ON COLUMN outside_materials.certified_grams IS 'Grams the outside certificate lets be claimed; 0 without one.';

CREATE TABLE disposals (
  id               uuid PRIMARY KEY,
  seq              int8 NOT NULL,
  organisation_id  uuid NOT NULL,
  site_id          uuid NOT NULL,
  way              text NOT NULL,
  day              text NOT NULL,
  lots             json NOT NULL,
  grams            int8 NOT NULL,
  measured_grams   int8,
  manifest         text,
  waste_code       text,
  receiver         json,
  vehicle          text,
  disposed_at      text NOT NULL,
  note             text
);
CREATE INDEX disposals_organisation ON disposals (organisation_id, seq);
COMMENT ON COLUMN disposals.measured_grams IS 'What the receiver''s scale said; the lots give up what was booked.';

CREATE TABLE incidents (
  id               uuid PRIMARY KEY,
  seq              int8 NOT NULL,
  organisation_id  uuid NOT NULL,
  site_id          uuid,
  shipment_id      uuid,
  kind             text NOT NULL,
  day              text NOT NULL,
  lots             json NOT NULL,
  grams            int8 NOT NULL,
  reference        text NOT NULL,
  happened_at      text NOT NULL,
  note             text,
  CHECK ((site_id IS NULL) <> (shipment_id IS NULL))
);
CREATE INDEX incidents_organisation ON incidents (organisation_id, seq);

CREATE TABLE lot_exits (
  seq    int8 NOT NULL,
  place  int2 NOT NULL,
  lot_id uuid NOT NULL,
  way    text NOT NULL,
  grams  int8 NOT NULL,
  vector bytea NOT NULL,
  PRIMARY KEY (seq, place)
);
COMMENT ON TABLE lot_exits IS 'Grams that left for good, disposed of, released uncertified or reused: whose they were. With what is in stock and what was lost they are all of every source.';

-- What keeps a period open.
CREATE INDEX lots_on_the_way ON lots (shipment_id) WHERE shipment_id IS NOT NULL AND grams > 0;
