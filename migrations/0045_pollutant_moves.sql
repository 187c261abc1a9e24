-- Where pollutants go: to another site, into treatment or disposal, or nowhere.

CREATE TABLE pollutant_transfers (
  id                 uuid PRIMARY KEY,
  seq                int8 NOT NULL,
  last_seq           int8 NOT NULL,
  organisation_id    uuid NOT NULL,
  site_id            uuid NOT NULL,
  to_organisation_id uuid NOT NULL,
  to_site_id         uuid NOT NULL,
  state              text NOT NULL,
  items              json NOT NULL,
  manifest           text,
  carrier            text,
  vehicle            text,
  dispatched_at      text NOT NULL,
  arrived_at         text,
  note               text
);
CREATE INDEX pollutant_transfers_organisation ON pollutant_transfers (organisation_id, seq);
CREATE INDEX pollutant_transfers_to ON pollutant_transfers (to_organisation_id, seq);

CREATE TABLE pollutant_treatments (
  id              uuid PRIMARY KEY,
  seq             int8 NOT NULL,
  organisation_id uuid NOT NULL,
  site_id         uuid NOT NULL,
  day             text NOT NULL,
  method          text NOT NULL,
  items           json NOT NULL,
  residues        json NOT NULL,
  grams           int8 NOT NULL,
  closed_grams    int8 NOT NULL,
  marks           json NOT NULL,
  manifest        text,
  waste_code      text,
  plant           json NOT NULL,
  treated_at      text NOT NULL,
  note            text
);
CREATE INDEX pollutant_treatments_organisation ON pollutant_treatments (organisation_id, seq);
COMMENT ON COLUMN pollutant_treatments.closed_grams IS 'What is done with: the grams taken without the residues that stay in stock.';

CREATE TABLE pollutant_losses (
  id              uuid PRIMARY KEY,
  seq             int8 NOT NULL,
  organisation_id uuid NOT NULL,
  site_id         uuid NOT NULL,
  day             text NOT NULL,
  kind            text NOT NULL,
  items           json NOT NULL,
  grams           int8 NOT NULL,
  reference       text,
  happened_at     text NOT NULL,
  note            text
);
CREATE INDEX pollutant_losses_organisation ON pollutant_losses (organisation_id, seq);
