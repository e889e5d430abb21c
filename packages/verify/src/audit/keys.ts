/** The entries about keys: what nobody need sign is told as said, and what somebody signed must hold. */
import type { Workspace } from '@exeat/core'
import { type EnrolledKey, type EnrolmentEntry, enrolmentFold } from '@exeat/core/enrolment'
import { comparisonCode, envelopeDigest } from '@exeat/core/envelope'
import { type Answer, refuse } from '../codes.ts'
import { checkEnrolment, type EnrolmentPins, enrolmentPins } from '../evidence/enrolments.ts'
import { verifyEvidence } from '../evidence/verify.ts'
import type { VerifiedEvidence } from '../evidence/types.ts'
import type { AuditedAct } from './evidence-types.ts'
import { contextOf, type Founders, personOf, type Reading, wrongAct } from './reading.ts'
import { shownEvidence } from './shown.ts'

export function addKeyEntry(reading: Reading, entry: EnrolmentEntry): void {
  const { founders, workspace, keys, deps } = reading
  const act = { index: entry.index, type: entry.type, at: entry.at, ...personOf(entry.data.person), ...saidBy(reading, entry) }
  if (founders === undefined || workspace === undefined || reading.keysLost !== undefined) {
    reading.keysLost ??= 'what governs there is missing'
    reading.acts.push({ ...act, state: 'unchecked', because: reading.keysLost })
    return
  }
  const checked = checkEnrolment(entry, keys.ledger, pinsOf(founders, workspace), deps.evidence, deps.verify)
  const own = entry.type === 'dev.exeat.enrolment.removed.v1' ? removal(reading, entry) : checked
  const before = standing(reading, entry)
  reading.enrolments.push(entry)
  keys.add(entry)
  if (isUnsigned(entry)) {
    const because = entry.data.person === undefined ? 'the server fetched it from the identity provider' : 'nobody signed it: it counts once somebody vouches for it'
    reading.acts.push({ ...act, state: 'asserted', because })
  } else if (!own.ok) wrongAct(reading, act, own.problem)
  else if (entry.type !== 'dev.exeat.enrolment.added.v1' && (before === undefined || standing(reading, entry) === before)) {
    wrongAct(reading, act, refuse('EVIDENCE_KEY', `entry ${entry.index} is about a key that was not enrolled, or changes nothing`).problem)
  } else if (own.value?.strength === 'user-signed') reading.acts.push({ ...act, state: 'verified' })
  else reading.acts.push({ ...act, state: 'asserted', because: 'nobody signed it, and a removal needs nobody to' })
}

const pinsOf = ({ workspace: id, roots }: Founders, workspace: Workspace): EnrolmentPins => ({ ...enrolmentPins(workspace, roots), workspace: id })

/** Under another workspace others must vouch, and whose keys count is asked anew, as the server asks it. */
export function rereadKeys(reading: Reading): void {
  const { founders, workspace, enrolments, deps } = reading
  if (founders === undefined || workspace === undefined) return
  const pins = pinsOf(founders, workspace)
  reading.keys = enrolmentFold({ sha256: deps.sha256, quorum: pins.quorum, holds: (entry, before) => checkEnrolment(entry, before, pins, deps.evidence, deps.verify).ok })
  for (const entry of enrolments) reading.keys.add(entry)
}

const isUnsigned = (entry: EnrolmentEntry): boolean => entry.type === 'dev.exeat.enrolment.added.v1' && entry.data.own === undefined

/** The key that an entry is about, as it stands; a new value with each change. */
function standing({ keys }: Reading, entry: EnrolmentEntry): EnrolledKey | undefined {
  if (entry.type === 'dev.exeat.enrolment.added.v1') return undefined
  return keys.ledger.keys.find(({ digest, removedAt }) => digest === entry.data.credential && removedAt === undefined)
}

/** It takes effect whatever shows who removed the key; that it is not shown is told. */
function removal(reading: Reading, entry: EnrolmentEntry & { readonly type: 'dev.exeat.enrolment.removed.v1' }): Answer<VerifiedEvidence> {
  const { envelope, evidence, by } = entry.data
  return verifyEvidence(evidence, envelope, by, entry.at, contextOf(reading))
}

function saidBy({ keys, deps }: Reading, entry: EnrolmentEntry): Pick<AuditedAct, 'by' | 'evidence' | 'code'> {
  const said = entry.type === 'dev.exeat.enrolment.added.v1' ? entry.data.own : entry.data
  if (said === undefined) return {}
  const { envelope, evidence } = said
  const key = 'enrolment' in evidence ? keys.ledger.key(evidence.enrolment) : undefined
  return { by: envelope.actor, evidence: shownEvidence(evidence, envelope, entry.at, key), code: comparisonCode(envelopeDigest(envelope, deps.sha256)) }
}
