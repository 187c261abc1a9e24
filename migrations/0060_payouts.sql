-- How what is owed leaves: where people are paid, runs, orders, attempts.

CREATE TABLE payees (
  person_id    uuid PRIMARY KEY,
  rail         text,
  account_hash text,
  named        boolean NOT NULL,
  changed_at   int8,
  netting      boolean NOT NULL,
  seq          int8,
  last_seq     int8 NOT NULL
);
CREATE INDEX payees_account ON payees (account_hash) WHERE account_hash IS NOT NULL;
COMMENT ON TABLE payees IS 'Where a person is paid. The account itself stands in the fact seq, under the person''s own key; here is its keyed hash.';
COMMENT ON COLUMN payees.changed_at IS 'Milliseconds; null while the first account stands.';

CREATE TABLE payout_runs (
  id            uuid PRIMARY KEY,
  rail          text NOT NULL,
  currency      text NOT NULL,
  as_of_seq     int8 NOT NULL,
  rule          json NOT NULL,
  count         int8 NOT NULL,
  total         int8 NOT NULL,
  list_hash     text NOT NULL,
  maker         json NOT NULL,
  approval      json,
  state         text NOT NULL,
  drafted_count int8,
  drafted_total int8,
  drafted_hash  text,
  seq           int8 NOT NULL,
  last_seq      int8 NOT NULL
);
CREATE INDEX payout_runs_seq ON payout_runs (seq);
CREATE INDEX payout_runs_drafting ON payout_runs (seq) WHERE state = 'drafting';

CREATE TABLE payout_orders (
  id          uuid PRIMARY KEY,
  run_id      uuid,
  person_id   uuid,
  site_id     uuid,
  rail        text NOT NULL,
  currency    text NOT NULL,
  amount      int8 NOT NULL CHECK (amount > 0),
  netted      int8 NOT NULL CHECK (netted >= 0),
  payable_id  uuid NOT NULL,
  overpaid_id uuid NOT NULL,
  payee_seq   int8 NOT NULL,
  state       text NOT NULL,
  holds       json NOT NULL,
  alone       boolean NOT NULL,
  ready       boolean NOT NULL,
  maker       json NOT NULL,
  approval    json,
  reference   text UNIQUE,
  seq         int8 NOT NULL,
  last_seq    int8 NOT NULL
);
CREATE INDEX payout_orders_seq ON payout_orders (seq);
CREATE INDEX payout_orders_run ON payout_orders (run_id, person_id) WHERE run_id IS NOT NULL;
CREATE INDEX payout_orders_person ON payout_orders (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX payout_orders_open ON payout_orders (state, seq)
  WHERE state NOT IN ('paid', 'failed', 'expired', 'returned', 'cancelled', 'rejected');
COMMENT ON COLUMN payout_orders.amount IS 'Minor units that are sent; with netted, what is set aside of what is owed.';
COMMENT ON COLUMN payout_orders.alone IS 'Needs an approval of its own; that of its run does not count.';

CREATE TABLE payout_attempts (
  reference    text PRIMARY KEY,
  order_id     uuid NOT NULL,
  steps        json NOT NULL,
  confirmation text,
  seq          int8 NOT NULL,
  last_seq     int8 NOT NULL
);
COMMENT ON TABLE payout_attempts IS 'What was done under one reference of a rail; each sending stands here before it is sent.';
