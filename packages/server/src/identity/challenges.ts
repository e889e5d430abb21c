/**
 * Challenges of second factors, beside the log: each for one person, one session, one act with its content, for five minutes, and spent by whoever comes with
 * it first, before anything about it is looked at (attack 1).
 */
import { type HexDigest, type Identity, identityKey, type Instant, type Json, sameIdentity, taggedDigest } from '@exeat/core'
import { type AnyEnvelope, challengeOf, enrolEnvelopeSchema, type Envelope, envelopeSchema } from '@exeat/core/envelope'
import type { Evidence } from '@exeat/core/entry'
import type { People } from '@exeat/core/wire'
import * as z from 'zod'
import { type IdentityRows, rowKinds } from '../ports/identity.ts'
import { sha256 } from '../store/ed25519.ts'
import type { Mfa, Tap } from '../use/types.ts'
import { identityError } from './codes.ts'
import type { Session } from './types.ts'

export type TapWanted = People['tapWantedSchema']

/** In milliseconds. */
export const challengeLife = 5 * 60_000
/** Of one person. */
const mostOpen = 10

const anyEnvelope = z.union([envelopeSchema, enrolEnvelopeSchema])

export interface Challenge {
  /** 32 random bytes, base64url. */
  readonly id: string
  readonly wanted: TapWanted
  readonly person: Identity
  readonly session: HexDigest
  readonly envelope: AnyEnvelope
  /** 32 bytes. */
  readonly random: Uint8Array
  readonly mfa: Mfa
  readonly createdAt: Instant
  readonly expiresAt: Instant
  /** What an identity provider answered by the browser: the compact ID token, and the index of the entry that enrolled its key. */
  readonly proved?: { readonly token: string; readonly enrolment: number }
  /** Of an emergency: what the second person signed. */
  readonly seconded?: NonNullable<Tap['second']>
}

/** 32 bytes: what the second factor signs. */
export const challengeBytes = ({ random, envelope }: Pick<Challenge, 'random' | 'envelope'>): Uint8Array => challengeOf(random, envelope, sha256)

interface Kept {
  readonly wanted: Json
  readonly person: Identity
  readonly session: HexDigest
  readonly envelope: unknown
  readonly random: string
  readonly mfa: Mfa
  readonly createdAt: number
  readonly proved?: Challenge['proved']
  readonly seconded?: { readonly envelope: unknown; readonly evidence: Evidence }
}

const toBytes = (kept: Kept): Uint8Array => new Uint8Array(Buffer.from(JSON.stringify(kept), 'utf8'))

function decoded(id: string, value: Uint8Array, expires: number | null): Challenge {
  const kept = JSON.parse(Buffer.from(value).toString('utf8')) as Kept
  const { wanted, person, session, envelope, random, mfa, createdAt, proved, seconded } = kept
  return {
    id, wanted: wanted as unknown as TapWanted, person, session, mfa, envelope: anyEnvelope.parse(envelope), random: new Uint8Array(Buffer.from(random, 'base64url')),
    createdAt: createdAt as Instant, expiresAt: (expires ?? createdAt) as Instant, ...(proved === undefined ? {} : { proved }),
    ...(seconded === undefined ? {} : { seconded: { envelope: envelopeSchema.parse(seconded.envelope), evidence: seconded.evidence } }),
  }
}

export interface IssueInput {
  readonly session: Session
  readonly wanted: TapWanted
  readonly envelope: AnyEnvelope
  readonly mfa: Mfa
}

/** @throws {ExeatError} TAPS_OPEN */
export async function issueChallenge(rows: IdentityRows, { session, wanted, envelope, mfa }: IssueInput, random: (count: number) => Uint8Array, now: number): Promise<Challenge> {
  const owner = identityKey(session.person)
  const id = Buffer.from(random(32)).toString('base64url')
  const bytes = random(32)
  const kept: Kept = {
    wanted: wanted as unknown as Json, person: session.person, session: session.id, envelope: z.encode(anyEnvelope, envelope), random: Buffer.from(bytes).toString('base64url'), mfa, createdAt: now,
  }
  const expires = now + challengeLife
  if (!await rows.put(rowKinds.challenge, id, { value: toBytes(kept), owner, expires }, 0, now)) throw new Error('a random id came twice')
  // Counted after it stands, so that any number at once cannot all be the tenth.
  if ((await rows.owned(rowKinds.challenge, owner, now, { limit: mostOpen + 1 })).length > mostOpen) {
    await rows.drop(rowKinds.challenge, id)
    throw identityError('TAPS_OPEN', `${mostOpen} challenges of this person are open`, 'finish one, or wait five minutes')
  }
  return { id, wanted, person: session.person, session: session.id, envelope, random: bytes, mfa, createdAt: now as Instant, expiresAt: expires as Instant }
}

const unknown = () => identityError('TAP_UNKNOWN', 'the challenge is unknown, was used, or is over', 'ask for a new one: `POST /v1/challenges`')

