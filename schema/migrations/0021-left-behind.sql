-- What a broker whose clock stood ahead has left: a device that was heard of in the future is never missed. Batches write no such thing any more.
UPDATE devices SET last_seen = now(), first_seen = least(first_seen, now()) WHERE last_seen > now() + interval '1 minute';
UPDATE device_latest SET heard_at = now() WHERE heard_at > now() + interval '1 minute';

-- And what devices have left that were forgotten.
DELETE FROM detector_anchors WHERE NOT EXISTS (SELECT FROM devices WHERE devices.device_id = detector_anchors.device_id);
DELETE FROM rule_runs WHERE NOT EXISTS (SELECT FROM devices WHERE devices.device_id = rule_runs.device_id);
