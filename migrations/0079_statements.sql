-- Statements: what may be said of sold grams under a scheme, and how much of them each group of claims has used up.

CREATE TABLE claim_accounts (
  id       uuid PRIMARY KEY,
  content  json NOT NULL,
  offsets int8 NOT NULL CHECK (offsets >= 0),
  last_seq int8 NOT NULL
);
COMMENT ON TABLE claim_accounts IS 'Of the grams of one sale: those claimed as content, scheme by scheme, and those claimed as offset.';

CREATE TABLE statements (
  id               uuid PRIMARY KEY,
  seq              int8 NOT NULL UNIQUE,
  last_seq         int8 NOT NULL,
  batch_id         uuid NOT NULL,
  sale_id          uuid NOT NULL,
  seller_id        uuid NOT NULL,
  holder_id        uuid NOT NULL,
  scheme           text NOT NULL,
  scheme_version   int4 NOT NULL,
  scheme_seq       int8 NOT NULL,
  exclusion_group  text NOT NULL,
  grams            int8 NOT NULL CHECK (grams > 0),
  of_grams         int8 NOT NULL,
  custody_model    text NOT NULL,
  state            text NOT NULL,
  reason           text,
  code             text UNIQUE,
  issued_at        int8,
  valid_until      int8,
  organisation_ids json NOT NULL,
  approvals        json NOT NULL,
  replaces         uuid,
  replaced_by      uuid
);
CREATE INDEX statements_sale ON statements (sale_id) WHERE state IN ('requested', 'in-review', 'issued', 'suspended');
CREATE INDEX statements_holder ON statements (holder_id, seq);
CREATE INDEX statements_batch ON statements (batch_id, seq);
COMMENT ON COLUMN statements.organisation_ids IS 'Who profits: weighed, processed, sold or bought the grams. None of them may approve.';

CREATE TABLE statement_checks (
  statement_id uuid PRIMARY KEY,
  seq          int8 NOT NULL
);
COMMENT ON TABLE statement_checks IS 'How far what is known of the grams was read when the statement was last held against them. Not replayed.';
