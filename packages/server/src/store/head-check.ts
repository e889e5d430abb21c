/** Whether a stored log fits itself, and extends a head that was signed before. */
import { decodeRange, openTree, rangeRoot, verifyConsistency, type TileReader, type TreeHead } from '@exeat/log'
import { accepted, refuse, type Verdict } from '../codes.ts'
import type { HeadKeeper } from '../ports/log.ts'
import type { HeadRow, Survey, TableReader } from '../ports/tables.ts'
import { sha256 } from './ed25519.ts'
import { equal, short, type LogIdentity } from './identity.ts'

const bundleWidth = 256
const restored = 'the database was restored or replaced: bring back the newer one, or found a new log'

/** The start-up check (`LogStore.verifyHead`) without the head held outside. */
export async function checkStored(reader: TableReader, tiles: TileReader, identity: LogIdentity): Promise<Verdict> {
  const survey = await reader.survey()
  if (survey === undefined) return refuse('HEAD_INCONSISTENT', 'the log has no head or no checkpoint')
  const rows = checkRows(survey, identity)
  return rows.ok ? checkEdge(tiles, survey.head) : rows
}

function checkRows({ head, entries, lastIndex, newest }: Survey, identity: LogIdentity): Verdict {
  if (entries !== head.size || lastIndex !== head.size - 1) {
    return refuse('HEAD_INCONSISTENT', `the head has size ${head.size}, and there are ${entries} entries, the last with index ${lastIndex}`)
  }
  if (newest.size !== head.size) return refuse('HEAD_INCONSISTENT', `the head has size ${head.size}, and the last checkpoint ${newest.size}`)
  const frontier = checkFrontier(head)
  if (!frontier.ok) return frontier
  const signed = identity.open(newest.note)
  if (!signed.ok) return signed
  const { size, root } = signed.value
  if (size !== head.size || !equal(root, head.root) || !equal(root, newest.root)) {
    return refuse('HEAD_INCONSISTENT', `the head is ${head.size} ${short(head.root)}, and the checkpoint signed ${size} ${short(root)}`)
  }
  return accepted
}

/** Whether the compact range leads to the head's root. */
export function checkFrontier(head: HeadRow): Verdict {
  const range = decodeRange(head.size, head.frontier)
  if (!range.ok) return refuse('HEAD_INCONSISTENT', range.problem.message)
  const root = rangeRoot(sha256, range.value)
  return equal(root, head.root) ? accepted : refuse('HEAD_INCONSISTENT', `the head's range leads to ${short(root)}, and its root is ${short(head.root)}`)
}

/** The partial tiles at the right edge hash to the root, and the last entries to their leaves. */
async function checkEdge(tiles: TileReader, head: TreeHead): Promise<Verdict> {
  const tree = await openTree(sha256, tiles, head)
  if (!tree.ok) return refuse('HEAD_INCONSISTENT', tree.problem.message)
  if (head.size === 0) return accepted
  const last = await tree.value.entries(Math.floor((head.size - 1) / bundleWidth))
  return last.ok ? accepted : refuse('HEAD_INCONSISTENT', last.problem.message)
}

/** Whether the log of `head` holds everything that `earlier` covered; both heads come from verified checkpoints. */
export async function checkExtends(tiles: TileReader, head: TreeHead, earlier: TreeHead): Promise<Verdict> {
  if (earlier.size > head.size) return refuse('HEAD_NOT_EXTENDED', `the log has ${head.size} entries, and had ${earlier.size}`, restored)
  if (earlier.size === 0) return accepted
  const proof = await proofBetween(tiles, head, earlier)
  if (proof === undefined) return refuse('HEAD_INCONSISTENT', `the log's tiles do not lead to its root at size ${head.size}`)
  const { root, size } = earlier
  const consistent = verifyConsistency(sha256, { from: size, to: head.size, fromRoot: root, toRoot: head.root, proof })
  return consistent.ok ? accepted : refuse('HEAD_NOT_EXTENDED', `at size ${size} the log had the root ${short(root)}, and has another now`, restored)
}

async function proofBetween(tiles: TileReader, head: TreeHead, earlier: TreeHead): Promise<readonly Uint8Array[] | undefined> {
  const tree = await openTree(sha256, tiles, head)
  const proof = tree.ok ? await tree.value.consistencyProof(earlier.size) : tree
  return proof.ok ? proof.value : undefined
}

/** Whether the log extends the head held outside; one must be there. */
export async function checkOutside(reader: TableReader, tiles: TileReader, identity: LogIdentity, keeper: HeadKeeper): Promise<Verdict> {
  const note = await keeper.read()
  if (note === undefined) return refuse('HEAD_OUTSIDE_MISSING', 'no head is held outside the database', 'put back the last checkpoint that a witness or a copy has')
  const outside = identity.open(note)
  if (!outside.ok) return refuse('HEAD_NOT_EXTENDED', `the head held outside is not of this log: ${outside.problem.message}`)
  const head = await reader.head()
  if (head === undefined) return refuse('HEAD_INCONSISTENT', 'the log has no head or no checkpoint')
  return checkExtends(tiles, head, outside.value)
}
