-- The origin class all sources of a made lot share; a correction of a weigh-in follows its grams into it.
ALTER TABLE lot_models ADD COLUMN origin_class text;
COMMENT ON COLUMN lot_models.origin_class IS 'Null when its sources differ.';
UPDATE lot_models m SET origin_class = l.origin_class FROM lots l WHERE l.id = m.lot_id;
