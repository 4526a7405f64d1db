-- Counts the rejections of a code, and pages through them, without touching the others or the payloads.
CREATE INDEX rejected_code ON rejected (code, received_at, id);
