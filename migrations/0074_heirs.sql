-- Whom the programme pays in the place of somebody who died.

CREATE TABLE payout_heirs (
  person_id    uuid PRIMARY KEY,
  rail         text NOT NULL,
  account_hash text,
  maker        json NOT NULL,
  state        text NOT NULL,
  paid_seq     int8,
  seq          int8 NOT NULL,
  last_seq     int8 NOT NULL
);
COMMENT ON TABLE payout_heirs IS 'The last proposal for each person. Who the heir is, and the hash of the evidence, stand in the fact seq, under the person''s own key.';
COMMENT ON COLUMN payout_heirs.paid_seq IS 'The proposal that was approved last, whatever was proposed since.';
