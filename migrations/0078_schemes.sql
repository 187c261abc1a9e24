-- Schemes: under which rules grams may be claimed, as data.

CREATE TABLE schemes (
  code            text PRIMARY KEY,
  version         int4 NOT NULL,
  organisation_id uuid NOT NULL,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL,
  rules           json NOT NULL
);
COMMENT ON TABLE schemes IS 'The version of each scheme that is in force.';

CREATE TABLE scheme_versions (
  code            text NOT NULL,
  version         int4 NOT NULL,
  organisation_id uuid NOT NULL,
  seq             int8 NOT NULL,
  rules           json NOT NULL,
  PRIMARY KEY (code, version)
);

ALTER TABLE sources ADD COLUMN origin_evidence text;
COMMENT ON COLUMN sources.origin_evidence IS 'How the origin of a weigh-in is known: track, position, declared, none. Null of what came in otherwise.';
