/** The review of an emergency, by somebody else than who declared it. */
import { type Instant, transition } from '@exeat/core'
import { reviewSchema, type Wire } from '@exeat/core/wire'
import { type Act, type Done, perform, prepared, refuseAny } from './act.ts'
import type { UseDependencies } from './context.ts'
import { particularsOf } from './enter.ts'
import { shaped } from './input.ts'
import { strongest, termsNow, weakFactor } from './judge.ts'
import { documentOf, ledgerOf, optOutOf } from './load.ts'
import type { Actor, IdempotencyKey, Prepared } from './types.ts'

type Said = Wire['reviewSchema']

export async function review(deps: UseDependencies, actor: Actor, id: string, said: Said, key: IdempotencyKey): Promise<Done> {
  const { verdict, reason } = shaped(reviewSchema, said)
  const { uid } = (await optOutOf(deps.log, id)).value.record
  return perform(deps, { act: 'review', actor, key, content: { uid, verdict, reason } }, reviewing(uid, { verdict, reason }))
}

export async function prepareReview(deps: UseDependencies, actor: Actor, id: string, said: Said): Promise<Prepared> {
  const { uid } = (await optOutOf(deps.log, id)).value.record
  return prepared(deps, actor, reviewing(uid, shaped(reviewSchema, said)))
}

const reviewing = (uid: string, said: Said): Act => ({
  tap: 'needed',
  people: [],
  look: async () => undefined,
  judge: async ({ moment, governed, people, by, shown }) => {
    const before = await optOutOf(moment, uid)
    const { binding, terms } = before.value.record
    const facts = { actor: by, groups: people.groupsOf(by), evidence: shown.strength, binding, terms, groupsOf: () => [], same: people.same }
    const verdict = transition(ledgerOf([before.value.record]), { kind: 'review', uid, ...said }, facts, moment.at as Instant)
    const now = verdict.ok ? termsNow(governed, await documentOf(moment, binding.optOut)) : undefined
    // Where no policy permits the emergency any more, its review asks for the strongest.
    const mfa = (now?.ok === true ? now.terms.emergency?.value.mfa : undefined) ?? strongest
    if (verdict.ok) refuseAny(weakFactor(shown, mfa, 'review an emergency'))
    return { verdict, before, particulars: particularsOf(before.value), mfa }
  },
})
