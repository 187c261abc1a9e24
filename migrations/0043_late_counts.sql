-- A weigh-in that comes in late uses up the count that counted its grams already.
ALTER TABLE sites ADD COLUMN counts json NOT NULL DEFAULT '[]';
ALTER TABLE sites ALTER COLUMN counts DROP DEFAULT;
COMMENT ON COLUMN sites.counts IS 'The last count of each kind of material: its cut-off and its surplus lot.';
