import type { Client, QueryResult } from 'pg'
import type {
  CheckpointRow, CosignatureRow, EntryRow, HeadRow, IdentityRow, LockedHead, OperationRow, TableWriter, TileHashRow,
} from '../../ports/tables.ts'
import { bytes, headRow, integer, operationRow, stateTables, type Row } from './query.ts'

/**
 * Read in statements of their own: each takes a new snapshot, so that the checkpoint is that of the head that was waited for, which
 * one joined statement would not show.
 */
const lock = `
  BEGIN ISOLATION LEVEL READ COMMITTED;
  SELECT size, root, frontier, at FROM head WHERE id = 1 FOR UPDATE;
  SELECT size, root FROM checkpoint ORDER BY size DESC LIMIT 1`

/** Runs one named statement, prepared at its first use. */
type Run = (name: string, sql: string, values: readonly unknown[]) => Promise<QueryResult<Row>>

/** The write connection, which must be pipelined. The lock on the head's one row is what puts any number of replicas in a line. */
export function postgresWriter(client: Client): TableWriter {
  const savepoints = postgresSavepoints(client)
  const run: Run = (name, sql, values) => client.query<Row>({ name, text: sql, values: [...values] })

  return {
    begin: () => {
      savepoints.reset()
      return begin(client)
    },
    rootAt: async (size) => optionalBytes(await run('root_at', 'SELECT root FROM checkpoint WHERE size = $1', [size]), 'root'),
    known: async (keys) =>
      (await run('known', 'SELECT key, digest, idx, count, refusal FROM operation WHERE key = ANY($1::text[])', [keys])).rows.map(operationRow),
    checkpointOver: async (index) =>
      optionalBytes(await run('checkpoint_over', 'SELECT note FROM checkpoint WHERE size > $1 ORDER BY size LIMIT 1', [index]), 'note'),
    savepoint: savepoints.savepoint,
    release: savepoints.release,
    undo: savepoints.undo,
    ...stateTables(async (sql, values) => (await client.query<Row>(sql, [...(values ?? [])])).rows),
    ...changes(run),
    ...inserts(run),
    commit: async () => {
      // A transaction that has failed answers COMMIT by rolling back, and calls that no error.
      const { command } = await client.query('COMMIT')
      if (command !== 'COMMIT') throw new Error(`the database answered COMMIT with ${command}`)
    },
    rollback: async () => { await client.query('ROLLBACK') },
  }
}

type Savepoints = Pick<TableWriter, 'savepoint' | 'release' | 'undo'> & { readonly reset: () => void }

/** A savepoint is released with the next one, or by the commit: a round trip less for every operation. */
function postgresSavepoints(client: Client): Savepoints {
  let unreleased = false
  return {
    reset: () => { unreleased = false },
    savepoint: async () => {
      const sql = unreleased ? 'RELEASE SAVEPOINT operation; SAVEPOINT operation' : 'SAVEPOINT operation'
      unreleased = false
      await client.query(sql)
    },
    release: async () => { unreleased = true },
    undo: async () => { await client.query('ROLLBACK TO SAVEPOINT operation; RELEASE SAVEPOINT operation') },
  }
}

type Changes = Pick<TableWriter, 'put' | 'remove' | 'keep' | 'erase'>

