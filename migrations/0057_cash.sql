-- Cash at the stations.

CREATE TABLE cash_floats (
  id              uuid PRIMARY KEY,
  site_id         uuid NOT NULL,
  organisation_id uuid NOT NULL,
  currency        text NOT NULL,
  person_day_cap  int8,
  counts          json NOT NULL,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL
);
CREATE INDEX cash_floats_opened ON cash_floats (seq);
COMMENT ON TABLE cash_floats IS 'The float (备用金) of a site in one currency, under the id of its account.';
COMMENT ON COLUMN cash_floats.counts IS 'The last counts, with what is still short of each.';

CREATE TABLE cash_days (
  id       uuid PRIMARY KEY,
  float_id uuid NOT NULL,
  day      text NOT NULL,
  paid     int8 NOT NULL,
  over     boolean NOT NULL,
  last_seq int8 NOT NULL
);
CREATE INDEX cash_days_over ON cash_days (float_id, day) WHERE over;
COMMENT ON TABLE cash_days IS 'What somebody was paid in cash on a day; who, only the key outside the database tells.';

CREATE TABLE cash_movements (
  float_id uuid NOT NULL,
  seq      int8 NOT NULL,
  at       int8 NOT NULL,
  delta    int8 NOT NULL,
  kind     text NOT NULL,
  PRIMARY KEY (float_id, seq)
);
COMMENT ON COLUMN cash_movements.at IS 'When the cash moved, in milliseconds: a phone may tell it days later.';
