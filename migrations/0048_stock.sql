-- What stands where, of what kind, after any fact: written by the provenance follower, so that an inventory is one
-- probe a kind, however many lots came and went.

CREATE TABLE stock_accounts (
  id           int4 PRIMARY KEY,
  site_id      uuid NOT NULL,
  material     text NOT NULL,
  form         text NOT NULL,
  origin_class text,
  UNIQUE NULLS NOT DISTINCT (site_id, material, form, origin_class)
);

CREATE TABLE stock_postings (
  account_id      int4 NOT NULL,
  seq             int8 NOT NULL,
  grams           int8 NOT NULL,
  claimable_grams int8 NOT NULL,
  lots            int4 NOT NULL,
  PRIMARY KEY (account_id, seq)
);
COMMENT ON TABLE stock_postings IS 'A balance after the fact seq; the last one up to a position holds there.';
