/** Second factors: a challenge over what stands now, and what comes back for it, as the evidence that an act rests on. */
import { atLeast, canonicalInstant, type EvidenceStrength, type Identity, type Instant, type Workspace } from '@exeat/core'
import { type CredentialOf, type EnrolledKey, notCounting } from '@exeat/core/enrolment'
import type { Evidence } from '@exeat/core/entry'
import { comparisonCode, envelopeBytes, envelopeDigest } from '@exeat/core/envelope'
import { ExeatError } from '@exeat/core/error'
import type { People, tapSchema } from '@exeat/core/wire'
import { evidenceDeps } from '@exeat/git/crypto'
import { actNamespace, verifySshSignature } from '@exeat/verify/ssh'
import type * as z from 'zod'
import type { IdentityRows } from '../ports/identity.ts'
import { sha256 } from '../store/ed25519.ts'
import { standingKeysOf } from '../use/enrolment/keys.ts'
import type { Mfa, Prepared, Tap, UseCases } from '../use/types.ts'
import { type Challenge, challengeBytes, challengeToSecond, issueChallenge, proveChallenge, secondChallenge, shownChallenge, spendChallenge, type TapWanted, waitingChallenge } from './challenges.ts'
import { identityError, type identityProblem } from './codes.ts'
import { advanceCounter } from './counters.ts'
import { actorOfSession } from './signed-in.ts'
import { type Seal, spendCode } from './totp.ts'
import type { Session } from './types.ts'
import { assertionOptions, passkeyNamed, type RelyingParty, verifyAssertion } from './webauthn.ts'

export type SentTap = z.output<typeof tapSchema>

/** Wrong tries of a person and of an address, over every kind of factor: no success with one of them forgives another (RFC 6238 §5.2, attack 1). */
export interface Attempts {
  /** @throws {ExeatError} where there were too many */
  readonly refuseLocked: (person: Identity, address: string) => Promise<void>
  readonly failed: (person: Identity, address: string) => Promise<void>
}

export interface TapDependencies {
  readonly rows: IdentityRows
  readonly useCases: Pick<UseCases, 'prepare' | 'keys'>
  /** What governs now. */
  readonly workspace: () => Promise<Workspace>
  readonly attempts: Attempts
  readonly sealing: Seal
  readonly random: (count: number) => Uint8Array
  readonly now: () => number
  /** Alarms. */
  readonly report: (problem: ReturnType<typeof identityProblem>) => void
}

export interface Taps {
  readonly challenge: (session: Session, wanted: TapWanted) => Promise<People['challengeSchema']>
  readonly waiting: (session: Pick<Session, 'id' | 'person'>, id: string) => Promise<Challenge>
  /** One's own, or of an emergency that names one as the second person. */
  readonly shown: (session: Pick<Session, 'id' | 'person'>, id: string) => Promise<Challenge>
  /** What an identity provider answered by the browser. */
  readonly prove: (session: Pick<Session, 'id' | 'person'>, id: string, proved: NonNullable<Challenge['proved']>) => Promise<void>
  /** Keeps a second person's tap at the challenge of the emergency that names them. */
  readonly second: (session: Session, id: string, sent: SentTap, address: string) => Promise<void>
  /** For an act that was sent with this tap; spends the challenge once it is called. */
  readonly made: (session: Session, wanted: TapWanted, sent: SentTap, address: string) => () => Promise<Tap>
}

export const taps = (deps: TapDependencies): Taps => ({
  challenge: (session, wanted) => challenge(deps, session, wanted),
  waiting: (session, id) => waitingChallenge(deps.rows, session, id, deps.now()),
  shown: (session, id) => shownChallenge(deps.rows, session, id, deps.now()),
  prove: (session, id, proved) => proveChallenge(deps.rows, session, id, proved, deps.now()),
  second: async (session, id, sent, address) => {
    const { envelope, evidence } = await made(deps, session, { purpose: 'second', challenge: id }, sent, address)
    if ('about' in envelope) throw new Error('an emergency is no enrolment')
    await secondChallenge(deps.rows, session.person, id, { envelope, evidence }, deps.now())
  },
  made: (session, wanted, sent, address) => () => made(deps, session, wanted, sent, address),
})