/** A challenge that waits; told to the session that it was made for alone. @throws {ExeatError} TAP_UNKNOWN */
export async function waitingChallenge(rows: IdentityRows, session: Pick<Session, 'id' | 'person'>, id: string, now: number): Promise<Challenge> {
  const row = await rows.get(rowKinds.challenge, id, now)
  const challenge = row === undefined ? undefined : decoded(id, row.value, row.expires)
  if (challenge === undefined || !isOf(challenge, session)) throw unknown()
  return challenge
}

/** The same, and told to the second person whom it names as well: to look at, before they confirm it with a challenge of their own. @throws {ExeatError} TAP_UNKNOWN */
export async function shownChallenge(rows: IdentityRows, session: Pick<Session, 'id' | 'person'>, id: string, now: number): Promise<Challenge> {
  return waitingChallenge(rows, session, id, now).catch(() => challengeToSecond(rows, session.person, id, now))
}

const isOf = (challenge: Challenge, { id, person }: Pick<Session, 'id' | 'person'>): boolean => challenge.session === id && sameIdentity(challenge.person, person)

/**
 * Spends the challenge, and then looks whether it was this one.
 * @throws {ExeatError} TAP_UNKNOWN, TAP_OTHER
 */
export async function spendChallenge(rows: IdentityRows, session: Pick<Session, 'id' | 'person'>, id: string, wanted: TapWanted, now: number): Promise<Challenge> {
  const row = await rows.take(rowKinds.challenge, id, now)
  if (row === undefined) throw unknown()
  const challenge = decoded(id, row.value, row.expires)
  const other = (what: string) => identityError('TAP_OTHER', `the challenge was made for another ${what}`, 'ask for a challenge for this act, in this session')
  if (!sameIdentity(challenge.person, session.person)) throw other('person')
  if (challenge.session !== session.id) throw other('session')
  if (challenge.wanted.purpose !== wanted.purpose) throw other('purpose')
  if (contentOf(challenge.wanted) !== contentOf(wanted)) throw other('content')
  return challenge
}

/** Of all that an act says. */
export const contentOf = (wanted: TapWanted): HexDigest => taggedDigest('exeat/wanted/v1', JSON.parse(JSON.stringify(wanted)) as Json, sha256)

/**
 * Notes at the challenge what an identity provider answered. Once: whatever comes later changes nothing.
 * @throws {ExeatError} TAP_UNKNOWN
 */
export async function proveChallenge(rows: IdentityRows, session: Pick<Session, 'id' | 'person'>, id: string, proved: NonNullable<Challenge['proved']>, now: number): Promise<void> {
  await note(rows, id, now, (challenge) => (isOf(challenge, session) && challenge.proved === undefined ? { proved } : undefined))
}

/**
 * The challenge of somebody else's emergency that names this person as the second.
 * @throws {ExeatError} TAP_UNKNOWN
 */
export async function challengeToSecond(rows: IdentityRows, person: Identity, id: string, now: number): Promise<Challenge & { readonly envelope: Envelope }> {
  const row = await rows.get(rowKinds.challenge, id, now)
  const challenge = row === undefined ? undefined : decoded(id, row.value, row.expires)
  if (challenge === undefined || !namesSecond(challenge, person) || 'about' in challenge.envelope) throw unknown()
  return { ...challenge, envelope: challenge.envelope }
}

const namesSecond = ({ wanted }: Challenge, person: Identity): boolean => {
  const second = wanted.purpose === 'emergency' ? wanted.asked.second : undefined
  return typeof second === 'object' && sameIdentity(second, person)
}

/** Keeps the second person's tap at the challenge of whoever declares the emergency. Once. @throws {ExeatError} TAP_UNKNOWN */
export async function secondChallenge(rows: IdentityRows, person: Identity, id: string, seconded: NonNullable<Challenge['seconded']>, now: number): Promise<void> {
  const kept = { envelope: z.encode(envelopeSchema, seconded.envelope), evidence: seconded.evidence }
  await note(rows, id, now, (challenge) => (namesSecond(challenge, person) && challenge.seconded === undefined ? { seconded: kept } : undefined))
}

async function note(rows: IdentityRows, id: string, now: number, noted: (challenge: Challenge) => Pick<Kept, 'proved' | 'seconded'> | undefined): Promise<void> {
  const row = await rows.get(rowKinds.challenge, id, now)
  const more = row === undefined ? undefined : noted(decoded(id, row.value, row.expires))
  if (row === undefined || more === undefined) throw unknown()
  const kept = JSON.parse(Buffer.from(row.value).toString('utf8')) as Kept
  const next = { value: toBytes({ ...kept, ...more }), ...(row.owner === null ? {} : { owner: row.owner }), ...(row.expires === null ? {} : { expires: row.expires }) }
  if (!await rows.put(rowKinds.challenge, id, next, row.version, now)) throw unknown()
}
