-- What a broker whose clock stood ahead has left: a device that was heard of in the future is never missed. Batches write no such thing any more.
UPDATE devices SET last_seen = now(), first_seen = least(first_seen, now()) WHERE last_seen > now() + interval '1 minute';
UPDATE device_latest SET heard_at = now() WHERE heard_at > now() + interval '1 minute';
