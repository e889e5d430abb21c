/** The signature counters of authenticators (WebAuthn Level 3, §6.1.1): one that goes back is a sign that the key was copied. */
import type { HexDigest } from '@exeat/core'
import { type IdentityRows, rowKinds } from '../ports/identity.ts'
import { identityError, identityProblem } from './codes.ts'

const attempts = 20

/**
 * Keeps the counter that an authenticator showed. Of two at once that show the same, one is refused.
 * @throws {ExeatError} TAP_COUNTER, after it was reported
 */
export async function advanceCounter(rows: IdentityRows, key: HexDigest, shown: number, now: number, report: (problem: ReturnType<typeof identityProblem>) => void): Promise<void> {
  for (let i = 0; i < attempts; i++) {
    const row = await rows.get(rowKinds.counter, key, now)
    const last = row === undefined ? 0 : Number(Buffer.from(row.value).toString('utf8'))
    // Passkeys that are synchronised between devices have no counter, and say 0 for ever.
    if (shown === 0 && last === 0) return
    // INVARIANT: stated as what goes on, so that a value that is no number refuses (test/identity/factors.test.ts).
    if (!(shown > last)) {
      const message = `the authenticator of the key ${key.slice(0, 16)} counts ${shown}, and had counted ${last}`
      report(identityProblem('TAP_COUNTER', message))
      throw identityError('TAP_COUNTER', message, 'the key may have been copied: have it removed, and enrol another')
    }
    if (await rows.put(rowKinds.counter, key, { value: new Uint8Array(Buffer.from(String(shown), 'utf8')) }, row?.version ?? 0, now)) return
  }
  throw new Error('the counter of an authenticator changed each time that it was about to be written')
}
