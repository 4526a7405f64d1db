-- Why a reading was found unusual: how much of the verdict each channel accounts for, by its name; the sensors whose values spoke, where that
-- is more than its own; and how many readings its series had learnt from, where those were too few.
ALTER TABLE anomalies
  ADD COLUMN shares jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN sensors jsonb,
  ADD COLUMN learnt smallint;

-- What operators made of an alarm.
ALTER TABLE alarms
  ADD COLUMN verdict text CHECK (verdict IN ('confirmed', 'false-alarm')),
  ADD COLUMN judged_by text,
  ADD COLUMN judged_at timestamptz,
  ADD COLUMN judged_note text;
ALTER TABLE alarm_events ADD COLUMN verdict text;
CREATE INDEX alarms_judged ON alarms (sensor_type, device_id, judged_at) WHERE verdict IS NOT NULL;

-- Where operators moved the line to. Rows are never changed: the newest one of a scope holds, and an older one comes back as a new row.
CREATE TABLE tunings (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sensor_type text NOT NULL,
  -- Null: of all devices that have none of their own.
  device_id text,
  -- Null: none of its own any more.
  tuning jsonb,
  -- The row whose place it took, and which comes back when it is rolled back; null when there was none.
  before_id bigint REFERENCES tunings (id),
  preview_id bigint,
  by text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tunings_scope ON tunings (sensor_type, device_id, id);

-- What a tuning would have changed: asked by operators, worked out by one processor.
CREATE TABLE tuning_previews (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sensor_type text NOT NULL,
  device_id text,
  days integer NOT NULL,
  -- Null: the mildest that would have removed the false alarms.
  wish jsonb,
  -- The newest row of tunings that counts in this scope; 0 when there is none. With a newer one the answer is out of date.
  tuning_id bigint NOT NULL,
  by text NOT NULL,
  asked_at timestamptz NOT NULL DEFAULT now(),
  -- Who works on it, and until when nobody else will.
  taken_by text,
  taken_until timestamptz,
  tries integer NOT NULL DEFAULT 0,
  done_at timestamptz,
  outcome jsonb,
  failure text
);
CREATE INDEX tuning_previews_waiting ON tuning_previews (id) WHERE done_at IS NULL;
CREATE INDEX tuning_previews_scope ON tuning_previews (sensor_type, device_id, id);
