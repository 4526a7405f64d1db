-- What has cleared and nobody acknowledged is listed until somebody does. What was over before counts as seen.
UPDATE alarms SET acknowledged_by = 'platform' WHERE state = 'cleared' AND acknowledged_by IS NULL;
CREATE INDEX alarms_unseen ON alarms (id) WHERE state = 'cleared' AND acknowledged_by IS NULL;
