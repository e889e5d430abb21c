/** Founding a server: keys, database, and the entry 0 in which the founders say whose keys speak for the log. Nothing else ever creates any of them. */
import { createHash } from 'node:crypto'
import { chmodSync, rmSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import type { Instant } from '@exeat/core'
import { formatVerifierKey, type SignerKey } from '@exeat/log'
import { type Delegation, delegationType, type Dsse, encodeDelegation, signDsse } from '@exeat/verify'
import { serverError } from '../config/codes.ts'
import { type DataPaths, dataPaths, fileNames, stands } from '../config/folder.ts'
import { inFolder } from '../config/read.ts'
import type { ServerConfig } from '../config/schema.ts'
import { newPointToken, writeRandomKey } from '../keys/random.ts'
import { writeSecret } from '../keys/secret.ts'
import { idOf, newSigner, writeSigner } from '../keys/signer.ts'
import { signerOf } from '../store/ed25519.ts'
import { foundLog, openLog } from '../store/log.ts'
import { createHeadFile } from '../store/sqlite/head-file.ts'
import { type DatabaseAddress, demand, openPrepared, prepareDatabase, taken } from './database.ts'
import { delegationOperation, readDelegations } from './entry.ts'
import { checkPlace, founded } from './folder.ts'
import { checkFounders, checkOrigin, relyingPartyOf } from './names.ts'
import { workspaceOf } from './workspace.ts'

export interface FoundOptions extends DatabaseAddress {
  /** Absolute; must not exist. */
  readonly data: string
  readonly origin: string
  /** The governance repository: an absolute folder, or the URL of a remote one. */
  readonly repository: string
  /** Its protected ref; what `refs/remotes/origin/HEAD` points at where absent. */
  readonly ref?: string
  readonly founders: readonly string[]
  readonly database: 'sqlite' | 'postgres'
  /** Where the last head is held outside the database: an absolute path, best on another disk. Within the data folder where absent. */
  readonly head?: string
  /** Where people will sign in; without it nobody can enrol a passkey until the workspace says so. */
  readonly publicUrl?: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export interface Founded {
  readonly data: string
  readonly workspace: string
  readonly origin: string
  /** C2SP verifier key of the log. */
  readonly logKey: string
  readonly founders: readonly { readonly name: string; readonly key: string; readonly file: string }[]
  readonly singleFounder: boolean
  /** Shown once; the server keeps its hash. */
  readonly pointToken: string
  /** False where a restored older database could be told from the newest only by heads that others kept. */
  readonly headElsewhere: boolean
  /** To be put under `spec` of the workspace document. */
  readonly snippet: string
}

/** @throws {ExeatError} codes of `serverCodes`, of the store and of the git reader; nothing usable is left behind */
export async function foundServer(options: FoundOptions): Promise<Founded> {
  const { data, origin, founders } = options
  checkOrigin(origin)
  checkFounders(founders)
  checkPlace(data)
  if (options.publicUrl !== undefined) relyingPartyOf(options.publicUrl)
  const head = options.head ?? fileNames.head
  if (isAbsolute(head) && stands(head)) throw serverError('DATA_EXISTS', `\`${head}\` exists already, and a new log has no head yet`, 'name another file with --head')
  try {
    return await founded(data, (temporary) => fill(temporary, { ...options, head }))
  } catch (error) {
    // It did not stand before: what is there is ours, and of a log that nobody can open.
    if (isAbsolute(head) && !stands(data)) for (const suffix of ['', '-wal', '-shm']) rmSync(`${head}${suffix}`, { force: true })
    throw error
  }
}

interface Filling extends FoundOptions {
  readonly head: string
}

async function fill(temporary: string, options: Filling): Promise<Founded> {
  const { data, origin, head } = options
  const paths = dataPaths(temporary)
  const workspace = await workspaceOf(options, paths)
  const keys = writeKeys(paths, origin, options.founders)
  const pseudonymKey = writeRandomKey(paths.pseudonym)
  writeRandomKey(paths.sealing)
  const pointToken = newPointToken()
  const config: ServerConfig = {
    schemaVersion: 1, kind: 'ServerConfig', workspace, origin,
    repository: { location: options.repository, ...(options.ref === undefined ? {} : { ref: options.ref }) },
    database: options.database === 'sqlite' ? { kind: 'sqlite', file: fileNames.database } : { kind: 'postgres' },
    head,
    points: [{ name: 'default', sha256: createHash('sha256').update(pointToken).digest('hex') }],
  }
  await writeLog(temporary, config, keys, pseudonymKey, options)
  writeSecret(paths.config, `${JSON.stringify(config, null, 2)}\n`)
  const final = dataPaths(data)
  const roots = keys.founders.map(formatVerifierKey)
  return {
    data, workspace, origin, logKey: formatVerifierKey(keys.log), pointToken,
    founders: keys.founders.map((key) => ({ name: key.name, key: formatVerifierKey(key), file: final.founder(key.name) })),
    singleFounder: roots.length === 1,
    headElsewhere: isAbsolute(head),
    snippet: ['log:', `  origin: ${origin}`, '  keys:', ...roots.map((key) => `    - ${key}`), ...(options.publicUrl === undefined ? [] : identityLines(options.publicUrl)), ''].join('\n'),
  }
}

function identityLines(url: string): readonly string[] {
  const { id, origin } = relyingPartyOf(url)
  return ['identity:', `  relyingParty: { id: ${id}, origins: ["${origin}"] }`]
}

interface Keys {
  readonly founders: readonly SignerKey[]
  readonly log: SignerKey
  readonly bundle: SignerKey
  readonly webhook: SignerKey
}

function writeKeys(paths: DataPaths, origin: string, names: readonly string[]): Keys {
  const keys = { founders: names.map(newSigner), log: newSigner(origin), bundle: newSigner(`${origin}/bundle`), webhook: newSigner(`${origin}/webhook`) }
  for (const key of keys.founders) writeSigner(paths.founder(key.name), key)
  writeSigner(paths.log, keys.log)
  writeSigner(paths.working('bundle', idOf(keys.bundle)), keys.bundle)
  writeSigner(paths.working('webhook', idOf(keys.webhook)), keys.webhook)
  return keys
}

async function writeLog(folder: string, config: ServerConfig, keys: Keys, pseudonymKey: Uint8Array, options: Filling): Promise<void> {
  const { now } = options
  await prepareDatabase(config, folder, options)
  const tables = await openPrepared(config, folder, options)
  const headFile = inFolder(folder, config.head)
  const outside = taken(createHeadFile(headFile))
  chmodSync(headFile, 0o600)
  try {
    const logOptions = { origin: config.origin, signer: keys.log, now, outside }
    demand(await foundLog(tables, logOptions))
    const log = taken(await openLog(tables, logOptions))
    const { delegation, envelope } = genesis(config, keys, now() as Instant)
    taken(await log.append(delegationOperation({ delegation, envelope, pseudonymKey })))
    await readDelegations(log, { workspace: config.workspace, origin: config.origin, roots: keys.founders })
    await log.close()
  } catch (error) {
    await tables.close()
    throw error
  } finally {
    await outside.close()
  }
}

function genesis({ workspace, origin }: ServerConfig, keys: Keys, at: Instant): { readonly delegation: Delegation; readonly envelope: Dsse } {
  const delegation: Delegation = {
    schema: 'exeat/delegation/v1', workspace, origin, epoch: 1, previous: null,
    roots: keys.founders.map((key) => ({ name: key.name, key: formatVerifierKey(key) })),
    keys: { log: formatVerifierKey(keys.log), bundle: formatVerifierKey(keys.bundle), webhook: formatVerifierKey(keys.webhook) },
    at,
  }
  return { delegation, envelope: signedBy(delegation, keys.founders) }
}

export const signedBy = (delegation: Delegation, roots: readonly SignerKey[]): Dsse =>
  signDsse(delegationType, Buffer.from(encodeDelegation(delegation), 'utf8'), roots, (seed, message) => signerOf(seed)(seed, message))
