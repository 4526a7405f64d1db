-- How bad an alarm is: 1 minor, 2 major, 3 critical. It never falls while the alarm is open.
ALTER TABLE alarms ADD COLUMN severity smallint NOT NULL DEFAULT 1 CHECK (severity BETWEEN 1 AND 3);
UPDATE alarms SET severity = CASE WHEN peak_score < 0.8 THEN 1 WHEN peak_score < 0.95 THEN 2 ELSE 3 END;

ALTER TABLE alarms
  -- What raises it goes on: however quiet it is, it does not clear.
  ADD COLUMN holds boolean NOT NULL DEFAULT false,
  -- Quiet after which it clears; null for what the settings say.
  ADD COLUMN clear_seconds integer,
  -- When it was stored, by the clock of the database, as heard_at.
  ADD COLUMN opened_at timestamptz NOT NULL DEFAULT now(),
  -- The transaction that last made it worse, so that the statement knows whether it was itself.
  ADD COLUMN worsened_in xid8,
  -- What is about a whole device, or about many, need not have a value.
  ALTER COLUMN peak_value DROP NOT NULL;
UPDATE alarms SET opened_at = heard_at;

-- Many devices at once are one alarm: the group, a row without a device. Its members stay what they are.
ALTER TABLE alarms
  ADD COLUMN group_id bigint REFERENCES alarms (id) ON DELETE SET NULL,
  -- The group speaks for it: nobody has heard of it, so what becomes of it by itself is told to nobody.
  ADD COLUMN is_muted boolean NOT NULL DEFAULT false,
  -- Of a group: how many alarms were taken into it.
  ADD COLUMN members integer NOT NULL DEFAULT 0;
CREATE INDEX alarms_group ON alarms (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX alarms_fresh ON alarms (opened_at) WHERE state <> 'cleared' AND group_id IS NULL;
CREATE INDEX alarms_cleared ON alarms (cleared_at) WHERE state = 'cleared';

-- Operators' own rules.
CREATE TABLE rules (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  sensor_type text NOT NULL,
  enabled boolean NOT NULL,
  -- Grows with every change; a change names the one that was looked at.
  version integer NOT NULL DEFAULT 1,
  -- The rule as schema/rule.ts has it.
  wish jsonb NOT NULL,
  changed_by text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now()
);

-- Since when the condition of a rule goes on in a series, where the rule asks for how long; by the clock of its readings. The
-- alarm of it is raised when that was long enough.
CREATE TABLE rule_runs (
  device_id text NOT NULL,
  sensor_type text NOT NULL,
  rule text NOT NULL,
  since timestamptz NOT NULL,
  PRIMARY KEY (device_id, sensor_type, rule)
);
