import { ok, refuse, type Answer } from '../codes.ts'
import { quoted } from '../bytes/text.ts'
import { decodeBundle } from '../tiles/bundle.ts'
import { tilePath } from '../tiles/path.ts'
import { decodeTile, TILE_WIDTH, type Tile } from '../tiles/tile.ts'

/**
 * Where a log's files come from: a folder, a database, an HTTP client. Nothing it gives is believed.
 * Gives the bytes at a path below the log's prefix, or undefined where there is nothing; throws or rejects where it cannot tell.
 */
export interface TileReader {
  readonly readTile: (path: string) => Promise<Uint8Array | undefined> | Uint8Array | undefined
}

/** Size and root of a log, taken from a checkpoint that has been verified. */
export interface TreeHead {
  readonly size: number
  readonly root: Uint8Array
}

interface Found {
  readonly bytes: Uint8Array
  readonly width: number
}

/** The hashes of a tile, unverified, as many as its width. */
export async function readHashes(reader: TileReader, tile: Tile): Promise<Answer<readonly Uint8Array[]>> {
  const found = await readWidest(reader, tile)
  if (!found.ok) return found
  const hashes = decodeTile(found.value.bytes, found.value.width)
  return hashes.ok ? ok(hashes.value.slice(0, tile.width)) : hashes
}

/** The entries of a bundle, unverified, as many as its width. */
export async function readEntries(reader: TileReader, index: number, width: number): Promise<Answer<readonly Uint8Array[]>> {
  const found = await readWidest(reader, { level: 'entries', index, width })
  if (!found.ok) return found
  const entries = decodeBundle(found.value.bytes, found.value.width)
  return entries.ok ? ok(entries.value.slice(0, width)) : entries
}

/** A log may delete a partial tile once the full one is there, so that one stands in; its first hashes are the same. */
async function readWidest(reader: TileReader, tile: Tile): Promise<Answer<Found>> {
  const own = await readOne(reader, tile)
  if (tile.width === TILE_WIDTH || own.ok || own.problem.code !== 'RESOURCE_MISSING') return own
  const full = await readOne(reader, { ...tile, width: TILE_WIDTH })
  return full.ok || full.problem.code !== 'RESOURCE_MISSING' ? full : own
}

async function readOne(reader: TileReader, tile: Tile): Promise<Answer<Found>> {
  const path = tilePath(tile)
  try {
    const bytes = await reader.readTile(path)
    return bytes === undefined ? refuse('RESOURCE_MISSING', `\`${path}\` is missing`) : ok({ bytes, width: tile.width })
  } catch (error) {
    const because = error instanceof Error ? error.message : 'the reader failed'
    return refuse('RESOURCE_UNREADABLE', `\`${path}\` could not be read: ${quoted(because)}`)
  }
}
