-- Between which values the readings of a series were usual, from a moment on until the next row says otherwise: a row when it moved, and
-- one an hour. Nothing is told of a series while it learns.
CREATE TABLE expected_bands (
  device_id text NOT NULL,
  sensor_type text NOT NULL,
  at timestamptz NOT NULL,
  low double precision NOT NULL,
  high double precision NOT NULL,
  PRIMARY KEY (device_id, sensor_type, at)
);

-- Finds the oldest in a table that grows with time. Chunks need no such help.
CREATE INDEX expected_bands_at ON expected_bands USING brin (at);
