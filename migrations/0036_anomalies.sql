-- Rules that look for what does not add up, what they remember, what they found, and what became of it.

CREATE TABLE anomaly_rules (
  code       text PRIMARY KEY,
  version    int4 NOT NULL,
  enabled    boolean NOT NULL,
  parameters json NOT NULL,
  site_ids   json,
  seq        int8 NOT NULL
);
COMMENT ON TABLE anomaly_rules IS 'Only rules that somebody set; any other is as shipped, and off.';

CREATE TABLE anomaly_rule_versions (
  code       text NOT NULL,
  version    int4 NOT NULL,
  enabled    boolean NOT NULL,
  parameters json NOT NULL,
  site_ids   json,
  seq        int8 NOT NULL,
  PRIMARY KEY (code, version)
);

CREATE TABLE anomaly_tallies (
  scope    text NOT NULL CHECK (scope IN ('person-day', 'keeper-month', 'site-month', 'receipt-month')),
  subject  uuid NOT NULL,
  part     uuid NOT NULL,
  period   text NOT NULL,
  count    int8 NOT NULL,
  grams    int8 NOT NULL,
  against  int8 NOT NULL,
  first_at int8,
  last_at  int8,
  flagged  int4,
  PRIMARY KEY (scope, subject, part, period)
);
COMMENT ON TABLE anomaly_tallies IS 'Sums that a rule in force compares: one row for a person and day, a keeper or site and month.';
COMMENT ON COLUMN anomaly_tallies.against IS 'What grams are compared with: pay grams, or grams measured.';
COMMENT ON COLUMN anomaly_tallies.flagged IS 'The version of the rule that has opened a case about this row already.';

CREATE TABLE anomaly_evidence (
  hash      text NOT NULL,
  person_id uuid NOT NULL,
  seq       int8 NOT NULL,
  PRIMARY KEY (hash, person_id, seq)
);
CREATE INDEX anomaly_evidence_person ON anomaly_evidence (person_id);
COMMENT ON TABLE anomaly_evidence IS 'Which weigh-ins showed a photo, for each person they name; the nil id where one names nobody.';

CREATE TABLE person_accounts (
  person_id    uuid PRIMARY KEY,
  account_hash text NOT NULL
);
CREATE INDEX person_accounts_hash ON person_accounts (account_hash);
COMMENT ON TABLE person_accounts IS 'Whose an account is, by its keyed hash. Not replayed from the ledger; a backup restores it.';

CREATE TABLE anomaly_pending (
  key   uuid PRIMARY KEY,
  seq   int8 NOT NULL,
  kind  text NOT NULL CHECK (kind IN ('mark', 'case')),
  input json NOT NULL
);
COMMENT ON TABLE anomaly_pending IS 'What was found and has not passed the door yet. Not replayed.';

CREATE TABLE anomaly_hits (
  finding_id      uuid NOT NULL,
  rule            text NOT NULL,
  version         int4 NOT NULL,
  place           int8 NOT NULL UNIQUE,
  seq             int8 NOT NULL,
  cause_seq       int8 NOT NULL,
  becomes         text NOT NULL CHECK (becomes IN ('mark', 'case')),
  subject_id      uuid NOT NULL,
  site_id         uuid NOT NULL,
  organisation_id uuid NOT NULL,
  key_id          uuid,
  figures         json NOT NULL,
  outcome         text NOT NULL CHECK (outcome IN ('open', 'confirmed', 'refuted')),
  outcome_seq     int8,
  PRIMARY KEY (finding_id, rule)
);
CREATE INDEX anomaly_hits_subject ON anomaly_hits (subject_id);
COMMENT ON COLUMN anomaly_hits.finding_id IS 'The mark or the case it became.';

CREATE TABLE weigh_in_blocks (
  block  int8 PRIMARY KEY,
  before int8 NOT NULL,
  within int8 NOT NULL
);
COMMENT ON TABLE weigh_in_blocks IS 'Weigh-ins in each block of 1,024 entries, and in all before it: a count as of any position is one probe and a short range.';

CREATE TABLE field_checks (
  lot_id uuid PRIMARY KEY,
  seq    int8 NOT NULL,
  number int8 NOT NULL
);
CREATE INDEX field_checks_seq ON field_checks (seq, number);
COMMENT ON TABLE field_checks IS 'Weigh-ins that somebody had to look at, numbered in the order the ledger asked for it.';
