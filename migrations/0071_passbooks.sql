-- How a collector opens their passbook without a key: by card and PIN, or by a link that is good for once.

CREATE TABLE passbook_links (
  token_hash text PRIMARY KEY,
  person_id  uuid NOT NULL,
  expires_at int8 NOT NULL,
  used_at    int8
);
CREATE INDEX passbook_links_person ON passbook_links (person_id);
COMMENT ON TABLE passbook_links IS 'One-time links by keyed hash; deleted with their person. Not replayed from the ledger; a backup restores it.';

CREATE TABLE passbook_passes (
  token_hash text PRIMARY KEY,
  person_id  uuid NOT NULL,
  card_hash  text,
  expires_at int8 NOT NULL
);
CREATE INDEX passbook_passes_person ON passbook_passes (person_id);
CREATE INDEX passbook_passes_expiry ON passbook_passes (expires_at);
COMMENT ON TABLE passbook_passes IS 'Passbooks that are open just now, by keyed hash; card_hash is null where a link opened it. Reading is no fact: kept outside the ledger for a quarter of an hour.';
