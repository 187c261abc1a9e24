-- A load may arrive in parts, be refused and come back, or arrive somewhere else.
ALTER TABLE shipments ADD COLUMN on_the_way json NOT NULL DEFAULT '[]';
ALTER TABLE shipments ALTER COLUMN on_the_way DROP DEFAULT;
ALTER TABLE shipments ADD COLUMN arrived_grams int8 NOT NULL DEFAULT 0;
ALTER TABLE shipments ALTER COLUMN arrived_grams DROP DEFAULT;
ALTER TABLE shipments ADD COLUMN arrived_site_id uuid;
ALTER TABLE shipments ADD COLUMN arrived_organisation_id uuid;
CREATE INDEX shipments_arrived ON shipments (arrived_organisation_id, seq) WHERE arrived_organisation_id IS NOT NULL;
CREATE INDEX cases_subject ON cases (subject_id);
ALTER TABLE shipments DROP CONSTRAINT shipments_state_check;
ALTER TABLE shipments ADD CONSTRAINT shipments_state_check
  CHECK (state IN ('dispatched', 'refused', 'received', 'returned', 'diverted', 'voided'));
UPDATE shipments SET on_the_way = (SELECT coalesce(json_agg(l ->> 'lotId'), '[]') FROM json_array_elements(lots) l)
  WHERE state = 'dispatched';
COMMENT ON COLUMN shipments.on_the_way IS 'Lots that have not arrived yet.';
COMMENT ON COLUMN shipments.arrived_grams IS 'Booked grams of what has arrived.';
