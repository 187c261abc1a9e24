-- The second distribution: what a receipt of a batch adds is shared by rule, over the exact shares of that batch.

CREATE TABLE distribution_rules (
  id               uuid PRIMARY KEY,
  version          int4 NOT NULL UNIQUE,
  seq              int8 NOT NULL,
  last_seq         int8 NOT NULL,
  shares           json NOT NULL,
  hold_back        json NOT NULL,
  vat_basis_points int4,
  reference        json
);
CREATE INDEX distribution_rules_seq ON distribution_rules (seq);
CREATE TABLE distribution_rule_counts (
  id       uuid PRIMARY KEY,
  versions int4 NOT NULL,
  last_seq int8 NOT NULL
);
COMMENT ON TABLE distribution_rule_counts IS 'One row: how many versions there are, so that the next has its number.';

CREATE TABLE batch_splits (
  id            text PRIMARY KEY,
  batch_id      uuid NOT NULL,
  currency      text NOT NULL,
  bases         json NOT NULL,
  held_fund     int8 NOT NULL CHECK (held_fund >= 0),
  held_operator int8 NOT NULL CHECK (held_operator >= 0),
  release_at    int8,
  last_seq      int8 NOT NULL
);
CREATE INDEX batch_splits_due ON batch_splits (release_at) WHERE held_fund + held_operator > 0;
COMMENT ON TABLE batch_splits IS 'Of a batch and a currency: what was shared out so far of each base, and what is held back for returns, in minor units.';

CREATE TABLE distributions (
  id            uuid PRIMARY KEY,
  seq           int8 NOT NULL,
  last_seq      int8 NOT NULL,
  batch_id      uuid NOT NULL,
  currency      text NOT NULL,
  receipt_seq   int8 NOT NULL UNIQUE,
  rule_id       uuid NOT NULL,
  version       int4 NOT NULL,
  bases         json NOT NULL,
  collectors    int8 NOT NULL,
  fund          int8 NOT NULL,
  operator      int8 NOT NULL,
  held_fund     int8 NOT NULL,
  held_operator int8 NOT NULL,
  leaves        int4 NOT NULL,
  people        int4 NOT NULL,
  root          text NOT NULL,
  split_salt    text NOT NULL,
  parts         int4 NOT NULL,
  written       int4 NOT NULL
);
CREATE INDEX distributions_batch ON distributions (batch_id, seq);
COMMENT ON COLUMN distributions.written IS 'Of its parts, how many were credited already.';

CREATE TABLE distribution_credits (
  distribution_id uuid NOT NULL,
  account_id      uuid NOT NULL,
  seq             int8 NOT NULL,
  amount          int8 NOT NULL,
  PRIMARY KEY (distribution_id, account_id)
);
CREATE INDEX distribution_credits_account ON distribution_credits (account_id, seq);
COMMENT ON TABLE distribution_credits IS 'What a distribution credited to which account: the leaves of its tree.';

CREATE TABLE distribution_pending (
  seq      int8 PRIMARY KEY,
  batch_id uuid NOT NULL,
  planned  boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE distribution_pending IS 'Receipts, returns and voids whose money is not shared out yet. Not replayed.';
CREATE TABLE distribution_leaves (
  receipt_seq int8 NOT NULL,
  place       int4 NOT NULL,
  account_id  uuid NOT NULL,
  kind        text NOT NULL,
  amount      int8 NOT NULL,
  PRIMARY KEY (receipt_seq, place)
);
COMMENT ON TABLE distribution_leaves IS 'A distribution as it was worked out, until all of it has passed the door: a restart and a second process go on with the same. Not replayed.';
