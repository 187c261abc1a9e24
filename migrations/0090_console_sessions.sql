-- Who is signed in at the console just now, and with which key.

CREATE TABLE console_sessions (
  token_hash text PRIMARY KEY,
  key_id     uuid NOT NULL,
  key_seq    int8 NOT NULL,
  opened_at  int8 NOT NULL,
  expires_at int8 NOT NULL
);
CREATE INDEX console_sessions_expiry ON console_sessions (expires_at);
COMMENT ON TABLE console_sessions IS 'Sessions of the console, by keyed hash of the token in the cookie, with the key that opened them and its last fact: a key revoked or rotated since opens nothing. Kept outside the ledger until half an hour after the last look.';
