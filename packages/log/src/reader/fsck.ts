/** A whole log recomputed from its entries and compared with every tile and the root, in memory that does not grow with the log. */
import { refuse, type LogProblem } from '../codes.ts'
import { equalBytes, toHex } from '../bytes/bytes.ts'
import { isHash, leafHash, type Sha256 } from '../tree/hash.ts'
import { appendLeaves, emptyRange, rangeRoot, rootOfLeaves } from '../tree/range.ts'
import { isSize } from '../tree/size.ts'
import { tilePath } from '../tiles/path.ts'
import { TILE_WIDTH, topLevel, widthAt, type Tile } from '../tiles/tile.ts'
import { readEntries, readHashes, type TileReader, type TreeHead } from './port.ts'

/** One difference between what a log holds and what it should. */
export interface LogFinding extends LogProblem {
  /** The tile or bundle; absent where the whole tree is meant. */
  readonly path?: string
  /** The first entry that the difference touches. */
  readonly entry?: number
}

export interface FsckReport {
  readonly ok: boolean
  readonly size: number
  readonly first?: LogFinding
  /** The first differences, as many as were asked for. */
  readonly findings: readonly LogFinding[]
  /** All of them. */
  readonly total: number
}

const keptFindings = 1000

/** Checks a whole log against a head that comes from a verified checkpoint; keeps the first `keep` findings and counts the rest. */
export async function fsck(sha256: Sha256, reader: TileReader, head: TreeHead, keep: number = keptFindings): Promise<FsckReport> {
  const findings: LogFinding[] = []
  let total = 0
  for await (const finding of differences(sha256, reader, head)) {
    total += 1
    if (findings.length < keep || total === 1) findings.push(finding)
  }
  const [first] = findings
  return { ok: total === 0, size: head.size, ...(first === undefined ? {} : { first }), findings, total }
}

/** A hash that could not be computed is absent, and so is everything above it. */
type Known = Uint8Array | undefined

/** The tile that is being filled at a level. */
interface Filling {
  readonly index: number
  readonly hashes: readonly Known[]
}

type Findings<T> = AsyncGenerator<LogFinding, T, undefined>

/** Every difference, in the order of the entries; nothing where the log is what its head says. */
export async function* differences(sha256: Sha256, reader: TileReader, head: TreeHead): Findings<void> {
  const unsound = checkHead(head)
  if (unsound !== undefined) return yield unsound
  const levels: Filling[] = Array.from({ length: topLevel(head.size) + 1 }, () => ({ index: 0, hashes: [] }))
  for (let index = 0; index < Math.ceil(head.size / TILE_WIDTH); index++) {
    levels[0] = { index, hashes: yield* leavesOf(sha256, reader, index, widthAt(0, index, head.size)) }
    yield* raise(sha256, reader, levels)
  }
  for (const [level, { index, hashes }] of levels.entries()) {
    if (hashes.length > 0) levels[level] = { index, hashes: yield* compareTile(reader, level, index, hashes) }
  }
  yield* compareRoot(sha256, head, levels)
}

/** Compares what has become full, from the bottom up, and hands each root to the level above. */
async function* raise(sha256: Sha256, reader: TileReader, levels: Filling[]): Findings<void> {
  for (const [level, { index, hashes }] of levels.entries()) {
    if (hashes.length < TILE_WIDTH) return
    const tile = yield* compareTile(reader, level, index, hashes)
    const above = levels[level + 1]
    if (above !== undefined) levels[level + 1] = { ...above, hashes: [...above.hashes, joined(sha256, tile)] }
    levels[level] = { index: index + 1, hashes: [] }
  }
}

/** The leaf hashes of a bundle; all unknown where it cannot be read as so many entries. */
async function* leavesOf(sha256: Sha256, reader: TileReader, index: number, width: number): Findings<readonly Known[]> {
  const entries = await readEntries(reader, index, width)
  if (entries.ok) return entries.value.map((entry) => leafHash(sha256, entry))
  yield { ...entries.problem, path: tilePath({ level: 'entries', index, width }), entry: index * TILE_WIDTH }
  return Array.from({ length: width }, () => undefined)
}

/** Compares a stored tile with the computed one; what could not be computed is taken from it, so that the rest can still be checked. */
async function* compareTile(reader: TileReader, level: number, index: number, computed: readonly Known[]): Findings<readonly Known[]> {
  const tile = { level, index, width: computed.length }
  const first = index * TILE_WIDTH ** (level + 1)
  const stored = await readHashes(reader, tile)
  if (!stored.ok) {
    yield { ...stored.problem, path: tilePath(tile), entry: first }
    return computed
  }
  for (const [i, hash] of computed.entries()) {
    const wanted = stored.value[i]
    if (hash === undefined || wanted === undefined || equalBytes(hash, wanted)) continue
    const entry = first + i * TILE_WIDTH ** level
    yield level === 0 ? leafDiffers(tile, entry, hash, wanted) : tileDiffers(tilePath(tile), entry, i, hash, wanted)
  }
  return computed.map((hash, i) => hash ?? stored.value[i])
}

function* compareRoot(sha256: Sha256, head: TreeHead, levels: readonly Filling[]): Generator<LogFinding, void, undefined> {
  const subtrees: Uint8Array[] = []
  for (const { hashes } of levels.toReversed()) {
    const known = allKnown(hashes)
    if (known === undefined) return yield refuse('ROOT_UNKNOWN', 'too much of the log is missing to compute its root').problem
    subtrees.push(...appendLeaves(sha256, emptyRange, known).range.hashes)
  }
  const root = rangeRoot(sha256, { size: head.size, hashes: subtrees })
  if (equalBytes(root, head.root)) return
  yield refuse('ROOT_MISMATCH', `the ${head.size} entries hash to root ${toHex(root)}, and the checkpoint has ${toHex(head.root)}`).problem
}

function leafDiffers(tile: Tile, entry: number, hash: Uint8Array, wanted: Uint8Array): LogFinding {
  const path = tilePath({ ...tile, level: 'entries' })
  return { code: 'ENTRY_MISMATCH', path, entry, message: `entry ${entry} hashes to ${toHex(hash)}, and \`${tilePath(tile)}\` says ${toHex(wanted)}` }
}

function tileDiffers(path: string, entry: number, position: number, hash: Uint8Array, wanted: Uint8Array): LogFinding {
  return { code: 'TILE_MISMATCH', path, entry, message: `hash ${position} of \`${path}\` is ${toHex(wanted)}, and the entries lead to ${toHex(hash)}` }
}

function checkHead(head: TreeHead): LogProblem | undefined {
  if (!isSize(head.size)) return refuse('SIZE_INVALID', `the tree size \`${head.size}\` is no whole number from 0 to 2^53 - 1`).problem
  return isHash(head.root) ? undefined : refuse('HASH_LENGTH', `the root is ${head.root.length} bytes long, not 32`).problem
}

function allKnown(hashes: readonly Known[]): readonly Uint8Array[] | undefined {
  return hashes.every((hash) => hash !== undefined) ? hashes : undefined
}

function joined(sha256: Sha256, hashes: readonly Known[]): Known {
  const known = allKnown(hashes)
  return known === undefined ? undefined : rootOfLeaves(sha256, known)
}
