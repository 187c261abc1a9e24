-- A shortage that a count found is drawn again once a late weigh-in shows that more had been there.
CREATE TABLE count_losses (
  key         text PRIMARY KEY,
  kept_grams  int8 NOT NULL,
  asked_grams int8 NOT NULL,
  lots        json NOT NULL
);
COMMENT ON TABLE count_losses IS 'What the lots of one kind lost to a count that found fewer grams than booked, by now.';
