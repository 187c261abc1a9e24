-- What rails and banks state of the money, held against what the programme did; and what does not fit.

CREATE TABLE statement_lines (
  id         uuid PRIMARY KEY,
  source     text NOT NULL,
  rail       text NOT NULL,
  serial     text NOT NULL,
  day        text NOT NULL,
  kind       text NOT NULL,
  amount     int8 NOT NULL,
  currency   text NOT NULL,
  reference  text,
  outcome    text NOT NULL,
  order_id   uuid,
  list_id    uuid,
  booked_seq int8,
  seq        int8 NOT NULL,
  last_seq   int8 NOT NULL
);
CREATE INDEX statement_lines_seq ON statement_lines (seq);
CREATE INDEX statement_lines_order ON statement_lines (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX statement_lines_list ON statement_lines (list_id) WHERE list_id IS NOT NULL;
COMMENT ON COLUMN statement_lines.amount IS 'Minor units; negative: it left the programme''s account.';
COMMENT ON COLUMN statement_lines.outcome IS 'matched, or the reason why people look at it.';

CREATE TABLE statement_keys (
  key      text PRIMARY KEY,
  line_id  uuid NOT NULL,
  seq      int8 NOT NULL,
  last_seq int8 NOT NULL
);
COMMENT ON TABLE statement_keys IS 'What a line has spoken of, once: its own number, an order, a list, an earlier booking.';

CREATE TABLE rail_statements (
  id       uuid PRIMARY KEY,
  source   text NOT NULL,
  rail     text NOT NULL,
  currency text NOT NULL,
  from_day text NOT NULL,
  to_day   text NOT NULL,
  sha256   text,
  maker    json NOT NULL,
  seq      int8 NOT NULL,
  last_seq int8 NOT NULL
);
CREATE INDEX rail_statements_seq ON rail_statements (seq);

CREATE TABLE reconciliation_items (
  id        uuid PRIMARY KEY,
  reason    text NOT NULL,
  source    text NOT NULL,
  rail      text NOT NULL,
  order_id  uuid,
  line_id   uuid,
  reference text,
  day       text NOT NULL,
  amount    int8 NOT NULL,
  currency  text NOT NULL,
  state     text NOT NULL,
  suspense  int8 NOT NULL,
  proposal  json,
  decision  json,
  opened_at int8 NOT NULL,
  seq       int8 NOT NULL,
  last_seq  int8 NOT NULL
);
CREATE INDEX reconciliation_items_seq ON reconciliation_items (seq);
CREATE INDEX reconciliation_items_open ON reconciliation_items (reason, seq) WHERE state <> 'closed';
CREATE INDEX reconciliation_items_order ON reconciliation_items (order_id) WHERE order_id IS NOT NULL;
COMMENT ON COLUMN reconciliation_items.suspense IS 'Minor units that stand in the account unmatched because of it; positive: the money is gone.';
