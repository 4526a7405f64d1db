-- Who is told of alarms, how, of which, and when.
CREATE TABLE notification_routes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  version integer NOT NULL DEFAULT 1,
  enabled boolean NOT NULL,
  channel text NOT NULL CHECK (channel IN ('webhook', 'mqtt', 'email')),
  -- What may be shown of it, as in schema/notification.ts.
  settings jsonb NOT NULL,
  -- Of a webhook: its whole address, and the key that what is sent there is signed with. Shown to nobody.
  url text,
  secret text,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Until then the processor that sends for it just now has it to itself.
  served_until timestamptz
);

-- What is to be told, one row for each transition of an alarm and route that wants it; and digests, which stand for several.
CREATE TABLE notifications (
  -- What receivers tell a repeat by.
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  number bigint GENERATED ALWAYS AS IDENTITY,
  route_id bigint NOT NULL REFERENCES notification_routes ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('alarm', 'digest', 'test')),
  -- Not a reference: a notification outlives what it tells of.
  alarm_id bigint,
  alarm_version integer,
  severity text NOT NULL,
  -- Of the alarm, to find the worst of many.
  score real NOT NULL,
  content jsonb NOT NULL,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'digested', 'dead', 'discarded')),
  -- The digest that tells of it.
  digest_id uuid,
  queued_at timestamptz NOT NULL DEFAULT now(),
  -- Not to be sent before: the route's hours, the pause after a failure, or somebody sends it just now.
  due_at timestamptz NOT NULL DEFAULT now(),
  -- Beyond the limit of its route: it waits for a digest.
  gathers boolean NOT NULL DEFAULT false,
  attempts integer NOT NULL DEFAULT 0,
  last_error text,
  sent_at timestamptz,
  -- The promise: however often a transition is announced, a route is told of it once.
  UNIQUE (alarm_id, alarm_version, route_id)
);
CREATE INDEX notifications_waiting ON notifications (route_id, due_at) WHERE state = 'waiting';
CREATE INDEX notifications_sent ON notifications (route_id, sent_at) WHERE state = 'sent';
CREATE INDEX notifications_number ON notifications (number);
CREATE INDEX notifications_open ON notifications (number) WHERE state IN ('waiting', 'dead');
CREATE INDEX notifications_digest ON notifications (route_id, queued_at) WHERE kind = 'digest';
CREATE INDEX notifications_queued ON notifications (queued_at);
