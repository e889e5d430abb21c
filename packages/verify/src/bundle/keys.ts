/** The keys of the people in a bundle: their entries proven, and each statement about them held against the keys that counted before it. */
import type { EnrolmentEntry } from '@exeat/core/enrolment'
import { type Answer, ok, refuse } from '../codes.ts'
import { provenEntry, type ProvenUnder } from '../entry/proven.ts'
import { enrolmentOf, type EnrolmentPins, verifyEnrolments } from '../evidence/enrolments.ts'
import type { EvidenceContext } from '../evidence/types.ts'
import type { Bundle } from './types.ts'
import type { VerifyDeps } from './verified.ts'

/** One entry that is wrong refuses the bundle: a removal that cannot be read must not keep a key alive. */
export function provenKeys({ enrolments }: Bundle, under: ProvenUnder, pins: EnrolmentPins, { sha256, verify, evidence }: VerifyDeps): Answer<EvidenceContext> {
  const entries: EnrolmentEntry[] = []
  for (const each of enrolments) {
    const proven = provenEntry(each, under, sha256)
    if (!proven.ok) return proven
    const { index, event } = proven.value
    const entry = enrolmentOf(event, index)
    if (entry === undefined) return refuse('BUNDLE_CONTENT', `entry ${index} stands among those about keys, and is about something else`)
    const before = entries.at(-1)
    if (before !== undefined && !(before.index < index)) return refuse('BUNDLE_CONTENT', `entry ${index} about a key stands behind entry ${before.index}, not in the order of the log`)
    entries.push(entry)
  }
  return ok({ ledger: verifyEnrolments(entries, pins, evidence, verify), identity: pins.identity, deps: evidence })
}
