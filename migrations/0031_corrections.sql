-- What a weigh-in is by now, where a correction or a void changed it.
CREATE TABLE weigh_ins (
  lot_id          uuid PRIMARY KEY,
  collection_id   uuid NOT NULL,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL,
  gross_grams     int8 NOT NULL,
  tare_grams      int8 NOT NULL,
  deductions      json NOT NULL,
  deduction_grams int8 NOT NULL,
  pay_grams       int8 NOT NULL,
  claimable_grams int8 NOT NULL,
  count           int8,
  origin_class    text NOT NULL,
  origin_evidence text NOT NULL,
  booked_grams    int8 NOT NULL,
  deficit_grams   int8 NOT NULL,
  earning         json,
  state           text NOT NULL CHECK (state IN ('corrected', 'voided'))
);
COMMENT ON TABLE weigh_ins IS 'Only weigh-ins that were corrected or voided; any other is as its fact says.';
COMMENT ON COLUMN weigh_ins.deficit_grams IS 'Grams that were drawn on and never were there.';

ALTER TABLE sources ADD COLUMN basis text NOT NULL DEFAULT 'weighed';
ALTER TABLE sources ALTER COLUMN basis DROP DEFAULT;
