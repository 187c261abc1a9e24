-- Signed statements of what collectors were paid, for lenders.

CREATE TABLE income_statements (
  id          uuid PRIMARY KEY,
  code_hash   text NOT NULL UNIQUE,
  sha256      text NOT NULL,
  expires_at  int8 NOT NULL,
  revoked_at  int8,
  seq         int8 NOT NULL,
  last_seq    int8 NOT NULL
);
CREATE INDEX income_statements_seq ON income_statements (seq);
COMMENT ON TABLE income_statements IS 'Names nobody: whose it is stands in the person''s part of the fact seq. sha256 is of the signed text.';
