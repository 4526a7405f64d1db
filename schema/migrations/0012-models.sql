-- How a version of a model came to be and how it fares. What it is grown again from stays for good; its bytes may be dropped.
ALTER TABLE models ALTER COLUMN compiled DROP NOT NULL;
ALTER TABLE models
  -- SHA-256 of the compiled bytes, in hex.
  ADD COLUMN digest text,
  -- Which code grew it: other code may grow other bytes from the same readings.
  ADD COLUMN grower text,
  ADD COLUMN created_by text NOT NULL DEFAULT 'platform',
  -- What was active when it was grown, and what was active before it became so; null is the factory's, or none.
  ADD COLUMN parent integer,
  ADD COLUMN before integer,
  -- What it learnt from, in this order: [{"deviceId", "fromUs", "untilUs", "readings"}]; null from before this was kept.
  ADD COLUMN series jsonb,
  ADD COLUMN metrics jsonb,
  -- What it would have flagged of what it learnt from, beside the one that was active.
  ADD COLUMN replay jsonb,
  -- The same of live readings, since it became the candidate.
  ADD COLUMN shadow_readings bigint NOT NULL DEFAULT 0,
  ADD COLUMN shadow_active bigint NOT NULL DEFAULT 0,
  ADD COLUMN shadow_candidate bigint NOT NULL DEFAULT 0,
  ADD COLUMN shadow_both bigint NOT NULL DEFAULT 0,
  -- When it was last grown again, to the same bytes.
  ADD COLUMN verified_at timestamptz;
UPDATE models SET digest = encode(sha256(compiled), 'hex');

-- Which version judges the readings of a type. A version that is neither is retired, so there is one active and one candidate at most.
CREATE TABLE model_types (
  sensor_type text PRIMARY KEY,
  -- Grows with whatever changes here or in model_overrides.
  revision integer NOT NULL DEFAULT 0,
  -- Null: the factory's, or none.
  active integer,
  candidate integer,
  pinned boolean NOT NULL DEFAULT false,
  noticed_at timestamptz NOT NULL DEFAULT now(),
  -- A training that was ordered and is not done: of a new version, or of this one again.
  order_by text,
  order_at timestamptz,
  order_version integer,
  -- Why the last training came to nothing, and when.
  setback text,
  setback_at timestamptz,
  FOREIGN KEY (sensor_type, active) REFERENCES models (sensor_type, version),
  FOREIGN KEY (sensor_type, candidate) REFERENCES models (sensor_type, version)
);
CREATE INDEX model_types_ordered ON model_types (order_at) WHERE order_by IS NOT NULL;

-- Devices that are judged by another version than their type.
CREATE TABLE model_overrides (
  sensor_type text NOT NULL,
  device_id text NOT NULL,
  version integer NOT NULL,
  by text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (sensor_type, device_id),
  FOREIGN KEY (sensor_type, version) REFERENCES models (sensor_type, version)
);

INSERT INTO model_types (sensor_type, active) SELECT sensor_type, max(version) FROM models GROUP BY sensor_type;
UPDATE models SET before = version - 1
WHERE EXISTS (SELECT FROM models older WHERE older.sensor_type = models.sensor_type AND older.version = models.version - 1);
