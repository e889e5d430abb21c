/** Paths of C2SP tlog-tiles: `tile/<level>/<index>[.p/<width>]` and `tile/entries/<index>[.p/<width>]`. */
import { ok, refuse, type Answer } from '../codes.ts'
import { decodeDecimal, quoted } from '../bytes/text.ts'
import { TILE_WIDTH, type Tile } from './tile.ts'

export const CHECKPOINT_PATH = 'checkpoint'

const maxLevel = 63
const shape = /^tile\/(entries|0|[1-9][0-9]?)\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/

/** The path of a tile below the log's prefix; `1234067` is spelled `x001/x234/067`. */
export function tilePath(tile: Tile): string {
  const suffix = tile.width === TILE_WIDTH ? '' : `.p/${tile.width}`
  return `tile/${tile.level}/${indexPath(tile.index)}${suffix}`
}

/** Reads a path in its only spelling: no needless groups or zeroes, level at most 63, a partial width from 1 to 255, index below 2^53. */
export function parseTilePath(path: string): Answer<Tile> {
  const parts = shape.exec(path)
  const index = decodeDecimal((parts?.[2] ?? '').replace(/[x/]/g, '').replace(/^0+(?=[0-9])/, ''))
  if (parts === null || index === undefined) return notAPath(path)
  const width = parts[3] === undefined ? TILE_WIDTH : Number(parts[3])
  const level = parts[1] === 'entries' ? 'entries' : Number(parts[1])
  const tile: Tile = { level, index, width }
  const canonical = (level === 'entries' || level <= maxLevel) && width <= TILE_WIDTH && tilePath(tile) === path
  return canonical ? ok(tile) : notAPath(path)
}

function indexPath(index: number): string {
  let path = (index % 1000).toString().padStart(3, '0')
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${(rest % 1000).toString().padStart(3, '0')}/${path}`
  }
  return path
}

function notAPath(path: string): Answer<Tile> {
  return refuse('TILE_PATH', `${quoted(path)} is no tile path`, 'write tile/<level>/<index>, such as tile/0/x001/x234/067 or tile/entries/000.p/7')
}
