-- Who takes part, and who may do what. Names of people live apart, each row under a key of its own.

CREATE TABLE programme (
  id          uuid PRIMARY KEY,
  operator_id uuid NOT NULL,
  currency    text NOT NULL,
  time_zone   text NOT NULL,
  last_seq    int8 NOT NULL
);

CREATE TABLE organisations (
  id       uuid PRIMARY KEY,
  kind     text NOT NULL,
  name     text,
  natural_person boolean NOT NULL,
  state    text NOT NULL CHECK (state IN ('active', 'closed')),
  seq      int8 NOT NULL,
  last_seq int8 NOT NULL
);

CREATE TABLE sites (
  id              uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  kind            text NOT NULL,
  name            text NOT NULL,
  location        json NOT NULL,
  cell            json NOT NULL,
  capabilities    json NOT NULL,
  tolerance_basis_points int4 NOT NULL,
  norms           json NOT NULL,
  custody_model   text NOT NULL,
  state           text NOT NULL CHECK (state IN ('active', 'closed')),
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL
);

CREATE TABLE devices (
  id              uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  site_id         uuid NOT NULL,
  name            text NOT NULL,
  public_key      text,
  scale           json,
  counter         int8 NOT NULL,
  state           text NOT NULL CHECK (state IN ('active', 'closed')),
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL
);

CREATE TABLE vessels (
  id              uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  name            text NOT NULL,
  number          text,
  state           text NOT NULL CHECK (state IN ('active', 'closed')),
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL
);

CREATE TABLE collectors (
  id              uuid PRIMARY KEY,
  organisation_id uuid,
  site_id         uuid,
  consent_version text,
  state           text NOT NULL CHECK (state IN ('unresolved', 'active', 'closed', 'restricted', 'erased')),
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL
);

CREATE TABLE people (
  id            uuid PRIMARY KEY,
  wrapped_key   bytea,
  sealed        bytea,
  identity_hash bytea
);
CREATE UNIQUE INDEX people_identity ON people (identity_hash) WHERE identity_hash IS NOT NULL;
COMMENT ON TABLE people IS 'A person''s own key, wrapped; name, phone and account under it. Not replayed from the ledger; a backup restores it.';

CREATE TABLE api_keys (
  id              uuid PRIMARY KEY,
  organisation_id uuid NOT NULL,
  role            text NOT NULL,
  site_ids        json,
  holder          text NOT NULL,
  expires_at      int8,
  state           text NOT NULL CHECK (state IN ('active', 'revoked')),
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL
);

CREATE TABLE api_key_secrets (
  id     uuid PRIMARY KEY,
  secret_hash bytea NOT NULL UNIQUE
);
COMMENT ON TABLE api_key_secrets IS 'SHA-256 of each key''s secret. Not replayed from the ledger; a backup restores it.';
