-- One row a reading. The key is the reading's identity, so a repeated insert is recognised as such.
CREATE TABLE readings (
  device_id text NOT NULL,
  sensor_type text NOT NULL,
  ts timestamptz NOT NULL,
  value double precision NOT NULL,
  score real NOT NULL,
  is_anomaly boolean NOT NULL,
  model_version text NOT NULL
);
CREATE UNIQUE INDEX readings_key ON readings (device_id, sensor_type, ts DESC);

-- The newest reading of each series: answers "latest" without touching the history.
-- The fill factor leaves room for updates in the same page, which then need no index work (HOT).
CREATE TABLE device_latest (
  device_id text NOT NULL,
  sensor_type text NOT NULL,
  ts timestamptz NOT NULL,
  value double precision NOT NULL,
  score real NOT NULL,
  is_anomaly boolean NOT NULL,
  model_version text NOT NULL,
  confidence real NOT NULL,
  PRIMARY KEY (device_id, sensor_type)
) WITH (fillfactor = 70);

CREATE TABLE devices (
  device_id text PRIMARY KEY,
  first_seen timestamptz NOT NULL,
  last_seen timestamptz NOT NULL,
  active boolean NOT NULL DEFAULT true
) WITH (fillfactor = 70);
CREATE INDEX devices_active ON devices (active);

CREATE TABLE anomalies (
  device_id text NOT NULL,
  sensor_type text NOT NULL,
  ts timestamptz NOT NULL,
  value double precision NOT NULL,
  score real NOT NULL,
  confidence real NOT NULL,
  model_version text NOT NULL,
  sentence text NOT NULL,
  expected_low double precision,
  expected_high double precision,
  PRIMARY KEY (device_id, sensor_type, ts)
);
CREATE INDEX anomalies_ts ON anomalies (ts DESC);

CREATE TABLE models (
  sensor_type text NOT NULL,
  version integer NOT NULL,
  compiled bytea NOT NULL,
  seed bigint NOT NULL,
  training_rows integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (sensor_type, version)
);

CREATE TABLE rejected (
  id uuid PRIMARY KEY,
  code text NOT NULL,
  reason text NOT NULL,
  device_id text,
  source text NOT NULL,
  payload text NOT NULL,
  payload_bytes integer NOT NULL,
  received_at timestamptz NOT NULL
);
CREATE INDEX rejected_received_at ON rejected (received_at DESC);

CREATE TABLE settings (
  key text PRIMARY KEY,
  value jsonb NOT NULL
);
