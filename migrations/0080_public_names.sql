-- Names of organisations that they had published.

CREATE TABLE public_names (
  organisation_id uuid PRIMARY KEY,
  name            text NOT NULL,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL
);
