/** The review of an emergency, by somebody else than who declared it. */
import { type Instant, transition } from '@exeat/core'
import { reviewSchema, type Wire } from '@exeat/core/wire'
import { type Done, perform, refuseAny } from './act.ts'
import type { UseDependencies } from './context.ts'
import { enter, particularsOf } from './enter.ts'
import { shaped } from './input.ts'
import { groupsIn, termsNow, weakEvidence } from './judge.ts'
import { documentOf, ledgerOf, optOutOf } from './load.ts'
import type { Actor, IdempotencyKey } from './types.ts'

export async function review(deps: UseDependencies, actor: Actor, id: string, said: Wire['reviewSchema'], key: IdempotencyKey): Promise<Done> {
  const { verdict: judged, reason } = shaped(reviewSchema, said)
  const { uid } = (await optOutOf(deps.log, id)).value.record
  return perform(deps, { act: 'review', actor, key, content: { uid, verdict: judged, reason } }, async (tx, governed) => {
    const before = await optOutOf(tx, uid)
    const { binding, terms } = before.value.record
    const { document: workspace } = governed.governance.workspace
    const groups = groupsIn(workspace, actor.identity)
    const facts = { actor: actor.identity, groups, evidence: actor.evidence.strength, binding, terms, groupsOf: () => [] }
    const verdict = transition(ledgerOf([before.value.record]), { kind: 'review', uid, verdict: judged, reason }, facts, tx.at as Instant)
    if (verdict.ok) {
      const now = termsNow(governed, await documentOf(tx, binding.optOut))
      // Where no policy permits the emergency any more, its review asks for the strongest.
      const wanted = (now.ok ? now.terms.emergency?.value.mfa.evidence : undefined) ?? 'user-signed'
      const weak = weakEvidence(actor.evidence.strength, wanted, 'review an emergency')
      refuseAny(weak === undefined ? [] : [weak])
    }
    return enter(tx, deps, { verdict, actor, workspace: workspace.spec.id, before, particulars: particularsOf(before.value) })
  })
}
