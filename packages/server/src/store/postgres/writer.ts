import type { Client, QueryResult } from 'pg'
import type {
  CheckpointRow, CosignatureRow, EntryRow, HeadRow, IdentityRow, LockedHead, OperationRow, TableWriter, TileHashRow,
} from '../../ports/tables.ts'
import { heldRecords, type HeldRecords } from './held-records.ts'
import { bytes, headRow, integer, operationRow, stateTables, type Row } from './query.ts'

/** Runs one named statement, prepared at its first use. */
type Run = (name: string, sql: string, values: readonly unknown[]) => Promise<QueryResult<Row>>

/** The write connection, which must be pipelined. The lock on the head's one row is what puts any number of replicas in a line. */
export function postgresWriter(client: Client): TableWriter {
  const run: Run = (name, sql, values) => client.query<Row>({ name, text: sql, values: [...values] })
  const { inserts, reset, send } = heldInserts(client)
  const held = heldRecords(run, (name, sql, values) => sent(client, name, sql, values))
  const savepoints = postgresSavepoints(client, held)
  const tables = stateTables(async (sql, values) => (await client.query<Row>(sql, [...(values ?? [])])).rows)

  return {
    begin: () => {
      savepoints.reset()
      held.reset()
      reset()
      return begin(client, run)
    },
    rootAt: async (size) => optionalBytes(await run('root_at', 'SELECT root FROM checkpoint WHERE size = $1', [size]), 'root'),
    known: async (keys) =>
      (await run('known', 'SELECT key, digest, idx, count, refusal FROM operation WHERE key = ANY($1::text[])', [keys])).rows.map(operationRow),
    checkpointOver: async (index) =>
      optionalBytes(await run('checkpoint_over', 'SELECT note FROM checkpoint WHERE size > $1 ORDER BY size LIMIT 1', [index]), 'note'),
    foresee: held.foresee,
    savepoint: savepoints.savepoint,
    release: savepoints.release,
    undo: savepoints.undo,
    record: held.record,
    records: async (kind, after, limit) => {
      const [, listed] = await Promise.all([written(held, savepoints), tables.records(kind, after, limit)])
      return listed
    },
    body: tables.body,
    ...changes(run, held, savepoints),
    ...inserts,
    insertCosignatures: (size, rows) => insertCosignatures(run, size, rows),
    commit: async () => {
      // A transaction that has failed answers COMMIT by rolling back, and calls that no error.
      const sending = [...held.write(), ...send()]
      const [, { command }] = await Promise.all([Promise.all(sending), client.query('COMMIT')])
      if (command !== 'COMMIT') throw new Error(`the database answered COMMIT with ${command}`)
    },
    rollback: async () => { await client.query('ROLLBACK') },
  }
}

interface Savepoints extends Pick<TableWriter, 'savepoint' | 'release' | 'undo'> {
  readonly reset: () => void
  /** Sends the savepoint of the operation that is being applied, if it has begun to change something: ahead of the first statement that does. */
  readonly ensure: () => Promise<void>
}

/** A savepoint is sent only where something is changed at once, and released with the next one, or by the commit: what is held needs none. */
function postgresSavepoints(client: Client, held: HeldRecords): Savepoints {
  let unreleased = false
  let state: 'none' | 'marked' | 'sent' = 'none'
  return {
    reset: () => { [unreleased, state] = [false, 'none'] },
    savepoint: async () => {
      held.mark()
      state = 'marked'
    },
    ensure: async () => {
      if (state !== 'marked') return
      const sql = unreleased ? 'RELEASE SAVEPOINT operation; SAVEPOINT operation' : 'SAVEPOINT operation'
      ;[unreleased, state] = [false, 'sent']
      await client.query(sql)
    },
    release: async () => { [unreleased, state] = [unreleased || state === 'sent', 'none'] },
    undo: async () => {
      held.undo()
      const sent = state === 'sent'
      state = 'none'
      if (sent) await client.query('ROLLBACK TO SAVEPOINT operation; RELEASE SAVEPOINT operation')
    },
  }
}

/** Sends what is held, ahead of a statement that must find it in the tables. */
async function written(held: HeldRecords, savepoints: Savepoints): Promise<void> {
  await Promise.all([savepoints.ensure(), ...held.write()])
}

type Changes = Pick<TableWriter, 'put' | 'remove' | 'keep' | 'erase'>

