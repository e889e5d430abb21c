/** Passkeys: signing in with one, and enrolling one. Each ceremony has a domain of its own, so that no answer to one is ever good for another, or for a tap. */
import { canonicalInstant, type HexDigest, type Identity, type Instant, type Workspace } from '@exeat/core'
import type { EnrolledKey } from '@exeat/core/enrolment'
import type { People } from '@exeat/core/wire'
import { type IdentityRows, rowKinds } from '../ports/identity.ts'
import { sha256 } from '../store/ed25519.ts'
import { standingKeysOf } from '../use/enrolment/keys.ts'
import type { UseCases } from '../use/types.ts'
import { challengeLife } from './challenges.ts'
import { identityError, type identityProblem } from './codes.ts'
import { advanceCounter } from './counters.ts'
import { relyingParty } from './taps.ts'
import { assertionOptions, passkeyNamed, type Passkey, registrationOptions, verifyAssertion, verifyRegistration } from './webauthn.ts'

export interface PasskeyDependencies {
  readonly rows: IdentityRows
  readonly useCases: Pick<UseCases, 'keys'>
  readonly workspace: () => Promise<Workspace>
  /** PEM certificates of makers of authenticators. */
  readonly attestationRoots: readonly string[]
  readonly random: (count: number) => Uint8Array
  readonly now: () => number
  readonly report: (problem: ReturnType<typeof identityProblem>) => void
}

type Ceremony = People['ceremonySchema']

type Purpose = 'sign-in' | 'registration'

/** What a ceremony's row holds, as JSON. */
interface Kept {
  readonly purpose: Purpose
  readonly random: string
  /** Of a registration: whose key it will be, who invited them, and who may end it. */
  readonly person?: Identity
  readonly invitedBy?: Identity
  readonly holder?: Holder
}

/** Who began a registration, and so may end it: a session, or whoever has a link, named by the SHA-256 of its secret. */
export type Holder = { readonly session: HexDigest } | { readonly link: HexDigest }

const tags = { 'sign-in': 'exeat/sign-in/v1\0', registration: 'exeat/registration/v1\0' } as const

/** SHA-256(tag ‖ 0 ‖ 32 random bytes): what a tap signs begins otherwise (`challengeOf`). */
const challengeFor = (purpose: Purpose, random: Uint8Array): Uint8Array => sha256(new Uint8Array(Buffer.concat([Buffer.from(tags[purpose], 'utf8'), random])))

async function begin({ rows, random, now }: PasskeyDependencies, kept: Omit<Kept, 'random'>): Promise<{ readonly id: string; readonly challenge: Uint8Array; readonly expiresAt: string }> {
  const id = Buffer.from(random(32)).toString('base64url')
  const bytes = random(32)
  const at = now()
  const value = new Uint8Array(Buffer.from(JSON.stringify({ ...kept, random: Buffer.from(bytes).toString('base64url') } satisfies Kept), 'utf8'))
  if (!await rows.put(rowKinds.ceremony, id, { value, expires: at + challengeLife }, 0, at)) throw new Error('a random id came twice')
  return { id, challenge: challengeFor(kept.purpose, bytes), expiresAt: canonicalInstant((at + challengeLife) as Instant) }
}

/** Spends the ceremony. @throws {ExeatError} CEREMONY_UNKNOWN */
async function finish({ rows, now }: PasskeyDependencies, purpose: Purpose, id: string): Promise<Kept & { readonly challenge: Uint8Array }> {
  const row = await rows.take(rowKinds.ceremony, id, now())
  const kept = row === undefined ? undefined : JSON.parse(Buffer.from(row.value).toString('utf8')) as Kept
  if (kept === undefined || kept.purpose !== purpose) throw noCeremony()
  return { ...kept, challenge: challengeFor(purpose, new Uint8Array(Buffer.from(kept.random, 'base64url'))) }
}

const noCeremony = () => identityError('CEREMONY_UNKNOWN', 'the ceremony is unknown, was ended, or is over', 'begin again')

/** For whoever comes: which passkey there is, the browser asks its owner. */
export async function beginSignIn(deps: PasskeyDependencies): Promise<Ceremony> {
  const party = await relyingParty(deps)
  const { id, challenge, expiresAt } = await begin(deps, { purpose: 'sign-in' })
  return { id, expiresAt, options: await assertionOptions({ party, challenge, allowed: [] }) }
}

export interface PasskeySignIn {
  readonly person: Identity
  readonly key: EnrolledKey
}

/**
 * Who answered. That their key counts for anything is another matter.
 * @throws {ExeatError} CEREMONY_UNKNOWN, PASSKEY_UNKNOWN, PASSKEY_WRONG, TAP_COUNTER
 */
export async function signIn(deps: PasskeyDependencies, { id, response }: People['ceremonyAnswerSchema']): Promise<PasskeySignIn> {
  const { challenge } = await finish(deps, 'sign-in', id)
  const party = await relyingParty(deps)
  const credentialId = passkeyNamed(response, 'PASSKEY_WRONG')
  const { keys } = await deps.useCases.keys()
  const key = keys.find(({ credential, removedAt }) => credential.kind === 'webauthn' && credential.id === credentialId && removedAt === undefined)
  if (key?.person === undefined || key.credential.kind !== 'webauthn') throw identityError('PASSKEY_UNKNOWN', 'no key that stands is the one which answered', 'ask for a link, and enrol one')
  const { counter } = await verifyAssertion(response, challenge, party, key.credential, key.person, 'PASSKEY_WRONG')
  await advanceCounter(deps.rows, key.digest, counter, deps.now(), deps.report)
  return { person: key.person, key }
}

export interface Invited {
  readonly person: Identity
  /** Shown by the browser beside the passkey. */
  readonly label: string
  readonly invitedBy?: Identity
  readonly holder: Holder
}

export async function beginRegistration(deps: PasskeyDependencies, { person, label, invitedBy, holder }: Invited): Promise<Ceremony> {
  const party = await relyingParty(deps)
  const known = standingKeysOf(await deps.useCases.keys(), person).flatMap(({ credential }) => (credential.kind === 'webauthn' ? [credential.id] : []))
  const { id, challenge, expiresAt } = await begin(deps, { purpose: 'registration', person, holder, ...(invitedBy === undefined ? {} : { invitedBy }) })
  return { id, expiresAt, options: await registrationOptions({ party, person, label, challenge, attestation: deps.attestationRoots.length > 0, known }) }
}

export interface RegisteredPasskey {
  readonly person: Identity
  readonly invitedBy?: Identity
  readonly passkey: Passkey
  readonly counter: number
  /** Of the link that it began with: to be spent before the key is enrolled. */
  readonly link?: HexDigest
}

/**
 * `session`: of whoever ends it. A registration that a link began is ended by whoever has its id, which nobody else was told.
 * @throws {ExeatError} CEREMONY_UNKNOWN, PASSKEY_WRONG
 */
export async function finishRegistration(deps: PasskeyDependencies, { id, response }: People['ceremonyAnswerSchema'], session: HexDigest | undefined): Promise<RegisteredPasskey> {
  const { challenge, person, invitedBy, holder } = await finish(deps, 'registration', id)
  if (person === undefined || holder === undefined) throw new Error('a registration is of somebody')
  if ('session' in holder && holder.session !== session) throw noCeremony()
  const { passkey, counter } = await verifyRegistration(response, challenge, await relyingParty(deps), { roots: deps.attestationRoots, now: deps.now() })
  return { person, passkey, counter, ...(invitedBy === undefined ? {} : { invitedBy }), ...('link' in holder ? { link: holder.link } : {}) }
}
