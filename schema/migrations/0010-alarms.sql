-- Alarms are episodes: a row from the first anomaly of a sensor to its end, however many come in between.
CREATE TABLE alarms (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  device_id text NOT NULL,
  sensor_type text NOT NULL,
  -- What raised it; 'anomaly' is the statistical one.
  rule text NOT NULL,
  state text NOT NULL DEFAULT 'raised' CHECK (state IN ('raised', 'acknowledged', 'cleared')),
  -- Grows with every row in alarm_events, and with nothing else.
  version integer NOT NULL DEFAULT 1,
  -- Of the first and the newest anomalous reading, as the device gives them.
  raised_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  -- When the newest of them was stored, by the clock of the database: what is quiet for so long clears.
  heard_at timestamptz NOT NULL DEFAULT now(),
  cleared_at timestamptz,
  anomalies bigint NOT NULL,
  -- Of the reading with the highest score.
  peak_score real NOT NULL,
  peak_value double precision NOT NULL,
  peak_sentence text NOT NULL,
  expected_low double precision,
  expected_high double precision,
  acknowledged_by text,
  assignee text,
  -- Until then it stays open, clears not and says nothing, whatever its sensor does.
  shelved_until timestamptz
) WITH (fillfactor = 70);
-- The promise: one open alarm for each.
CREATE UNIQUE INDEX alarms_open ON alarms (device_id, sensor_type, rule) WHERE state <> 'cleared';
CREATE INDEX alarms_open_id ON alarms (id) WHERE state <> 'cleared';
CREATE INDEX alarms_device ON alarms (device_id, id);

-- What happened to an alarm, one row a version, written in the statement that changes it.
CREATE TABLE alarm_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  alarm_id bigint NOT NULL REFERENCES alarms (id) ON DELETE CASCADE,
  version integer NOT NULL,
  change text NOT NULL,
  from_state text,
  to_state text NOT NULL,
  by text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  comment text,
  -- Null until it is published.
  announced_at timestamptz,
  UNIQUE (alarm_id, version)
);
CREATE INDEX alarm_events_unsaid ON alarm_events (id) WHERE announced_at IS NULL;
