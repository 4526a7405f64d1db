-- The same by continuous aggregates, which are complete up to this moment: what is not rolled up yet they take from the readings.
DROP INDEX IF EXISTS readings_ts;
ALTER TABLE readings_1m RENAME TO minutes_before;
ALTER TABLE readings_1h RENAME TO hours_before;

-- No reading, however large, may stop them all from being added up.
CREATE MATERIALIZED VIEW readings_1m
WITH (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) AS
SELECT device_id, sensor_type, time_bucket('1 minute', ts) AS bucket,
  sum(least(greatest(value, -1e290), 1e290)) AS sum, count(*) AS n, min(value) AS min, max(value) AS max,
  count(*) FILTER (WHERE is_anomaly) AS anomalies
FROM readings GROUP BY 1, 2, 3 WITH NO DATA;
CREATE INDEX ON readings_1m (device_id, sensor_type, bucket DESC);

CREATE MATERIALIZED VIEW readings_1h
WITH (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) AS
SELECT device_id, sensor_type, time_bucket('1 hour', bucket) AS bucket,
  sum(sum) AS sum, sum(n)::bigint AS n, min(min) AS min, max(max) AS max, sum(anomalies)::bigint AS anomalies
FROM readings_1m GROUP BY 1, 2, 3 WITH NO DATA;
CREATE INDEX ON readings_1h (device_id, sensor_type, bucket DESC);

-- What was rolled up of readings that are no more. Nothing refreshes what lies before readings_since.
DO $$
DECLARE level record;
BEGIN
  FOR level IN
    SELECT materialization_hypertable_schema AS place, materialization_hypertable_name AS name,
      CASE view_name WHEN 'readings_1m' THEN 'minutes_before' ELSE 'hours_before' END AS before
    FROM timescaledb_information.continuous_aggregates WHERE view_name IN ('readings_1m', 'readings_1h')
  LOOP
    EXECUTE format('INSERT INTO %I.%I (device_id, sensor_type, bucket, sum, n, min, max, anomalies)
      SELECT device_id, sensor_type, bucket, sum, n, min, max, anomalies FROM %I, history_state
      WHERE bucket < readings_since', level.place, level.name, level.before);
  END LOOP;
END $$;
DROP TABLE minutes_before, hours_before;
UPDATE history_state SET announced = '-infinity', minutes_until = '-infinity', hours_until = '-infinity';
TRUNCATE late_spans;
