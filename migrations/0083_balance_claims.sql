-- Whom what is owed to somebody whose personal data was erased goes to.

CREATE TABLE balance_claims (
  account_id    uuid PRIMARY KEY,
  to_account_id uuid NOT NULL,
  currency      text NOT NULL,
  maker         jsonb NOT NULL,
  state         text NOT NULL,
  proposed_at   int8 NOT NULL,
  amount        int8,
  seq           int8 NOT NULL,
  last_seq      int8 NOT NULL
);
COMMENT ON TABLE balance_claims IS 'The last proposal for each account. An account names nobody; who it goes to, and the hash of the evidence, stand in the fact seq.';
COMMENT ON COLUMN balance_claims.amount IS 'Minor units that went over once it was approved.';
