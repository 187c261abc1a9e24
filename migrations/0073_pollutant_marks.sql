-- What is doubtful about pollutants that were received, arrived or were treated is cleared as any other mark.
ALTER TABLE marks DROP CONSTRAINT marks_subject_kind_check;
ALTER TABLE marks ADD CONSTRAINT marks_subject_kind_check CHECK (subject_kind IN
  ('collection', 'process-run', 'outside-material', 'lot', 'shipment', 'container',
   'pollutant-reception', 'pollutant-transfer', 'pollutant-treatment'));
ALTER TABLE marks ADD COLUMN material text;
COMMENT ON COLUMN marks.material IS 'Of a mark on one pollutant of a reception or a transfer: which.';

-- What a station sent is held against what arrived by the day too.
ALTER TABLE anomaly_tallies DROP CONSTRAINT anomaly_tallies_scope_check;
ALTER TABLE anomaly_tallies ADD CONSTRAINT anomaly_tallies_scope_check
  CHECK (scope IN ('person-day', 'keeper-month', 'site-month', 'receipt-month', 'receipt-day'));
