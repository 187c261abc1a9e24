-- What a transparency log keeps beside its entries: hashes of whole tiles above the leaves (the leaves lie in the
-- chunks), and the checkpoint it signed last.

CREATE TABLE tree_tiles (
  level  int2 NOT NULL CHECK (level >= 1),
  index  int8 NOT NULL,
  hashes bytea NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
  PRIMARY KEY (level, index)
);
COMMENT ON TABLE tree_tiles IS 'Hashes of a C2SP tlog-tiles tile: each the root of 256^level entries. What they are follows from the chunks alone.';

CREATE TABLE checkpoints (
  size int8 PRIMARY KEY,
  note text NOT NULL
);
COMMENT ON TABLE checkpoints IS 'The signed note given out last: the root over the first size entries.';
