/** The head of the log that everything in a bundle is proven under. */
import { utf8 } from '@exeat/core'
import { openCheckpoint, type TrustedCheckpoint, type VerifierKey, verifyConsistency } from '@exeat/log'
import { type Answer, ok, refuse } from '../codes.ts'
import type { BundlePins } from './pins.ts'
import type { BundleContext, SeenHead, LogDeps } from './verified.ts'

/** Signed by the delegated log key, and by as many witnesses as the workspace asks for. */
export function checkCheckpoint(text: string, log: VerifierKey, { origin, witnesses }: BundlePins, { verify }: LogDeps): Answer<TrustedCheckpoint> {
  const opened = openCheckpoint(utf8(text), { origin, log: [log], witnesses }, verify)
  return opened.ok ? opened : refuse('BUNDLE_CHECKPOINT', `the checkpoint of the bundle is not honoured: ${opened.problem.message}`, opened.problem.hint)
}

/** Not older than the head seen last, nor of another log than that: the same size has the same root, and a larger one extends it. */
export function checkSuccession(head: SeenHead, last: BundleContext['last'], { sha256 }: LogDeps): Answer<null> {
  if (last === undefined) return ok(null)
  if (!(head.size >= last.size && head.epoch >= last.epoch)) {
    return refuse('BUNDLE_ROLLBACK', head.size < last.size
      ? `the bundle's log has ${head.size} entries, and ${last.size} were seen before`
      : `the bundle's delegation is of epoch ${head.epoch}, and epoch ${last.epoch} was seen before`,
    'a cache may have served an old bundle; where a new one says the same, the log was cut back: tell who watches it')
  }
  const forked = (why: string) => refuse('BUNDLE_SPLIT_VIEW', `the bundle's log does not extend the ${last.size} entries seen before: ${why}`, 'keep both checkpoints: together they prove that the log tells different things')
  if (head.size === last.size) return last.root.length === head.root.length && last.root.every((byte, i) => byte === head.root[i]) ? ok(null) : forked('it has another root at that size')
  if (last.proof === undefined || last.size === 0) return ok(null)
  const consistent = verifyConsistency(sha256, { from: last.size, to: head.size, fromRoot: last.root, toRoot: head.root, proof: last.proof })
  return consistent.ok ? ok(null) : forked(consistent.problem.message)
}
