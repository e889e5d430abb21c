/** The statement that every act on an opt-out rests on (design §7): what people sign, by digest, so that nothing can be exchanged beneath them. */
import canonicalize from 'canonicalize'
import * as z from 'zod'
import { taggedDigest } from '../digest/tagged.ts'
import { utf8 } from '../digest/utf8.ts'
import type { Json } from '../document/located.ts'
import { fingerprint, identifier } from '../document/scalars.ts'
import { instantText } from '../entry/scalars.ts'
import type { Binding } from '../lifecycle/events.ts'
import type { HexDigest, Sha256 } from '../model/digest.ts'

/** Of acts on opt-outs. */
export const purposes = ['request', 'approve', 'reject', 'activate', 'renew', 'revoke', 'withdraw', 'emergency', 'review', 'use'] as const
export type Purpose = (typeof purposes)[number]

export const identitySchema = z.strictObject({ iss: identifier, sub: identifier })

export const envelopeSchema = z.strictObject({
  schema: z.literal('exeat/act/v1'),
  purpose: z.enum(purposes),
  workspace: identifier,
  /** The forge's numeric ids, in code unit order; empty where the opt-out names no repository. */
  repositoryIds: z.array(identifier).max(1000),
  uid: fingerprint,
  /** Digest of the document, of the merged terms that judged it, and of the impact that was shown. */
  optOut: fingerprint,
  terms: fingerprint,
  impact: fingerprint.nullable(),
  /** Digests of the envelopes of the approvals that count, ascending. Empty before an activation. */
  approvals: z.array(fingerprint).max(100),
  actor: identitySchema,
  /** `statementDigest` of what else is said where the act says more: the verdict and reason of a review, the team and second person of an emergency. */
  statement: z.exactOptional(fingerprint),
  window: z.strictObject({ from: instantText, until: instantText }),
  /** 16 random bytes in hex: no two acts share an envelope. */
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
  at: instantText,
})

export type Envelope = z.output<typeof envelopeSchema>

/** Of statements about a credential or about what governs, by the digest of what they are about. */
export const enrolEnvelopeSchema = z.strictObject({
  schema: z.literal('exeat/act/v1'),
  purpose: z.enum(['enrol', 'govern']),
  workspace: identifier,
  /** `credentialDigest`, or `changeDigest` of a change of what governs. */
  about: fingerprint,
  actor: identitySchema,
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
  at: instantText,
})

export type EnrolEnvelope = z.output<typeof enrolEnvelopeSchema>
export type AnyEnvelope = Envelope | EnrolEnvelope

/** RFC 8785 of the envelope, instants in their canonical text, as UTF-8: what an SSH key signs. */
export function envelopeBytes(envelope: AnyEnvelope): Uint8Array {
  const text = canonicalize(encoded(envelope))
  if (text === undefined) throw new TypeError('an envelope is an object')
  return utf8(text)
}

function encoded(envelope: AnyEnvelope): Json {
  return 'about' in envelope ? z.encode(enrolEnvelopeSchema, envelope) : z.encode(envelopeSchema, envelope)
}

/** What an act says besides what its opt-out says: SHA-256(`exeat/statement/v1` ‖ 0 ‖ RFC 8785 of it). */
export function statementDigest(statement: Readonly<Record<string, Json>>, sha256: Sha256): HexDigest {
  return taggedDigest('exeat/statement/v1', statement, sha256)
}

/** SHA-256(`exeat/act/v1` ‖ 0 ‖ RFC 8785 of the envelope, instants in their canonical text). */
export function envelopeDigest(envelope: AnyEnvelope, sha256: Sha256): HexDigest {
  return taggedDigest('exeat/act/v1', encoded(envelope), sha256)
}

/**
 * What a second factor signs (design §7): SHA-256(`exeat/challenge/v1` ‖ 0 ‖ 32 random bytes ‖ the envelope's digest).
 * @throws {RangeError} where `random` is not 32 bytes
 */
export function challengeOf(random: Uint8Array, envelope: AnyEnvelope, sha256: Sha256): Uint8Array {
  if (random.length !== 32) throw new RangeError(`a challenge takes 32 random bytes, not ${random.length}`)
  const tag = utf8('exeat/challenge/v1\0')
  const digest = envelopeDigest(envelope, sha256)
  const bytes = new Uint8Array(tag.length + 64)
  bytes.set(tag)
  bytes.set(random, tag.length)
  for (let i = 0; i < 32; i++) bytes[tag.length + 32 + i] = Number.parseInt(digest.slice(2 * i, 2 * i + 2), 16)
  return sha256(bytes)
}

// Crockford's base32: no letter that is mistaken for a digit when it is read aloud.
const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** The 20 characters (100 bits of the digest) that people compare between two screens, in groups of five: `7QK2M-…`. */
export function comparisonCode(digest: HexDigest): string {
  let bits = BigInt(`0x${digest.slice(0, 25)}`)
  let code = ''
  for (let i = 0; i < 20; i++) {
    code = `${letters[Number(bits & 31n)] ?? ''}${i > 0 && i % 5 === 0 ? '-' : ''}${code}`
    bits >>= 5n
  }
  return code
}

/**
 * The code of what an act is about, whatever its nonce: command line and page make it each from what they themselves show.
 * `statement`: of acts that say more than their opt-out does.
 */
export function shownCode(uid: HexDigest, { optOut, terms, impact }: Binding, sha256: Sha256, statement?: HexDigest): string {
  return comparisonCode(taggedDigest('exeat/shown/v1', { uid, optOut, terms, impact, ...(statement === undefined ? {} : { statement }) }, sha256))
}
