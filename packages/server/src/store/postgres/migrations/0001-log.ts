import type { Migration } from '../../migrations.ts'

/** The log and the state beside it. What the program's role may do to them is granted apart (`postgresGrants`). */
export const log: Migration = {
  number: 1,
  name: 'log',
  sql: `
CREATE TABLE identity (
  id integer PRIMARY KEY CHECK (id = 1),
  origin text NOT NULL,
  key text NOT NULL
);

CREATE TABLE entry (
  idx bigint PRIMARY KEY CHECK (idx >= 0),
  leaf bytea NOT NULL CHECK (length(leaf) = 32),
  entry bytea NOT NULL CHECK (length(entry) BETWEEN 1 AND 65535)
);

CREATE TABLE operation (
  key text COLLATE "C" PRIMARY KEY,
  digest bytea NOT NULL CHECK (length(digest) = 32),
  idx bigint NOT NULL CHECK (idx >= 0),
  count integer NOT NULL CHECK (count BETWEEN 1 AND 16),
  refusal text
);

CREATE TABLE tile_hash (
  level integer NOT NULL CHECK (level BETWEEN 1 AND 63),
  idx bigint NOT NULL CHECK (idx >= 0),
  hash bytea NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (level, idx)
);

CREATE TABLE checkpoint (
  size bigint PRIMARY KEY CHECK (size >= 0),
  root bytea NOT NULL CHECK (length(root) = 32),
  note bytea NOT NULL
);

CREATE TABLE head (
  id integer PRIMARY KEY CHECK (id = 1),
  size bigint NOT NULL CHECK (size >= 0),
  root bytea NOT NULL CHECK (length(root) = 32),
  frontier bytea NOT NULL,
  at bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE record (
  kind text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  version bigint NOT NULL CHECK (version >= 1),
  value bytea NOT NULL,
  PRIMARY KEY (kind, key)
);

CREATE TABLE body (
  kind text COLLATE "C" NOT NULL,
  digest text COLLATE "C" NOT NULL,
  bytes bytea NOT NULL CHECK (length(bytes) <= 8388608),
  PRIMARY KEY (kind, digest)
);

CREATE TABLE cosignature (
  size bigint NOT NULL REFERENCES checkpoint (size),
  name text COLLATE "C" NOT NULL,
  line text COLLATE "C" NOT NULL,
  PRIMARY KEY (size, name, line)
);
`,
}
