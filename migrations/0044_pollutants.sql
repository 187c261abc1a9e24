-- Pollutants: declared, received with a note, stored, moved, treated. Never a lot, never a source.

CREATE TABLE pollutant_declarations (
  id                   uuid PRIMARY KEY,
  seq                  int8 NOT NULL,
  last_seq             int8 NOT NULL,
  organisation_id      uuid NOT NULL,
  site_id              uuid NOT NULL,
  site_organisation_id uuid NOT NULL,
  vessel_id            uuid,
  vessel_number        text,
  items                json NOT NULL,
  position             json,
  port                 text,
  wanted_from          text NOT NULL,
  wanted_until         text NOT NULL,
  answer_due_at        text NOT NULL,
  note                 text,
  state                text NOT NULL,
  boat_id              uuid,
  eta                  text,
  reason               text,
  reception_id         uuid
);
CREATE INDEX pollutant_declarations_site ON pollutant_declarations (site_id, seq);

CREATE TABLE pollutant_receptions (
  id              uuid PRIMARY KEY,
  seq             int8 NOT NULL,
  organisation_id uuid NOT NULL,
  site_id         uuid NOT NULL,
  day             text NOT NULL,
  note_prefix     text NOT NULL,
  note_year       int4 NOT NULL,
  note_running    int8 NOT NULL,
  items           json NOT NULL,
  marks           json NOT NULL,
  received_at     text NOT NULL,
  declaration_id  uuid,
  vessel_id       uuid,
  vessel_number   text,
  remark          text,
  void_reason     text,
  UNIQUE (site_id, note_year, note_running),
  UNIQUE (note_prefix, note_year, note_running)
);
CREATE INDEX pollutant_receptions_organisation ON pollutant_receptions (organisation_id, seq);

CREATE TABLE pollutant_note_series (
  key  text PRIMARY KEY,
  last int8 NOT NULL
);
COMMENT ON TABLE pollutant_note_series IS 'The last number of each running series: a site''s notes of a year, the prefixes made by the programme.';

CREATE TABLE pollutant_settings (
  site_id      uuid PRIMARY KEY,
  note_prefix  text,
  storage_days json NOT NULL,
  last_seq     int8 NOT NULL
);

CREATE TABLE pollutant_prefixes (
  prefix  text PRIMARY KEY,
  site_id uuid NOT NULL
);
COMMENT ON TABLE pollutant_prefixes IS 'Never given to another site, so that a note''s number names one note for ever.';

CREATE TABLE pollutant_stocks (
  key             text PRIMARY KEY,
  site_id         uuid NOT NULL,
  material        text NOT NULL,
  in_grams        int8 NOT NULL,
  out_grams       int8 NOT NULL,
  in_millilitres  int8 NOT NULL,
  out_millilitres int8 NOT NULL,
  last_seq        int8 NOT NULL,
  CHECK (out_grams <= in_grams AND out_millilitres <= in_millilitres)
);

CREATE TABLE pollutant_postings (
  site_id         uuid NOT NULL,
  material        text NOT NULL,
  seq             int8 NOT NULL,
  kind            text NOT NULL,
  day             text NOT NULL,
  store_until     text,
  reverses        int8,
  grams           int8 NOT NULL,
  millilitres     int8 NOT NULL,
  in_grams        int8 NOT NULL,
  out_grams       int8 NOT NULL,
  in_millilitres  int8 NOT NULL,
  out_millilitres int8 NOT NULL,
  PRIMARY KEY (site_id, material, seq)
);
COMMENT ON TABLE pollutant_postings IS 'What each fact did to a site''s stock of a pollutant, and the running totals after it: what came first leaves first.';
