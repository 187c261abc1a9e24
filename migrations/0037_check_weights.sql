-- What a scale said of a known mass, day by day.
CREATE TABLE check_weights (
  id              uuid PRIMARY KEY,
  device_id       uuid NOT NULL,
  seq             int8 NOT NULL,
  day             text NOT NULL,
  nominal_grams   int8 NOT NULL,
  read_grams      int8 NOT NULL,
  tolerance_grams int8 NOT NULL,
  passed          boolean NOT NULL
);
CREATE INDEX check_weights_device ON check_weights (device_id, day, seq);
