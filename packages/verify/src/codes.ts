import type { CodeEntry, Problem } from '@exeat/core'

const refused = (summary: string): CodeEntry => ({ exit: 3, http: 422, summary })

/** Shown by the server's own signatures: it tells points something else than it logs. */
const differs = (summary: string): CodeEntry => ({ exit: 2, http: 409, summary })

/**
 * Everything that can be wrong with what an enforcement point is given. `BUNDLE_*` and `DELEGATION_*` refuse the whole bundle, and nothing is
 * excused; `DECISION_*` refuse a signed decision; `ENTRY_*` and `OPTOUT_*` refuse one opt-out alone. `AUDIT_*` are a monitor's findings.
 */
export const verifyCodes = {
  DSSE_MALFORMED: refused('A signed envelope is not DSSE: wrong shape, type or encoding.'),
  DSSE_UNSIGNED: refused('No known key signed the envelope.'),
  DSSE_SIGNATURE: refused('A known key\'s signature does not verify.'),
  DELEGATION_INVALID: refused('What the root keys delegate to is not stated as it must be.'),
  DELEGATION_UNSIGNED: refused('Too few of the workspace\'s root keys signed the delegation.'),
  PINS_INVALID: refused('The workspace pins no log, or a key that cannot be read.'),
  BUNDLE_UNREADABLE: refused('The bundle cannot be read.'),
  BUNDLE_TOO_LARGE: refused('The bundle is larger than any that is read.'),
  BUNDLE_OTHER_WORKSPACE: refused('The bundle is of another workspace, log or audience.'),
  BUNDLE_STALE: refused('The bundle is too old.'),
  BUNDLE_NOT_YET: refused('The bundle was issued after the clock\'s present.'),
  BUNDLE_TOO_LONG: refused('The bundle claims a longer life than is honoured.'),
  BUNDLE_NONCE: refused('The bundle does not answer this request.'),
  BUNDLE_ROLLBACK: refused('The bundle\'s log is older than one seen before.'),
  BUNDLE_SPLIT_VIEW: refused('The bundle\'s log does not extend one seen before.'),
  BUNDLE_CHECKPOINT: refused('The checkpoint in the bundle is not signed as the workspace asks.'),
  BUNDLE_DOCUMENTS: refused('The workspace, a policy or an alias in the bundle is not what its digest says, or is wrong.'),
  BUNDLE_CONTENT: refused('The bundle says something else than the log records as published.'),
  DECISION_UNREADABLE: refused('The signed decision cannot be read, or contradicts itself.'),
  DECISION_TOO_LARGE: refused('The signed decision is larger than any that is read.'),
  DECISION_OTHER_LOG: refused('The signed decision is of another workspace or log.'),
  DECISION_OTHER_RUN: refused('The signed decision is of another repository, commit or environment.'),
  DECISION_OTHER_REPORTS: refused('The signed decision is about other reports than those of the run.'),
  DECISION_STALE: refused('The signed decision is too old.'),
  DECISION_NOT_YET: refused('The signed decision was made after the clock\'s present.'),
  DECISION_TOO_LONG: refused('The signed decision claims a longer life than is honoured, or than an opt-out that it rests on.'),
  DECISION_NONCE: refused('The signed decision does not answer this request.'),
  DECISION_PREVIEW: refused('The signed decision says what would be, and grants nothing.'),
  DECISION_UNPROVEN: refused('The signed decision rests on facts, or on a caller, that nothing proves.'),
  DECISION_ROLLBACK: refused('The signed decision rests on an older log or key than was seen before.'),
  ENTRY_MALFORMED: refused('An entry of the log is not what an entry is.'),
  ENTRY_NOT_COVERED: refused('An entry is not in the log that the checkpoint covers, or not at its index.'),
  ENTRY_ERASED: refused('The body of an entry that is needed was erased.'),
  OPTOUT_DIGEST: refused('The opt-out, its impact or its identity is not what was approved.'),
  OPTOUT_HISTORY: refused('The entries of an opt-out do not add up to an active one.'),
  ALARM_HISTORY: refused('An acknowledgement, or the end of a drill, is of no alarm that the log raised, or by who raised it.'),
  SHADOW_HISTORY: refused('An entry about what another system reported does not fit what the log says before it.'),
  OPTOUT_ACTOR: refused('An act was recorded under another envelope, actor or evidence than it states.'),
  OPTOUT_DUPLICATE: refused('Two opt-outs of the bundle have one name or identity.'),
  EVIDENCE_MALFORMED: refused('What shows who acted cannot be read.'),
  EVIDENCE_OTHER: refused('What shows who acted was made for another act, person, place or time.'),
  EVIDENCE_LATE: refused('A second factor is older than any that is taken, or newer than its act.'),
  EVIDENCE_KEY: refused('A second factor names a key that is not enrolled, or not for this person.'),
  EVIDENCE_NOT_COUNTING: refused('The key of a second factor did not count, or was removed.'),
  EVIDENCE_UNVERIFIED_USER: refused('A second factor does not show that its owner was there, as the workspace asks.'),
  EVIDENCE_SIGNATURE: refused('The signature of a second factor does not verify.'),
  AUDIT_INCOMPLETE: refused('The log was not read as far as the bundle\'s checkpoint reaches.'),
  AUDIT_SPLIT_VIEW: differs('The bundle\'s log is another than the one that was read.'),
  AUDIT_DOCUMENTS: differs('What governs in the bundle is not what the log records.'),
  AUDIT_UNPUBLISHED: differs('The log does not record the bundle\'s content as published.'),
  AUDIT_NOT_ACTIVE: differs('The bundle lists an opt-out as active that the log does not, or not with all of its entries.'),
  AUDIT_LEFT_OUT: differs('The bundle leaves out an opt-out that the log has, or tells it otherwise.'),
  AUDIT_MISSING: { exit: 1, http: 422, summary: 'A body or document that the log names is not there or cannot be read, and no entry says that it was erased.' },
  SSH_MALFORMED: refused('An SSH key or signature is not what OpenSSH writes: wrong shape, length or encoding.'),
  SSH_ALGORITHM: refused('An SSH key or signature is of an algorithm, hash or strength that is not accepted.'),
  SSH_NAMESPACE: refused('An SSH signature was made for something else.'),
  SSH_OTHER_KEY: refused('An SSH signature is by another key than the one that was asked for.'),
  SSH_SIGNATURE: refused('An SSH signature does not verify.'),
  SIGNERS_INVALID: refused('A line of `.exeat/allowed_signers` is wrong.'),
  ACT_UNREADABLE: refused('A signed act in `.exeat/signatures` is not what an act is, or is named wrong.'),
  ACT_SIGNER: refused('A signed act is by a key that may not sign for that person, or not at that time.'),
  ACT_WEAK: refused('A signed act is by a software key, or nobody was verified at the key.'),
  ACT_OTHER: refused('A signed act is about something else than what stands now, or than what stood when it was merged.'),
  ACT_NOT_AFTER: refused('A signed act did not come to the protected branch after the opt-out that it is about.'),
  ACT_SEPARATION: refused('An approval is by somebody who wrote, asked for or activates the opt-out.'),
  ACT_NOT_COUNTED: refused('A signed act adds nothing: its person counts already, or is in no group that may.'),
  OFFLINE_UNREADABLE: refused('An offline grant is not what a grant is, or is named wrong.'),
  OFFLINE_SCOPE: refused('An offline grant is wider than one may be: an emergency of exact findings in one repository and environment, for an hour.'),
  OFFLINE_OTHER: refused('An offline grant is for another workspace, repository, commit or environment, or under other terms.'),
  OFFLINE_TERMS: refused('The terms that cover an offline grant do not permit it.'),
  OFFLINE_ATTESTATION: refused('The terms ask for attested keys, and nothing shows the attestation of an SSH key.'),
  OFFLINE_SIGNERS: refused('Those who signed an offline grant are not two people, with two keys, who may declare it.'),
  OFFLINE_UNSIGNED: { exit: 4, http: 409, summary: 'An offline grant waits for signatures of two people.' },
  OFFLINE_NOT_NOW: refused('An offline grant has not begun, or is over.'),
  OFFLINE_CHECKPOINT: refused('The checkpoint in an offline grant is not of the log that the workspace pins.'),
  OFFLINE_OLD: refused('The checkpoint in an offline grant is too old, or nothing shows how old it is.'),
  OFFLINE_ROLLBACK: refused('The log in an offline grant is older than one seen before, or another.'),
  OFFLINE_TOO_MANY: refused('Too many offline grants of the repository are not in the log yet.'),
  OFFLINE_ENTERED: refused('The log has an offline grant, which ended it.'),
  OFFLINE_LEFT_OUT: refused('An offline grant was not entered in the log although the server was there, so no other is honoured.'),
} as const satisfies Record<string, CodeEntry>

export type VerifyCode = keyof typeof verifyCodes
export type VerifyProblem = Problem<VerifyCode>
export type Refusal = { readonly ok: false; readonly problem: VerifyProblem }
export type Answer<T> = { readonly ok: true; readonly value: T } | Refusal

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value })

export function refuse(code: VerifyCode, message: string, hint?: string): Refusal {
  return { ok: false, problem: hint === undefined ? { code, message } : { code, message, hint } }
}
