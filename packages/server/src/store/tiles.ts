import { encodeBundle, encodeTile, parseTilePath, TILE_WIDTH, type TileReader } from '@exeat/log'
import type { TableReader } from '../ports/tables.ts'

/** Tiles and bundles as range reads: any width that the rows reach, so that nothing partial is ever stored or collected. */
export function tileReader(reader: TableReader): TileReader {
  return {
    readTile: async (path) => {
      const tile = parseTilePath(path)
      if (!tile.ok) return undefined
      const { level, index, width } = tile.value
      const from = index * TILE_WIDTH
      if (!Number.isSafeInteger(from + width)) return undefined
      const rows = await readRows(reader, level, from, width)
      if (rows.length !== width) return undefined
      if (level !== 'entries') return encodeTile(rows)
      const bundle = encodeBundle(rows)
      return bundle.ok ? bundle.value : undefined
    },
  }
}

function readRows(reader: TableReader, level: number | 'entries', from: number, count: number): Promise<readonly Uint8Array[]> {
  if (level === 'entries') return reader.entries(from, count)
  return level === 0 ? reader.leaves(from, count) : reader.tileHashes(level, from, count)
}
