/** A world whose people have passkeys: ann and ben founded it, cleo and dora came later. The log is pinned with the founders' root keys. */
import { randomBytes } from 'node:crypto'
import type { Binding, Identity } from '@exeat/core'
import { type Credential, credentialDigest, foundersIssuer, rootVouchMessage } from '@exeat/core/enrolment'
import { type Evidence, localIssuer } from '@exeat/core/entry'
import { type AnyEnvelope, challengeOf, type EnrolEnvelope, envelopeDigest } from '@exeat/core/envelope'
import type { People } from '@exeat/core/wire'
import { formatVerifierKey, type SignerKey } from '@exeat/log'
import { testSigner, type StoreKind } from '../../../testkit/src/log-store-kit.ts'
import { createAuthenticator, type SoftwareAuthenticator, type Twist } from '../../../testkit/src/software-authenticator.ts'
import { sha256, signerOf } from '../../src/store/ed25519.ts'
import type { Actor, Prepared, Tap } from '../../src/use/types.ts'
import { day, fileOf, newKey, optOut, origin, start, world, type DocumentParts, type World } from '../use/support.ts'

export type TapWanted = People['tapWantedSchema']

export const site = 'https://exeat.acme.example'
export const rpId = 'exeat.acme.example'
export const founders = { ann: testSigner(21, 'ann'), ben: testSigner(22, 'ben') } as const
export const who = (name: string): Identity => ({ iss: localIssuer, sub: name })

const members: Readonly<Record<string, readonly string[]>> = { engineering: ['ann', 'dora'], security: ['ben', 'cleo', 'eve'], sre: ['ann', 'dora', 'cleo'], governance: ['ben'] }

export const peopleWorkspace = (groups: Readonly<Record<string, readonly string[]>> = members): string => `apiVersion: exeat.dev/v1
kind: Workspace
metadata: { name: acme }
spec:
  id: acme-1
  protectedRef: main
  sources:
    - { name: acme/payments, forge: github, repositoryId: "1001" }
  environments:
    - { name: test, proof: asserted }
    - { name: production, proof: workload, protected: true }
  alerts: [{ name: pager, url: "https://pager.acme.example/hook" }, { name: chat, url: "https://chat.acme.example/hook" }]
  groups:
${Object.entries(groups).map(([name, people]) => `    ${name}: [${people.map((each) => `{ iss: "${localIssuer}", sub: ${each} }`).join(', ')}]`).join('\n')}
  governance: { approve: [{ groups: [governance], count: 1 }], evidence: user-signed }
  identity:
    relyingParty: { id: ${rpId}, origins: ["${site}"] }
  log:
    origin: ${origin}
    keys: ["${formatVerifierKey(founders.ann)}", "${formatVerifierKey(founders.ben)}"]
`

export const tappedPolicy = (more = '', mfa = '{ evidence: user-signed }', limits = 'duration: 14d, findings: 10'): string => `apiVersion: exeat.dev/v1
kind: OptOutPolicy
metadata: { name: trivy }
spec:
  controls: ["trivy/*"]
  environments: [test, production]
  effect: permit
  request: { groups: [engineering] }
  approve: [{ groups: [security], count: 1 }]
  activate: { groups: [engineering, sre] }
  revoke: { groups: [security] }
  mfa: ${mfa}
  limits: { ${limits} }
  requires: { impact: false }
  timers: { approval: 72h, activation: 24h }
  emergency: { groups: [sre], duration: 4h, mfa: { evidence: user-signed }, reviewers: [security], reviewWithin: 72h }
  alerts: [pager]
${more}`

export interface PeopleWorld extends World {
  readonly passkeys: Map<string, SoftwareAuthenticator>
  /** Somebody who has signed in, and no more. */
  person(name: string): Actor
  /** With a second factor over what `wanted` comes to now; `change` makes it a wrong one. */
  tapping(name: string, wanted: TapWanted, change?: Change): Promise<Actor>
  /** A second factor over any envelope. */
  tapOver(name: string, envelope: AnyEnvelope, change?: Change): Promise<Tap>
  /** Adds a passkey, and answers its digest. */
  enrol(name: string): Promise<string>
  digestOf(name: string, credential: Credential): string
  rootVouch(name: string, digest: string, root?: SignerKey, change?: (envelope: EnrolEnvelope) => EnrolEnvelope): Promise<number>
  /** Enrolled, vouched for by a root key, and a founder. */
  founder(name: 'ann' | 'ben'): Promise<string>
  vouch(by: string, digest: string): Promise<number>
}

export interface Change {
  readonly twist?: Twist
  readonly prepared?: (prepared: Prepared) => Prepared
  readonly tap?: (tap: Tap) => Tap
  /** Whose passkey taps. */
  readonly with?: string
}

