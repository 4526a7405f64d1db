-- A reading that was not newer than its series when it came was judged but taught nothing; a detector that is rebuilt skips it.
ALTER TABLE readings ADD COLUMN is_late boolean NOT NULL DEFAULT false;

-- What is known of a shard of a stream: changed with every batch, in the batch's own transaction, so it is as true as the rows are.
-- Counts are in readings; a rejected message counts as one.
CREATE TABLE custody (
  stream_id text NOT NULL,
  shard integer NOT NULL,
  -- Names this row in receipts, so that those of a restored database are not taken for old ones.
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  batch bigint NOT NULL DEFAULT 0,
  stored bigint NOT NULL DEFAULT 0,
  duplicate bigint NOT NULL DEFAULT 0,
  rejected bigint NOT NULL DEFAULT 0,
  -- The most the stream was seen to have promised, and by how much its own count has fallen behind.
  observed bigint NOT NULL DEFAULT 0,
  setback bigint NOT NULL DEFAULT 0,
  -- The run of the server that was looked at last.
  server text,
  -- Which frames are accounted for, by origin.
  positions jsonb NOT NULL DEFAULT '{}',
  -- What the last batch had to say: said again by the next owner, for this one may have died before it spoke.
  unsaid jsonb,
  PRIMARY KEY (stream_id, shard)
) WITH (fillfactor = 50);

-- What each batch did for each device: one row a batch, added up into device_ledger from time to time.
CREATE TABLE ledger_journal (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  device_ids text[] NOT NULL,
  received integer[] NOT NULL,
  stored integer[] NOT NULL,
  rejected integer[] NOT NULL
);

CREATE TABLE device_ledger (
  device_id text PRIMARY KEY,
  stored bigint NOT NULL,
  duplicate bigint NOT NULL,
  rejected bigint NOT NULL
) WITH (fillfactor = 70);

-- The state of a detector every so many readings; with the readings after it, it is rebuilt exactly.
CREATE TABLE detector_anchors (
  device_id text NOT NULL,
  sensor_type text NOT NULL,
  ts timestamptz NOT NULL,
  format integer NOT NULL,
  state bytea NOT NULL,
  PRIMARY KEY (device_id, sensor_type)
) WITH (fillfactor = 70);

-- What was stored before there was a ledger.
INSERT INTO device_ledger SELECT device_id, count(*), 0, 0 FROM readings GROUP BY device_id;
INSERT INTO custody (stream_id, shard, stored) SELECT 'before the ledger', 0, count(*) FROM readings HAVING count(*) > 0;