async function challenge(deps: TapDependencies, session: Session, wanted: TapWanted): Promise<People['challengeSchema']> {
  const { envelope, mfa } = wanted.purpose === 'second' ? await prepareSecond(deps, session, wanted.challenge) : await deps.useCases.prepare(actorOfSession(session), wanted)
  const workspace = await deps.workspace()
  const usable = await usableKeys(deps, session.person, mfa)
  const provider = takes(mfa, 'idp-signed') ? workspace.spec.identity?.providers?.find(({ issuer, stepUp }) => issuer === session.person.iss && stepUp !== undefined) : undefined
  if (usable.length === 0 && provider === undefined) throw await noFactor(deps, session.person, mfa)
  const issued = await issueChallenge(deps.rows, { session, wanted, envelope, mfa }, deps.random, deps.now())
  const party = workspace.spec.identity?.relyingParty
  const passkeys = usable.flatMap(({ credential }) => (credential.kind === 'webauthn' && credential.rpId === party?.id ? [credential.id] : []))
  return {
    id: issued.id, envelope, random: Buffer.from(issued.random).toString('base64url'), code: comparisonCode(envelopeDigest(envelope, sha256)), expiresAt: canonicalInstant(issued.expiresAt),
    factors: {
      ...(party === undefined || passkeys.length === 0 ? {} : { webauthn: await assertionOptions({ party, challenge: challengeBytes(issued), allowed: passkeys }) }),
      ...(usable.some(({ credential }) => credential.kind === 'totp') ? { totp: true as const } : {}),
      ...(usable.some(({ credential }) => credential.kind === 'ssh') ? { ssh: { namespace: 'exeat-act@v1' as const } } : {}),
      ...(provider === undefined ? {} : { oidc: `/auth/${provider.name}/step-up?challenge=${issued.id}` }),
    },
  }
}

/** The same as whoever declares the emergency signs, in the second person's own name. */
async function prepareSecond({ rows, random, now }: TapDependencies, { person }: Session, id: string): Promise<Prepared> {
  const { envelope, mfa } = await challengeToSecond(rows, person, id, now())
  return { envelope: { ...envelope, actor: person, nonce: Buffer.from(random(16)).toString('hex'), at: now() as Instant }, mfa }
}

const strengths: Readonly<Record<'webauthn' | 'ssh' | 'totp', EvidenceStrength>> = { webauthn: 'user-signed', ssh: 'user-signed', totp: 'server-asserted' }

const takes = (mfa: Mfa, shown: EvidenceStrength): boolean => mfa === 'none' || atLeast(shown, mfa.evidence)

/** Keys of the person that count, and that the terms take. */
async function usableKeys({ useCases, now }: TapDependencies, person: Identity, mfa: Mfa): Promise<readonly EnrolledKey[]> {
  return standingKeysOf(await useCases.keys(), person).filter((key) => notCounting(key, now() as Instant) === undefined && fits(key, mfa))
}

function fits({ credential }: EnrolledKey, mfa: Mfa): boolean {
  if (credential.kind === 'issuer-key' || !takes(mfa, strengths[credential.kind])) return false
  if (mfa === 'none') return true
  const { attested, backupEligible } = credential.kind === 'webauthn' ? credential : { attested: false, backupEligible: credential.kind === 'totp' }
  return (!mfa.attested || attested) && (mfa.backupEligible || !backupEligible)
}

async function noFactor({ useCases, now }: TapDependencies, person: Identity, mfa: Mfa): Promise<ExeatError> {
  const keys = standingKeysOf(await useCases.keys(), person)
  const asked = mfa === 'none' ? 'a second factor' : `\`${mfa.evidence}\` evidence${mfa.attested ? ' by an attested authenticator' : ''}${mfa.backupEligible ? '' : ' by a key that cannot be backed up'}`
  const counting = keys.filter((key) => notCounting(key, now() as Instant) === undefined)
  if (counting.length > 0) return identityError('TAP_KIND', `the terms ask for ${asked}, and none of this person's ${counting.length} keys gives it`, 'enrol another key')
  const next = keys.flatMap(({ countsFrom }) => countsFrom ?? []).sort((a, b) => a - b)[0]
  return identityError('KEY_NOT_COUNTING', keys.length === 0 ? 'this person has no key' : `none of this person's ${keys.length} keys counts yet`,
    keys.length === 0 ? 'enrol one' : next === undefined ? 'ask somebody whose key counts to vouch for it' : `the first counts from ${canonicalInstant(next)}`)
}

async function made(deps: TapDependencies, session: Session, wanted: TapWanted, sent: SentTap, address: string): Promise<Tap> {
  await deps.attempts.refuseLocked(session.person, address)
  const spent = await spendChallenge(deps.rows, session, sent.challenge, wanted, deps.now())
  try {
    return { envelope: spent.envelope, evidence: await evidenceOf(deps, spent, sent.proof), ...(spent.seconded === undefined ? {} : { second: spent.seconded }) }
  } catch (error) {
    if (error instanceof ExeatError && wrong.has(error.problems[0].code)) await deps.attempts.failed(session.person, address)
    throw error
  }
}

/** What counts as a wrong try: not that a key does not count, or that the terms ask for more. */
const wrong: ReadonlySet<string> = new Set(['TAP_WRONG', 'TAP_COUNTER'])

