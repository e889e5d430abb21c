/** A server made anew from a backup: nothing that does not verify is ever named, and nothing that lost acknowledged entries is ever served. */
import { chmodSync, rmSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { encodeRange, appendLeaves, emptyRange, fsck, openCheckpoint, parseVerifierKey, type VerifierKey } from '@exeat/log'
import { writeSecret } from '../keys/secret.ts'
import { dataPaths, fileNames, stands } from '../config/folder.ts'
import { inFolder } from '../config/read.ts'
import type { ServerConfig } from '../config/schema.ts'
import { type DatabaseAddress, openPrepared, prepareDatabase, taken } from '../genesis/database.ts'
import { checkPlace, founded } from '../genesis/folder.ts'
import { type Cell, type Fill, shapes, type TableShape } from '../ports/backup.ts'
import { sha256, verifySignature } from '../store/ed25519.ts'
import { createHeadFile, openHeadFile } from '../store/sqlite/head-file.ts'
import { tileReader } from '../store/tiles.ts'
import { bodyKinds } from '../use/stored.ts'
import { type BackupFacts, type BackupPins, type CheckedLine, checkBackup, checkedLines, type Head } from './check.ts'
import { openKeys, type Opener, writeKeys } from './keys.ts'
import { backupStore } from './make.ts'
import type { LineOf } from './lines.ts'
import { altered, backupError } from './problem.ts'

export interface RestoreOptions extends DatabaseAddress {
  readonly file: string
  /** Absolute; must not exist. */
  readonly data: string
  /** The log's key, where it is known from elsewhere. */
  readonly key?: string
  readonly opener?: Opener
  /** The database to write into; the backup's own kind where absent. */
  readonly database?: 'sqlite' | 'postgres'
  /** The head file; the one that the configuration names where absent. */
  readonly head?: string
  /** The last signed checkpoint that somebody held, where the head file is gone; `backup`: nothing newer is known to anybody. */
  readonly lastHead?: Uint8Array | 'backup'
}

export interface Restored {
  readonly facts: BackupFacts
  readonly config: ServerConfig
  /** False: the key files must be put back before the server starts. */
  readonly keys: boolean
}

/** @throws {ExeatError} BACKUP_*, DATA_EXISTS, and what the store says; no server can be started on what is left then */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { file, data, opener } = options
  checkPlace(data)
  const pins: BackupPins = options.key === undefined ? {} : { key: options.key }
  const facts = await checkBackup(file, pins)
  const { config, age } = await statedIn(file, pins, options)
  const keys = age === undefined || opener === undefined ? undefined : await openKeys(age, opener)
  const head = await headBefore(config, facts, options)
  const ownHead = isAbsolute(config.head) && !stands(config.head)
  const checked: BackupPins = { key: facts.header.key, held: head.held }
  await checkBackup(file, checked)
  try {
    return await founded(data, async (temporary) => {
      if (keys !== undefined) writeKeys(temporary, keys)
      writeSecret(dataPaths(temporary).config, `${JSON.stringify(config, undefined, 2)}\n`)
      await prepareDatabase(config, temporary, options)
      await (await openPrepared(config, temporary, options)).close()
      const store = await backupStore(config, temporary, options.url)
      const again = await store.fill((fill) => fillFrom(fill, file, checked))
      if (JSON.stringify(again.sections) !== JSON.stringify(facts.sections)) throw altered('the backup was changed while it was read')
      await proveRestored(config, temporary, options, again)
      if (head.note !== undefined) await holdHead(inFolder(temporary, config.head), head.note)
      return { facts: again, config, keys: keys !== undefined }
    })
  } catch (error) {
    // A head file that stood before is somebody's, whatever it holds.
    if (ownHead && !stands(data)) for (const suffix of ['', '-wal', '-shm']) rmSync(`${config.head}${suffix}`, { force: true })
    throw error
  }
}

async function statedIn(file: string, pins: BackupPins, { database, head }: RestoreOptions): Promise<{ readonly config: ServerConfig; readonly age: string | undefined }> {
  let [config, age]: [ServerConfig | undefined, string | undefined] = [undefined, undefined]
  for await (const { line } of checkedLines(file, pins)) {
    if (line.s === 'config') config = line.config
    else if (line.s === 'keys') age = line.age
    else if (line.s !== 'header') break
  }
  if (config === undefined) throw backupError('BACKUP_INVALID', 'the backup has no configuration')
  const kind = database ?? config.database.kind
  const place = kind === 'postgres' ? { kind } : { kind, file: fileNames.database }
  return { config: { ...config, database: place, head: head ?? config.head }, age }
}

interface HeadBefore {
  readonly held: Head
  /** What to write into a new head file; absent where one stands. */
  readonly note?: Uint8Array
}

/** The head that was held last: in the head file that stands, or the one that is named. @throws {ExeatError} BACKUP_HEAD, BACKUP_ALTERED */
async function headBefore(config: ServerConfig, facts: BackupFacts, { lastHead }: RestoreOptions): Promise<HeadBefore> {
  const { origin } = facts.header
  const key = taken(parseVerifierKey(sha256, facts.header.key))
  if (isAbsolute(config.head) && stands(config.head)) {
    const keeper = taken(openHeadFile(config.head))
    const note = await keeper.read().finally(() => keeper.close())
    if (note !== undefined) return { held: headIn(note, origin, key) }
  }
  if (lastHead === undefined) {
    throw backupError('BACKUP_HEAD', 'no head is held outside the database, so that nothing shows whether the backup is the newest state of the log',
      'name the last checkpoint that a witness, an export or `exeat log verify` kept with --last-head FILE; --last-head backup says that nobody has one')
  }
  const note = lastHead === 'backup' ? Buffer.from(facts.checkpoint, 'utf8') : lastHead
  return { held: headIn(note, origin, key), note }
}

