/** Wrong tries, over every kind of factor: of a person, and of an address. Past the limit nothing more is looked at until the time is over. */
import { type Identity, identityKey } from '@exeat/core'
import type { IdentityRows } from '../ports/identity.ts'
import { identityError, identityProblem } from './codes.ts'
import type { Attempts } from './taps.ts'

const window = 15 * 60_000
/** A person's own; an address may be a whole office. */
const most = { person: 5, address: 20 } as const

export function attempts(rows: IdentityRows, now: () => number, report: (problem: ReturnType<typeof identityProblem>) => void): Attempts {
  const keys = (person: Identity, address: string) => [[`tries/person/${identityKey(person)}`, most.person], [`tries/address/${address}`, most.address]] as const
  return {
    refuseLocked: async (person, address) => {
      for (const [key, limit] of keys(person, address)) {
        // oxlint-disable-next-line no-await-in-loop -- two
        if (await rows.count(key, 0, window, now()) >= limit) throw identityError('TRIES_LOCKED', 'too many wrong tries; none is looked at for a quarter of an hour', 'wait, and tell whoever governs if they were not yours')
      }
    },
    failed: async (person, address) => {
      for (const [key, limit] of keys(person, address)) {
        // oxlint-disable-next-line no-await-in-loop
        if (await rows.count(key, 1, window, now()) === limit) report(identityProblem('TRIES_LOCKED', `${limit} wrong second factors in a quarter of an hour: \`${key}\``, 'ask the person; end their sessions and remove their keys if it was not them'))
      }
    },
  }
}
