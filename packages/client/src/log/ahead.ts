/** Reads the tiles of a whole check ahead of it, so that a slow network costs one delay and not one for each tile. */
import { tilePath, TILE_WIDTH, widthAt, type TileReader } from '@exeat/log'

/** The paths in the order in which `fsck` asks for them. */
export function* pathsInOrder(size: number): Generator<string, void, undefined> {
  for (let index = 0; index * TILE_WIDTH < size; index++) {
    yield tilePath({ level: 'entries', index, width: widthAt(0, index, size) })
    yield* fullTilesAt(index, size)
  }
  for (let level = 0; ; level++) {
    const index = Math.floor(size / TILE_WIDTH ** (level + 1))
    const width = widthAt(level, index, size)
    if (width > 0) yield tilePath({ level, index, width })
    if (index === 0) return
  }
}

/** The tiles, from the bottom up, that the bundle `index` completes. */
function* fullTilesAt(index: number, size: number): Generator<string, void, undefined> {
  let at = index
  for (let level = 0; widthAt(level, at, size) === TILE_WIDTH; level++) {
    yield tilePath({ level, index: at, width: TILE_WIDTH })
    if ((at + 1) % TILE_WIDTH !== 0) return
    at = Math.floor(at / TILE_WIDTH)
  }
}

/** The same reader, with up to `depth` of the coming paths asked for already. A path out of turn is read as ever. */
export function readAhead(reader: TileReader, paths: Iterator<string>, depth: number): TileReader {
  const underWay = new Map<string, Promise<Uint8Array | undefined>>()

  function fill(): void {
    while (underWay.size < depth) {
      const next = paths.next()
      if (next.done === true) return
      const reading = start(reader, next.value)
      // Whoever asks for the path sees the failure; until then nobody listens.
      reading.catch(() => undefined)
      underWay.set(next.value, reading)
    }
  }

  return {
    readTile: (path) => {
      fill()
      const reading = underWay.get(path)
      underWay.delete(path)
      fill()
      return reading ?? reader.readTile(path)
    },
  }
}

async function start(reader: TileReader, path: string): Promise<Uint8Array | undefined> {
  return reader.readTile(path)
}
