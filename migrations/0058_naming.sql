-- Whoever brought a bag, told later.

CREATE TABLE named_weigh_ins (
  lot_id         uuid PRIMARY KEY,
  account_id     uuid NOT NULL,
  provisional_id uuid NOT NULL,
  overpaid_id    uuid NOT NULL,
  last_seq       int8 NOT NULL
);
COMMENT ON TABLE named_weigh_ins IS 'Weigh-ins that named nobody known, with the accounts of whoever they were found to be of.';
