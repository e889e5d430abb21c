/** The verifier of signed decisions: total, offline, and stated as what grants. A decision is for one run alone, and for ten minutes at most. */
import * as z from 'zod'
import { formatInstant, type HexDigest, type Instant } from '@exeat/core'
import { decodeBase64 } from '@exeat/log'
import { clockTolerance } from '../bundle/types.ts'
import type { LogDeps } from '../bundle/verified.ts'
import { type Answer, ok, refuse, type Refusal } from '../codes.ts'
import { jsonOf } from '../delegation/text.ts'
import { type DelegationPins, verifyDelegation } from '../delegation/verify.ts'
import { dsseSchema, openDsse } from '../dsse/dsse.ts'
import { type SignedDecision, decisionSchema, decisionType, largestDecision, longestDecision } from './types.ts'

/** The run that a decision must be about, and what is asked of it besides. */
export interface DecisionContext {
  /** The run's one instant. */
  readonly now: Instant
  /** The forge's id of the repository, as the workspace states it. */
  readonly repository: string
  /** Full name of the commit. */
  readonly commit: string
  /** Absent: the run names none, and the decision must name none. */
  readonly environment?: string
  /** SHA-256 of the bytes of every report of the run: the decision must be about these and no others. */
  readonly reports: readonly HexDigest[]
  /** What the request carried: the decision must repeat it. */
  readonly nonce?: string
  /** Whether repository, commit and environment must be shown by a job's own token; what was typed proves nothing. */
  readonly proven: boolean
  /** Commits of the reusable workflows that may have asked; absent: any. Only a job with a token can show one. */
  readonly workflows?: readonly string[]
  /** Whether what would be is an answer too: for showing it to people. Whoever honours a decision leaves this out. */
  readonly previews?: true
  /** What was seen of the log last: nothing older is honoured after it. */
  readonly last?: { readonly size: number; readonly epoch: number }
}

export interface VerifiedDecision {
  readonly decision: SignedDecision
  /** Of the delegation that names the key. */
  readonly epoch: number
  readonly singleFounder: boolean
}

/**
 * Verifies the bytes of a signed decision against what the workspace pins and against the run at hand. `DECISION_*`, `DELEGATION_*` and `DSSE_*` say why
 * it is not honoured; whoever honours it still has to look at `decision.exit`.
 */
export function verifyDecision(bytes: Uint8Array, pins: DelegationPins, context: DecisionContext, deps: LogDeps): Answer<VerifiedDecision> {
  const read = readDecision(bytes, pins, deps)
  if (!read.ok) return read
  const { decision, epoch } = read.value
  const wrong = contradiction(decision) ?? otherLog(decision, pins) ?? notOfNow(decision, context) ?? otherRun(decision, context) ?? unproven(decision, context)
    ?? rolledBack(decision, epoch, context.last)
  return wrong ?? read
}

/** The decision that the delegated key signed. Before its signature holds nothing of it is used but the delegation, which must hold itself. */
function readDecision(bytes: Uint8Array, pins: DelegationPins, deps: LogDeps): Answer<VerifiedDecision> {
  if (!(bytes.length <= largestDecision)) return refuse('DECISION_TOO_LARGE', `the decision has ${bytes.length} bytes, more than ${largestDecision}`)
  const envelope = dsseSchema.safeParse(jsonOf(bytes))
  if (!envelope.success) return refuse('DSSE_MALFORMED', 'the decision is not a DSSE envelope in JSON', 'ask for it again: POST /v1/decisions')
  const unsigned = jsonOf(decodeBase64(envelope.data.payload))
  const inner = z.object({ delegation: dsseSchema }).safeParse(unsigned)
  if (!inner.success) return refuse('DECISION_UNREADABLE', 'the decision carries no delegation of the key that signs it')
  const delegation = verifyDelegation(inner.data.delegation, pins, deps)
  if (!delegation.ok) return delegation
  const opened = openDsse(envelope.data, decisionType, [delegation.value.bundle], deps.verify)
  if (!opened.ok) return opened
  const decision = decisionSchema.safeParse(unsigned)
  if (!decision.success) return refuse('DECISION_UNREADABLE', 'the decision is not one of this release')
  const { delegation: { epoch }, singleFounder } = delegation.value
  return ok({ decision: decision.data, epoch, singleFounder })
}

/** What it says in sum must be what it says of each finding: readers look at the one or at the other. */
function contradiction({ decisions, blocks, summary, exit }: SignedDecision): Refusal | undefined {
  const counts = { passed: 0, excused: 0, blocked: 0 }
  for (const { outcome, optOut } of decisions) {
    counts[outcome]++
    if ((outcome === 'excused') !== (optOut !== undefined)) return unreadable(outcome === 'excused' ? 'a finding is excused by no opt-out' : `a finding that is ${outcome} names an opt-out`)
  }
  const blocking = counts.blocked > 0 || blocks.length > 0
  const same = summary.findings === decisions.length && summary.passed === counts.passed && summary.excused === counts.excused && summary.blocked === counts.blocked
    && summary.blocks === blocks.length && (summary.outcome === 'blocked') === blocking && (exit === 2) === blocking
  return same ? undefined : unreadable('its summary is not that of its findings')
}

