-- A receipt entered by mistake is undone while nothing was built upon it, the last one first.
ALTER TABLE shipments ADD COLUMN receipt_seq int8, ADD COLUMN receipt_top int8;
COMMENT ON COLUMN shipments.receipt_seq IS 'The last receipt that stands.';
COMMENT ON COLUMN shipments.receipt_top IS 'The last change of the shipment while nothing but receipts and their undoing came after that receipt.';

CREATE TABLE shipment_receipts (
  key         text PRIMARY KEY,
  shipment_id uuid NOT NULL,
  site_id     uuid NOT NULL,
  seq         int8 NOT NULL,
  void_seq    int8,
  before      json NOT NULL
);
CREATE INDEX shipment_receipts_voided ON shipment_receipts (site_id, void_seq) WHERE void_seq IS NOT NULL;
COMMENT ON TABLE shipment_receipts IS 'What a shipment was before each of its receipts.';

-- The question of a receipt that was undone is asked no more.
ALTER TABLE cases DROP CONSTRAINT cases_state_check,
  ADD CONSTRAINT cases_state_check CHECK (state IN ('open', 'proposed', 'decided', 'withdrawn'));
DROP INDEX cases_open;
CREATE INDEX cases_open ON cases (seq) WHERE state NOT IN ('decided', 'withdrawn');
