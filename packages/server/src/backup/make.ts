/** A consistent backup of a server, running or not. */
import { decodeLeaf, SALT_SIZE } from '@exeat/core/entry'
import { formatVerifierKey, type SignerKey } from '@exeat/log'
import { signDsse } from '@exeat/verify'
import { checkDataFolder, dataPaths, fileNames } from '../config/folder.ts'
import { inFolder, readConfig } from '../config/read.ts'
import type { ServerConfig } from '../config/schema.ts'
import { readDelegations } from '../genesis/entry.ts'
import { readLogKey, readWorkingKeys } from '../main/keys.ts'
import { statedRoots } from '../main/pins.ts'
import { type BackupStore, type Cell, type Dump, shapes, type TableShape } from '../ports/backup.ts'
import { rowKinds } from '../ports/identity.ts'
import { signerOf } from '../store/ed25519.ts'
import { readOnce } from '../store/reading.ts'
import { bodyKinds } from '../use/stored.ts'
import { type BackupFacts, checkBackup } from './check.ts'
import { writeFile } from './file.ts'
import { type Locks, lockKeys } from './keys.ts'
import { sectionDigests } from './digests.ts'
import { type Line, manifestType } from './lines.ts'
import { altered } from './problem.ts'

export interface BackupOptions {
  /** The data folder of the server. */
  readonly data: string
  /** Must not exist. */
  readonly file: string
  /** What the keys are locked for; they are left out where absent. */
  readonly locks?: Locks
  readonly databaseUrl?: string
  readonly now: () => number
}

/** @throws {ExeatError} BACKUP_*, and what the folder, the keys and the store say */
export async function makeBackup({ data, file, locks, databaseUrl, now }: BackupOptions): Promise<BackupFacts> {
  checkDataFolder(data)
  const config = readConfig(data)
  const keys = locks === undefined ? undefined : await lockKeys(data, locks)
  const logKey = readLogKey(dataPaths(data), config.origin)
  const store = await backupStore(config, data, databaseUrl)
  return store.dump(async (dump) => {
    const signer = await bundleKeyAt(dump, config, data, logKey)
    const lines = collect(dump, { config, keys, key: formatVerifierKey(logKey), now: now() })
    let facts: BackupFacts | undefined
    await writeFile(file, signed(lines, signer), async (temporary) => { facts = await checkBackup(temporary, { key: formatVerifierKey(logKey) }) })
    if (facts === undefined) throw new Error('a file that was named was checked')
    return facts
  })
}

/** @throws {ExeatError} STORE_MISSING where no address of the database is given */
export async function backupStore(config: Pick<ServerConfig, 'database'>, folder: string, databaseUrl: string | undefined): Promise<BackupStore> {
  const { database } = config
  if (database.kind === 'sqlite') {
    const { sqliteBackup } = await import('../store/sqlite/backup.ts')
    return sqliteBackup({ log: inFolder(folder, database.file), identity: inFolder(folder, fileNames.identity) })
  }
  const { postgresBackup } = await import('../store/postgres/backup.ts')
  return postgresBackup(databaseUrl ?? '')
}

/** The key that signs bundles in this snapshot. */
const bundleKeyAt = (dump: Dump, { workspace, origin }: ServerConfig, data: string, logKey: SignerKey): Promise<SignerKey> => readOnce(dump.tables, async (log) => {
  const { current } = await readDelegations(log, { workspace, origin, roots: await statedRoots(log) })
  return readWorkingKeys(dataPaths(data), logKey, current).bundle
})

interface Collecting {
  readonly config: ServerConfig
  readonly keys: string | undefined
  readonly key: string
  readonly now: number
}

