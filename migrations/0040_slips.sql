-- What a bag tag or a slip of the book stood for, so that a weigh-in typed in from paper is not counted twice.
CREATE TABLE slips (
  id       uuid PRIMARY KEY,
  weigh_ins json NOT NULL
);
COMMENT ON TABLE slips IS 'By site and slip number, or site, bag tag and day. Only weigh-ins that name one of them have a row.';
