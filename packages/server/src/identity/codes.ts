import { type CodeEntry, ExeatError, type Problem } from '@exeat/core/error'

const refused = (http: number, summary: string): CodeEntry => ({ exit: 3, http, summary })
const waiting = (http: number, summary: string): CodeEntry => ({ exit: 4, http, summary })

/** Every refusal about who somebody is, and about what shows it. */
export const identityCodes = {
  TAP_NEEDED: waiting(401, 'The act takes a second factor over exactly what it does; signing in is not enough.'),
  TAP_UNKNOWN: refused(409, 'The challenge of a second factor is unknown, was used, or is over.'),
  TAP_OTHER: refused(403, 'A second factor was made for another act, person or session than it came with.'),
  TAP_WRONG: refused(403, 'A second factor does not verify.'),
  TAP_KIND: refused(403, 'The terms, or this kind of act, take no second factor of this kind.'),
  TAP_COUNTER: refused(403, 'The counter of an authenticator went back: it may have been copied.'),
  TAPS_OPEN: refused(429, 'A person has too many challenges open at once.'),
  PASSKEYS_OFF: refused(409, 'The workspace names no relying party, so no passkey can be made or used.'),
  PASSKEY_WRONG: refused(403, 'A passkey\'s answer does not verify.'),
  PASSKEY_UNKNOWN: refused(403, 'No key that stands is the one which answered.'),
  CEREMONY_UNKNOWN: refused(409, 'A ceremony is unknown, was ended, or is over.'),
  KEY_UNKNOWN: refused(404, 'No key with this digest was enrolled.'),
  KEY_STANDS: refused(409, 'The key, or one of this name, was enrolled before.'),
  KEY_REMOVED: refused(409, 'The key was removed.'),
  KEY_NOT_COUNTING: waiting(403, 'The key of a second factor does not count, or does not count yet.'),
  TRIES_LOCKED: refused(429, 'Too many wrong second factors of a person or an address in a short time.'),
  LINK_UNKNOWN: refused(409, 'A link to enrol a key with is unknown, was used, or is over.'),
  PROOF_WRONG: refused(401, 'A request does not show that its sender holds the key of its session.'),
  DEVICE_UNKNOWN: refused(404, 'A code of a hand-over is unknown, was answered, or is over.'),
  API_KEY_STANDS: refused(409, 'An API key of this name stands already.'),
  NOT_SIGNED_IN_HERE: refused(401, 'The request takes somebody who has signed in.'),
  CALLER_REFUSED: refused(403, 'Whoever calls may not do this: another kind of caller, or another scope, is needed.'),
  CSRF: refused(403, 'A request that changes something did not come from one of the server\'s own pages.'),
  VOUCH_REFUSED: refused(403, 'Whoever vouches may not, or not for this key.'),
} as const satisfies Record<string, CodeEntry>

export type IdentityCode = keyof typeof identityCodes

export function identityProblem(code: IdentityCode, message: string, hint?: string): Problem<IdentityCode> {
  return hint === undefined ? { code, message } : { code, message, hint }
}

export const identityError = (code: IdentityCode, message: string, hint?: string): ExeatError => new ExeatError([identityProblem(code, message, hint)])