export async function peopleWorld(kind: StoreKind, files: Readonly<Record<string, unknown>> = {}): Promise<PeopleWorld> {
  const base = await world(kind, { '.exeat/workspace.yaml': peopleWorkspace(), '.exeat/policies/trivy.yaml': tappedPolicy(), '.exeat/policies/production.yaml': tappedPolicy().replace('trivy/*', 'grype/*').replace('name: trivy', 'name: production'), ...files })
  const passkeys = new Map<string, SoftwareAuthenticator>()
  const person = (name: string): Actor => ({ identity: who(name), evidence: { strength: 'none', kind: 'sign-in', method: 'passkey', at: start as never } })
  const made: PeopleWorld = Object.assign(base, {
    passkeys, person,
    tapping: async (name: string, wanted: TapWanted, change: Change = {}) => {
      const prepared = await base.useCases.prepare(person(name), wanted)
      return { ...person(name), tap: async () => tapFor(made, change.with ?? name, (change.prepared ?? ((same) => same))(prepared).envelope, change) }
    },
    tapOver: async (name: string, envelope: AnyEnvelope, change: Change = {}) => tapFor(made, name, envelope, change),
    enrol: async (name: string) => {
      const passkey = createAuthenticator({ origin: site, rpId })
      passkeys.set(name, passkey)
      const credential = credentialOf(passkey)
      await base.useCases.enrol(person(name), { credential, label: `${name}'s passkey` }, newKey())
      return credentialDigest(who(name), credential, sha256)
    },
    digestOf: (name: string, credential: Credential) => credentialDigest(who(name), credential, sha256),
    rootVouch: async (name: string, digest: string, root: SignerKey = name === 'ben' ? founders.ben : founders.ann, change = (same: EnrolEnvelope) => same) => {
      const envelope = change({
        schema: 'exeat/act/v1', purpose: 'enrol', workspace: 'acme-1', about: digest, actor: { iss: foundersIssuer, sub: root.name }, nonce: randomBytes(16).toString('hex'), at: base.clock.now as never,
      })
      const signature = Buffer.from(signerOf(root.seed)(root.seed, rootVouchMessage(envelopeDigest(envelope, sha256)))).toString('base64url')
      return base.useCases.vouch(person(name), digest, { envelope, root: { kind: 'root', name: root.name, signature } }, newKey())
    },
    founder: async (name: 'ann' | 'ben') => {
      const digest = await made.enrol(name)
      await made.rootVouch(name, digest)
      return digest
    },
    vouch: async (by: string, digest: string) => base.useCases.vouch(await made.tapping(by, { purpose: 'enrol', credential: digest }), digest, undefined, newKey()),
  })
  return made
}

export const credentialOf = ({ id, publicKey, aaguid }: SoftwareAuthenticator, more: Partial<Extract<Credential, { kind: 'webauthn' }>> = {}): Extract<Credential, { kind: 'webauthn' }> =>
  ({ kind: 'webauthn', id, alg: 'ES256', publicKey, rpId, aaguid, backupEligible: false, attested: false, ...more })

async function tapFor({ passkeys, useCases }: PeopleWorld, name: string, envelope: AnyEnvelope, { twist, tap = (same) => same }: Change): Promise<Tap> {
  const passkey = passkeys.get(name)
  if (passkey === undefined) throw new Error(`${name} has no passkey`)
  const random = new Uint8Array(randomBytes(32))
  const challenge = Buffer.from(challengeOf(random, envelope, sha256)).toString('base64url')
  const { response: { clientDataJSON, authenticatorData, signature } } = passkey.get({ challenge }, twist)
  const { keys } = await useCases.keys()
  const enrolment = keys.find(({ credential }) => credential.kind === 'webauthn' && credential.id === passkey.id)?.index ?? 0
  const evidence: Evidence = { strength: 'user-signed', kind: 'webauthn', enrolment, random: Buffer.from(random).toString('base64url'), clientData: clientDataJSON, authenticatorData, signature }
  return tap({ envelope, evidence })
}

/** Asked for by ann. */
export async function askedFor(at: PeopleWorld, name: string, parts: DocumentParts = {}): Promise<Binding> {
  await at.useCases.request(at.person('ann'), { document: optOut(name, parts) }, newKey())
  return (await at.useCases.optOut(name)).binding
}

export async function approvedBy(at: PeopleWorld, by: string, name: string): Promise<void> {
  const { binding: signed } = await at.useCases.optOut(name)
  await at.useCases.approve(await at.tapping(by, { purpose: 'approve', id: name, signed }), name, signed, newKey())
}

export async function mergedNow(at: PeopleWorld, name: string, parts: DocumentParts = {}): Promise<Binding> {
  at.merge({ [fileOf(name)]: optOut(name, parts) })
  return (await at.useCases.optOut(name)).binding
}

export async function activatedBy(at: PeopleWorld, by: string, name: string): Promise<void> {
  const { binding: signed } = await at.useCases.optOut(name)
  await at.useCases.activate(await at.tapping(by, { purpose: 'activate', id: name, signed }), name, signed, newKey())
}

export { day }
