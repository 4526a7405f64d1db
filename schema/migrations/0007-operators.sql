-- People who use the console and the API, and programs that use the API. Passwords as scrypt hashes; of sessions and tokens only
-- the SHA-256, for they are random and need no slow hash.
CREATE TABLE operators (
  name text PRIMARY KEY,
  password text NOT NULL,
  role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
  disabled boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_login timestamptz
);
CREATE TABLE sessions (
  hash text PRIMARY KEY,
  operator text NOT NULL REFERENCES operators ON DELETE CASCADE,
  expires_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sessions_operator ON sessions (operator);
CREATE TABLE api_tokens (
  id uuid PRIMARY KEY,
  name text NOT NULL UNIQUE,
  hash text NOT NULL UNIQUE,
  role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
  read_only boolean NOT NULL,
  paths text[],
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  last_used timestamptz
);
-- The one token that the first admin is made with, while there is no operator.
CREATE TABLE first_admin (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  hash text NOT NULL
);
