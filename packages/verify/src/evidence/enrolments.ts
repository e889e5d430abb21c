/** The keys that count, from entries of the log: each statement about a key is held against the keys that counted before it, back to the founders' root keys. */
import { type Identity, sameIdentity, type Sha256, type Workspace } from '@exeat/core'
import { credentialDigest, type EnrolmentEntry, type EnrolmentLedger, type FoldOptions, foldEnrolments, foundersIssuer, type RootSignature, rootVouchMessage } from '@exeat/core/enrolment'
import type { LogEvent } from '@exeat/core/entry'
import { type EnrolEnvelope, envelopeDigest } from '@exeat/core/envelope'
import type { VerifierKey } from '@exeat/log'
import { clockTolerance } from '../bundle/types.ts'
import type { LogDeps } from '../bundle/verified.ts'
import { fromBase64url } from './base64url.ts'
import { type Answer, ok, refuse } from '../codes.ts'
import { type EvidenceDeps, tapLife, type VerifiedEvidence } from './types.ts'
import { verifyEvidence } from './verify.ts'

export interface EnrolmentPins {
  /** `spec.id`. */
  readonly workspace: string
  readonly identity: Workspace['spec']['identity']
  /** The founders' keys, pinned in the workspace. */
  readonly roots: readonly VerifierKey[]
  /** Who must vouch for a key. */
  readonly quorum: NonNullable<FoldOptions['quorum']>
}

/** What a workspace and its root keys say of whose keys count. */
export const enrolmentPins = ({ spec: { id, identity, governance } }: Workspace, roots: readonly VerifierKey[]): EnrolmentPins =>
  ({ workspace: id, identity, roots, quorum: governance?.approve ?? [] })

/** The entry about a key that a body is, or undefined for a body about something else. */
export function enrolmentOf(event: LogEvent, index: number): EnrolmentEntry | undefined {
  const { type, time, data } = event
  if (type !== 'dev.exeat.enrolment.added.v1' && type !== 'dev.exeat.enrolment.vouched.v1' && type !== 'dev.exeat.enrolment.removed.v1') return undefined
  return { type, index, at: time, data } as EnrolmentEntry
}

/** Entries in the order of the log. What does not hold counts for nothing; it takes nothing else down. */
export function verifyEnrolments(entries: readonly EnrolmentEntry[], pins: EnrolmentPins, deps: EvidenceDeps, ed25519: LogDeps['verify']): EnrolmentLedger {
  return foldEnrolments(entries, {
    sha256: deps.sha256, quorum: pins.quorum, holds: (entry, before) => holds(entry, before, pins, deps, ed25519),
  })
}

const holds = (...asked: Parameters<typeof checkEnrolment>): boolean => checkEnrolment(...asked).ok

/** Nobody signed it, and nobody need have: a key that waits for somebody to vouch for it, or that was removed. */
const unsigned = ok(null)

/**
 * Whether an entry about a key is what whoever it names signed; null where nobody did. `EVIDENCE_*`. A key that is added without a signature of its owner's earlier key
 * is refused with `EVIDENCE_KEY`: it counts once somebody vouches for it.
 */
export function checkEnrolment(entry: EnrolmentEntry, before: EnrolmentLedger, pins: EnrolmentPins, deps: EvidenceDeps, ed25519: LogDeps['verify']): Answer<VerifiedEvidence | null> {
  const context = { ledger: before, identity: pins.identity, deps }
  const tapped = (said: { readonly envelope: EnrolEnvelope; readonly evidence: Parameters<typeof verifyEvidence>[0] }, by: Identity, about: string): Answer<VerifiedEvidence> => {
    if (!isAbout(said.envelope, about, pins)) return refuse('EVIDENCE_OTHER', 'its envelope is about another key, or of another workspace')
    const shown = verifyEvidence(said.evidence, said.envelope, by, entry.at, context)
    return !shown.ok || shown.value.strength === 'user-signed' ? shown : refuse('EVIDENCE_KEY', `it takes a person's own key, and this is \`${shown.value.strength}\``)
  }
  switch (entry.type) {
    case 'dev.exeat.enrolment.added.v1': {
      const { person, credential, own } = entry.data
      if (person === undefined || own === undefined) return refuse('EVIDENCE_KEY', 'no earlier key of its owner signed it')
      return tapped(own, person, credentialDigest(person, credential, deps.sha256))
    }
    case 'dev.exeat.enrolment.vouched.v1': {
      const { by, credential, envelope, evidence } = entry.data
      if (!('kind' in evidence) || evidence.kind !== 'root') return tapped({ envelope, evidence }, by, credential)
      const held = isAbout(envelope, credential, pins) && rootHolds(evidence, envelope, entry.at, by, pins, deps.sha256, ed25519)
      return held ? ok({ strength: 'user-signed' }) : refuse('EVIDENCE_SIGNATURE', `it is not what the root key \`${evidence.name}\` signed`)
    }
    // Whoever recorded it took something away, and nothing is lost by believing that.
    case 'dev.exeat.enrolment.removed.v1': return unsigned
  }
}

const isAbout = ({ purpose, workspace, about }: EnrolEnvelope, credential: string, pins: EnrolmentPins): boolean =>
  purpose === 'enrol' && workspace === pins.workspace && about === credential

/** A founder's signature over the envelope, whose actor is that root key and nobody else. */
function rootHolds({ name, signature }: RootSignature, envelope: EnrolEnvelope, at: number, by: Identity, { roots }: EnrolmentPins, sha256: Sha256, verify: LogDeps['verify']): boolean {
  const root = roots.find((key) => key.name === name)
  const bytes = fromBase64url(signature)
  const founder: Identity = { iss: foundersIssuer, sub: name }
  if (root === undefined || bytes?.length !== 64 || !sameIdentity(envelope.actor, founder) || !sameIdentity(by, founder)) return false
  // Signed on another machine, whose clock may be ahead.
  if (!(envelope.at - at <= clockTolerance && at - envelope.at < tapLife)) return false
  return verify(root.publicKey, rootVouchMessage(envelopeDigest(envelope, sha256)), bytes)
}
