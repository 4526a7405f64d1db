-- Charts of one device that pages of others may show: of the token only its SHA-256, for it is random. Null `expires_at`: until revoked.
CREATE TABLE embeds (
  id uuid PRIMARY KEY,
  device_id text NOT NULL,
  label text NOT NULL,
  hash text NOT NULL UNIQUE,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  last_used timestamptz
);

-- Filters of a list that somebody gave a name. The owner is spelt as in the record of changes.
CREATE TABLE saved_views (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  owner text NOT NULL,
  page text NOT NULL,
  name text NOT NULL,
  query jsonb NOT NULL,
  shared boolean NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (owner, page, name)
);
