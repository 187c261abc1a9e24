-- What collectors say of a weigh-in: that it is right, or that it is not; and what a second weighing says.

CREATE TABLE confirmations (
  key         text PRIMARY KEY,
  lot_id      uuid NOT NULL,
  party       int2 NOT NULL,
  seq         int8 NOT NULL,
  at          int8 NOT NULL,
  method      text NOT NULL,
  seen_sha256 text NOT NULL
);
CREATE INDEX confirmations_lot ON confirmations (lot_id);
COMMENT ON TABLE confirmations IS 'The last confirmation of a weigh-in by each of its parties, who stands here by place and never by name.';

CREATE TABLE disputes (
  case_id       uuid PRIMARY KEY,
  seq           int8 NOT NULL UNIQUE,
  at            int8 NOT NULL,
  due_at        int8 NOT NULL,
  lot_id        uuid NOT NULL,
  collection_id uuid NOT NULL,
  site_id       uuid NOT NULL,
  party         int2,
  about         text NOT NULL,
  claimed_grams int8,
  way           text NOT NULL,
  outcome       text CHECK (outcome IN ('upheld', 'rejected')),
  answered_seq  int8,
  answered_at   int8
);
CREATE INDEX disputes_lot ON disputes (lot_id);
COMMENT ON TABLE disputes IS 'Every dispute of a weigh-in and how it was answered; its note stays sealed under its person''s key.';

CREATE TABLE disputed_weigh_ins (
  lot_id  uuid PRIMARY KEY,
  case_id uuid NOT NULL
);
COMMENT ON TABLE disputed_weigh_ins IS 'The last dispute of a weigh-in.';

ALTER TABLE cases ADD COLUMN due_at int8;
COMMENT ON COLUMN cases.due_at IS 'By when it must be decided, where a rule says so.';

CREATE TABLE lot_weighings (
  id              uuid PRIMARY KEY,
  seq             int8 NOT NULL,
  lot_id          uuid NOT NULL,
  site_id         uuid NOT NULL,
  organisation_id uuid NOT NULL,
  gross_grams     int8 NOT NULL,
  tare_grams      int8 NOT NULL,
  booked_grams    int8 NOT NULL,
  tolerance_grams int8 NOT NULL,
  case_id         uuid,
  weighed_at      text NOT NULL,
  device_id       uuid,
  reason          text
);
CREATE INDEX lot_weighings_lot ON lot_weighings (lot_id, seq);
COMMENT ON TABLE lot_weighings IS 'What a scale said of a lot again, as seen; booked grams never rise by it.';