function changes(run: Run, held: HeldRecords, savepoints: Savepoints): Changes {
  const change: Run = async (name, sql, values) => {
    const [, result] = await Promise.all([savepoints.ensure(), run(name, sql, values)])
    return result
  }
  return {
    put: async (kind, key, value, expected) => {
      const done = await held.put(kind, key, value, expected)
      if (held.full()) await written(held, savepoints)
      return done
    },
    remove: async (kind, key, expected) => {
      await held.record(kind, key)
      const writing = written(held, savepoints)
      if (!held.removed(kind, key, expected)) {
        await writing
        return false
      }
      const [, { rowCount }] = await Promise.all([writing, change('remove', 'DELETE FROM record WHERE kind = $1 AND key = $2 AND version = $3', [kind, key, expected])])
      if (rowCount !== 1) throw new Error('a record was changed by another than who has locked the head')
      return true
    },
    keep: async (kind, digest, kept) =>
      (await change('keep', 'INSERT INTO body (kind, digest, bytes) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [kind, digest, kept])).rowCount === 1,
    erase: async (kind, digest) => (await change('erase', 'DELETE FROM body WHERE kind = $1 AND digest = $2', [kind, digest])).rowCount === 1,
  }
}

type Inserts = Pick<TableWriter, 'insertEntries' | 'insertOperations' | 'insertTileHashes' | 'insertCheckpoint' | 'updateHead'>

interface Left {
  readonly entries: readonly EntryRow[]
  readonly operations: readonly OperationRow[]
  readonly tileHashes: readonly TileHashRow[]
  readonly checkpoint?: CheckpointRow
  readonly head?: HeadRow
}

interface HeldInserts {
  readonly inserts: Inserts
  readonly reset: () => void
  /** Sends what was held, if anything was. Throws at once where a statement could not even be sent: a COMMIT behind it would commit the rest. */
  readonly send: () => readonly Promise<void>[]
}

const nothing: Left = { entries: [], operations: [], tileHashes: [] }

/** What a batch leaves is held until the commit, and sent with it: a round trip less. */
function heldInserts(client: Client): HeldInserts {
  let left = nothing
  return {
    inserts: {
      insertEntries: async (entries) => { left = { ...left, entries } },
      insertOperations: async (operations) => { left = { ...left, operations } },
      insertTileHashes: async (tileHashes) => { left = { ...left, tileHashes } },
      insertCheckpoint: async (checkpoint) => { left = { ...left, checkpoint } },
      updateHead: async (head) => { left = { ...left, head } },
    },
    reset: () => { left = nothing },
    send: () => {
      if (left === nothing) return []
      return left.tileHashes.length === 0 ? [sendLeft(client, left)] : [sendTileHashes(client, left.tileHashes), sendLeft(client, left)]
    },
  }
}

function sendTileHashes(client: Client, rows: readonly TileHashRow[]): Promise<void> {
  const columns = [rows.map(({ level }) => level), rows.map(({ index }) => index), rows.map(({ hash }) => hash)]
  return sent(client, 'tile_hashes', 'INSERT INTO tile_hash (level, idx, hash) SELECT * FROM unnest($1::int[], $2::bigint[], $3::bytea[])', columns)
}

/** In one statement: each costs as much as many rows. */
const insertLeft = `
  WITH
    entries AS (INSERT INTO entry (idx, leaf, entry) SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[])),
    operations AS (
      INSERT INTO operation (key, digest, idx, count, refusal) SELECT * FROM unnest($4::text[], $5::bytea[], $6::bigint[], $7::int[], $8::text[])),
    checkpoint AS (INSERT INTO checkpoint (size, root, note) VALUES ($9::bigint, $10::bytea, $11::bytea))
  UPDATE head SET size = $12::bigint, root = $13::bytea, frontier = $14::bytea, at = $15::bigint WHERE id = 1`

function sendLeft(client: Client, { entries, operations, checkpoint, head }: Left): Promise<void> {
  if (checkpoint === undefined || head === undefined) throw new Error('entries are committed with their checkpoint and their head')
  return sent(client, 'left', insertLeft, [
    entries.map(({ index }) => index), entries.map(({ leaf }) => leaf), entries.map(({ entry }) => entry),
    operations.map(({ key }) => key), operations.map(({ digest }) => digest), operations.map(({ index }) => index),
    operations.map(({ count }) => count), operations.map(({ refusal = null }) => refusal),
    checkpoint.size, checkpoint.root, checkpoint.note, head.size, head.root, head.frontier, head.at,
  ])
}

/** Throws at once where the driver cannot put the values into a message, which it says before it returns; what the database says comes later. */
function sent(client: Client, name: string, text: string, values: unknown[]): Promise<void> {
  const refused: Error[] = []
  const answer = new Promise<void>((resolve, reject) => {
    client.query({ name, text, values }, (error: Error | null) => {
      if (error === null) return resolve()
      refused.push(error)
      reject(error)
    })
  })
  // Whoever sends several may throw before it waits for the first.
  answer.catch(() => {})
  const [error] = refused
  if (error !== undefined) throw error
  return answer
}

async function insertCosignatures(run: Run, size: number, rows: readonly CosignatureRow[]): Promise<void> {
  const sql = `
    INSERT INTO cosignature (size, name, line)
    SELECT $1, name, line FROM unnest($2::text[], $3::text[]) AS witness (name, line) ON CONFLICT DO NOTHING`
  await run('cosignatures', sql, [size, rows.map(({ name }) => name), rows.map(({ line }) => line)])
}

async function begin(client: Client, run: Run): Promise<LockedHead | undefined> {
  // Statements of their own: each takes a new snapshot, so that the checkpoint is that of the head that was waited for, which one joined statement would
  // not show.
  const [, { rows: [head] }, { rows: [newest] }] = await Promise.all([
    client.query('BEGIN ISOLATION LEVEL READ COMMITTED'),
    run('lock', 'SELECT size, root, frontier, at FROM head WHERE id = 1 FOR UPDATE', []),
    run('newest', 'SELECT size, root FROM checkpoint ORDER BY size DESC LIMIT 1', []),
  ])
  if (head === undefined || newest === undefined) return undefined
  return { head: headRow(head), newest: { size: integer(newest, 'size'), root: bytes(newest, 'root') } }
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
