/** The public half of what people sign with, as the log enrols it (design §7, §8). */
import * as z from 'zod'
import { taggedDigest } from '../digest/tagged.ts'
import { utf8 } from '../digest/utf8.ts'
import { identifier, line } from '../document/scalars.ts'
import { base64url } from '../entry/evidence.ts'
import type { Identity } from '../lifecycle/events.ts'
import type { HexDigest, Sha256 } from '../model/digest.ts'

/** The signature algorithms that are verified: ECDSA P-256 with SHA-256, Ed25519, RSA PKCS#1 v1.5 with SHA-256. */
export const algorithms = ['ES256', 'EdDSA', 'RS256'] as const
export type Algorithm = (typeof algorithms)[number]

/** DER of a SubjectPublicKeyInfo (RFC 5280 §4.1). */
const publicKey = base64url(2048)

const webauthn = z.strictObject({
  kind: z.literal('webauthn'), id: base64url(1400), alg: z.enum(algorithms), publicKey,
  rpId: identifier, aaguid: z.string().regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  /** Can be copied to another device (WebAuthn Level 3, §6.1.3). */
  backupEligible: z.boolean(),
  /** The authenticator's attestation was checked against a root of its maker. */
  attested: z.boolean(),
})
/** A FIDO2 key of OpenSSH, in its wire form (RFC 4253 §6.6). */
/** Of the signature that shows who holds an SSH key. */
export const sshEnrolNamespace = 'exeat-enrol@v1'
/** What it signs: `exeat/ssh-enrol/v1`, 0, and `credentialDigest` of the person and the key, in hex. */
export const sshEnrolMessage = (digest: HexDigest): Uint8Array => utf8(`exeat/ssh-enrol/v1\0${digest}`)

const ssh = z.strictObject({ kind: z.literal('ssh'), publicKey: base64url(2048) })
/** The secret is the server's alone. `id` is random. */
const totp = z.strictObject({ kind: z.literal('totp'), id: z.string().regex(/^[0-9a-f]{32}$/) })
/** A key of an identity provider, as its key set (RFC 7517) named it. */
const issuerKey = z.strictObject({ kind: z.literal('issuer-key'), iss: identifier, kid: line, alg: z.enum(algorithms), publicKey })

export const credentialSchema = z.discriminatedUnion('kind', [webauthn, ssh, totp, issuerKey])
export type Credential = z.output<typeof credentialSchema>
export type CredentialOf<K extends Credential['kind']> = Extract<Credential, { readonly kind: K }>

/** A founder's root key, pinned in the workspace, over `rootVouchMessage`: Ed25519, base64url. The envelope's actor is `foundersIssuer` and the key's name. */
export const rootSignature = z.strictObject({ kind: z.literal('root'), name: identifier, signature: base64url(86).length(86) })
export type RootSignature = z.output<typeof rootSignature>

/** What whoever vouches for a credential signs, and what names it everywhere: SHA-256(`exeat/credential/v1` ‖ 0 ‖ RFC 8785 of person and credential). */
export function credentialDigest(person: Identity | undefined, credential: Credential, sha256: Sha256): HexDigest {
  return taggedDigest('exeat/credential/v1', { person: person === undefined ? null : { iss: person.iss, sub: person.sub }, credential }, sha256)
}

/** Issuer in whose name a root key vouches; `sub` is the key's name. A root key vouches at once for one person, its founder, and for everybody else as anyone does. */
export const foundersIssuer = 'exeat:founders'

/** What a founder's root key signs: `exeat/vouch/v1` ‖ 0 ‖ the 32 bytes of the envelope's digest. */
export function rootVouchMessage(envelope: HexDigest): Uint8Array {
  const tag = utf8('exeat/vouch/v1\0')
  const message = new Uint8Array(tag.length + 32)
  message.set(tag)
  for (let i = 0; i < 32; i++) message[tag.length + i] = Number.parseInt(envelope.slice(2 * i, 2 * i + 2), 16)
  return message
}
