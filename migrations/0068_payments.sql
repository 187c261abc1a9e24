-- What was paid of what is owed, and what may be shown of it without names.

CREATE TABLE payments (
  account_id uuid NOT NULL,
  seq        int8 NOT NULL,
  at         int8 NOT NULL,
  by         text NOT NULL,
  amount     int8 NOT NULL,
  sent       int8 NOT NULL,
  PRIMARY KEY (account_id, seq)
);
CREATE INDEX payments_seq ON payments (seq);
COMMENT ON TABLE payments IS 'What was paid of what is owed on an account, in minor units; negative where it came back. `sent` leaves out what was set off against what was overpaid.';

CREATE TABLE earning_changes (
  seq    int8 PRIMARY KEY,
  lot_id uuid NOT NULL
);
CREATE INDEX earning_changes_lot ON earning_changes (lot_id);
COMMENT ON TABLE earning_changes IS 'Corrections, voids, decisions and namings, each with the weigh-in whose earning it changed.';

CREATE TABLE payment_proofs (
  id         uuid PRIMARY KEY,
  seq        int8 NOT NULL,
  last_seq   int8 NOT NULL,
  batch_id   uuid NOT NULL,
  as_of_seq  int8 NOT NULL,
  currency   text NOT NULL,
  earned     int8,
  paid       int8 NOT NULL,
  leaves     int4 NOT NULL,
  people     int4 NOT NULL,
  root       text NOT NULL,
  split_salt text NOT NULL
);
CREATE INDEX payment_proofs_batch ON payment_proofs (batch_id, seq);
COMMENT ON TABLE payment_proofs IS 'Published: how much of what a batch earned its people was paid, to how many.';

CREATE TABLE payment_leaves (
  root       text NOT NULL,
  account_id uuid NOT NULL,
  kind       text NOT NULL,
  earned     int8 NOT NULL,
  paid       int8 NOT NULL,
  PRIMARY KEY (root, account_id)
);
CREATE INDEX payment_leaves_account ON payment_leaves (account_id);
COMMENT ON TABLE payment_leaves IS 'What stands behind the root of a proof of payment, by account. Not replayed: what is given out of it is held against the root in the ledger.';

CREATE TABLE distribution_covers (
  id            text PRIMARY KEY,
  seq           int8 NOT NULL,
  last_seq      int8 NOT NULL,
  taken         json NOT NULL,
  held_fund     int8 NOT NULL,
  held_operator int8 NOT NULL,
  operator      int8 NOT NULL,
  state         text NOT NULL
);
COMMENT ON TABLE distribution_covers IS 'What hold-back and operator covered of a return; once the return is voided, they have it back.';
