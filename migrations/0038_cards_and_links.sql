-- What a collector without a key speaks with: a card with a PIN, and links that are good for once.

CREATE TABLE cards (
  person_id uuid PRIMARY KEY,
  card_hash text UNIQUE,
  pin       bytea,
  state     text NOT NULL CHECK (state IN ('active', 'blocked', 'erased')),
  seq       int8 NOT NULL,
  CHECK ((state = 'erased') = (card_hash IS NULL) AND (card_hash IS NULL) = (pin IS NULL))
);
COMMENT ON TABLE cards IS 'Each person''s card: its number by keyed hash, its PIN by scrypt under a pepper that is not in the database. Not replayed from the ledger; a backup restores it.';

CREATE TABLE card_tries (
  card_hash text PRIMARY KEY,
  tries     int2 NOT NULL,
  last_at   int8 NOT NULL
);
COMMENT ON TABLE card_tries IS 'Wrong PINs since the last right one, counted outside the ledger: a wrong try is no fact about anybody.';

CREATE TABLE confirmation_links (
  token_hash    text PRIMARY KEY,
  person_id     uuid NOT NULL,
  collection_id uuid NOT NULL,
  expires_at    int8 NOT NULL,
  used_seq      int8
);
CREATE INDEX confirmation_links_person ON confirmation_links (person_id);
COMMENT ON TABLE confirmation_links IS 'One-time links by keyed hash; deleted with their person. Not replayed from the ledger; a backup restores it.';
