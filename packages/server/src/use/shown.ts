/** What shows that an act is its actor's: a typed name, a sign-in, or a second factor over exactly what is done. */
import type { EvidenceStrength, Identity, Instant, Met, Workspace } from '@exeat/core'
import { type Evidence, localIssuer } from '@exeat/core/entry'
import { type AnyEnvelope, envelopeDigest } from '@exeat/core/envelope'
import { type EnrolledKey, foundersIssuer, noKeys, notCounting } from '@exeat/core/enrolment'
import { ExeatError } from '@exeat/core/error'
import { type EvidenceContext, tapLife, type VerifiedEvidence, verifyEvidence } from '@exeat/verify/evidence'
import { identityError } from '../identity/codes.ts'
import { sha256 } from '../store/ed25519.ts'
import { contextOf, keysAt } from './enrolment/keys.ts'
import { actorSchema, checkShape } from './input.ts'
import type { Moment } from './load.ts'
import type { Known } from './people.ts'
import { useError } from './problem.ts'
import type { StoredOptOut } from './stored.ts'
import { type Actor, operatorIssuer, type Tap } from './types.ts'

/** Of an act: what was shown for it, as far as it was verified. */
export interface Shown {
  readonly evidence: Evidence
  readonly strength: EvidenceStrength
  /** Of a second factor. */
  readonly factor?: NonNullable<Met['factor']>
  /** Where one was made, and the key that it was made with. */
  readonly tap?: Tap
  readonly key?: EnrolledKey
  /** Of an emergency: who confirmed it. Whoever is named, before anybody could. */
  readonly second?: Pick<Shown, 'strength' | 'factor'> & { readonly identity: Identity | 'whoever' }
}

/** Who may call himself so: those whom the server itself speaks of are nobody who signs in. */
const reserved: ReadonlySet<string> = new Set([operatorIssuer, foundersIssuer, 'exeat:server', 'exeat:erased', 'git'])
export const isReserved = (issuer: string): boolean => reserved.has(issuer) || (issuer.startsWith('exeat:') && issuer !== localIssuer)

/** @throws {ExeatError} INPUT_INVALID where the evidence is of somebody else, or of nobody */
export function checkActor(actor: Actor): void {
  checkShape(actorSchema, typeof actor === 'object' && actor !== null ? { identity: actor.identity, evidence: actor.evidence } : actor)
  const { identity, evidence } = actor
  if (evidence.strength === 'operator-asserted') {
    if (identity.iss === operatorIssuer && identity.sub === evidence.name) return
    throw useError('INPUT_INVALID', 'the actor is not the name that was typed at the administrative socket')
  }
  if (evidence.strength !== 'none' || isReserved(identity.iss)) throw useError('INPUT_INVALID', `nobody signs in as an identity of \`${identity.iss}\``)
}

export const isOperator = ({ evidence }: Actor): boolean => evidence.strength === 'operator-asserted'

/**
 * Takes the second factor of an act that needs one.
 * @throws {ExeatError} TAP_NEEDED, and what the factor itself is refused with
 */
export async function tapOf(actor: Actor, need: 'needed' | 'taken' | 'none'): Promise<Tap | undefined> {
  if (need === 'none' || isOperator(actor)) return undefined
  if (actor.tap !== undefined) return actor.tap()
  if (need === 'taken') return undefined
  throw tapNeeded()
}

export const tapNeeded = () =>
  identityError('TAP_NEEDED', 'the act needs a second factor over what it does, and none came with it', 'ask for a challenge: `POST /v1/challenges`, and send the act again with the tap')

/**
 * Holds what was shown against the keys that the log has enrolled: what could not be verified offline later is never recorded.
 * @throws {ExeatError} EVIDENCE_*
 */
export async function verifyTap(reader: Moment, workspace: Workspace, actor: Actor, tap: Tap | undefined): Promise<Shown> {
  const { identity, evidence } = actor
  if (tap === undefined) return { evidence, strength: evidence.strength }
  const context = contextOf(await keysAt(reader, workspace), workspace)
  const { strength, factor, key } = verified(tap.evidence, tap.envelope, identity, reader.at as Instant, context)
  if (strength === 'none' || strength === 'operator-asserted') throw tapNeeded()
  const confirmed = tap.second === undefined ? {} : { second: secondShown(tap.second, reader.at as Instant, context) }
  return { evidence: tap.evidence, strength, tap, ...confirmed, ...(factor === undefined ? {} : { factor }), ...(key === undefined ? {} : { key }) }
}

function secondShown({ envelope, evidence }: NonNullable<Tap['second']>, at: Instant, context: EvidenceContext): NonNullable<Shown['second']> {
  const { strength, factor } = verified(evidence, envelope, envelope.actor, at, context)
  return { identity: envelope.actor, strength, ...(factor === undefined ? {} : { factor }) }
}

function verified(...given: Parameters<typeof verifyEvidence>): VerifiedEvidence {
  const answer = verifyEvidence(...given)
  if (!answer.ok) throw new ExeatError([answer.problem])
  return answer.value
}

/** Of those who approved: whose approval fills no place any more, because its key was removed, or the identity provider signed the person out since (attacks 7 and 25). */
export async function voidApprovals(reader: Moment, workspace: Workspace, { record, taps = [] }: StoredOptOut, people: Known): Promise<readonly Identity[]> {
  const keys = taps.some((tap) => tap !== null) ? await keysAt(reader, workspace) : noKeys
  return record.approvals.flatMap(({ by, at }, i) => {
    const tap = taps[i] ?? null
    const key = tap === null ? undefined : keys.key(tap.enrolment)
    const stands = tap === null || (key !== undefined && notCounting(key, reader.at as Instant) === undefined)
    return stands && !(at <= (people.voidUntil(by) ?? Number.NEGATIVE_INFINITY)) ? [] : [by]
  })
}

/** Said by the content of an envelope; the rest says whose act it is, and of what kind. */
const contents: ReadonlySet<string> = new Set(['optOut', 'terms', 'impact', 'approvals', 'window', 'repositoryIds', 'statement'])

/**
 * What was tapped is what would be recorded now.
 * @throws {ExeatError} CONTENT_CHANGED, TAP_OTHER, and TAP_UNKNOWN where it is too old or not yet made
 */
export function checkTapped(tapped: AnyEnvelope, expected: AnyEnvelope, at: Instant): void {
  if (!(tapped.at <= at && at - tapped.at < tapLife)) {
    throw identityError('TAP_UNKNOWN', `the second factor was asked for at ${new Date(tapped.at).toISOString()}, and the act is entered at ${new Date(at).toISOString()}`, 'ask for a new challenge')
  }
  const wanted = { ...expected, nonce: tapped.nonce, at: tapped.at }
  if (envelopeDigest(wanted, sha256) === envelopeDigest(tapped, sha256)) return
  const [was, is] = [tapped, wanted].map((each) => new Map<string, unknown>(Object.entries(each))) as [Map<string, unknown>, Map<string, unknown>]
  const changed = [...new Set([...was.keys(), ...is.keys()])].filter((key) => JSON.stringify(was.get(key)) !== JSON.stringify(is.get(key))).sort()
  if (changed.every((key) => contents.has(key))) {
    throw new ExeatError([{ code: 'CONTENT_CHANGED', message: `${changed.join(', ')} changed since it was shown for the second factor`, hint: 'look at it again, and tap anew' }])
  }
  throw identityError('TAP_OTHER', `the second factor was made over another ${changed.join(', ')} than the act has`, 'ask for a challenge for this act')
}
