-- What may be claimed of a lot changes after the fact: a correction, a mark set or cleared, a sample. Share vectors stay.

ALTER TABLE sources ADD COLUMN booked_grams int8 NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN deficit_grams int8 NOT NULL DEFAULT 0;
UPDATE sources SET booked_grams = grams;
ALTER TABLE sources ALTER COLUMN booked_grams DROP DEFAULT, ALTER COLUMN deficit_grams DROP DEFAULT;
COMMENT ON COLUMN sources.grams IS 'As it came in. booked_grams: after corrections; deficit_grams: what was drawn on and never was there.';
COMMENT ON COLUMN sources.claimable_grams IS 'As it came in; what it is now stands with the lots it went into.';

ALTER TABLE lot_vectors ADD COLUMN claimable_grams int8 NOT NULL DEFAULT 0;
ALTER TABLE lot_vectors ALTER COLUMN claimable_grams DROP DEFAULT;
COMMENT ON COLUMN lot_vectors.claimable_grams IS 'Of grams, what could be claimed after the fact seq, by the marks and corrections known then.';

ALTER TABLE lot_models DROP COLUMN claimable_grams;
ALTER TABLE lot_models ADD COLUMN of_grams int8 NOT NULL DEFAULT 0;
ALTER TABLE lot_models ALTER COLUMN of_grams DROP DEFAULT;
ALTER TABLE lot_models ADD COLUMN dry_grams int8;
ALTER TABLE lot_models ADD COLUMN moisture_basis_points int4;
ALTER TABLE lot_models ADD COLUMN hold_grams int8;
COMMENT ON COLUMN lot_models.of_grams IS 'The grams that cap_grams and dry_grams speak of: the lot when it was made.';
COMMENT ON COLUMN lot_models.dry_grams IS 'Grams without their water, where what it was made of was sampled.';
COMMENT ON COLUMN lot_models.hold_grams IS 'Its part of what the scale said of a load on hold.';

CREATE TABLE step_labels (
  seq               int8 PRIMARY KEY,
  custody_model     text NOT NULL,
  line_clean        boolean NOT NULL,
  norm_basis_points int4,
  marks             json NOT NULL
);
COMMENT ON TABLE step_labels IS 'What a step''s own rules allow of what it makes; marks: those still open.';