function changes(run: Run): Changes {
  return {
    put: async (kind, key, value, expected) => {
      const done = expected === 0
        ? await run('put_first', 'INSERT INTO record (kind, key, version, value) VALUES ($1, $2, 1, $3) ON CONFLICT DO NOTHING', [kind, key, value])
        : await run('put_next', 'UPDATE record SET version = version + 1, value = $3 WHERE kind = $1 AND key = $2 AND version = $4', [kind, key, value, expected])
      return done.rowCount === 1
    },
    remove: async (kind, key, expected) =>
      (await run('remove', 'DELETE FROM record WHERE kind = $1 AND key = $2 AND version = $3', [kind, key, expected])).rowCount === 1,
    keep: async (kind, digest, kept) =>
      (await run('keep', 'INSERT INTO body (kind, digest, bytes) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [kind, digest, kept])).rowCount === 1,
    erase: async (kind, digest) => (await run('erase', 'DELETE FROM body WHERE kind = $1 AND digest = $2', [kind, digest])).rowCount === 1,
  }
}

type Inserts = Pick<TableWriter, Extract<keyof TableWriter, `insert${string}`> | 'updateHead'>

function inserts(run: Run): Inserts {
  return {
    insertEntries: async (rows: readonly EntryRow[]) => {
      const columns = [rows.map(({ index }) => index), rows.map(({ leaf }) => leaf), rows.map(({ entry }) => entry)]
      await run('entries', 'INSERT INTO entry (idx, leaf, entry) SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[])', columns)
    },
    insertOperations: async (rows: readonly OperationRow[]) => {
      const columns = [
        rows.map(({ key }) => key), rows.map(({ digest }) => digest), rows.map(({ index }) => index), rows.map(({ count }) => count),
        rows.map(({ refusal = null }) => refusal),
      ]
      const sql = `
        INSERT INTO operation (key, digest, idx, count, refusal)
        SELECT * FROM unnest($1::text[], $2::bytea[], $3::bigint[], $4::int[], $5::text[])`
      await run('operations', sql, columns)
    },
    insertTileHashes: async (rows: readonly TileHashRow[]) => {
      if (rows.length === 0) return
      const columns = [rows.map(({ level }) => level), rows.map(({ index }) => index), rows.map(({ hash }) => hash)]
      await run('tile_hashes', 'INSERT INTO tile_hash (level, idx, hash) SELECT * FROM unnest($1::int[], $2::bigint[], $3::bytea[])', columns)
    },
    insertCheckpoint: async ({ size, root, note }: CheckpointRow) => {
      await run('checkpoint', 'INSERT INTO checkpoint (size, root, note) VALUES ($1, $2, $3)', [size, root, note])
    },
    updateHead: async ({ size, root, frontier, at }: HeadRow) => {
      await run('head', 'UPDATE head SET size = $1, root = $2, frontier = $3, at = $4 WHERE id = 1', [size, root, frontier, at])
    },
    insertCosignatures: async (size: number, rows: readonly CosignatureRow[]) => {
      const sql = `
        INSERT INTO cosignature (size, name, line)
        SELECT $1, name, line FROM unnest($2::text[], $3::text[]) AS witness (name, line) ON CONFLICT DO NOTHING`
      await run('cosignatures', sql, [size, rows.map(({ name }) => name), rows.map(({ line }) => line)])
    },
  }
}

async function begin(client: Client): Promise<LockedHead | undefined> {
  const results: unknown = await client.query(lock)
  const [, head, newest] = Array.isArray(results) ? (results as readonly QueryResult<Row>[]) : []
  const [headOf, newestOf] = [head?.rows[0], newest?.rows[0]]
  if (headOf === undefined || newestOf === undefined) return undefined
  return { head: headRow(headOf), newest: { size: integer(newestOf, 'size'), root: bytes(newestOf, 'root') } }
}

/** Founds the log in one transaction; false where one stands. */
export async function foundPostgres(client: Client, identity: IdentityRow, head: HeadRow, checkpoint: CheckpointRow): Promise<boolean> {
  await client.query('BEGIN')
  try {
    const first = await client.query('INSERT INTO identity (id, origin, key) VALUES (1, $1, $2) ON CONFLICT DO NOTHING', [identity.origin, identity.key])
    if (first.rowCount === 1) {
      await client.query('INSERT INTO checkpoint (size, root, note) VALUES ($1, $2, $3)', [checkpoint.size, checkpoint.root, checkpoint.note])
      await client.query('INSERT INTO head (id, size, root, frontier, at) VALUES (1, $1, $2, $3, $4)', [head.size, head.root, head.frontier, head.at])
    }
    await client.query('COMMIT')
    return first.rowCount === 1
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}

function optionalBytes({ rows: [row] }: QueryResult<Row>, name: string): Uint8Array | undefined {
  return row === undefined ? undefined : bytes(row, name)
}
