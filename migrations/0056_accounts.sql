-- Fen: where they are and whose they are.

CREATE TABLE accounts (
  id              uuid PRIMARY KEY,
  kind            text NOT NULL,
  currency        text NOT NULL,
  organisation_id uuid,
  site_id         uuid,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL,
  balance         int8 NOT NULL,
  held            int8 NOT NULL CHECK (held >= 0),
  CONSTRAINT never_overdrawn CHECK (kind NOT IN ('payable', 'provisional', 'suspense') OR balance + held <= 0)
);
CREATE INDEX accounts_opened ON accounts (seq);
CREATE INDEX accounts_site ON accounts (site_id) WHERE site_id IS NOT NULL;
COMMENT ON TABLE accounts IS 'What is owed and owned, in minor units. Whose a person''s account is cannot be read here: its id follows from the person''s under a key outside the database.';
COMMENT ON COLUMN accounts.balance IS 'Debits less credits: what the programme has is positive, what it owes negative.';
COMMENT ON COLUMN accounts.held IS 'Of what is owed, what a payout order has set aside.';

CREATE TABLE tariff_schedules (
  id       uuid PRIMARY KEY,
  starts   json NOT NULL,
  last_seq int8 NOT NULL
);
COMMENT ON TABLE tariff_schedules IS 'One row: which tariff starts when, so that a rule finds the one in force.';

CREATE TABLE provisional_earnings (
  lot_id        uuid PRIMARY KEY,
  collection_id uuid NOT NULL,
  site_id       uuid NOT NULL,
  seq           int8 NOT NULL,
  last_seq      int8 NOT NULL,
  due_at        int8 NOT NULL,
  parts         json NOT NULL,
  state         text NOT NULL
);
CREATE INDEX provisional_earnings_due ON provisional_earnings (due_at) WHERE state = 'open';
COMMENT ON TABLE provisional_earnings IS 'Weigh-ins of which something is owed only once a mark was decided.';

ALTER TABLE weigh_ins ADD COLUMN earned json NOT NULL DEFAULT '[]';
