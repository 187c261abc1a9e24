-- Audits: who may look into what, until when; what they opened; what they found, and what became of it.

CREATE TABLE audits (
  id               uuid PRIMARY KEY,
  seq              int8 NOT NULL,
  last_seq         int8 NOT NULL,
  auditor_id       uuid NOT NULL,
  body             text NOT NULL,
  organisation_ids json NOT NULL,
  site_ids         json NOT NULL,
  first_day        text NOT NULL,
  last_day         text NOT NULL,
  opens_at         int8 NOT NULL,
  closes_at        int8 NOT NULL,
  sample_size      int4 NOT NULL,
  state            text NOT NULL,
  closed_seq       int8
);
CREATE INDEX audits_seq ON audits (seq);
CREATE INDEX audits_auditor ON audits (auditor_id, seq);
COMMENT ON COLUMN audits.seq IS 'The sample is drawn by the Merkle root over the entries up to and with this one.';

CREATE TABLE audit_findings (
  id               uuid PRIMARY KEY,
  seq              int8 NOT NULL,
  last_seq         int8 NOT NULL,
  audit_id         uuid NOT NULL,
  auditor_id       uuid NOT NULL,
  organisation_ids json NOT NULL,
  site_id          uuid,
  severity         text NOT NULL,
  due_on           text NOT NULL,
  text             text NOT NULL,
  entries          json NOT NULL,
  answer           json,
  judgement        json,
  state            text NOT NULL,
  closed_seq       int8
);
CREATE INDEX audit_findings_seq ON audit_findings (seq);
CREATE INDEX audit_findings_audit ON audit_findings (audit_id, seq);
COMMENT ON COLUMN audit_findings.organisation_ids IS 'The audited it is about: any of them may answer.';

CREATE TABLE audit_reads (
  audit_id uuid NOT NULL,
  seq      int8 NOT NULL,
  at       int8 NOT NULL,
  key_id   uuid NOT NULL,
  holder   text NOT NULL,
  entries  json NOT NULL,
  PRIMARY KEY (audit_id, seq)
);
COMMENT ON TABLE audit_reads IS 'Entries of which an auditor opened the private part: one row a time.';
