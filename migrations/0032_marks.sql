-- Marks one by one, so that each can be cleared by two who do not profit.
CREATE TABLE marks (
  id              uuid PRIMARY KEY,
  place           int8 NOT NULL UNIQUE,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL,
  subject_kind    text NOT NULL CHECK (subject_kind IN ('collection', 'process-run')),
  subject_id      uuid NOT NULL,
  code            text NOT NULL,
  organisation_id uuid NOT NULL,
  site_id         uuid NOT NULL,
  state           text NOT NULL CHECK (state IN ('open', 'cleared'))
);
CREATE INDEX marks_subject ON marks (subject_id);
COMMENT ON COLUMN marks.subject_id IS 'The lot of the weigh-in, or the run.';

CREATE TABLE clearings (
  mark_id  uuid PRIMARY KEY,
  last_seq int8 NOT NULL,
  proposal json NOT NULL,
  state    text NOT NULL CHECK (state IN ('proposed', 'cleared'))
);
COMMENT ON TABLE clearings IS 'What was proposed and decided of a mark; one nobody spoke of has no row.';