const unreadable = (because: string): Refusal => refuse('DECISION_UNREADABLE', `the decision contradicts itself: ${because}`)

function otherLog(decision: SignedDecision, { workspace, origin }: DelegationPins): Refusal | undefined {
  if (decision.workspace !== workspace) return refuse('DECISION_OTHER_LOG', `the decision is of the workspace \`${decision.workspace}\`, not \`${workspace}\``)
  return decision.origin === origin ? undefined : refuse('DECISION_OTHER_LOG', `the decision is of the log \`${decision.origin}\`, not \`${origin}\``)
}

/** Issued, not over, no longer than honoured, and the answer to this request. Stated as what grants, so that a clock that is none refuses. */
function notOfNow({ issuedAt, notAfter, nonce, decisions }: SignedDecision, context: DecisionContext): Refusal | undefined {
  const { now } = context
  const told = Number.isSafeInteger(now) ? formatInstant(now) : 'no instant'
  if (!(Number.isSafeInteger(now) && issuedAt - clockTolerance <= now)) return refuse('DECISION_NOT_YET', `the decision was made at ${formatInstant(issuedAt)}, and the clock says ${told}`, 'set the clock')
  if (!(now < notAfter)) return refuse('DECISION_STALE', `the decision ended at ${formatInstant(notAfter)}, and the clock says ${told}`, 'ask for it again: POST /v1/decisions')
  if (!(notAfter - issuedAt <= longestDecision)) return refuse('DECISION_TOO_LONG', `the decision claims ${(notAfter - issuedAt) / 1000} s, and ${longestDecision / 1000} s are honoured at most`)
  const outlived = decisions.find(({ optOut }) => optOut !== undefined && !(notAfter <= optOut.until))?.optOut
  if (outlived !== undefined) return refuse('DECISION_TOO_LONG', `the decision claims to hold until ${formatInstant(notAfter)}, and opt-out \`${outlived.name}\` ends at ${formatInstant(outlived.until)}`)
  if (context.nonce === undefined || nonce === context.nonce) return undefined
  return refuse('DECISION_NONCE', `the decision ${nonce === null ? 'carries no nonce' : `carries the nonce \`${nonce}\``}, and the request carried \`${context.nonce}\``, 'ask for it again: an answer to an earlier request is not taken for this one')
}

function otherRun({ facts, reports }: SignedDecision, context: DecisionContext): Refusal | undefined {
  const other = (what: string, stated: string, wanted: string): Refusal => refuse('DECISION_OTHER_RUN', `the decision is of ${what} ${stated}, and the run of ${wanted}`)
  const { repository, commit, environment } = facts
  if (repository.value.id !== context.repository) return other('repository', `\`${repository.value.id}\``, `\`${context.repository}\``)
  if (commit.value !== context.commit) return other('commit', `\`${commit.value}\``, `\`${context.commit}\``)
  if (environment?.value !== context.environment) return other('environment', quoted(environment?.value), quoted(context.environment))
  const [stated, given] = [reports.map(({ digest }) => digest).sort(), [...context.reports].sort()]
  if (stated.length === given.length && stated.every((digest, i) => digest === given[i])) return undefined
  return refuse('DECISION_OTHER_REPORTS', `the decision is about ${stated.length} reports (${shortened(stated)}), and the run has ${given.length} (${shortened(given)})`, 'have the very reports decided that the run made')
}

const quoted = (name: string | undefined): string => (name === undefined ? 'none' : `\`${name}\``)
const shortened = (digests: readonly HexDigest[]): string => `${digests.slice(0, 3).map((digest) => digest.slice(0, 12)).join(', ')}${digests.length > 3 ? ', …' : ''}`

function unproven({ preview, caller, facts }: SignedDecision, { proven, workflows, previews }: DecisionContext): Refusal | undefined {
  if (preview && previews !== true) return refuse('DECISION_PREVIEW', 'the decision says what would be, and grants nothing', 'ask for it in a job that runs on the protected ref')
  const workflow = caller.kind === 'workload' ? caller.workflow : undefined
  if (workflows !== undefined && !(workflow !== undefined && workflows.includes(workflow.sha))) {
    return refuse('DECISION_UNPROVEN', `the decision was asked for by ${workflow === undefined ? 'no reusable workflow' : `\`${workflow.ref}\` at ${workflow.sha.slice(0, 12)}`}, which is none of those that may`)
  }
  if (!proven) return undefined
  const asserted = (['repository', 'commit', 'environment'] as const).find((name) => facts[name] !== undefined && facts[name].provenance !== 'verified')
  if (caller.kind === 'workload' && asserted === undefined) return undefined
  return refuse('DECISION_UNPROVEN', caller.kind === 'workload' ? `nothing proves the ${asserted ?? 'run'} of the decision` : 'the decision was asked for at the administrative socket, where nothing is proven',
    'ask for it with the job\'s own token')
}

function rolledBack({ bundle: { size } }: SignedDecision, epoch: number, last: DecisionContext['last']): Refusal | undefined {
  if (last === undefined || (size >= last.size && epoch >= last.epoch)) return undefined
  return refuse('DECISION_ROLLBACK', size < last.size
    ? `the decision rests on a log of ${size} entries, and ${last.size} were seen before`
    : `the decision's delegation is of epoch ${epoch}, and epoch ${last.epoch} was seen before`)
}
