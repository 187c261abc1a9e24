-- What is owed and was not paid for long: listed, so that it is not lost.

CREATE TABLE payout_unclaimed (
  account_id uuid PRIMARY KEY,
  currency   text NOT NULL,
  amount     int8 NOT NULL CHECK (amount > 0),
  as_of_seq  int8 NOT NULL,
  state      text NOT NULL,
  seq        int8 NOT NULL,
  last_seq   int8 NOT NULL
);
CREATE INDEX payout_unclaimed_seq ON payout_unclaimed (seq) WHERE state = 'unclaimed';
COMMENT ON TABLE payout_unclaimed IS 'Of what is owed on an account after as_of_seq, amount was not paid in the time an unknown person''s money is kept; it stays owed.';
