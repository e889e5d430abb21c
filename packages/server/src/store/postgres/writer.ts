import type { Client, QueryResult } from 'pg'
import type { CheckpointRow, EntryRow, HeadRow, IdentityRow, LockedHead, TableWriter, TileHashRow } from '../../ports/tables.ts'
import { bytes, entryKey, headRow, integer, recordRow, type Row } from './query.ts'

/**
 * Read in statements of their own: each takes a new snapshot, so that the checkpoint is that of the head that was waited for, which
 * one joined statement would not show.
 */
const lock = `
  BEGIN ISOLATION LEVEL READ COMMITTED;
  SELECT size, root, frontier, at FROM head WHERE id = 1 FOR UPDATE;
  SELECT size, root FROM checkpoint ORDER BY size DESC LIMIT 1`

/** The write connection. The lock on the head's one row is what puts any number of replicas in a line. */
export function postgresWriter(client: Client): TableWriter {
  const execute = (sql: string) => async (): Promise<void> => { await client.query(sql) }
  const run = (name: string, sql: string, values: readonly unknown[]): Promise<QueryResult<Row>> =>
    client.query<Row>({ name, text: sql, values: [...values] })

  return {
    begin: () => begin(client),
    rootAt: async (size) => optionalBytes(await run('root_at', 'SELECT root FROM checkpoint WHERE size = $1', [size]), 'root'),
    known: async (keys) => (await run('known', 'SELECT idx, key, leaf FROM entry WHERE key = ANY($1::text[])', [keys])).rows.map(entryKey),
    checkpointOver: async (index) =>
      optionalBytes(await run('checkpoint_over', 'SELECT note FROM checkpoint WHERE size > $1 ORDER BY size LIMIT 1', [index]), 'note'),
    savepoint: execute('SAVEPOINT operation'),
    release: execute('RELEASE SAVEPOINT operation'),
    undo: execute('ROLLBACK TO SAVEPOINT operation; RELEASE SAVEPOINT operation'),
    record: async (kind, key) => recordRow((await run('record', 'SELECT version, value FROM record WHERE kind = $1 AND key = $2', [kind, key])).rows[0]),
    put: async (kind, key, value, expected) => {
      const done = expected === 0
        ? await run('put_first', 'INSERT INTO record (kind, key, version, value) VALUES ($1, $2, 1, $3) ON CONFLICT DO NOTHING', [kind, key, value])
        : await run('put_next', 'UPDATE record SET version = version + 1, value = $3 WHERE kind = $1 AND key = $2 AND version = $4', [kind, key, value, expected])
      return done.rowCount === 1
    },
    insertEntries: async (rows: readonly EntryRow[]) => {
      const columns = [rows.map(({ index }) => index), rows.map(({ key }) => key), rows.map(({ leaf }) => leaf), rows.map(({ entry }) => entry)]
      await run('entries', 'INSERT INTO entry (idx, key, leaf, entry) SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::bytea[])', columns)
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
    commit: async () => {
      // A transaction that has failed answers COMMIT by rolling back, and calls that no error.
      const { command } = await client.query('COMMIT')
      if (command !== 'COMMIT') throw new Error(`the database answered COMMIT with ${command}`)
    },
    rollback: execute('ROLLBACK'),
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
