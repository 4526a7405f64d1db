-- Hardly a hundredth of the readings: a week fits into a chunk. A chunk has its own way to find the oldest.
DROP INDEX expected_bands_at;
SELECT create_hypertable(
  'expected_bands',
  by_range('at', INTERVAL '7 days'),
  create_default_indexes => false,
  migrate_data => true
);
