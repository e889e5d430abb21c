/** People with keys, and a log of statements about them, made by hand. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { Identity, Instant, Workspace } from '@exeat/core'
import { type Credential, credentialDigest, type EnrolmentEntry, foundersIssuer, rootVouchMessage } from '@exeat/core/enrolment'
import { type Evidence, type EvidenceOf, localIssuer } from '@exeat/core/entry'
import { type AnyEnvelope, challengeOf, type EnrolEnvelope, type Envelope, envelopeDigest } from '@exeat/core/envelope'
import { type VerifierKey, verifierKey } from '@exeat/log'
import { createAuthenticator, type SoftwareAuthenticator, type Twist } from '../../../testkit/src/software-authenticator.ts'
import { evidenceDeps } from '../../../git/src/crypto/index.ts'
import { verifySignature } from '../../../server/src/store/ed25519.ts'
import { type EnrolmentPins, verifyEnrolments } from '../../src/evidence/index.ts'

export const { sha256 } = evidenceDeps
export const deps = evidenceDeps
export const origin = 'https://exeat.acme.example'
export const rpId = 'exeat.acme.example'
export const day = 24 * 3_600_000
export const t0 = Date.UTC(2026, 10, 23, 10) as Instant
export const after = (milliseconds: number, from: number = t0): Instant => (from + milliseconds) as Instant
export const local = (sub: string): Identity => ({ iss: localIssuer, sub })
export const identity: NonNullable<Workspace['spec']['identity']> = {
  relyingParty: { id: rpId, origins: [origin] },
  providers: [{ name: 'idp', issuer: 'https://id.acme.example', clientId: 'exeat', stepUp: { acr: ['phr'], amr: ['hwk', 'pin'] } }],
}

export interface Device {
  readonly authenticator: SoftwareAuthenticator
  readonly credential: Credential
}

export function device(options: { readonly algorithm?: 'ES256' | 'EdDSA' | 'RS256'; readonly backupEligible?: boolean } = {}): Device {
  const authenticator = createAuthenticator({ origin, rpId, ...options })
  const { id, publicKey, aaguid } = authenticator
  return { authenticator, credential: { kind: 'webauthn', id, alg: options.algorithm ?? 'ES256', publicKey, rpId, aaguid, backupEligible: options.backupEligible ?? false, attested: false } }
}

export interface Root {
  readonly key: VerifierKey
  sign(message: Uint8Array): Uint8Array
}

export function root(name: string): Root {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32))
  const key = verifierKey(sha256, name, 'ed25519', raw)
  if (!key.ok) throw new Error(key.problem.message)
  return { key: key.value, sign: (message) => new Uint8Array(sign(null, message, privateKey)) }
}

export const enrolEnvelope = (actor: Identity, about: string, at: Instant, more: Partial<EnrolEnvelope> = {}): EnrolEnvelope =>
  ({ schema: 'exeat/act/v1', purpose: 'enrol', workspace: 'acme', about, actor, nonce: randomBytes(16).toString('hex'), at, ...more })

export const digest = (fill: string): string => fill.repeat(64).slice(0, 64)

export const envelope = (actor: Identity, at: Instant, more: Partial<Envelope> = {}): Envelope => ({
  schema: 'exeat/act/v1', purpose: 'approve', workspace: 'acme', repositoryIds: ['1001'], uid: digest('a'), optOut: digest('b'), terms: digest('c'), impact: null, approvals: [],
  actor, window: { from: t0, until: after(2 * day) }, nonce: randomBytes(16).toString('hex'), at, ...more,
})

/** A tap over an envelope, as the server records it. */
export function tap({ authenticator }: Device, enrolment: number, over: AnyEnvelope, twist: Twist = {}): EvidenceOf<'webauthn'> {
  const random = randomBytes(32)
  const { response } = authenticator.get({ challenge: Buffer.from(challengeOf(random, over, sha256)).toString('base64url') }, twist)
  return {
    strength: 'user-signed', kind: 'webauthn', enrolment, random: random.toString('base64url'), clientData: response.clientDataJSON,
    authenticatorData: response.authenticatorData, signature: response.signature,
  }
}

/** A log of statements about keys, written one after the other. */
export function register(roots: readonly Root[], quorum: EnrolmentPins['quorum'] = []) {
  const entries: EnrolmentEntry[] = []
  const index = (): number => entries.length
  const digestOf = (person: Identity, { credential }: Device): string => credentialDigest(person, credential, sha256)
  const pins: EnrolmentPins = { workspace: 'acme', identity, roots: roots.map(({ key }) => key), quorum }
  const vouched = (person: Identity, about: string, by: Identity, at: Instant, envelopeOf: EnrolEnvelope, groups: readonly string[] | undefined, evidence: EnrolmentEntry & { readonly type: 'dev.exeat.enrolment.vouched.v1' } extends { readonly data: { readonly evidence: infer E } } ? E : never): void => {
    entries.push({ type: 'dev.exeat.enrolment.vouched.v1', index: index(), at, data: { person, credential: about, by, ...(groups === undefined ? {} : { groups: [...groups] }), envelope: envelopeOf, evidence } })
  }
  return {
    entries, pins, digestOf,
    add(person: Identity | undefined, credential: Credential, at: Instant, own?: { readonly envelope: EnrolEnvelope; readonly evidence: Evidence }): number {
      entries.push({ type: 'dev.exeat.enrolment.added.v1', index: index(), at, data: { ...(person === undefined ? {} : { person }), credential, label: 'key', ...(own === undefined ? {} : { own }) } })
      return index() - 1
    },
    vouchByRoot(signer: Root, person: Identity, about: string, at: Instant, more: Partial<EnrolEnvelope> = {}): void {
      const founder = { iss: foundersIssuer, sub: signer.key.name }
      const said = enrolEnvelope(founder, about, at, more)
      const signature = Buffer.from(signer.sign(rootVouchMessage(envelopeDigest(said, sha256)))).toString('base64url')
      vouched(person, about, founder, at, said, undefined, { kind: 'root', name: signer.key.name, signature })
    },
    vouchByTap(by: Identity, with_: Device, key: number, person: Identity, about: string, at: Instant, groups?: readonly string[]): void {
      const said = enrolEnvelope(by, about, at)
      vouched(person, about, by, at, said, groups, tap(with_, key, said))
    },
    remove(person: Identity, about: string, at: Instant): void {
      const said = enrolEnvelope(person, about, at)
      entries.push({ type: 'dev.exeat.enrolment.removed.v1', index: index(), at, data: { person, credential: about, by: person, reason: 'lost', envelope: said, evidence: { strength: 'none', kind: 'sign-in', method: 'passkey', at } } })
    },
    ledger: () => verifyEnrolments(entries, pins, deps, verifySignature),
  }
}
