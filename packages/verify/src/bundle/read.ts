/** Bytes to a bundle. Until its signature holds, nothing of it is used but what is needed to find the key that must have signed it. */
import * as z from 'zod'
import { type Answer, ok, refuse } from '../codes.ts'
import { jsonOf } from '../delegation/text.ts'
import { verifyDelegation, type VerifiedDelegation } from '../delegation/verify.ts'
import { dsseSchema, openDsse } from '../dsse/dsse.ts'
import { decodeBase64 } from '@exeat/log'
import { type Bundle, bundleSchema, bundleType, largestBundle } from './types.ts'
import type { BundlePins } from './pins.ts'
import type { LogDeps } from './verified.ts'

export interface SignedBundle {
  readonly bundle: Bundle
  readonly delegation: VerifiedDelegation
}

/** The bundle that the delegated key signed. */
export function readBundle(bytes: Uint8Array, pins: BundlePins, deps: LogDeps): Answer<SignedBundle> {
  if (bytes.length > largestBundle) return refuse('BUNDLE_TOO_LARGE', `the bundle has ${bytes.length} bytes, more than ${largestBundle}`)
  const envelope = dsseSchema.safeParse(jsonOf(bytes))
  if (!envelope.success) return refuse('DSSE_MALFORMED', 'the bundle is not a DSSE envelope in JSON', 'fetch it again: GET /v1/bundle')
  const unsigned = jsonOf(decodeBase64(envelope.data.payload))
  const inner = z.object({ delegation: dsseSchema }).safeParse(unsigned)
  if (!inner.success) return refuse('BUNDLE_UNREADABLE', 'the bundle carries no delegation of the key that signs it')
  const delegation = verifyDelegation(inner.data.delegation, pins, deps)
  if (!delegation.ok) return delegation
  const opened = openDsse(envelope.data, bundleType, [delegation.value.bundle], deps.verify)
  if (!opened.ok) return opened
  const bundle = bundleSchema.safeParse(unsigned)
  return bundle.success ? ok({ bundle: bundle.data, delegation: delegation.value }) : refuse('BUNDLE_UNREADABLE', `the bundle is not one of this release: ${firstIssue(bundle.error)}`)
}

function firstIssue({ issues: [issue] }: z.ZodError): string {
  const path = issue?.path.slice(0, 6).map(String).join('.') ?? ''
  return `${path === '' ? 'it' : `\`${path.replace(/[^ -~]/g, '?').slice(0, 80)}\``} is wrong`
}
