-- Containers: what lies in one is weighed, moved and processed together.

ALTER TABLE lots ADD COLUMN container_id uuid;
CREATE INDEX lots_container ON lots (container_id) WHERE container_id IS NOT NULL;
COMMENT ON COLUMN lots.container_id IS 'The container it lies in.';

ALTER TABLE shipments ADD COLUMN containers json NOT NULL DEFAULT '[]';

CREATE TABLE containers (
  id              uuid PRIMARY KEY,
  seq             int8 NOT NULL,
  last_seq        int8 NOT NULL,
  owner_id        uuid NOT NULL,
  organisation_id uuid NOT NULL,
  site_id         uuid,
  shipment_id     uuid,
  tag             text NOT NULL,
  kind            text NOT NULL,
  tare_grams      int8,
  filling_id      uuid,
  lots            int4 NOT NULL CHECK (lots >= 0),
  grams           int8 NOT NULL CHECK (grams >= 0),
  entries         int4 NOT NULL,
  seal_number     text,
  measured_grams  int8,
  state           text NOT NULL CHECK (state IN ('open', 'sealed', 'closed'))
);
CREATE INDEX containers_organisation ON containers (organisation_id, seq);
CREATE INDEX containers_tag ON containers (tag);
COMMENT ON COLUMN containers.filling_id IS 'What the public ledger calls it; null when its next filling has no name yet.';
COMMENT ON COLUMN containers.entries IS 'Lots put in since it was last empty, also those taken out again.';

CREATE TABLE container_pages (
  key  text PRIMARY KEY,
  lots json NOT NULL
);
COMMENT ON TABLE container_pages IS 'Lots in the order put in, fifty a page; whether one is still there, lots tells.';

CREATE TABLE container_tags (
  key          text PRIMARY KEY,
  container_id uuid
);
COMMENT ON TABLE container_tags IS 'The container in use under an owner and tag; null once it is closed.';
