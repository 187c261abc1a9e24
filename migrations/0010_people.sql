-- Whether somebody is registered already, until when their data must be kept, and what is to go when they are erased.

CREATE TABLE person_identities (
  identity_hash text PRIMARY KEY CHECK (identity_hash ~ '^[0-9a-f]{64}$'),
  person_id     uuid
);
COMMENT ON TABLE person_identities IS 'Who an identity number belongs to, by its keyed hash. A number given up is swept away in the same transaction. Not replayed from the ledger; a backup restores it.';

ALTER TABLE collectors ADD COLUMN retain_until text CHECK (retain_until ~ '^\d{4}-\d\d-\d\d$');
COMMENT ON COLUMN collectors.retain_until IS 'The day from which somebody restricted may be erased.';

CREATE INDEX person_openings_person ON person_openings (person_id);
