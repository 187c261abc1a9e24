-- Certification bodies under their own domains, what they confirmed, and which organisations are related.

CREATE TABLE did_enrolments (
  id              uuid PRIMARY KEY,
  did             text NOT NULL,
  document_sha256 text NOT NULL,
  keys            json NOT NULL,
  looked_at       text NOT NULL,
  enrolment_id    uuid NOT NULL,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL
);
CREATE INDEX did_enrolments_seq ON did_enrolments (seq);
COMMENT ON TABLE did_enrolments IS 'By organisation: the did:web it signs under, and the keys its document held when it was last looked at.';

CREATE TABLE did_holders (
  id              text PRIMARY KEY,
  organisation_id uuid NOT NULL,
  last_seq        int8 NOT NULL
);
COMMENT ON TABLE did_holders IS 'Whose a DID, or a public key, is: the first organisation it was enrolled for, for good.';

CREATE TABLE relations (
  id          text PRIMARY KEY,
  relation_id uuid NOT NULL,
  one_id      uuid NOT NULL,
  other_id    uuid NOT NULL,
  kind        text NOT NULL,
  seq         int8 NOT NULL,
  last_seq    int8 NOT NULL
);
CREATE INDEX relations_one ON relations (one_id, seq);
CREATE INDEX relations_other ON relations (other_id, seq);
COMMENT ON TABLE relations IS 'Declared between two organisations; the kind none where it ended.';

CREATE TABLE statement_confirmations (
  id              text PRIMARY KEY,
  confirmation_id uuid NOT NULL,
  statement_id    uuid NOT NULL,
  organisation_id uuid NOT NULL,
  did             text NOT NULL,
  kid             text NOT NULL,
  jwt             text NOT NULL,
  related         boolean NOT NULL,
  grams           int8 NOT NULL,
  valid_until     int8,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL
);
CREATE INDEX statement_confirmations_statement ON statement_confirmations (statement_id, seq);
COMMENT ON COLUMN statement_confirmations.related IS 'Whether the body was declared to be related to somebody who gains by the statement.';
