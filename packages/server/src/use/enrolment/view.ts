/** Keys as callers see them. */
import { canonicalInstant } from '@exeat/core'
import type { EnrolledKey } from '@exeat/core/enrolment'
import { comparisonCode } from '@exeat/core/envelope'
import type { People } from '@exeat/core/wire'

export const viewOfKey = ({ digest, credential, person, label, index, addedAt, vouches, removedAt, countsFrom }: EnrolledKey): People['enrolmentSchema'] => ({
  credential: digest, code: comparisonCode(digest), kind: credential.kind, person: person ?? null, label, index, addedAt: canonicalInstant(addedAt), detail: credential,
  vouchedBy: vouches.map(({ by, root, at }) => ({ by, root, at: canonicalInstant(at) })),
  ...(removedAt === undefined ? {} : { removedAt: canonicalInstant(removedAt) }),
  countsFrom: countsFrom === undefined || removedAt !== undefined ? null : canonicalInstant(countsFrom),
})
