/** Which files are looked through, and their bytes. Nothing outside the tree is read, and no symbolic link is followed. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync, realpathSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { topFolder, workFiles } from '@exeat/git/scan'
import { cliError, systemReason } from '../edge/problem.ts'

export interface Tree {
  /** Absolute; paths are told from here. */
  readonly root: string
  readonly git: boolean
  readonly paths: readonly string[]
}

/** What was read, and what was left out and why. */
export interface Counts {
  files: number
  bytes: number
  vendored: number
  binary: number
  large: number
  links: number
  unreadable: string[]
}

/** Larger files are data: the largest source files that people write have a tenth of it. */
export const largest = 4 * 1024 * 1024
const mostUnreadableNamed = 100

/** Others' code, in which others answer for what is switched off. */
const vendored = /(?:^|\/)(?:node_modules|bower_components|jspm_packages|vendor|third[_-]?party|3rdparty|site-packages|\.?venv|\.tox|\.terraform|\.yarn|\.pnpm-store|Pods|Carthage|Godeps)\//
/** What a build leaves behind; outside git alone, where nothing else says that it is no source. */
const built = /(?:^|\/)(?:dist|build|target|out|coverage|__pycache__|\.next|\.gradle|\.cache)\//
const versionControl = new Set(['.git', '.hg', '.svn'])

export const isVendored = (path: string): boolean => vendored.test(path)

/** @throws {ExeatError} SCAN_PATH, and as `runGit` */
export async function listTree(cwd: string, given: string): Promise<Tree> {
  const target = resolve(cwd, given)
  const stat = statOf(target)
  if (stat === undefined) throw cliError('SCAN_PATH', `\`${given}\` is not there, or may not be read`, 'name a folder or a file; default: the one you are in')
  const folder = stat.isDirectory() ? realpathSync(target) : realpathSync(dirname(target))
  const top = await topFolder(folder)
  const root = top === undefined ? folder : realpathSync(top)
  if (!stat.isDirectory()) return { root, git: top !== undefined, paths: [slashed(relative(root, join(folder, basename(target))))] }
  return top === undefined ? { root, git: false, paths: walk(root) } : { root, git: true, paths: await workFiles(folder) }
}

const slashed = (path: string): string => (sep === '/' ? path : path.replaceAll(sep, '/'))

function statOf(path: string): ReturnType<typeof lstatSync> {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

/** Every file below, vendored and built folders counted by their name alone: they may be larger than all the rest. */
function walk(root: string): readonly string[] {
  const found: string[] = []
  const open = ['']
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const entry of entriesOf(join(root, at))) {
      const path = `${at}${entry.name}`
      if (versionControl.has(entry.name)) continue
      if (entry.isDirectory()) {
        if (vendored.test(`${path}/`) || built.test(`${path}/`)) found.push(`${path}/`)
        else open.push(`${path}/`)
      } else found.push(path)
    }
  }
  return found.sort()
}

function entriesOf(folder: string): readonly { readonly name: string; isDirectory(): boolean }[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

export const emptyCounts = (): Counts => ({ files: 0, bytes: 0, vendored: 0, binary: 0, large: 0, links: 0, unreadable: [] })

/** Calls `take` with each file's bytes, which hold until it returns. `progress` hears how many of how many are done. */
export function readTree({ root, paths }: Tree, withVendored: boolean, take: (path: string, bytes: Uint8Array) => void, progress: (done: number, all: number) => void): Counts {
  const counts = emptyCounts()
  const buffer = Buffer.allocUnsafe(largest)
  const inside = insideOf(root)
  for (const [index, path] of paths.entries()) {
    if (index % 256 === 0) progress(index, paths.length)
    if ((!withVendored && vendored.test(path)) || path.endsWith('/')) counts.vendored += 1
    else if (!inside(dirname(path))) counts.links += 1
    else readInto(root, path, buffer, counts, take)
  }
  progress(paths.length, paths.length)
  return counts
}

/** Whether a folder of the tree lies where its path says: a link in the middle of it would lead elsewhere. */
function insideOf(root: string): (folder: string) => boolean {
  const known = new Map<string, boolean>([['.', true]])
  return (folder) => {
    const before = known.get(folder)
    if (before !== undefined) return before
    const path = join(root, folder)
    let answer = false
    try {
      answer = realpathSync(path) === path
    } catch { /* not there any more: the file is neither */ }
    known.set(folder, answer)
    return answer
  }
}

function readInto(root: string, path: string, buffer: Buffer, counts: Counts, take: (path: string, bytes: Uint8Array) => void): void {
  let file: number | undefined
  try {
    file = openSync(join(root, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const stat = fstatSync(file)
    if (!stat.isFile()) return
    if (stat.size > largest) {
      counts.large += 1
      return
    }
    const length = fill(file, buffer)
    const bytes = buffer.subarray(0, length)
    if (isBinary(bytes)) {
      counts.binary += 1
      return
    }
    counts.files += 1
    counts.bytes += length
    take(path, bytes)
  } catch (cause) {
    const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
    if (code === undefined) throw cause
    if (code === 'ELOOP') counts.links += 1
    // What git lists and is gone is no file any more; a name that is not UTF-8 is there and cannot be opened by it.
    else if ((code !== 'ENOENT' || path.includes('\u{fffd}')) && counts.unreadable.length < mostUnreadableNamed) counts.unreadable.push(`${path}: ${systemReason(cause)}`)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

function fill(file: number, buffer: Buffer): number {
  let length = 0
  for (let read = -1; read !== 0 && length < buffer.length; length += read) read = readSync(file, buffer, length, buffer.length - length, length)
  return length
}

/** As git tells them: a zero byte among the first 8,000. */
const isBinary = (bytes: Buffer): boolean => {
  const at = bytes.indexOf(0)
  return at >= 0 && at < 8000
}
