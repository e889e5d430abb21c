/** Evidence in plain values, for people to read. It verifies nothing: what it tells was verified before, or is told as what it claims to be. */
import type { Duration, Instant } from '@exeat/core'
import type { EnrolledKey, RootSignature } from '@exeat/core/enrolment'
import type { Evidence } from '@exeat/core/entry'
import type { AnyEnvelope } from '@exeat/core/envelope'
import { decodeText } from '../delegation/text.ts'
import { fromBase64url } from '../evidence/base64url.ts'
import { parseSshSignature } from '../ssh/signature.ts'
import type { ShownEvidence } from './evidence-types.ts'

export function shownEvidence(evidence: Evidence | RootSignature, envelope: AnyEnvelope, at: Instant, key: EnrolledKey | undefined): ShownEvidence {
  if ('kind' in evidence && evidence.kind === 'root') return { strength: 'user-signed', kind: 'root', name: evidence.name }
  if ('kind' in evidence && evidence.kind === 'offline') return { strength: evidence.strength, kind: evidence.kind }
  switch (evidence.strength) {
    case 'operator-asserted': return { strength: evidence.strength, kind: 'typed', name: evidence.name }
    case 'none': return { strength: evidence.strength, kind: 'sign-in', method: evidence.method }
    default: return { strength: evidence.strength, kind: evidence.kind, enrolment: evidence.enrolment, age: (at - envelope.at) as Duration, ...keyOf(key), ...byKind(evidence) }
  }
}

function keyOf(key: EnrolledKey | undefined): Pick<ShownEvidence, 'key' | 'relyingParty'> {
  if (key === undefined) return {}
  const { label, digest, credential } = key
  const made = credential.kind === 'webauthn' ? { attested: credential.attested, backupEligible: credential.backupEligible } : { attested: false, backupEligible: credential.kind !== 'ssh' }
  return { key: { label, digest, ...made }, ...(credential.kind === 'webauthn' ? { relyingParty: credential.rpId } : {}) }
}

const userVerified = 0x04

function byKind(evidence: Exclude<Evidence, { readonly strength: 'none' | 'operator-asserted' } | { readonly kind: 'offline' }>): Partial<ShownEvidence> {
  switch (evidence.kind) {
    case 'webauthn': {
      const data = fromBase64url(evidence.authenticatorData)
      const client = objectOf(evidence.clientData)
      const [flags = 0, ...counter] = data?.subarray(32, 37) ?? []
      const { origin } = client
      return {
        userVerified: (flags & userVerified) !== 0, ...(counter.length === 4 ? { counter: counter.reduce((sum, byte) => 256 * sum + byte, 0) } : {}),
        ...(typeof origin === 'string' ? { origin } : {}),
      }
    }
    case 'ssh': {
      const bytes = fromBase64url(evidence.signature)
      const parsed = bytes === undefined ? undefined : parseSshSignature(bytes)
      const said = parsed?.ok === true ? parsed.value.signature.authenticator : undefined
      return said === undefined ? {} : { userVerified: (said.flags & userVerified) !== 0, counter: said.counter }
    }
    case 'oidc': {
      const { iss, acr, amr } = objectOf(evidence.token.split('.')[1] ?? '')
      const methods = Array.isArray(amr) ? amr.filter((each): each is string => typeof each === 'string') : undefined
      return { ...(typeof iss === 'string' ? { issuer: iss } : {}), ...(typeof acr === 'string' ? { acr } : {}), ...(methods === undefined ? {} : { amr: methods }) }
    }
    case 'totp': return {}
  }
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  const bytes = fromBase64url(text)
  const json = bytes === undefined ? undefined : decodeText(bytes)
  try {
    const value: unknown = json === undefined ? undefined : JSON.parse(json)
    return typeof value === 'object' && value !== null ? value as Readonly<Record<string, unknown>> : {}
  } catch {
    return {}
  }
}
