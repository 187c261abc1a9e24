-- Claims: ranges of serial grams on the gram account of a sale, and what became of them.

CREATE TABLE gram_books (
  id         uuid PRIMARY KEY,
  last_seq   int8 NOT NULL,
  used       json NOT NULL,
  statements json NOT NULL,
  reserved   int8 NOT NULL CHECK (reserved >= 0),
  issued     int8 NOT NULL CHECK (issued >= 0),
  tradable   int8 NOT NULL CHECK (tradable >= 0),
  retired    int8 NOT NULL CHECK (retired >= 0),
  cancelled  int8 NOT NULL CHECK (cancelled >= 0),
  elsewhere  int8 NOT NULL CHECK (elsewhere >= 0),
  CHECK (tradable + retired + cancelled = issued)
);
COMMENT ON TABLE gram_books IS 'By sale: which of its grams are claimed. A gram has one holder, in one exclusion group.';
COMMENT ON COLUMN gram_books.issued IS 'Ever issued, counted by issues alone; frozen ones are tradable, recalled ones cancelled.';

CREATE TABLE claims (
  id              uuid PRIMARY KEY,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL,
  sale_id         uuid NOT NULL,
  batch_id        uuid NOT NULL,
  statement_ids   json NOT NULL,
  exclusion_group text NOT NULL,
  grams           int8 NOT NULL CHECK (grams > 0),
  ranges          json NOT NULL,
  seller_id       uuid NOT NULL,
  holder_id       uuid NOT NULL,
  state           text NOT NULL,
  before          text,
  cause           text,
  reserved_until  int8,
  changed_at      int8 NOT NULL,
  split_from      uuid,
  product_id      uuid,
  retirement      json
);
CREATE UNIQUE INDEX claims_seq ON claims (seq);
CREATE INDEX claims_sale ON claims (sale_id, seq);
CREATE INDEX claims_holder ON claims (holder_id, seq);
CREATE INDEX claims_seller ON claims (seller_id, seq);
CREATE INDEX claims_product ON claims (product_id) WHERE product_id IS NOT NULL;
CREATE INDEX claims_due ON claims (reserved_until) WHERE state = 'reserved';

CREATE TABLE product_claims (
  id       uuid PRIMARY KEY,
  claim_id uuid,
  last_seq int8 NOT NULL
);
COMMENT ON TABLE product_claims IS 'By product: the claim retired into it; null once that was recalled. A gram ends in one product.';
