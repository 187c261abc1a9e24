-- The rails of paper: orders go out together, as the file of a bank batch or a cash list to be signed.

CREATE TABLE payout_lists (
  id          uuid PRIMARY KEY,
  rail        text NOT NULL,
  currency    text NOT NULL,
  number      text NOT NULL UNIQUE,
  run_id      uuid,
  site_id     uuid,
  day         text NOT NULL,
  orders      json NOT NULL,
  count       int4 NOT NULL,
  total       int8 NOT NULL,
  file_sha256 text,
  made_at     int8 NOT NULL,
  maker       json NOT NULL,
  seq         int8 NOT NULL,
  last_seq    int8 NOT NULL
);
CREATE INDEX payout_lists_seq ON payout_lists (seq);
CREATE INDEX payout_orders_ready ON payout_orders (rail, seq) WHERE state = 'approved';
COMMENT ON COLUMN payout_lists.file_sha256 IS 'Of the bank''s file, as it was handed out; null for a cash list.';
