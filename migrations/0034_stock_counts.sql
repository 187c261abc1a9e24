CREATE TABLE stock_counts (
  id              uuid PRIMARY KEY,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL,
  organisation_id uuid NOT NULL,
  site_id         uuid NOT NULL,
  cut_off_at      text NOT NULL,
  items           json NOT NULL
);
CREATE INDEX stock_counts_site ON stock_counts (site_id, seq);
COMMENT ON TABLE stock_counts IS 'What was counted at a site, beside what was booked there.';
