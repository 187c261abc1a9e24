-- What becomes of a batch: reserved, sold, handed over, paid, given back, made into products.

ALTER TABLE batches
  ADD COLUMN inputs         json,
  ADD COLUMN sales          int4 NOT NULL DEFAULT 0,
  ADD COLUMN last_sale_id   uuid,
  ADD COLUMN sold_grams     int8 NOT NULL DEFAULT 0,
  ADD COLUMN reserved_for   uuid,
  ADD COLUMN reserved_until int8,
  ADD COLUMN costs          json NOT NULL DEFAULT '{}';
UPDATE batches b SET inputs = (
  SELECT json_agg(json_build_object('lotId', m.lot_id, 'grams', m.grams) ORDER BY m.place)
  FROM lot_moves m WHERE m.seq = b.seq AND m.direction = 'in');
ALTER TABLE batches ALTER COLUMN inputs SET NOT NULL;
COMMENT ON COLUMN batches.inputs IS 'What was taken from which lot, to be given back when it is unsealed.';
COMMENT ON COLUMN batches.reserved_until IS 'Milliseconds since 1970; past it the reservation is void.';
COMMENT ON COLUMN batches.costs IS 'Minor units booked so far, by currency.';

CREATE TABLE batch_sales (
  id              uuid PRIMARY KEY,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL,
  batch_id        uuid NOT NULL,
  buyer_id        uuid NOT NULL,
  lot_id          uuid NOT NULL,
  grams           int8 NOT NULL CHECK (grams > 0),
  delivered_grams int8 NOT NULL,
  returned_grams  int8 NOT NULL,
  product_grams   int8 NOT NULL,
  price           json NOT NULL,
  currency        text NOT NULL,
  total           int8 NOT NULL,
  received        int8 NOT NULL,
  credited        int8 NOT NULL,
  contract        text,
  CHECK (delivered_grams <= grams AND returned_grams + product_grams <= grams AND credited <= total)
);
CREATE INDEX batch_sales_batch ON batch_sales (batch_id, seq);
CREATE INDEX batch_sales_buyer ON batch_sales (buyer_id, batch_id);
COMMENT ON COLUMN batch_sales.lot_id IS 'The lot of the buyer that holds the sold grams.';
COMMENT ON COLUMN batch_sales.total IS 'Minor units of the currency; owed are total - credited - received.';

CREATE TABLE batch_buyers (
  id           text PRIMARY KEY,
  sales        int4 NOT NULL,
  last_sale_id uuid NOT NULL
);
COMMENT ON COLUMN batch_buyers.id IS 'Batch and buyer, parted by a space: how often it sold to them.';

CREATE TABLE batch_entries (
  seq       int8 PRIMARY KEY,
  batch_id  uuid NOT NULL,
  sale_id   uuid,
  kind      text NOT NULL CHECK (kind IN ('cost', 'delivery', 'payment', 'return')),
  cost_kind text,
  grams     int8,
  amount    int8,
  currency  text,
  at        text NOT NULL,
  site_id   uuid,
  note      text
);
CREATE INDEX batch_entries_batch ON batch_entries (batch_id, seq);
COMMENT ON TABLE batch_entries IS 'Costs, deliveries, payments and returns of a batch, one row a fact.';

CREATE TABLE products (
  id              uuid PRIMARY KEY,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL,
  organisation_id uuid NOT NULL,
  batch_id        uuid NOT NULL,
  sale_id         uuid,
  lot_id          uuid NOT NULL,
  units           int8 NOT NULL,
  unit_mass_grams int8 NOT NULL,
  content_grams   int8 NOT NULL,
  market          text NOT NULL,
  name            text
);
CREATE INDEX products_organisation ON products (organisation_id, seq);
COMMENT ON COLUMN products.content_grams IS 'Grams of the batch in one unit.';

CREATE INDEX batch_summaries_seq ON batch_summaries (seq);
