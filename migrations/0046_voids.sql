-- What was entered by mistake is undone while nothing was built upon it, and says so.
ALTER TABLE disposals ADD COLUMN last_seq int8, ADD COLUMN state text NOT NULL DEFAULT 'recorded';
UPDATE disposals SET last_seq = seq;
ALTER TABLE disposals ALTER COLUMN last_seq SET NOT NULL, ALTER COLUMN state DROP DEFAULT,
  ADD CHECK (state IN ('recorded', 'voided'));

ALTER TABLE incidents ADD COLUMN last_seq int8, ADD COLUMN state text NOT NULL DEFAULT 'recorded';
UPDATE incidents SET last_seq = seq;
ALTER TABLE incidents ALTER COLUMN last_seq SET NOT NULL, ALTER COLUMN state DROP DEFAULT,
  ADD CHECK (state IN ('recorded', 'voided'));

ALTER TABLE outside_materials ADD COLUMN last_seq int8, ADD COLUMN state text NOT NULL DEFAULT 'admitted';
UPDATE outside_materials SET last_seq = seq;
ALTER TABLE outside_materials ALTER COLUMN last_seq SET NOT NULL, ALTER COLUMN state DROP DEFAULT,
  ADD CHECK (state IN ('admitted', 'voided'));

ALTER TABLE products ADD COLUMN state text NOT NULL DEFAULT 'made';
ALTER TABLE products ALTER COLUMN state DROP DEFAULT, ADD CHECK (state IN ('made', 'voided'));

ALTER TABLE batch_sales ADD COLUMN state text NOT NULL DEFAULT 'sold', ADD COLUMN from_site_id uuid;
ALTER TABLE batch_sales ALTER COLUMN state DROP DEFAULT, ADD CHECK (state IN ('sold', 'voided'));
-- Where the lot of the batch stood then: where its next move left, or where it stands.
UPDATE batch_sales s SET from_site_id = CASE
    WHEN EXISTS (SELECT FROM lot_places p WHERE p.lot_id = b.lot_id AND p.seq > s.seq)
    THEN (SELECT p.site_id FROM lot_places p WHERE p.lot_id = b.lot_id AND p.seq > s.seq ORDER BY p.seq LIMIT 1)
    ELSE l.site_id END
  FROM batches b JOIN lots l ON l.id = b.lot_id WHERE b.id = s.batch_id;
COMMENT ON COLUMN batch_sales.from_site_id IS 'Where the lot of the batch stood when the grams were sold from it: there a void gives them back.';

ALTER TABLE batch_buyers ALTER COLUMN last_sale_id DROP NOT NULL;
COMMENT ON COLUMN batch_buyers.last_sale_id IS 'Null where the last sale was voided: then whoever means a sale names it.';
