-- When the newest message of a series came, by the clock of the broker, and the gap between its messages that is usual: what says when it is
-- missed. No index: rows are updated with every batch, in their page.
ALTER TABLE device_latest
  ADD COLUMN heard_at timestamptz,
  ADD COLUMN gap_ms integer;