function headIn(note: Uint8Array, origin: string, key: VerifierKey): Head {
  const opened = openCheckpoint(note, { origin, log: [key], witnesses: { atLeast: 0, keys: [] } }, verifySignature)
  if (!opened.ok) throw altered(`the head held outside is not of this log: ${opened.problem.message}`)
  return opened.value.checkpoint
}

async function holdHead(path: string, note: Uint8Array): Promise<void> {
  const keeper = taken(createHeadFile(path))
  chmodSync(path, 0o600)
  const swapped = await keeper.swap(undefined, note).finally(() => keeper.close())
  if (!swapped) throw backupError('BACKUP_HEAD', `\`${path}\` holds another head meanwhile`)
}

/** Rows that are held before they are sent. */
const atOnce = 200

async function fillFrom(fill: Fill, file: string, pins: BackupPins): Promise<BackupFacts> {
  const waiting = new Map<TableShape, (readonly Cell[])[]>()
  let [range, headAt] = [emptyRange, 0]
  const send = async (shape: TableShape): Promise<void> => {
    await fill.insert(shape, waiting.get(shape) ?? [])
    waiting.delete(shape)
  }
  const flush = async (): Promise<void> => { for (const shape of [...waiting.keys()].sort((a, b) => order.indexOf(a) - order.indexOf(b))) await send(shape) }
  let held = 0
  const lines = checkedLines(file, pins)
  for (;;) {
    const { done, value } = await lines.next()
    if (done === true) {
      await flush()
      const root = Buffer.from(value.header.root, 'hex')
      await fill.insert(shapes.head, [[1, value.header.size, root, encodeRange(range), headAt]])
      return value
    }
    if (value.line.s === 'header') headAt = value.line.headAt
    if (value.tree !== undefined) range = appendLeaves(sha256, range, [value.tree.leaf]).range
    for (const [shape, row] of rowsOf(value, range.size)) waiting.set(shape, [...waiting.get(shape) ?? [], row])
    held += 1
    // Large values go at once, so that what is held stays small.
    if (held % atOnce === 0 || value.line.s === 'body' || value.line.s === 'record') await flush()
  }
}

/** What must stand before what. */
const order: readonly TableShape[] = [shapes.identity, shapes.entry, shapes.tileHash, shapes.checkpoint, shapes.operation, shapes.record, shapes.body, shapes.cosignature, shapes.identityRow]

function rowsOf({ line, tree }: CheckedLine, size: number): readonly (readonly [TableShape, readonly Cell[]])[] {
  switch (line.s) {
    case 'header': return [[shapes.identity, [1, line.origin, line.key]]]
    case 'checkpoint': return [[shapes.checkpoint, [line.size, rootOf(line), Buffer.from(line.note, 'utf8')]]]
    case 'entry': return entryRows(line, tree, size)
    case 'operation': return [[shapes.operation, [line.key, Buffer.from(line.digest, 'hex'), line.index, line.count, line.refusal]]]
    // A record begins at version 1: versions only tell writers apart that run at the same time.
    case 'record': return [[shapes.record, [line.kind, line.key, 1, Buffer.from(line.value, 'base64')]]]
    case 'body': return [[shapes.body, [line.kind, line.digest, Buffer.from(line.bytes, 'base64')]]]
    case 'cosignature': return [[shapes.cosignature, [line.size, line.name, line.line]]]
    case 'row': return [[shapes.identityRow, [line.kind, line.key, line.owner, Buffer.from(line.value, 'base64'), 1, line.expires]]]
    default: return []
  }
}

function entryRows({ leaf, body }: LineOf<'entry'>, tree: CheckedLine['tree'], size: number): readonly (readonly [TableShape, readonly Cell[]])[] {
  if (tree === undefined) throw new Error('an entry has its place in the tree')
  const rows: [TableShape, readonly Cell[]][] = [[shapes.entry, [size - 1, tree.leaf, Buffer.from(leaf, 'utf8')]]]
  for (const { level, index, hash } of tree.completed) rows.push([shapes.tileHash, [level, index, hash]])
  if (body !== undefined) {
    const { body: digest } = JSON.parse(leaf) as { readonly body: string }
    rows.push([shapes.body, [bodyKinds.event, digest, Buffer.concat([Buffer.from(body.salt, 'base64'), Buffer.from(body.event, 'utf8')])]])
  }
  return rows
}

/** The third line of a checkpoint (C2SP tlog-checkpoint), which was verified when the line was read. */
const rootOf = ({ note }: LineOf<'checkpoint'>): Uint8Array => Buffer.from(note.split('\n')[2] ?? '', 'base64')

/** Reads all of it back from the database. @throws {ExeatError} BACKUP_ALTERED */
async function proveRestored(config: ServerConfig, folder: string, address: DatabaseAddress, { header }: BackupFacts): Promise<void> {
  const tables = await openPrepared(config, folder, address)
  try {
    const head = await tables.reader.head()
    if (head === undefined || Buffer.from(head.root).toString('hex') !== header.root) throw altered('the restored database does not hold the head of the backup')
    const report = await fsck(sha256, tileReader(tables.reader), head)
    if (!report.ok) throw altered(`the restored log does not verify: ${report.first?.message ?? ''}`)
  } finally {
    await tables.close()
  }
}