async function* collect(dump: Dump, { config, keys, key, now }: Collecting): AsyncGenerator<Line> {
  const head = await dump.tables.head()
  if (head === undefined) throw altered('the database holds no log')
  yield {
    s: 'header', schema: 'exeat/backup/v1', workspace: config.workspace, origin: config.origin, key, size: head.size, root: hex(head.root), headAt: head.at,
    database: config.database.kind, storeSchema: dump.schema, at: now,
  }
  yield { s: 'config', config }
  if (keys !== undefined) yield { s: 'keys', age: keys }
  yield* entries(dump)
  for await (const [name, digest, index, count, refusal] of rows(dump, shapes.operation, 256)) {
    yield { s: 'operation', key: String(name), digest: hex(digest), index: Number(index), count: Number(count), refusal: refusal === null ? null : String(refusal) }
  }
  for await (const [kind, name, , value] of rows(dump, shapes.record, 16)) yield { s: 'record', kind: String(kind), key: String(name), value: base64(value) }
  for await (const [kind, digest, bytes] of rows(dump, shapes.body, 16)) {
    if (kind !== bodyKinds.event) yield { s: 'body', kind: String(kind), digest: String(digest), bytes: base64(bytes) } as Line
  }
  for await (const [size, name, line] of rows(dump, shapes.cosignature, 256)) yield { s: 'cosignature', size: Number(size), name: String(name), line: String(line) }
  for await (const [kind, name, owner, value, , expires] of rows(dump, shapes.identityRow, 64)) {
    if (!kept.has(String(kind)) || (expires !== null && Number(expires) <= now)) continue
    yield { s: 'row', kind: String(kind), key: String(name), owner: owner === null ? null : String(owner), value: base64(value), expires: expires === null ? null : Number(expires) }
  }
}

/**
 * Rows that a restored server cannot do without, or that would let somebody act twice. Left out: whatever stands for a person who is signed in or has begun to,
 * and the history of runs, whose reports may hold secrets.
 */
const kept: ReadonlySet<string> = new Set([rowKinds.apiKey, rowKinds.token, rowKinds.totp, rowKinds.person, rowKinds.counter, rowKinds.delivery, rowKinds.sink, rowKinds.sinkHeld, rowKinds.notice, rowKinds.deployment, rowKinds.received])

/** Entries with their bodies, and each checkpoint behind the last entry that it covers. */
async function* entries(dump: Dump): AsyncGenerator<Line> {
  const checkpoints = rows(dump, shapes.checkpoint, 256)
  let next = await checkpoints.next()
  let index = 0
  for await (const [, , entry] of rows(dump, shapes.entry, 64)) {
    for (; next.done !== true && Number(next.value[0]) <= index; next = await checkpoints.next()) yield checkpointLine(next.value)
    const leaf = utf8(entry)
    const decoded = decodeLeaf(leaf)
    const body = decoded === undefined ? undefined : await dump.tables.body(bodyKinds.event, decoded.body)
    yield body === undefined ? { s: 'entry', leaf } : { s: 'entry', leaf, body: { salt: base64(body.subarray(0, SALT_SIZE)), event: utf8(body.subarray(SALT_SIZE)) } }
    index += 1
  }
  for (; next.done !== true; next = await checkpoints.next()) yield checkpointLine(next.value)
}

const checkpointLine = ([size, , note]: readonly Cell[]): Line => ({ s: 'checkpoint', size: Number(size), note: utf8(note) })

/** A page at a time is held. */
async function* rows(dump: Dump, shape: TableShape, limit: number): AsyncGenerator<readonly Cell[], undefined> {
  let after: readonly Cell[] | undefined
  for (;;) {
    const page = await dump.page(shape, after, limit)
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < limit) return undefined
    after = last.slice(0, shape.key)
  }
}

/** The text of each line, and at the end the manifest of all of them. */
async function* signed(lines: AsyncIterable<Line>, signer: SignerKey): AsyncGenerator<string> {
  const digests = sectionDigests()
  for await (const line of lines) {
    const text = JSON.stringify(line)
    digests.add(line.s, text)
    yield `${text}\n`
  }
  const payload = Buffer.from(JSON.stringify(digests.manifest()), 'utf8')
  yield `${JSON.stringify({ s: 'manifest', envelope: signDsse(manifestType, payload, [signer], (seed, message) => signerOf(seed)(seed, message)) })}\n`
}


type HexDigest = Extract<Line, { s: 'header' }>['root']
const hex = (cell: Cell | Uint8Array | undefined): HexDigest => Buffer.from(bytesOf(cell)).toString('hex') as HexDigest
const base64 = (cell: Cell | Uint8Array | undefined): string => Buffer.from(bytesOf(cell)).toString('base64')
const utf8 = (cell: Cell | Uint8Array | undefined): string => Buffer.from(bytesOf(cell)).toString('utf8')

function bytesOf(cell: Cell | undefined): Uint8Array {
  if (cell instanceof Uint8Array) return cell
  throw new Error('a column of bytes holds none')
}