async function evidenceOf(deps: TapDependencies, spent: Challenge, proof: SentTap['proof']): Promise<Evidence> {
  const keys = await usableKeys(deps, spent.person, spent.mfa)
  const random = Buffer.from(spent.random).toString('base64url')
  switch (proof.kind) {
    case 'webauthn': return byPasskey(deps, spent, proof.response, keys, random)
    case 'totp': return byCode(deps, spent, proof.code, keys)
    case 'ssh': return bySsh(deps, spent, proof.signature, keys)
    case 'oidc': {
      if (!takes(spent.mfa, 'idp-signed')) throw notTaken('a sign-in at the identity provider')
      if (spent.proved === undefined) throw identityError('TAP_WRONG', 'the identity provider has not answered for this challenge')
      return { strength: 'idp-signed', kind: 'oidc', enrolment: spent.proved.enrolment, random, token: spent.proved.token }
    }
  }
}

const notTaken = (what: string) => identityError('TAP_KIND', `the terms take no ${what} as a second factor for this, or this person has none that counts`)

async function byPasskey(deps: TapDependencies, spent: Challenge, answer: unknown, keys: readonly EnrolledKey[], random: string): Promise<Evidence> {
  const party = await relyingParty(deps)
  const id = passkeyNamed(answer, 'TAP_WRONG')
  const key = keys.find(({ credential }) => credential.kind === 'webauthn' && credential.id === id)
  if (key === undefined || key.credential.kind !== 'webauthn') throw identityError('TAP_WRONG', 'the passkey that answered is none of this person\'s that counts and that the terms take')
  const { signed, counter } = await verifyAssertion(answer, challengeBytes(spent), party, key.credential, spent.person, 'TAP_WRONG')
  await advanceCounter(deps.rows, key.digest, counter, deps.now(), deps.report)
  return { strength: 'user-signed', kind: 'webauthn', enrolment: key.index, random, ...signed }
}

/** @throws {ExeatError} PASSKEYS_OFF */
export async function relyingParty({ workspace }: Pick<TapDependencies, 'workspace'>): Promise<RelyingParty> {
  const party = (await workspace()).spec.identity?.relyingParty
  if (party === undefined) throw identityError('PASSKEYS_OFF', 'the workspace names no relying party', 'state `identity.relyingParty` in the workspace: the host, and where people tap')
  return party
}

async function byCode({ rows, sealing, now }: TapDependencies, { person, mfa }: Challenge, code: string, keys: readonly EnrolledKey[]): Promise<Evidence> {
  const codes = keys.flatMap(({ index, credential }) => (credential.kind === 'totp' ? [{ index, credential }] : []))
  if (!takes(mfa, 'server-asserted') || codes.length === 0) throw notTaken('one-time code')
  let last: unknown = notTaken('one-time code')
  for (const { index, credential } of codes) {
    // oxlint-disable-next-line no-await-in-loop -- a code is spent at the first secret that it fits
    const step = await spendCode(rows, sealing, person, credential.id, code, now()).catch((error: unknown) => { last = error })
    if (typeof step === 'number') return { strength: 'server-asserted', kind: 'totp', enrolment: index, step }
  }
  throw last
}

/** Verified here too, and not only with what is recorded: a forged signature is a wrong try, and the counter of a copied key goes back. */
async function bySsh(deps: TapDependencies, { envelope }: Challenge, armoured: string, keys: readonly EnrolledKey[]): Promise<Evidence> {
  const answer = verifySshSignature(new Uint8Array(Buffer.from(armoured, 'utf8')), envelopeBytes(envelope), { namespace: actNamespace }, evidenceDeps)
  if (!answer.ok) throw identityError('TAP_WRONG', `the SSH signature is not taken: ${answer.problem.message}`)
  const { key: { blob }, kind, userPresent, userVerified, counter } = answer.value
  const key = keys.find((each): each is EnrolledKey & { readonly credential: CredentialOf<'ssh'> } => each.credential.kind === 'ssh' && each.credential.publicKey === Buffer.from(blob).toString('base64url'))
  if (key === undefined) throw identityError('TAP_WRONG', 'the SSH key that signed is none of this person\'s that counts')
  if (kind !== 'sk' || !userPresent || !userVerified) throw identityError('TAP_WRONG', 'the SSH signature is by a software key, or nobody was verified at the key')
  await advanceCounter(deps.rows, key.digest, counter ?? 0, deps.now(), deps.report)
  return { strength: 'user-signed', kind: 'ssh', enrolment: key.index, signature: Buffer.from(armoured.replaceAll(/^-.*$|\s/gm, ''), 'base64').toString('base64url') }
}
