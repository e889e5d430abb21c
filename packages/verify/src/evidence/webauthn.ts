/** A WebAuthn assertion, verified years later from what the log holds: Level 3, §7.2, as far as it concerns what was signed. */
import { utf8 } from '@exeat/core'
import type { CredentialOf } from '@exeat/core/enrolment'
import type { EvidenceOf } from '@exeat/core/entry'
import { type AnyEnvelope, challengeOf } from '@exeat/core/envelope'
import * as z from 'zod'
import { type Answer, ok, refuse } from '../codes.ts'
import { ecdsaFromDer } from './der.ts'
import { fromBase64url } from './base64url.ts'
import type { EvidenceContext } from './types.ts'

/** Members that later levels add are ignored (§5.8.1). */
const clientDataSchema = z.object({ type: z.string(), challenge: z.string(), origin: z.string(), crossOrigin: z.boolean().optional(), topOrigin: z.string().optional() })

const flag = { present: 0x01, verified: 0x04, eligible: 0x08, backedUp: 0x10, credential: 0x40, extensions: 0x80 } as const

export interface Asserted {
  readonly counter: number
  readonly backedUp: boolean
}

/** `EVIDENCE_MALFORMED`, `EVIDENCE_OTHER`, `EVIDENCE_UNVERIFIED_USER`, `EVIDENCE_SIGNATURE` */
export function verifyAssertion(evidence: EvidenceOf<'webauthn'>, credential: CredentialOf<'webauthn'>, envelope: AnyEnvelope, { identity, deps }: EvidenceContext): Answer<Asserted> {
  const [random, client, data, signature, key] = [evidence.random, evidence.clientData, evidence.authenticatorData, evidence.signature, credential.publicKey].map(fromBase64url)
  if (random?.length !== 32 || client === undefined || data === undefined || signature === undefined || key === undefined) return malformed('a part of it is no base64url')
  const signedBy = clientData(client)
  if (!signedBy.ok) return signedBy
  const party = identity?.relyingParty
  if (party === undefined) return refuse('EVIDENCE_OTHER', 'the workspace names no relying party that passkeys are made for')
  const { type, challenge, origin, crossOrigin, topOrigin } = signedBy.value
  if (type !== 'webauthn.get') return refuse('EVIDENCE_OTHER', `the client data is of type \`${type.slice(0, 80)}\`, not \`webauthn.get\``)
  if (!same(fromBase64url(challenge), challengeOf(random, envelope, deps.sha256))) return refuse('EVIDENCE_OTHER', 'the challenge that was signed is not made from this envelope')
  if (!party.origins.includes(origin)) return refuse('EVIDENCE_OTHER', `it was tapped at \`${origin.slice(0, 200)}\`, and the workspace names ${party.origins.map((each) => `\`${each}\``).join(', ')}`)
  if (crossOrigin === true || topOrigin !== undefined) return refuse('EVIDENCE_OTHER', 'it was tapped within a frame of another page')
  if (credential.rpId !== party.id) return refuse('EVIDENCE_OTHER', `the key was made for \`${credential.rpId}\`, and the workspace names \`${party.id}\``)
  const asserted = authenticatorData(data, credential, deps.sha256(utf8(party.id)))
  if (!asserted.ok) return asserted
  const message = concat(data, deps.sha256(client))
  const raw = credential.alg === 'ES256' ? ecdsaFromDer(signature) : signature
  if (raw === undefined || !deps.verifyKey(credential.alg, key, message, raw)) return refuse('EVIDENCE_SIGNATURE', 'the assertion does not verify under the key that was enrolled')
  return asserted
}

function clientData(bytes: Uint8Array): Answer<z.output<typeof clientDataSchema>> {
  const text = textOf(bytes)
  if (text === undefined) return malformed('its client data is no text')
  try {
    const parsed = clientDataSchema.safeParse(JSON.parse(text))
    return parsed.success ? ok(parsed.data) : malformed('its client data is not what a browser makes')
  } catch {
    return malformed('its client data is no JSON')
  }
}

/** UTF-8, strictly: text that is no text would be another once it is written again. */
function textOf(bytes: Uint8Array): string | undefined {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  try {
    return decodeURIComponent(text.replaceAll(/[%\u0080-\u00ff]/g, (letter) => `%${letter.charCodeAt(0).toString(16).padStart(2, '0')}`))
  } catch {
    return undefined
  }
}

/** §6.1: hash of the relying party, flags, counter; an assertion has no more unless extensions are flagged. */
function authenticatorData(data: Uint8Array, { backupEligible }: CredentialOf<'webauthn'>, party: Uint8Array): Answer<Asserted> {
  if (data.length < 37) return malformed(`its authenticator data has ${data.length} bytes, fewer than 37`)
  const [flags = 0, c0 = 0, c1 = 0, c2 = 0, c3 = 0] = data.subarray(32, 37)
  if (!same(data.subarray(0, 32), party)) return refuse('EVIDENCE_OTHER', 'the authenticator was asked for another relying party')
  if ((flags & flag.present) === 0) return refuse('EVIDENCE_UNVERIFIED_USER', 'nobody touched the authenticator')
  if ((flags & flag.verified) === 0) return refuse('EVIDENCE_UNVERIFIED_USER', 'the authenticator did not verify who touched it')
  const extended = (flags & (flag.extensions | flag.credential)) !== 0
  if (!extended && data.length !== 37) return malformed('its authenticator data ends too late')
  const [eligible, backedUp] = [(flags & flag.eligible) !== 0, (flags & flag.backedUp) !== 0]
  if (eligible !== backupEligible || (backedUp && !eligible)) return refuse('EVIDENCE_OTHER', 'the authenticator says otherwise than at its enrolment whether the key can be copied')
  return ok({ counter: ((c0 << 24) | (c1 << 16) | (c2 << 8) | c3) >>> 0, backedUp })
}

function same(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.length === b.length && a.every((byte, index) => byte === b[index])
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

const malformed = (because: string) => refuse('EVIDENCE_MALFORMED', `the assertion cannot be read: ${because}`)
