import type { CodeEntry } from '@exeat/core'

const refused = (http: number, summary: string): CodeEntry => ({ exit: 3, http, summary })
const waiting = (summary: string): CodeEntry => ({ exit: 4, http: 409, summary })
const unavailable = (summary: string): CodeEntry => ({ exit: 1, http: 503, summary })

/** Every refusal of the use cases themselves; the lifecycle's, the store's and the decoders' are their own. */
export const useCodes = {
  OPA_BUNDLE_LARGE: { exit: 3, http: 422, summary: 'A bundle for Open Policy Agent would have more rows than OPA should hold.' },
  INPUT_INVALID: refused(422, 'What was sent has another shape than the act takes.'),
  INPUT_TOO_LARGE: refused(413, 'What was sent is larger or deeper than is accepted.'),
  NOT_AN_OPTOUT: refused(422, 'The document that was sent is of another kind than OptOut.'),
  EMERGENCY_REQUESTED: refused(422, 'An emergency is declared, not requested.'),
  NOT_A_RENEWAL: refused(409, 'The request continues no earlier opt-out, and takes no second factor.'),
  NOT_PERMITTED: refused(403, 'No policy permits the opt-out, or one forbids it.'),
  TERMS_NOT_MET: refused(422, 'The opt-out does not meet a term of the policies that cover it.'),
  ALARM_TYPED: refused(403, 'The alarm was raised by somebody who signed in, and a typed name shows nobody else.'),
  EVIDENCE_TOO_WEAK: refused(403, 'The terms ask for a stronger second factor than the act was made with.'),
  IMPACT_MISMATCH: refused(422, 'The impact is that of another document, or another than stands at the protected ref.'),
  WITNESS_NEEDED: waiting('The terms ask for witnesses, and too few of them have seen the entries that an activation rests on.'),
  OFFLINE_UNKNOWN: refused(409, 'An offline grant was prepared by a commit at which the protected ref never stood.'),
  ALARM_NONE: refused(409, 'The opt-out is no emergency, or one of a release that told nobody.'),
  ALARM_OWN: refused(403, 'Whoever raised an alarm does not acknowledge it.'),
  ALARM_HEARD: refused(409, 'The alarm was acknowledged before.'),
  ALARM_UNHEARD: refused(422, 'An alarm would reach nobody: neither the policies nor the workspace name a sink for it.'),
  INCIDENT_MISSING: refused(422, 'The workspace has incidents asked about, and the emergency names no ticket.'),
  INCIDENT_NOT_OPEN: refused(422, 'The workspace\'s incident system does not know the ticket of the emergency as an open incident.'),
  INCIDENT_UNASKED: unavailable('The workspace\'s incident system could not be asked, so that no emergency is activated.'),
  DRILL_UNKNOWN: refused(404, 'There is no drill of this entry, or none at all.'),
  DRILL_RUNNING: refused(409, 'A drill runs already, or one ran within the hour.'),
  DRILL_OVER: refused(409, 'The drill has ended.'),
  NOT_MERGED: waiting('The document does not stand at the protected ref, so it cannot be activated.'),
  GOVERNANCE_MOVED: unavailable('The protected ref moved again and again while the act was judged; repeat it.'),
  GOVERNANCE_STALE: unavailable('The protected ref could not be read for too long, so nothing is judged by it.'),
  GOVERNANCE_REWRITTEN: unavailable('The protected ref was moved to a commit that does not contain the one before.'),
  REVOCATION_QUEUED: unavailable('The revocation is in effect on this server, and the log could not record it yet.'),
  ERASE_TOO_EARLY: refused(409, 'The opt-out is in use, waits for its review, or may still be renewed.'),
  ERASED: refused(410, 'What was asked for was erased.'),
  ENTRY_UNKNOWN: refused(404, 'The log has no entry at this index.'),
  DOCUMENT_UNKNOWN: refused(404, 'No document of this kind and digest is kept.'),
} as const satisfies Record<string, CodeEntry>

export type UseCode = keyof typeof useCodes
