-- The brokers, by the life they lead: a broker that is started again is another one.
CREATE TABLE brokers (
  id uuid PRIMARY KEY,
  beat_at timestamptz NOT NULL DEFAULT now()
);

-- Whether the devices that speak MQTT are connected, and since when. Apart from `devices`, whose rows batches write all the time.
CREATE TABLE presence (
  device_id text PRIMARY KEY,
  is_online boolean NOT NULL,
  since timestamptz NOT NULL,
  reason text NOT NULL,
  -- The broker that said so: nobody else may say that the device has left it.
  broker uuid NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX presence_broker ON presence (broker) WHERE is_online;

-- What operators told devices to do. Its states follow from the times that are set.
CREATE TABLE commands (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  -- The order in which a device gets them.
  number bigint GENERATED ALWAYS AS IDENTITY,
  device_id text NOT NULL,
  name text NOT NULL,
  -- JSON as text: jsonb would refuse what JSON allows, and nobody looks inside.
  payload text NOT NULL,
  by text NOT NULL,
  queued_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  -- When it was last sent; its device may have it although nothing came back.
  sent_at timestamptz,
  delivered_at timestamptz,
  answered_at timestamptz,
  answer text,
  cancelled_at timestamptz
);
CREATE INDEX commands_device ON commands (device_id, number);
CREATE INDEX commands_open ON commands (device_id, number) WHERE delivered_at IS NULL AND cancelled_at IS NULL;
CREATE INDEX commands_queued ON commands (queued_at);
