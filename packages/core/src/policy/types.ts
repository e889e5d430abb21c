import type { Stage, StageInput } from '../condition/types.ts'
import type { PermitSpec, Workspace, OptOut } from '../document/schema.ts'
import type { TermRefusal } from '../model/decision.ts'
import type { EvidenceStrength, Facts, Truth } from '../model/facts.ts'
import type { Finding, Severity } from '../model/finding.ts'
import type { Duration, Instant } from '../model/instant.ts'
import type { Met, StandingOptOut } from '../model/optout.ts'
import type { Origin } from '../model/origin.ts'

/** A value of the merged terms, and the policies (by name) that set it. */
export interface Sourced<T> {
  readonly value: T
  readonly policies: readonly string[]
}

/** `anyone`, or the groups left after intersecting those of all policies: one person must be in one of them. */
export type People = 'anyone' | readonly string[]

type PermitEmergency = NonNullable<PermitSpec['emergency']>

/** What a second factor must be, defaults filled in. */
export interface Factor {
  readonly evidence: EvidenceStrength
  readonly maxAge?: Duration
  readonly attested: boolean
  readonly backupEligible: boolean
}

/**
 * The merge of every permit that covers a subject (design §3, "Merge of terms"), before defaults.
 * Absent members are stated by no policy.
 */
export interface Terms {
  readonly policies: readonly string[]
  readonly request: Sourced<People>
  /** Empty: `approve: none`. */
  readonly approve: readonly Sourced<{ readonly groups: readonly string[]; readonly count: number }>[]
  readonly activate: Sourced<People>
  readonly revoke?: Sourced<readonly string[]>
  readonly mfa: Sourced<'none' | Factor>
  readonly approverMayActivate: Sourced<boolean>
  readonly wildcards: Sourced<boolean>
  readonly limits: {
    readonly duration: Sourced<Duration>
    readonly totalDuration?: Sourced<Duration>
    readonly renewals?: Sourced<number>
    readonly findings?: Sourced<number>
    readonly active?: Sourced<number>
    readonly uses?: Sourced<number>
  }
  readonly timers: { readonly approval?: Sourced<Duration>; readonly activation?: Sourced<Duration> }
  readonly requires: {
    readonly targets: Sourced<readonly string[]>
    readonly tickets: readonly Sourced<string>[]
    readonly compensatingControl: Sourced<boolean>
    /** True unless every covering permit says `impact: false`. */
    readonly impact: Sourced<boolean>
    /** True where any covering permit says `impact: false`, which makes `limits.findings` mandatory whatever the others say. */
    readonly findingsLimit: Sourced<boolean>
    readonly witness: Sourced<boolean>
  }
  readonly conditions: readonly Sourced<NonNullable<PermitSpec['conditions']>[number]>[]
  readonly emergency?: Sourced<Omit<PermitEmergency, 'mfa' | 'offline'> & { readonly mfa: Factor & { readonly evidence: PermitEmergency['mfa']['evidence'] }; readonly offline: boolean }>
  readonly nativeForms: Sourced<NonNullable<PermitSpec['nativeForms']>>
  readonly alerts: readonly Sourced<string>[]
}

/** What terms are asked about. An absent member is unknown (design §4): no permit that names it applies, every forbid does. */
export interface Subject {
  readonly control: string
  readonly environment?: string
  readonly severity?: Severity
  /** Only a source's own `forbid` looks at it. */
  readonly repository?: string
}

/** A policy that covers a subject, or might. */
export interface Covering {
  readonly policy: string
  readonly effect: 'permit' | 'forbid'
  readonly origin: Origin
  readonly matched: Exclude<Truth, 'false'>
  /** Why, in words: `trivy/CVE-2021-44228 matches trivy/*`, `the environment is unknown`. */
  readonly because: readonly string[]
}

export type TermsAnswer =
  | { readonly kind: 'permitted'; readonly terms: Terms }
  /** No permit covers it, a forbid does, or the merge left nobody. */
  | { readonly kind: 'refused'; readonly because: TermRefusal }

/** What a condition may read at `decide`. At other stages the members it lacks are errors and refuse. */
export interface ConditionInput {
  readonly optOut: OptOut
  readonly facts: Facts
  readonly finding?: Finding
  readonly now: Instant
}

export interface PolicySet {
  readonly workspace: Workspace
  /** Terms for one finding's subject. Memoised; cheap to call once a finding. */
  termsFor(subject: Subject): TermsAnswer
  /** Terms of every policy whose pattern intersects the opt-out's own: what the opt-out is judged by when it is asked for. */
  termsForOptOut(optOut: OptOut): TermsAnswer
  /** Why an opt-out with what was met does not satisfy these terms; empty: it does. Does not look at time windows. */
  unmet(terms: Terms, optOut: StandingOptOut, met: Met): readonly TermRefusal[]
  /** The policies that cover a subject, by name; a permit that only might cover it tightens and never permits. */
  covering(subject: Subject): readonly Covering[]
  /** Conditions of one stage that are not true. What the input lacks is unknown and refuses. */
  conditions(terms: Terms, stage: Stage, input: StageInput): readonly TermRefusal[]
  /** Conditions judged at each decision that are not true; empty: all hold. Errors and unknowns are refusals. */
  decideConditions(terms: Terms, input: ConditionInput): readonly TermRefusal[]
  /** The control and every control that governed aliases make the same as it. */
  sameControls(control: string): readonly string[]
  /** Severity below which findings of this tool pass; undefined: every finding blocks. Unknown facts take the strictest entry. */
  threshold(tool: string, repository: string | undefined, environment: string | undefined): Severity | undefined
  /** Tools that must report; unknown facts unite the entries that might cover the run. */
  requiredTools(repository: string | undefined, environment: string | undefined): readonly string[]
  readonly origins: ReadonlyMap<string, Origin>
}
