/** Whether what stands beside an act shows that its actor did it (design §7): under the key that the log enrolled for them, over this very envelope, in time. */
import { type Duration, type Identity, type Instant, sameIdentity } from '@exeat/core'
import { type EnrolledKey, notCounting } from '@exeat/core/enrolment'
import { type Evidence, type EvidenceOf, operatorIssuer } from '@exeat/core/entry'
import { type AnyEnvelope, envelopeBytes } from '@exeat/core/envelope'
import { type Answer, ok, refuse, type Refusal } from '../codes.ts'
import { verifySshSignature, actNamespace } from '../ssh/verify.ts'
import { fromBase64url } from './base64url.ts'
import { verifyIdToken } from './oidc.ts'
import { type EvidenceContext, tapLife, type VerifiedEvidence } from './types.ts'
import { verifyAssertion } from './webauthn.ts'

/**
 * `by`: who acted, as the entry says. `at`: when it was entered. Whatever evidence states beside what is asked here is believed by nobody.
 * `EVIDENCE_*`
 */
export function verifyEvidence(evidence: Evidence, envelope: AnyEnvelope, by: Identity, at: Instant, context: EvidenceContext): Answer<VerifiedEvidence> {
  if (!sameIdentity(envelope.actor, by)) return refuse('EVIDENCE_OTHER', 'the envelope names another actor')
  if (evidence.strength === 'operator-asserted') {
    return envelope.at === at && sameIdentity(by, { iss: operatorIssuer, sub: evidence.name }) ? ok({ strength: 'operator-asserted' }) : refuse('EVIDENCE_OTHER', 'the typed name is of somebody else, or of another time')
  }
  if (by.iss === operatorIssuer) return refuse('EVIDENCE_OTHER', 'a typed name signs nothing')
  if (evidence.strength === 'none') return envelope.at === at ? ok({ strength: 'none' }) : refuse('EVIDENCE_OTHER', 'the envelope is of another time')
  if (evidence.kind === 'offline') return refuse('EVIDENCE_OTHER', 'an offline grant shows no act at a server')
  if (!(envelope.at <= at && at - envelope.at < tapLife)) return refuse('EVIDENCE_LATE', 'between the challenge and the act there is no time, or too much')
  const key = keyOf(evidence.enrolment, evidence.kind, by, at, context)
  if (!key.ok) return key
  const age = (at - envelope.at) as Duration
  const shown = byKind(evidence, envelope, by, key.value, { asked: envelope.at, at }, context)
  return shown.ok ? ok({ strength: evidence.strength, factor: { ...shown.value, age }, key: key.value }) : shown
}

type Tapped = EvidenceOf<'webauthn' | 'ssh' | 'oidc' | 'totp'>
type Factor = Answer<{ readonly attested: boolean; readonly backupEligible: boolean }>

function byKind(evidence: Tapped, envelope: AnyEnvelope, by: Identity, key: EnrolledKey, moments: { readonly asked: Instant; readonly at: Instant }, context: EvidenceContext): Factor {
  const { credential } = key
  if (evidence.kind === 'webauthn' && credential.kind === 'webauthn') {
    const asserted = verifyAssertion(evidence, credential, envelope, context)
    return asserted.ok ? ok({ attested: credential.attested, backupEligible: credential.backupEligible }) : asserted
  }
  if (evidence.kind === 'ssh' && credential.kind === 'ssh') return ssh(evidence, credential.publicKey, envelope, context)
  if (evidence.kind === 'oidc') {
    const token = verifyIdToken(evidence, key, envelope, by, moments, context)
    // Of what was used at the provider nothing is known here: no attestation, and perhaps a copy.
    return token.ok ? ok({ attested: false, backupEligible: true }) : token
  }
  if (evidence.kind === 'totp' && credential.kind === 'totp') return ok({ attested: false, backupEligible: true })
  return refuse('EVIDENCE_KEY', `entry ${evidence.enrolment} enrols a key of another kind`)
}

function ssh(evidence: EvidenceOf<'ssh'>, publicKey: string, envelope: AnyEnvelope, { deps }: EvidenceContext): Factor {
  const [signature, blob] = [fromBase64url(evidence.signature), fromBase64url(publicKey)]
  if (signature === undefined || blob === undefined) return refuse('EVIDENCE_MALFORMED', 'the signature is no base64url')
  const shown = verifySshSignature(signature, envelopeBytes(envelope), { namespace: actNamespace, key: { blob } }, deps)
  if (!shown.ok) return refuse('EVIDENCE_SIGNATURE', shown.problem.message)
  const { kind, userPresent, userVerified, backupEligible } = shown.value
  if (kind !== 'sk' || !userPresent || !userVerified) return refuse('EVIDENCE_UNVERIFIED_USER', 'it is by a software key, or nobody was verified at the key')
  return ok({ attested: false, backupEligible: backupEligible ?? false })
}

const kinds = { webauthn: 'webauthn', ssh: 'ssh', oidc: 'issuer-key', totp: 'totp' } as const

/** The key that the entry at an index enrolled, if it is this person's and counted at that instant, and was not removed since. */
function keyOf(index: number, kind: Tapped['kind'], by: Identity, at: Instant, { ledger }: EvidenceContext): Answer<EnrolledKey> {
  const key = ledger.key(index)
  if (key === undefined || key.credential.kind !== kinds[kind]) return refuse('EVIDENCE_KEY', `entry ${index} enrols no such key`)
  if (kind !== 'oidc' && (key.person === undefined || !sameIdentity(key.person, by))) return refuse('EVIDENCE_KEY', `the key of entry ${index} is somebody else's`)
  const because = notCounting(key, at)
  return because === undefined ? ok(key) : notCounted(index, because)
}

const words = { removed: 'was removed', 'not-vouched': 'counts for nothing: nobody who counts has vouched for it', 'too-new': 'did not count yet then' } as const
const notCounted = (index: number, because: keyof typeof words): Refusal => refuse('EVIDENCE_NOT_COUNTING', `the key of entry ${index} ${words[because]}`)
