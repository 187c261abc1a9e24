-- A dispatch may be undone: parts go back into the lots they were drawn from.
ALTER TABLE shipments ADD COLUMN parts json NOT NULL DEFAULT '[]';
ALTER TABLE shipments ALTER COLUMN parts DROP DEFAULT;
ALTER TABLE shipments DROP CONSTRAINT shipments_state_check;
ALTER TABLE shipments ADD CONSTRAINT shipments_state_check CHECK (state IN ('dispatched', 'received', 'voided'));
