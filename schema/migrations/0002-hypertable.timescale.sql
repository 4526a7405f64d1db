-- Runs only where the TimescaleDB library is loaded; a database that gains it later is converted then, rows and all.
CREATE EXTENSION IF NOT EXISTS timescaledb;
SELECT create_hypertable(
  'readings',
  by_range('ts', INTERVAL ':chunk_interval'),
  create_default_indexes => false,
  migrate_data => true
);
ALTER TABLE readings SET (
  timescaledb.enable_columnstore,
  timescaledb.segmentby = 'device_id, sensor_type',
  timescaledb.orderby = 'ts DESC'
);
CALL add_columnstore_policy('readings', after => INTERVAL '1 day');
