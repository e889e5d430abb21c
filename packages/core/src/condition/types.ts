/** What the rest of core knows of condition languages: the engine is passed in, so that a run without conditions loads none. */
import type { OptOut } from '../document/schema.ts'
import type { Facts } from '../model/facts.ts'
import type { Finding } from '../model/finding.ts'
import type { Instant } from '../model/instant.ts'
import type { Problem } from '../error/problem.ts'

/** When a condition is judged (design §3). */
export type Stage = 'request' | 'approve' | 'activate' | 'decide'

/** Somebody whose groups are proven. */
export interface Person {
  readonly groups: readonly string[]
}

/** What one evaluation may read. An absent member is unknown in this trust mode, which refuses (`FACT_UNKNOWN`). */
export interface StageInput {
  readonly optOut: OptOut
  readonly requester?: Person
  readonly approver?: Person
  readonly activator?: Person
  readonly facts?: Facts
  readonly finding?: Finding
  readonly now?: Instant
}

export type ConditionAnswer =
  | { readonly kind: 'true' }
  /** `conjunct`: the first top-level operand of `&&` that is false, as written. */
  | { readonly kind: 'false'; readonly conjunct: string }
  /** A variable of the stage that nobody could tell here: `requester`, `now`, `facts.environment`. */
  | { readonly kind: 'unknown'; readonly variable: string }
  /** Data is missing or of another kind: `No such key: ticket`. */
  | { readonly kind: 'error'; readonly message: string }

export interface Condition {
  /** False: one answer holds for all findings of a run. */
  readonly readsFinding: boolean
  /** Total: never throws. */
  evaluate(input: StageInput): ConditionAnswer
}

export type ConditionCode = 'CONDITION_SYNTAX' | 'CONDITION_TYPE' | 'CONDITION_NOT_ALLOWED' | 'CONDITION_TOO_COSTLY'

export interface ConditionEngine {
  /** Parses, restricts and type-checks. Problems carry no place: the caller knows the document. */
  compile(expression: string, stage: Stage): { readonly ok: true; readonly condition: Condition } | { readonly ok: false; readonly problems: readonly [Problem<ConditionCode>, ...Problem<ConditionCode>[]] }
}

/** Linear-time regular expressions (RE2 semantics), passed in for the same reason. */
export interface RegexEngine {
  compile(pattern: string): { readonly ok: true; matches(text: string): boolean } | { readonly ok: false; readonly message: string }
}
