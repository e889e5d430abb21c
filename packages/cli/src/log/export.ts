/**
 * A log copied into a folder that any web server can serve (C2SP tlog-tiles). What was copied is read back and proven up to the signed head before the
 * checkpoint is replaced, which comes last, when all that it covers is on the disk: whoever reads the folder at any moment, or finds it after a power
 * cut, sees a whole log. A run that was cut short is taken up where its files end.
 */
import { checkSuccession, type LogSource, openRemoteLog, readAhead, type SignedHead, type Verifier } from '@exeat/client/log'
import { ExeatError } from '@exeat/core/error'
import {
  changedTiles, CHECKPOINT_PATH, decodeBundle, encodeBundle, formatVerifierKey, HASH_SIZE, MAX_NOTE_SIZE, openCheckpoint, openTree, TILE_WIDTH, tilePath, widthAt,
  type Checkpoint, type Tile, type TileReader,
} from '@exeat/log'
import { cliError } from '../edge/problem.ts'
import { type ExportFolder, exportFolder } from './export-folder.ts'

export interface Exported {
  readonly head: SignedHead
  /** Entries that the folder held before. */
  readonly from: number
  /** Files written in this run. */
  readonly files: number
}

/** @throws {ExeatError} EXPORT_TARGET, OUTPUT_FAILED, and whatever is wrong with the log; the folder then serves what it did before */
export async function exportLog(source: LogSource, verifier: Verifier, path: string, onProgress?: (done: number, total: number) => void): Promise<Exported> {
  const folder = exportFolder(path)
  const opened = await openRemoteLog(source, verifier)
  if (!opened.ok) throw new ExeatError([opened.problem])
  const { head, tree } = opened.value
  const before = await readBefore(folder, verifier)
  const held = before?.checkpoint
  if (held !== undefined) {
    const verdict = await checkSuccession(verifier.sha256, head.checkpoint, { from: 'saved', checkpoint: held }, async () => ({ ok: true, value: tree }))
    if (!verdict.ok) throw new ExeatError([verdict.problem])
  }
  const from = held?.size ?? 0
  const { size } = head.checkpoint
  const tiles = [...changedTiles(from, size)].sort((a, b) => Number(a.width < TILE_WIDTH) - Number(b.width < TILE_WIDTH))
  let files = await copy(source, folder, tiles, from, size, onProgress)
  const damaged = await firstDamaged(folder, verifier, head.checkpoint, from)
  if (damaged !== undefined) {
    // What an earlier run left may be cut short: once more from the source alone, and what is wrong then is wrong there.
    folder.remove(tiles.map(tilePath))
    files = await copy(source, folder, tiles, from, size, onProgress)
    const again = await firstDamaged(folder, verifier, head.checkpoint, from)
    if (again !== undefined) {
      folder.remove(tiles.map(tilePath))
      throw again
    }
  }
  folder.write('vkey', Buffer.from(`${verifier.trust.log.map(formatVerifierKey).join('\n')}\n`))
  folder.sync()
  await publish(folder, before?.bytes, head.bytes)
  folder.remove(outgrown(from, size))
  return { head, from, files }
}

interface Before {
  readonly bytes: Uint8Array
  readonly checkpoint: Checkpoint
}

async function readBefore(folder: ExportFolder, { trust, verify }: Verifier): Promise<Before | undefined> {
  const bytes = await folder.source.read(CHECKPOINT_PATH, MAX_NOTE_SIZE)
  if (bytes === undefined) {
    folder.requireEmpty()
    return undefined
  }
  const opened = openCheckpoint(bytes, { ...trust, witnesses: { atLeast: 0, keys: [] } }, verify)
  if (opened.ok) return { bytes, checkpoint: opened.value.checkpoint }
  throw cliError('EXPORT_TARGET', `\`${folder.path}\` holds no export of this log: ${opened.problem.message}`, 'name an empty folder, or one that does not exist yet')
}

/** Writes what is missing; answers how many files that were. */
async function copy(source: LogSource, folder: ExportFolder, tiles: readonly Tile[], from: number, size: number, onProgress?: (done: number, total: number) => void): Promise<number> {
  const missing = tiles.filter((tile) => !folder.has(tilePath(tile)))
  const reader = source.parallel > 1 ? readAhead(source, missing.map(tilePath).values(), source.parallel) : source
  let done = from
  for (const tile of missing) {
    folder.write(tilePath(tile), await fetchTile(reader, source, tile))
    if (tile.level !== 'entries') continue
    done += tile.width
    onProgress?.(Math.min(done, size), size)
  }
  return missing.length
}

/** The log may have replaced a partial tile by the full one; its beginning is the same. @throws {ExeatError} LOG_UNREACHABLE, RESOURCE_MISSING */
async function fetchTile(reader: TileReader, source: LogSource, tile: Tile): Promise<Uint8Array> {
  const path = tilePath(tile)
  try {
    const own = await reader.readTile(path)
    if (own !== undefined) return own
    const full = tile.width === TILE_WIDTH ? undefined : await source.readTile(tilePath({ ...tile, width: TILE_WIDTH }))
    const cut = full === undefined ? undefined : beginning(full, tile)
    if (cut !== undefined) return cut
  } catch (error) {
    throw new ExeatError([{ code: 'LOG_UNREACHABLE', message: `\`${path}\` of \`${source.name}\` could not be read: ${error instanceof Error ? error.message : String(error)}` }], { cause: error })
  }
  throw new ExeatError([{ code: 'RESOURCE_MISSING', message: `\`${path}\` is missing from \`${source.name}\`` }])
}

function beginning(full: Uint8Array, { level, width }: Tile): Uint8Array | undefined {
  if (level !== 'entries') return full.subarray(0, width * HASH_SIZE)
  const entries = decodeBundle(full, TILE_WIDTH)
  const bundle = entries.ok ? encodeBundle(entries.value.slice(0, width)) : entries
  return bundle.ok ? bundle.value : undefined
}

/** Reads back every bundle that is new: that proves it, its tile and every tile above it. Undefined where all is right. */
async function firstDamaged(folder: ExportFolder, { sha256 }: Verifier, head: Checkpoint, from: number): Promise<ExeatError | undefined> {
  const tree = await openTree(sha256, folder.source, head)
  if (!tree.ok) return new ExeatError([tree.problem])
  for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < head.size; index++) {
    const entries = await tree.value.entries(index)
    if (!entries.ok) return new ExeatError([entries.problem])
  }
  return undefined
}

async function publish(folder: ExportFolder, before: Uint8Array | undefined, next: Uint8Array): Promise<void> {
  const now = await folder.source.read(CHECKPOINT_PATH, MAX_NOTE_SIZE)
  if (now === undefined ? before !== undefined : before === undefined || Buffer.compare(now, before) !== 0) {
    throw cliError('EXPORT_TARGET', `the checkpoint in \`${folder.path}\` was replaced by another run`, 'let one run at a time export into a folder')
  }
  folder.write(CHECKPOINT_PATH, next)
  folder.sync()
}

/** Partial tiles of the head before that are full now: the full one stands in for them (C2SP tlog-tiles). */
function outgrown(from: number, size: number): readonly string[] {
  return [...changedTiles(0, from)].filter(({ level, index, width }) => width < TILE_WIDTH && widthAt(level === 'entries' ? 0 : level, index, size) === TILE_WIDTH).map(tilePath)
}
