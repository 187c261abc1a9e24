-- What figures need to be run again as of any position: states and grams as they changed, and factors of emission.

CREATE TABLE weigh_in_changes (
  lot_id    uuid NOT NULL,
  seq       int8 NOT NULL,
  net_grams int8 NOT NULL,
  voided    boolean NOT NULL,
  PRIMARY KEY (lot_id, seq)
);
COMMENT ON TABLE weigh_in_changes IS 'What a correction or a void made of a weigh-in: gross less tare, 0 where it is voided.';

CREATE TABLE loss_changes (
  seq   int8 NOT NULL,
  place int2 NOT NULL,
  kind  text NOT NULL,
  grams int8 NOT NULL,
  PRIMARY KEY (seq, place)
);
COMMENT ON TABLE loss_changes IS 'Grams a fact counted as lost, and, negative, those that were lost no longer after it.';

CREATE TABLE statement_states (
  statement_id uuid NOT NULL,
  seq          int8 NOT NULL,
  state        text NOT NULL,
  grams        int8 NOT NULL,
  PRIMARY KEY (statement_id, seq)
);
COMMENT ON TABLE statement_states IS 'The state of a statement after the fact seq.';

CREATE TABLE emission_factor_sets (
  version                     int4 PRIMARY KEY,
  seq                         int8 NOT NULL,
  source                      text NOT NULL,
  scope                       text NOT NULL,
  factors                     json NOT NULL,
  moisture_basis_points       int4 NOT NULL,
  substitution_basis_points   int4 NOT NULL,
  collection_transport_grams  int8 NOT NULL
);
CREATE INDEX emission_factor_sets_seq ON emission_factor_sets (seq);
COMMENT ON TABLE emission_factor_sets IS 'Grams CO2e by kilogram of recycled output, dry: the newest up to a position is in force there.';

CREATE TABLE emission_factor_last (
  id       text PRIMARY KEY,
  version  int4 NOT NULL,
  last_seq int8 NOT NULL
);
COMMENT ON TABLE emission_factor_last IS 'The last version, so that the next is known: one row.';
