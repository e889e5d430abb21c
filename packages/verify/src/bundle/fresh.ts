/** Is the bundle for this point, and of now? (design §6, freshness). Every check is stated as what grants, so that a clock that is none refuses. */
import { formatInstant, type Instant } from '@exeat/core'
import { type Answer, ok, refuse, type Refusal } from '../codes.ts'
import { type Bundle, clockTolerance, longestLife } from './types.ts'
import type { BundlePins } from './pins.ts'
import type { BundleContext } from './verified.ts'

/** Of the workspace and log that are pinned, and for this point. */
export function checkAddress(bundle: Bundle, pins: BundlePins, { audience }: BundleContext): Answer<null> {
  const other = (what: string, given: string, wanted: string): Refusal => refuse('BUNDLE_OTHER_WORKSPACE', `the bundle is ${what} \`${given}\`, not \`${wanted}\``)
  if (bundle.workspace !== pins.workspace) return other('of the workspace', bundle.workspace, pins.workspace)
  if (bundle.origin !== pins.origin) return other('of the log', bundle.origin, pins.origin)
  return bundle.audience === '*' || bundle.audience === audience ? ok(null) : other('for', bundle.audience, audience)
}

/** Issued, not over, no longer than honoured, and the answer to this request. */
export function checkFreshness({ issuedAt, notAfter, nonce }: Bundle, context: BundleContext): Answer<null> {
  const { now, protectedEnvironment } = context
  const longest = protectedEnvironment ? longestLife.protected : longestLife.ordinary
  if (!(Number.isSafeInteger(now) && issuedAt - clockTolerance <= now)) {
    return refuse('BUNDLE_NOT_YET', `the bundle was issued at ${formatInstant(issuedAt)}, and the clock says ${told(now)}`, 'set the clock')
  }
  if (!(now < notAfter)) {
    return refuse('BUNDLE_STALE', `the bundle ended at ${formatInstant(notAfter)}, and the clock says ${told(now)}`, 'fetch a new one: GET /v1/bundle')
  }
  if (!(notAfter - issuedAt <= longest)) {
    return refuse('BUNDLE_TOO_LONG', `the bundle claims ${seconds(notAfter - issuedAt)}, and ${seconds(longest)} are honoured ${protectedEnvironment ? 'in a protected environment' : 'at most'}`,
      protectedEnvironment ? 'fetch it for a protected environment: GET /v1/bundle?protected=true' : undefined)
  }
  if (context.nonce !== undefined && nonce !== context.nonce) {
    return refuse('BUNDLE_NONCE', `the bundle ${nonce === null ? 'carries no nonce' : `carries the nonce \`${nonce}\``}, and the request carried \`${context.nonce}\``, 'fetch it again: an answer to an earlier request is not taken for this one')
  }
  return ok(null)
}

const told = (now: Instant): string => (Number.isSafeInteger(now) ? formatInstant(now) : 'no instant')
const seconds = (length: number): string => `${length / 1000} s`
