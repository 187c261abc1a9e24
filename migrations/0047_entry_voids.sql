-- A cost, delivery or payment entered by mistake is countered by an entry of its own.
ALTER TABLE batch_entries ADD COLUMN voids int8;
COMMENT ON COLUMN batch_entries.voids IS 'The entry this one counters, grams and money with the opposite sign.';

CREATE TABLE batch_entry_voids (
  id  text PRIMARY KEY,
  seq int8 NOT NULL
);
COMMENT ON TABLE batch_entry_voids IS 'Entries that were countered, batch and entry parted by a space, and by which fact.';

ALTER TABLE batch_sales ADD COLUMN to_site_id uuid;
COMMENT ON COLUMN batch_sales.to_site_id IS 'Where the lot of the buyer came to stand when all of the sale was delivered.';
-- The first move of the lot of a buyer is that arrival, unless it was shipped without one.
UPDATE batch_sales s SET to_site_id = CASE
    WHEN EXISTS (SELECT FROM lot_places p WHERE p.lot_id = s.lot_id AND p.seq > d.seq)
    THEN (SELECT p.site_id FROM lot_places p WHERE p.lot_id = s.lot_id AND p.seq > d.seq ORDER BY p.seq LIMIT 1)
    ELSE l.site_id END
  FROM (SELECT DISTINCT ON (p.lot_id) p.lot_id, p.seq FROM lot_places p JOIN batch_entries e ON e.seq = p.seq
        WHERE e.kind = 'delivery' ORDER BY p.lot_id, p.seq) d
  JOIN lots l ON l.id = d.lot_id WHERE d.lot_id = s.lot_id;
