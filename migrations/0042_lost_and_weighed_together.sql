-- A load may be lost, arrive where no scale is, or be weighed together with others.
ALTER TABLE shipments ADD COLUMN unweighed json NOT NULL DEFAULT '[]';
ALTER TABLE shipments ALTER COLUMN unweighed DROP DEFAULT;
ALTER TABLE shipments ADD COLUMN unweighed_seq int8;
ALTER TABLE shipments ADD COLUMN weighing json;
ALTER TABLE shipments DROP CONSTRAINT shipments_state_check;
ALTER TABLE shipments ADD CONSTRAINT shipments_state_check
  CHECK (state IN ('dispatched', 'refused', 'received', 'returned', 'diverted', 'lost', 'unweighed', 'voided'));
COMMENT ON COLUMN shipments.unweighed IS 'Lots that arrived where no scale is, and were not weighed since.';
COMMENT ON COLUMN shipments.weighing IS 'The one weighing that closed it together with other loads.';
