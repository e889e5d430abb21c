/** What a second factor is to sign, for every act that takes one. */
import { type People, tapWantedSchema } from '@exeat/core/wire'
import type { UseDependencies } from './context.ts'
import { shaped } from './input.ts'
import { useError } from './problem.ts'
import { prepareVouch } from './enrolment/vouch.ts'
import { prepareEmergency, prepareRenewal } from './request.ts'
import { prepareReview } from './review.ts'
import { prepareSigning } from './sign.ts'
import type { Actor, Prepared } from './types.ts'

export async function prepare(deps: UseDependencies, actor: Actor, given: People['tapWantedSchema']): Promise<Prepared> {
  const wanted = shaped(tapWantedSchema, given)
  switch (wanted.purpose) {
    case 'approve': case 'activate': return prepareSigning(deps, wanted.purpose, actor, wanted.id, wanted.signed)
    case 'renew': return prepareRenewal(deps, actor, wanted.asked)
    case 'emergency': return prepareEmergency(deps, actor, wanted.asked)
    // Made from the challenge of whoever declares it, and from nothing else (`identity/taps.ts`).
    case 'second': throw useError('INPUT_INVALID', 'a second person confirms somebody else\'s challenge, and has none of their own')
    case 'review': return prepareReview(deps, actor, wanted.id, wanted.review)
    case 'enrol': return prepareVouch(deps, actor, wanted.credential)
  }
}
