import { type CodeEntry, ExeatError, type Problem } from '@exeat/core/error'

const refused = (http: number, summary: string): CodeEntry => ({ exit: 3, http, summary })
const away = (summary: string): CodeEntry => ({ exit: 1, http: 503, summary })
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
  ISSUER_AWAY: away('An identity provider, or the issuer of a job\'s token, cannot be reached or answers what it must not.'),
  PROVIDER_UNKNOWN: refused(404, 'The workspace names no identity provider of this name.'),
  PROVIDER_REFUSED: refused(403, 'What an identity provider answered is no sign-in: it refused, or its answer does not verify.'),
  AUTHORISATION_UNKNOWN: refused(409, 'A sign-in at an identity provider is unknown, was used, is over, or began in another browser.'),
  LOGOUT_WRONG: refused(400, 'A logout token of an identity provider does not verify, or came before.'),
  WORKLOAD_TOKEN: refused(401, 'A job\'s token does not verify, or is of no issuer that the workspace names.'),
  WORKLOAD_REPLAYED: refused(401, 'A job\'s token was used for this before.'),
  WORKLOAD_REPOSITORY: refused(403, 'A job\'s token is of a repository or owner that is none of the workspace\'s.'),
  WORKLOAD_REF: refused(403, 'A job runs on another ref than the protected one, or on one that nothing protects.'),
  WORKLOAD_WORKFLOW: refused(403, 'A job runs no workflow, runner or service account that the workspace pins.'),
  WORKLOAD_ENVIRONMENT: refused(403, 'A job runs in an environment that the workspace does not know.'),
  WORKLOAD_PREVIEW: refused(403, 'A job on a change that is not merged, or of an event that is not listed, is granted nothing.'),
  WORKLOAD_OTHER: refused(403, 'A job asks for what belongs to another repository, environment or commit than its token states.'),
  VOUCH_REFUSED: refused(403, 'Whoever vouches may not, or not for this key.'),
} as const satisfies Record<string, CodeEntry>

export type IdentityCode = keyof typeof identityCodes

export function identityProblem(code: IdentityCode, message: string, hint?: string): Problem<IdentityCode> {
  return hint === undefined ? { code, message } : { code, message, hint }
}

export const identityError = (code: IdentityCode, message: string, hint?: string): ExeatError => new ExeatError([identityProblem(code, message, hint)])
