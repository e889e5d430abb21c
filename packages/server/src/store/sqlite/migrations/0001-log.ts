import type { Migration } from '../../migrations.ts'

/**
 * The log and the state beside it. The insert triggers also refuse `INSERT OR REPLACE`, which fires no delete trigger unless `recursive_triggers`
 * is on. Triggers stop mistakes, not whoever owns the file: evidence comes from the tree and from heads held elsewhere.
 */
export const log: Migration = {
  number: 1,
  name: 'log',
  sql: `
CREATE TABLE identity (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  origin TEXT NOT NULL,
  key TEXT NOT NULL
) STRICT;

CREATE TABLE entry (
  idx INTEGER PRIMARY KEY CHECK (idx >= 0),
  leaf BLOB NOT NULL CHECK (length(leaf) = 32),
  entry BLOB NOT NULL CHECK (length(entry) BETWEEN 1 AND 65535)
) STRICT;

CREATE TABLE operation (
  key TEXT PRIMARY KEY,
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  idx INTEGER NOT NULL CHECK (idx >= 0),
  count INTEGER NOT NULL CHECK (count BETWEEN 1 AND 16),
  refusal TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE tile_hash (
  level INTEGER NOT NULL CHECK (level BETWEEN 1 AND 63),
  idx INTEGER NOT NULL CHECK (idx >= 0),
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoint (
  size INTEGER PRIMARY KEY CHECK (size >= 0),
  root BLOB NOT NULL CHECK (length(root) = 32),
  note BLOB NOT NULL
) STRICT;

CREATE TABLE head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  size INTEGER NOT NULL CHECK (size >= 0),
  root BLOB NOT NULL CHECK (length(root) = 32),
  frontier BLOB NOT NULL,
  at INTEGER NOT NULL
) STRICT;

CREATE TABLE record (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version >= 1),
  value BLOB NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE body (
  kind TEXT NOT NULL,
  digest TEXT NOT NULL,
  bytes BLOB NOT NULL CHECK (length(bytes) <= 8388608),
  PRIMARY KEY (kind, digest)
) STRICT;

CREATE TABLE cosignature (
  size INTEGER NOT NULL REFERENCES checkpoint (size),
  name TEXT NOT NULL,
  line TEXT NOT NULL,
  PRIMARY KEY (size, name, line)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER identity_no_update BEFORE UPDATE ON identity BEGIN SELECT RAISE(ABORT, 'identity is append-only'); END;
CREATE TRIGGER identity_no_delete BEFORE DELETE ON identity BEGIN SELECT RAISE(ABORT, 'identity is append-only'); END;
CREATE TRIGGER identity_no_replace BEFORE INSERT ON identity WHEN EXISTS (SELECT 1 FROM identity)
  BEGIN SELECT RAISE(ABORT, 'identity is append-only'); END;

CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END;
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END;
CREATE TRIGGER entry_next BEFORE INSERT ON entry WHEN NEW.idx IS NOT (SELECT coalesce(max(idx), -1) + 1 FROM entry)
  BEGIN SELECT RAISE(ABORT, 'entry is append-only, without gaps'); END;

CREATE TRIGGER operation_no_update BEFORE UPDATE ON operation BEGIN SELECT RAISE(ABORT, 'operation is append-only'); END;
CREATE TRIGGER operation_no_delete BEFORE DELETE ON operation BEGIN SELECT RAISE(ABORT, 'operation is append-only'); END;
CREATE TRIGGER operation_no_replace BEFORE INSERT ON operation WHEN EXISTS (SELECT 1 FROM operation WHERE key = NEW.key)
  BEGIN SELECT RAISE(ABORT, 'operation is append-only'); END;
CREATE TRIGGER operation_entered BEFORE INSERT ON operation WHEN NEW.idx + NEW.count > (SELECT coalesce(max(idx), -1) + 1 FROM entry)
  BEGIN SELECT RAISE(ABORT, 'operation is append-only, after its entries'); END;

CREATE TRIGGER tile_hash_no_update BEFORE UPDATE ON tile_hash BEGIN SELECT RAISE(ABORT, 'tile_hash is append-only'); END;
CREATE TRIGGER tile_hash_no_delete BEFORE DELETE ON tile_hash BEGIN SELECT RAISE(ABORT, 'tile_hash is append-only'); END;
CREATE TRIGGER tile_hash_no_replace BEFORE INSERT ON tile_hash
  WHEN EXISTS (SELECT 1 FROM tile_hash WHERE level = NEW.level AND idx = NEW.idx)
  BEGIN SELECT RAISE(ABORT, 'tile_hash is append-only'); END;

CREATE TRIGGER checkpoint_no_update BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoint is append-only'); END;
CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoint is append-only'); END;
CREATE TRIGGER checkpoint_grows BEFORE INSERT ON checkpoint WHEN NEW.size <= (SELECT max(size) FROM checkpoint)
  BEGIN SELECT RAISE(ABORT, 'checkpoint is append-only, and only grows'); END;

CREATE TRIGGER head_grows BEFORE UPDATE ON head WHEN NEW.size <= OLD.size OR NEW.at < OLD.at
  BEGIN SELECT RAISE(ABORT, 'head only grows'); END;
CREATE TRIGGER head_no_delete BEFORE DELETE ON head BEGIN SELECT RAISE(ABORT, 'head stays'); END;
CREATE TRIGGER head_no_replace BEFORE INSERT ON head WHEN EXISTS (SELECT 1 FROM head) BEGIN SELECT RAISE(ABORT, 'head stays'); END;

CREATE TRIGGER record_next BEFORE UPDATE ON record
  WHEN NEW.version <> OLD.version + 1 OR NEW.kind <> OLD.kind OR NEW.key <> OLD.key
  BEGIN SELECT RAISE(ABORT, 'a record takes its next version'); END;
CREATE TRIGGER record_no_replace BEFORE INSERT ON record
  WHEN NEW.version <> 1 OR EXISTS (SELECT 1 FROM record WHERE kind = NEW.kind AND key = NEW.key)
  BEGIN SELECT RAISE(ABORT, 'a record begins at version 1'); END;

CREATE TRIGGER body_no_update BEFORE UPDATE ON body BEGIN SELECT RAISE(ABORT, 'body is append-only, or erased'); END;
CREATE TRIGGER body_no_replace BEFORE INSERT ON body WHEN EXISTS (SELECT 1 FROM body WHERE kind = NEW.kind AND digest = NEW.digest)
  BEGIN SELECT RAISE(ABORT, 'body is append-only, or erased'); END;

CREATE TRIGGER cosignature_no_update BEFORE UPDATE ON cosignature BEGIN SELECT RAISE(ABORT, 'cosignature is append-only'); END;
CREATE TRIGGER cosignature_no_delete BEFORE DELETE ON cosignature BEGIN SELECT RAISE(ABORT, 'cosignature is append-only'); END;
CREATE TRIGGER cosignature_no_replace BEFORE INSERT ON cosignature
  WHEN EXISTS (SELECT 1 FROM cosignature WHERE size = NEW.size AND name = NEW.name AND line = NEW.line)
  BEGIN SELECT RAISE(ABORT, 'cosignature is append-only'); END;
`,
}
