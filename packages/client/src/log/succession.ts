/** Whether a log still is the one that it was: its head now, held against heads that it signed before. */
import { emptyRoot, verifyConsistency, type Checkpoint, type Sha256, type TreeHead, type VerifiedTree } from '@exeat/log'
import { refuse, type LogAnswer, type LogVerdict } from './codes.ts'

/** A head that the log signed before. `saved` was shown to us, `cosigned` to its witnesses; `since` may have been shown to anybody. */
export interface EarlierHead {
  readonly from: 'saved' | 'since' | 'cosigned'
  readonly checkpoint: Checkpoint
}

/** Opens the tiles below a head; asked for only where the sizes alone do not decide. */
export type OpenTree = () => Promise<LogAnswer<VerifiedTree>>

/**
 * `LOG_TRUNCATED` where the log is smaller, `LOG_SPLIT_VIEW` where it has another root at the same size or does not extend what somebody else was
 * shown, `LOG_REWRITTEN` where it does not extend what we were shown. Refusals of the tiles pass through.
 */
export async function checkSuccession(sha256: Sha256, head: TreeHead, earlier: EarlierHead, openTree: OpenTree): Promise<LogVerdict> {
  const { size, root } = earlier.checkpoint
  if (head.size < size) {
    return refuse('LOG_TRUNCATED', `the log has ${head.size} entries, and had ${size} ${whose(earlier)}`,
      'try again in a minute, as a cache may have served an old checkpoint; if it stays so, entries were deleted: keep both checkpoints and ask the operator')
  }
  if (head.size === size) return sameRoot(head.root, root) ? { ok: true } : splitView(`at size ${size} the log has root ${hex(head.root)}, and had ${hex(root)} ${whose(earlier)}`)
  // RFC 6962 has no proof from the empty tree, and needs none: every tree extends it.
  if (size === 0) return sameRoot(root, emptyRoot(sha256)) ? { ok: true } : splitView(`the empty log had root ${hex(root)} ${whose(earlier)}, and there is only one`)
  const tree = await openTree()
  if (!tree.ok) return tree
  const proof = await tree.value.consistencyProof(size)
  if (!proof.ok) return proof
  const verdict = verifyConsistency(sha256, { from: size, to: head.size, fromRoot: root, toRoot: head.root, proof: proof.value })
  if (verdict.ok) return verdict
  const differs = `the log of ${head.size} entries does not extend the ${size} entries with root ${hex(root)} that it had ${whose(earlier)}`
  return earlier.from === 'saved' ? refuse('LOG_REWRITTEN', differs, evidence) : splitView(differs)
}

const evidence = 'keep both checkpoints: the log signed both, and together they prove it'

const splitView = (message: string): LogVerdict => refuse('LOG_SPLIT_VIEW', message, evidence)

const whose = ({ from }: EarlierHead): string => ({
  saved: 'when it was last verified here', since: 'in the checkpoint given with `--since`', cosigned: 'when its witnesses signed',
})[from]

const hex = (hash: Uint8Array): string => Array.from(hash.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('')

const sameRoot = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i])
