-- What the readings of a series come to, minute by minute and hour by hour: what a chart of days or months is drawn from. Where TimescaleDB
-- is loaded, the next step makes continuous aggregates of the same names and columns of them.
CREATE TABLE readings_1m (
  device_id text NOT NULL,
  sensor_type text NOT NULL,
  bucket timestamptz NOT NULL,
  sum double precision NOT NULL,
  n bigint NOT NULL,
  min double precision NOT NULL,
  max double precision NOT NULL,
  anomalies bigint NOT NULL,
  PRIMARY KEY (device_id, sensor_type, bucket)
);
CREATE INDEX readings_1m_bucket ON readings_1m USING brin (bucket);
CREATE TABLE readings_1h (LIKE readings_1m INCLUDING ALL);

-- How far that has come. One row.
CREATE TABLE history_state (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  -- Readings from before it are rolled up, or about to be: a batch that brings some writes them down in late_spans.
  announced timestamptz NOT NULL DEFAULT '-infinity',
  minutes_until timestamptz NOT NULL DEFAULT '-infinity',
  hours_until timestamptz NOT NULL DEFAULT '-infinity',
  -- What is older was removed, of each level. Whole hours.
  readings_since timestamptz NOT NULL DEFAULT '-infinity',
  minutes_since timestamptz NOT NULL DEFAULT '-infinity',
  hours_since timestamptz NOT NULL DEFAULT '-infinity'
);

-- Of a series, between which moments readings came that were too late to be rolled up with the others. Only ever added to by batches, so
-- that a row somebody sees means readings that he sees as well.
CREATE TABLE late_spans (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  device_id text NOT NULL,
  sensor_type text NOT NULL,
  first timestamptz NOT NULL,
  last timestamptz NOT NULL
);

-- Finds the readings of the last minutes, and the oldest, in a table that grows with time. Chunks need no such help.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
    CREATE INDEX readings_ts ON readings USING brin (ts);
  END IF;
END $$;
