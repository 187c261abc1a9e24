-- The common prosperity fund: who holds it, what came in, and what was given.

CREATE TABLE fund_inflows (
  seq             int8 PRIMARY KEY,
  at              int8 NOT NULL,
  currency        text NOT NULL,
  amount          int8 NOT NULL,
  batch_id        uuid NOT NULL,
  distribution_id uuid
);
COMMENT ON TABLE fund_inflows IS 'The fund''s share of what batches sold for, in minor units. Shown in sums over months and sales only.';
COMMENT ON COLUMN fund_inflows.distribution_id IS 'Null where it had been held back for returns.';

CREATE TABLE fund_holder (
  id              uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL
);
COMMENT ON TABLE fund_holder IS 'One row: the organisation that holds the fund by law.';
CREATE TABLE fund_holders (
  seq             int8 PRIMARY KEY,
  organisation_id uuid NOT NULL,
  public_name     text
);
COMMENT ON TABLE fund_holders IS 'Every holder the fund had.';

CREATE TABLE fund_deposits (
  id       uuid PRIMARY KEY,
  seq      int8 NOT NULL,
  last_seq int8 NOT NULL,
  source   text NOT NULL,
  day      text NOT NULL,
  currency text NOT NULL,
  amount   int8 NOT NULL
);
CREATE INDEX fund_deposits_seq ON fund_deposits (seq);
COMMENT ON TABLE fund_deposits IS 'What came to the fund from outside the trade with plastic, in minor units.';

CREATE TABLE fund_gifts (
  id            uuid PRIMARY KEY,
  seq           int8 NOT NULL,
  last_seq      int8 NOT NULL,
  state         text NOT NULL,
  kind          text NOT NULL,
  currency      text NOT NULL,
  amount        int8 NOT NULL,
  basis         json,
  units         int8,
  people        int8,
  maker         json NOT NULL,
  checker       json,
  given_seq     int8,
  day           text,
  total         int8,
  leaves        int4,
  root          text,
  split_salt    text,
  parts         int4,
  written       int4
);
CREATE INDEX fund_gifts_seq ON fund_gifts (seq);
CREATE INDEX fund_gifts_given ON fund_gifts (given_seq) WHERE given_seq IS NOT NULL;
CREATE INDEX fund_gifts_open ON fund_gifts (seq) WHERE state IN ('approved', 'committed');
COMMENT ON TABLE fund_gifts IS 'What the fund gives, in money or in kind: proposed by one, decided by another.';
COMMENT ON COLUMN fund_gifts.given_seq IS 'The fact that took it out of the fund.';

CREATE TABLE fund_pending (
  seq      int8 PRIMARY KEY,
  planned  boolean NOT NULL DEFAULT false,
  read_seq int8
);
COMMENT ON TABLE fund_pending IS 'Gifts in money that are being worked out. Not replayed; its leaves lie in distribution_leaves.';

ALTER TABLE accounts DROP CONSTRAINT never_overdrawn;
ALTER TABLE accounts ADD CONSTRAINT never_overdrawn
  CHECK (kind NOT IN ('payable', 'provisional', 'suspense', 'fund') OR balance + held <= 0);
