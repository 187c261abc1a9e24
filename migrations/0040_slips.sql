-- What a bag tag or a slip of the book stood for, so that a weigh-in typed in from paper is not counted twice.
CREATE TABLE slips (
  id       uuid PRIMARY KEY,
  weigh_ins json NOT NULL
);
COMMENT ON TABLE slips IS 'By site and slip number, or site, bag tag and day. Only weigh-ins that name one of them have a row.';

-- A phone that lost its key is enrolled again: what the lost key signed before that still arrives.
ALTER TABLE devices ADD COLUMN former_keys json NOT NULL DEFAULT '[]';
