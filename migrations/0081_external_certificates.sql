-- Certificates that outside bodies issued, and what they cover when.

CREATE TABLE external_certificates (
  id              uuid PRIMARY KEY,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL,
  organisation_id uuid NOT NULL,
  body            text NOT NULL,
  approval_number text,
  number          text NOT NULL,
  schemes         json NOT NULL,
  scope           text NOT NULL,
  site_ids        json NOT NULL,
  valid_from      text NOT NULL,
  valid_until     text NOT NULL,
  file_sha256     text NOT NULL,
  checked_at      text NOT NULL,
  state           text NOT NULL,
  ended_on        text
);
CREATE INDEX external_certificates_seq ON external_certificates (seq);
COMMENT ON COLUMN external_certificates.ended_on IS 'The first day on which it covers nothing any more, where the body suspended or withdrew it.';

CREATE TABLE certificate_numbers (
  id             text PRIMARY KEY,
  certificate_id uuid NOT NULL,
  last_seq       int8 NOT NULL
);
COMMENT ON TABLE certificate_numbers IS 'By body and number, so that one certificate is registered once.';
