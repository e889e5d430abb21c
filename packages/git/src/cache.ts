/**
 * Compiled governance on disk, by tree id of `.exeat`: equal ids mean equal bytes, so an entry never goes stale. A file is
 * `exeat-compiled <format> <CRC-32 of the rest>`, a newline, and JSON. What does not check out is as if it were not there: the checksum is there
 * for damage, and costs a warm run less than loading a cryptographic one, which would keep nobody out who can write here.
 */
import {
  closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import manifest from '../package.json' with { type: 'json' }
import { isOwn, isPrivate } from './cache-directory/index.ts'
import type { CompiledGovernance } from './compiled.ts'
import { type GitProblem, gitProblem, shown } from './problem.ts'

/** Goes up with every change of what is compiled, or of how. */
const format = 2
const maxEntryBytes = 128 * 1024 * 1024
const maxEntries = 64
const maxTotalBytes = 256 * 1024 * 1024
/** Half-written files of runs that died are removed after this many milliseconds. */
const abandonedAfter = 3_600_000

export interface CacheKey {
  readonly tree: string
  /** Version of Exeat; its own unless told. */
  readonly version?: string
}

interface Entry {
  readonly tree: string
  readonly version: string
  readonly compiled: CompiledGovernance
}

/** The compiled set, or undefined for anything missing, foreign, damaged or of another version. */
export function readCache(dir: string, key: CacheKey): CompiledGovernance | undefined {
  const bytes = readPrivateFile(join(dir, fileName(key)))
  if (bytes === undefined) return undefined
  const end = bytes.indexOf(10)
  const body = bytes.subarray(end + 1)
  if (end < 0 || bytes.toString('latin1', 0, end) !== header(body)) return undefined
  const entry = parse(body.toString('utf8'))
  return entry?.tree === key.tree && entry.version === versionOf(key) ? entry.compiled : undefined
}

// Whoever can write a file with the right checksum in the user's own folder is the user: the shape beyond this is not checked again.
function parse(text: string): Entry | undefined {
  try {
    return JSON.parse(text) as Entry | null ?? undefined
  } catch {
    return undefined
  }
}

/** Writes an entry whole or not at all, and removes old ones. A disk that refuses is no failure of the run. */
export function writeCache(dir: string, key: CacheKey, compiled: CompiledGovernance): void {
  const body = Buffer.from(JSON.stringify({ tree: key.tree, version: versionOf(key), compiled } satisfies Entry))
  if (body.length > maxEntryBytes) return
  const temporary = join(dir, `.${process.pid}-${process.hrtime.bigint()}.tmp`)
  try {
    writeFileSync(temporary, [header(body), '\n'].join(''), { flag: 'wx', mode: 0o600 })
    writeFileSync(temporary, body, { flag: 'a' })
    renameSync(temporary, join(dir, fileName(key)))
    evict(dir)
  } catch {
    rmSync(temporary, { force: true })
  }
}

/** Makes the folder where it is missing. Answers why it cannot be used, if so: others could put their own set there. */
export function cacheRefusal(dir: string): GitProblem | undefined {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    const stat = lstatSync(dir)
    if (!stat.isDirectory()) return refusal(dir, 'is a symbolic link or no folder', 'name another folder with `EXEAT_CACHE_DIR`')
    if (!isOwn(stat)) return refusal(dir, 'belongs to another user', 'name another folder with `EXEAT_CACHE_DIR`')
    return isPrivate(stat) ? undefined : refusal(dir, 'is open to other users', 'run `chmod 700` on it, or name another folder with `EXEAT_CACHE_DIR`')
  } catch (cause) {
    return refusal(dir, `cannot be made: ${shown(cause instanceof Error ? cause.message : String(cause))}`, 'name another folder with `EXEAT_CACHE_DIR`, or say `--no-cache`')
  }
}

const refusal = (dir: string, why: string, hint: string): GitProblem =>
  gitProblem('CACHE_REFUSED', `the cache folder \`${shown(dir)}\` ${why}, so nothing is cached`, hint)

const versionOf = (key: CacheKey): string => key.version ?? manifest.version
const fileName = (key: CacheKey): string => `${key.tree}-${versionOf(key)}-${format}.compiled`
const header = (body: Uint8Array): string => `exeat-compiled ${format} ${crc32(body).toString(16).padStart(8, '0')}`

function readPrivateFile(path: string): Buffer | undefined {
  let file
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const stat = fstatSync(file)
    return stat.isFile() && isOwn(stat) && isPrivate(stat) && stat.size <= maxEntryBytes + 128 ? readFileSync(file) : undefined
  } catch {
    return undefined
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** Keeps the newest entries within both bounds. */
function evict(dir: string): void {
  const now = Date.now()
  const files = readdirSync(dir).flatMap((name) => {
    const stat = lstatSync(join(dir, name), { throwIfNoEntry: false })
    return stat === undefined ? [] : [{ path: join(dir, name), name, size: stat.size, at: stat.mtimeMs }]
  })
  const entries = files.filter(({ name }) => name.endsWith('.compiled')).sort((a, b) => b.at - a.at)
  let total = 0
  const old = entries.filter(({ size }, index) => {
    total += size
    return index >= maxEntries || total > maxTotalBytes
  })
  const abandoned = files.filter(({ name, at }) => name.endsWith('.tmp') && now - at > abandonedAfter)
  for (const { path } of [...old, ...abandoned]) rmSync(path, { force: true })
}
