import type { Migration } from '../../migrations.ts'

/** What identities need kept beside the log (`ports/identity.ts`). */
export const identity: Migration = {
  number: 2,
  name: 'identity',
  sql: `
CREATE TABLE identity_row (
  kind text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, owner text COLLATE "C", value bytea NOT NULL, version bigint NOT NULL CHECK (version > 0), expires bigint,
  PRIMARY KEY (kind, key)
);
CREATE INDEX identity_row_owner ON identity_row (kind, owner, key);
CREATE INDEX identity_row_expires ON identity_row (expires) WHERE expires IS NOT NULL;
CREATE TABLE identity_count (key text COLLATE "C" PRIMARY KEY, value bigint NOT NULL, expires bigint NOT NULL);
`,
}
