import type { Origin } from './origin.ts'
import type { EvidenceStrength } from './facts.ts'
import type { Finding } from './finding.ts'
import type { HexDigest } from './digest.ts'
import type { Instant } from './instant.ts'

/** `excused` is not `passed`: the control found something, and an opt-out answers for it (rule 7). */
export type Outcome = 'passed' | 'excused' | 'blocked'

/** Key of an opt-out's targets, and what else can keep it from applying. */
export type TargetKey = 'repositories' | 'environments' | 'paths' | 'resources' | 'images' | 'fingerprints'

/**
 * Why a finding passed, was excused or is blocked, and why an opt-out does not apply to it. Data: `explain/` puts it into words.
 * Tests and users bind to codes.
 */
export type Reason =
  | { readonly code: 'BELOW_THRESHOLD'; readonly severity: string; readonly threshold: string }
  | { readonly code: 'OPTOUT_APPLIES'; readonly optOut: string; readonly until: Instant }
  | { readonly code: 'NO_OPTOUT' }
  | { readonly code: 'TOOL_UNKNOWN'; readonly tool: string }
  | { readonly code: 'OPTOUT_NOT_YET'; readonly optOut: string; readonly from: Instant }
  | { readonly code: 'OPTOUT_LAPSED'; readonly optOut: string; readonly until: Instant }
  | { readonly code: 'OPTOUT_ENDED'; readonly optOut: string; readonly state: 'revoked' | 'exhausted'; readonly at: Instant }
  /** `actual` absent: the finding or the run lacks the attribute (rule 9) or it is not proven. */
  | { readonly code: 'OPTOUT_OTHER_TARGET'; readonly optOut: string; readonly key: TargetKey; readonly expected: readonly string[]; readonly actual?: string }
  | { readonly code: 'OPTOUT_REFUSED'; readonly optOut: string; readonly because: readonly TermRefusal[] }
  | { readonly code: 'OPTOUT_OVER_LIMIT'; readonly optOut: string; readonly limit: number; readonly matches: number }
  | { readonly code: 'OPTOUT_NOT_IN_IMPACT'; readonly optOut: string }
  | { readonly code: 'POLICY_TIGHTENED'; readonly optOut: string; readonly because: readonly TermRefusal[] }
  | { readonly code: 'FACT_UNPROVEN'; readonly optOut: string; readonly fact: 'environment' | 'repository' }

/** One term that an opt-out does not meet, and the documents that state it. */
export interface TermRefusal {
  readonly code: TermRefusalCode
  /** The term's name as a policy spells it: `limits.duration`, `approve`, `requires.ticket`. */
  readonly term: string
  /** One lower-case sentence without a full stop, both sides of a comparison named. */
  readonly message: string
  readonly hint?: string
  /** Policies by name. */
  readonly policies: readonly string[]
}

export type TermRefusalCode =
  | 'NOT_PERMITTED' | 'FORBIDDEN' | 'TERM_NEEDS_LOG' | 'TERM_NEEDS_SIGNATURE' | 'LIMIT_EXCEEDED' | 'TARGET_REQUIRED'
  | 'TICKET_REQUIRED' | 'COMPENSATING_CONTROL_REQUIRED' | 'IMPACT_REQUIRED' | 'FINDINGS_LIMIT_REQUIRED' | 'WILDCARD_REFUSED'
  | 'CONDITION_FALSE' | 'CONDITION_ERROR' | 'FACT_UNKNOWN' | 'EMERGENCY_NEEDS_LOG' | 'NOBODY_LEFT'
  | 'NAME_REUSED' | 'NOT_IN_LOG'

/** The opt-out that excuses a finding, as outputs name it. */
export interface ExcusedBy {
  readonly name: string
  readonly uid: HexDigest
  readonly until: Instant
  readonly category: string
  readonly reason: string
  readonly owner: string
  readonly ticket?: string
  /** The strength of what the excuse rests on. */
  readonly evidence: EvidenceStrength
  /** By an offline grant, which no log has. */
  readonly unlogged?: true
  readonly origin: Origin
}

/** How a blocked person gets on (rule 6). */
export interface WayOut {
  readonly possible: boolean
  /** Why not, where it is not possible: `FORBIDDEN`, `NOT_PERMITTED`, `TOOL_UNKNOWN`, … */
  readonly because?: TermRefusal
  /** Who may ask, approve and activate, in the words of the merged terms. */
  readonly request?: string
  readonly approve?: string
  readonly activate?: string
  readonly maxDuration?: string
  /** The exact command to run next. */
  readonly command?: string
  /** Policies by name. */
  readonly policies: readonly string[]
}

/** An opt-out that almost applied, and the first thing it missed; the nearest come first. */
export interface NearMiss {
  readonly optOut: string
  readonly origin: Origin
  readonly reason: Reason
}

export interface Decision {
  readonly finding: Finding
  /** `tool/rule`. */
  readonly control: string
  readonly outcome: Outcome
  readonly reasons: readonly Reason[]
  readonly optOut?: ExcusedBy
  /** Blocked findings only, at most three. */
  readonly nearest: readonly NearMiss[]
  /** Blocked findings only. */
  readonly wayOut?: WayOut
}

/** What blocks a run as a whole, whatever its findings (design §4, Reports). */
export interface Block {
  readonly code: 'TOOL_MISSING' | 'REPORT_OTHER_COMMIT' | 'REPORT_INCOMPLETE' | 'REPORT_NOT_ATTESTED'
  readonly message: string
  readonly hint?: string
  readonly tool?: string
  readonly input?: string
}
