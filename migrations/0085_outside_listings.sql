-- Grams of a sale that are listed in a register outside this programme.

CREATE TABLE outside_listings (
  id              uuid PRIMARY KEY,
  seq             int8 NOT NULL UNIQUE,
  last_seq        int8 NOT NULL,
  sale_id         uuid NOT NULL,
  batch_id        uuid NOT NULL,
  organisation_id uuid NOT NULL,
  register        text NOT NULL,
  number          text NOT NULL,
  grams           int8 NOT NULL CHECK (grams > 0),
  ranges          json NOT NULL,
  overlap         int8 NOT NULL,
  state           text NOT NULL
);
CREATE INDEX outside_listings_sale ON outside_listings (sale_id, seq);

CREATE TABLE outside_numbers (
  id         text PRIMARY KEY,
  listing_id uuid,
  last_seq   int8 NOT NULL
);
COMMENT ON TABLE outside_numbers IS 'By register and number, so that one listing is recorded once; null once it was withdrawn.';
