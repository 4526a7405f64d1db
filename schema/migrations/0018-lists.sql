-- The gap that is usual between the messages of a device, as its newest message had it: what says, without a look at each of its sensors,
-- whether a device is late. Written where `last_seen` is.
ALTER TABLE devices ADD COLUMN gap_ms integer;

-- Which devices have a sensor of a type. Batches never change these columns of a row, so it costs them nothing.
CREATE INDEX device_latest_type ON device_latest (sensor_type, device_id);

-- The anomalies of one device in their order.
CREATE INDEX anomalies_device ON anomalies (device_id, ts DESC);
