-- Who may connect: a device by its id, a program that is none by `service/` and its name, for no device id has a slash. Apart from
-- `devices`, whose rows batches write all the time and pruning removes.
CREATE TABLE principals (
  user_name text PRIMARY KEY,
  enabled boolean NOT NULL DEFAULT true,
  labels jsonb NOT NULL DEFAULT '{}',
  -- The topic filters of a service account; null for a device, which has its own topics.
  publish text[],
  subscribe text[],
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Passwords, as hashes. Two of a name at a time, so that a rotation has an overlap.
CREATE TABLE credentials (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_name text NOT NULL REFERENCES principals ON DELETE CASCADE,
  hash text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  valid_until timestamptz
);
CREATE INDEX credentials_user_name ON credentials (user_name);

-- Client certificates that are refused although their authority still vouches for them, by SHA-256 in hex. Kept when their device
-- is deleted: another one may get its name.
CREATE TABLE revoked_certificates (
  fingerprint text PRIMARY KEY,
  device_id text NOT NULL,
  revoked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX revoked_certificates_device ON revoked_certificates (device_id);

-- What lets a device provision itself. The token is random, so its digest needs no slow hash and no salt.
CREATE TABLE claim_tokens (
  name text PRIMARY KEY,
  digest bytea NOT NULL UNIQUE,
  labels jsonb NOT NULL DEFAULT '{}',
  max_uses integer NOT NULL,
  uses integer NOT NULL DEFAULT 0,
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- What the platform's own processes share and nobody else knows.
CREATE TABLE secrets (
  name text PRIMARY KEY,
  secret bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
