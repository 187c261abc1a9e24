-- Marks sit on lots, loads, runs, containers and outside material too.
ALTER TABLE marks DROP CONSTRAINT marks_subject_kind_check;
ALTER TABLE marks ADD CONSTRAINT marks_subject_kind_check
  CHECK (subject_kind IN ('collection', 'process-run', 'outside-material', 'lot', 'shipment', 'container'));
ALTER TABLE marks ADD COLUMN lot_ids json;
ALTER TABLE marks ADD COLUMN organisation_ids json;
ALTER TABLE lot_models ADD COLUMN marks json;
COMMENT ON COLUMN marks.subject_id IS 'The lot of the weigh-in or of outside material, or the run, the lot, the load, the filling of a container.';
COMMENT ON COLUMN marks.lot_ids IS 'Of a mark on a lot, a load or a container: the lots in doubt.';
COMMENT ON COLUMN marks.organisation_ids IS 'Of a mark on a lot, a load or a container: who had a part in it, beside the owner of the site.';
COMMENT ON COLUMN lot_models.marks IS 'Open marks on the lot itself, or on a load it travelled in; NULL where there were none.';
