/** The verifier of bundles (design §8): total, offline, and stated as what grants. Whatever is wrong with the bundle refuses all, with one opt-out that one. */
import { personsIn } from '@exeat/core'
import { type Answer, ok } from '../codes.ts'
import { enrolmentPins } from '../evidence/enrolments.ts'
import { checkCheckpoint, checkSuccession } from './checkpoint.ts'
import { checkDocuments } from './documents.ts'
import { checkAddress, checkFreshness } from './fresh.ts'
import { judgeOptOuts } from './opt-outs.ts'
import { provenKeys } from './keys.ts'
import type { BundlePins } from './pins.ts'
import { checkPublished } from './published.ts'
import { readBundle } from './read.ts'
import type { BundleContext, VerifiedBundle, VerifyDeps } from './verified.ts'

/**
 * Verifies a bundle's bytes against what the workspace pins. Cheap questions come first, so that a hostile bundle costs little; nothing signed is believed
 * before its signature holds.
 */
export function verifyBundle(bytes: Uint8Array, pins: BundlePins, context: BundleContext, deps: VerifyDeps): Answer<VerifiedBundle> {
  const { sha256 } = deps
  const read = readBundle(bytes, pins, deps)
  if (!read.ok) return read
  const { bundle, delegation } = read.value
  const checked = firstRefusal([() => checkAddress(bundle, pins, context), () => checkFreshness(bundle, context)])
  if (!checked.ok) return checked
  const trusted = checkCheckpoint(bundle.checkpoint, delegation.log, pins, deps)
  if (!trusted.ok) return trusted
  const { checkpoint: { size, root }, witnesses } = trusted.value
  const seen = { size, root, epoch: delegation.delegation.epoch }
  const succession = checkSuccession(seen, context.last, deps)
  if (!succession.ok) return succession
  const documents = checkDocuments(bundle, sha256)
  if (!documents.ok) return documents
  const under = { origin: pins.origin, size, root }
  const witnessed = pins.witnesses.atLeast > 0
  const content = checkPublished(bundle, under, witnessed, sha256)
  if (!content.ok) return content
  const { document: workspace } = documents.value.workspace
  const keys = provenKeys(bundle, under, enrolmentPins(workspace, pins.roots), deps)
  if (!keys.ok) return keys
  const { ref, commit, issuedAt, notAfter, checkpoint } = bundle
  return ok({
    ...judgeOptOuts(bundle, { under, workspace, same: personsIn(workspace).same, now: context.now, witnessed, sha256, keys: keys.value }),
    ...documents.value, ref, commit, issuedAt, notAfter, seen, checkpoint, witnesses: witnesses.map(({ key }) => key.name), content: content.value,
    singleFounder: delegation.singleFounder, delegation: bundle.delegation, webhook: delegation.webhook,
  })
}

function firstRefusal(checks: readonly (() => Answer<null>)[]): Answer<null> {
  for (const check of checks) {
    const answer = check()
    if (!answer.ok) return answer
  }
  return ok(null)
}
