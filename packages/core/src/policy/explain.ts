/** What `exeat explain CONTROL --env E` prints, as data. */
import type { Covering, PolicySet, Subject, TermsAnswer } from './types.ts'

export interface ControlExplanation {
  readonly subject: Subject
  /** The control and its governed aliases, sorted. */
  readonly names: readonly string[]
  readonly answer: TermsAnswer
  /** Sorted by name; forbids among them decide, and permits that only might cover it tighten. */
  readonly covering: readonly Covering[]
}

export function explainControl(set: PolicySet, subject: Subject): ControlExplanation {
  return { subject, names: set.sameControls(subject.control), answer: set.termsFor(subject), covering: set.covering(subject) }
}
