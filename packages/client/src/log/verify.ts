/** A log that nobody has to trust: its head held against keys and earlier heads, its tiles against the head, its entries against the tiles. */
import type { Problem } from '@exeat/core'
import { differences, openTree, TILE_WIDTH, type LogFinding, type TileReader, type TreeHead, type VerifiedTree } from '@exeat/log'
import { pathsInOrder, readAhead } from './ahead.ts'
import type { AnyLogCode, LogAnswer } from './codes.ts'
import { readHeads, type SignedHead, type Verifier } from './open.ts'
import type { LogSource } from './source.ts'
import { checkSuccession, type EarlierHead } from './succession.ts'

/** `full` rehashes every entry and compares every tile; `quick` what consistency needs, the right edge, and the newest bundle. */
export type Depth = 'full' | 'quick'

/** Where nothing is asked for, logs of up to so many entries are checked in full. */
export const FULL_BY_DEFAULT = 1_000_000

/**
 * How long, in milliseconds, a log may have grown past the head that its witnesses signed. Without an end to it a log that its witnesses
 * refuse would go on showing what they signed last.
 */
const longestLag = 3_600_000

export interface VerifyOptions extends Verifier {
  /** Milliseconds since the epoch; only for how far witnesses lag behind. */
  readonly now: number
  /** Heads that the log signed before, each verified. */
  readonly earlier: readonly EarlierHead[]
  readonly depth?: Depth
  /** Entries read so far, and how many there are. */
  readonly onProgress?: (done: number, total: number) => void
}

/** A difference found, with its place in the log where it has one. */
export interface RemoteFinding extends Problem<AnyLogCode> {
  readonly path?: string
  readonly entry?: number
}

export interface VerifyReport {
  readonly ok: boolean
  /** Absent where no signed head could be had. */
  readonly head?: SignedHead
  /** The head that the witnesses signed, if enough of them did; an earlier one where they lag behind. */
  readonly cosigned?: SignedHead
  readonly depth?: Depth
  /** Earlier heads that the log was shown to extend. */
  readonly extended: readonly EarlierHead[]
  /** The first findings. */
  readonly findings: readonly RemoteFinding[]
  /** How many there are. */
  readonly total: number
}

const kept = 20

/** Total: whatever the source gives ends as a report. */
export async function verifyLog(source: LogSource, options: VerifyOptions): Promise<VerifyReport> {
  const heads = await readHeads(source, options)
  if (!heads.ok) return { ok: false, extended: [], findings: [heads.problem], total: 1 }
  const { newest: head, cosigned } = heads.value
  const { checkpoint } = head
  const depth = options.depth ?? (checkpoint.size <= FULL_BY_DEFAULT ? 'full' : 'quick')
  const open = once(() => openTree(options.sha256, source, checkpoint))
  const lag: readonly EarlierHead[] = cosigned === head ? [] : [{ from: 'cosigned', checkpoint: cosigned.checkpoint }]
  const extended: EarlierHead[] = []
  for (const earlier of [...lag, ...options.earlier]) {
    const verdict = await checkSuccession(options.sha256, checkpoint, earlier, open)
    if (!verdict.ok) return { ok: false, head, cosigned, extended, findings: [verdict.problem], total: 1 }
    extended.push(earlier)
  }
  if (cosigned !== head && !isRecent(cosigned, options)) return { ok: false, head, cosigned, extended, findings: [lagging(head, cosigned, options)], total: 1 }
  const { findings, total } = depth === 'full' ? await checkAll(source, checkpoint, options) : await checkEdge(checkpoint, open)
  return { ok: total === 0, head, cosigned, depth, extended, findings, total }
}

/** Whether as many witnesses as are asked for signed within the time allowed. */
function isRecent({ witnesses }: SignedHead, { now, trust }: VerifyOptions): boolean {
  return witnesses.filter(({ time }) => now - (time ?? 0) * 1000 <= longestLag).length >= trust.witnesses.atLeast
}

function lagging(head: SignedHead, cosigned: SignedHead, { trust }: VerifyOptions): RemoteFinding {
  return {
    code: 'WITNESS_QUORUM', hint: 'try again in a minute, as the newest entries may just have been written; if it stays so, ask the witnesses what they refuse',
    message: `the newest head that ${trust.witnesses.atLeast} witnesses signed has ${cosigned.checkpoint.size} entries and is more than an hour old, and the log has ${head.checkpoint.size}`,
  }
}

type Found = Pick<VerifyReport, 'findings' | 'total'>

async function checkAll(source: LogSource, head: TreeHead, { sha256, onProgress }: VerifyOptions): Promise<Found> {
  const ahead = source.parallel > 1 ? readAhead(source, pathsInOrder(head.size), source.parallel) : source
  const findings: LogFinding[] = []
  let total = 0
  for await (const finding of differences(sha256, counting(ahead, head.size, onProgress), head)) {
    total += 1
    if (findings.length < kept) findings.push(finding)
  }
  return { findings, total }
}

/** Opening the tree proves the right edge; the newest bundle is what a log that lost its last entries would lack. */
async function checkEdge(head: TreeHead, open: () => Promise<LogAnswer<VerifiedTree>>): Promise<Found> {
  const tree = await open()
  if (!tree.ok) return { findings: [tree.problem], total: 1 }
  if (head.size === 0) return { findings: [], total: 0 }
  const newest = await tree.value.entries(Math.floor((head.size - 1) / TILE_WIDTH))
  return newest.ok ? { findings: [], total: 0 } : { findings: [newest.problem], total: 1 }
}

function counting(reader: TileReader, size: number, onProgress: VerifyOptions['onProgress']): TileReader {
  if (onProgress === undefined) return reader
  let bundles = 0
  return {
    readTile: (path) => {
      if (path.startsWith('tile/entries/')) onProgress(Math.min(size, (bundles += 1) * TILE_WIDTH), size)
      return reader.readTile(path)
    },
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
