/** What shows that a person did it, by strength (design §2). Nothing here is believed as it stands: `@exeat/verify` holds it against the log. */
import * as z from 'zod'
import { line } from '../document/scalars.ts'
import { evidenceStrengths } from '../model/facts.ts'
import { instantText } from './scalars.ts'

/** Issuer of those whose names are typed at the administrative socket: no identity provider, and never the same person as anybody whom one names. */
export const operatorIssuer = 'exeat:operator'

/** Issuer of people who are enrolled here, with a passkey and no identity provider (design §8). */
export const localIssuer = 'exeat:local'

/** RFC 4648 §5 without padding, at most so many characters. */
export const base64url = (most: number) => z.string().min(1).max(most).regex(/^[A-Za-z0-9_-]+$/, 'it is not base64url')

/** Index of the entry that enrolled the key: evidence never brings a key of its own. */
const enrolment = z.int().min(0)

/** The 32 random bytes of the challenge (`challengeOf`). */
const random = base64url(43).length(43)

/** A WebAuthn assertion (Level 3, §7.2) over `challengeOf(random, envelope)`. */
const webauthn = z.strictObject({
  strength: z.literal('user-signed'), kind: z.literal('webauthn'), enrolment, random,
  clientData: base64url(4096), authenticatorData: base64url(2048), signature: base64url(2048),
})

/** An SSHSIG by a FIDO2 key over the envelope's canonical bytes, namespace `exeat-act@v1`; unarmoured. */
const ssh = z.strictObject({ strength: z.literal('user-signed'), kind: z.literal('ssh'), enrolment, signature: base64url(4096) })

/**
 * An offline grant (`offlineGrantSchema`), and the SSHSIGs of two people over its bytes, namespace `exeat-offline@v1`: what stood in the repository while no log
 * could be written. It shows an emergency that is over, and no act at a server.
 */
const offline = z.strictObject({ strength: z.literal('user-signed'), kind: z.literal('offline'), grant: base64url(16_384), signatures: z.array(base64url(4096)).length(2) })

/** An OpenID Connect ID token whose `nonce` is the challenge; `enrolment` is that of the issuer's key. */
const oidc = z.strictObject({ strength: z.literal('idp-signed'), kind: z.literal('oidc'), enrolment, random, token: z.string().min(1).max(8192).regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/) })

/** RFC 6238: the server says that the code of this step was typed. Nothing signs what it was typed for. */
const totp = z.strictObject({ strength: z.literal('server-asserted'), kind: z.literal('totp'), enrolment, step: z.int().min(0) })

/** Somebody who had signed in before asked for it; no second factor, so it satisfies no `mfa`. */
const signIn = z.strictObject({ strength: z.literal('none'), kind: z.literal('sign-in'), method: z.enum(['passkey', 'oidc', 'api-key']), at: instantText })

/** Somebody who could open the administrative socket typed this name. */
const operator = z.strictObject({ strength: z.literal('operator-asserted'), name: line })

export const evidenceSchema = z.discriminatedUnion('strength', [z.discriminatedUnion('kind', [webauthn, ssh, offline]), oidc, totp, signIn, operator])
export type Evidence = z.output<typeof evidenceSchema>
export type EvidenceOf<K extends 'webauthn' | 'ssh' | 'oidc' | 'totp' | 'sign-in'> = Extract<Evidence, { readonly kind: K }>

/** Kept in step with the model: a strength that this table does not read cannot be recorded. */
export const recordedStrengths = evidenceStrengths.filter((strength) => ['user-signed', 'idp-signed', 'server-asserted', 'operator-asserted', 'none'].includes(strength))
