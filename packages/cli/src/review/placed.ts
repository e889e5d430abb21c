/** Everything that a review found wrong or worth a word, each at the place that it is about. */
import type { Problem } from '@exeat/core'
import type { ReviewedChange } from './change.ts'

export function placedProblems({ review: { problems, warnings, optOuts }, invalid, unsigned }: ReviewedChange): { readonly failures: readonly Problem[]; readonly warnings: readonly Problem[] } {
  return {
    failures: [...invalid, ...problems, ...optOuts.flatMap((each) => each.problems.map((problem) => placed(problem, each.origin)))],
    warnings: [...warnings, ...unsigned, ...optOuts.flatMap((each) => each.warnings.map((problem) => placed(problem, each.origin)))],
  }
}

const placed = (problem: Problem, at: Problem['at']): Problem => (problem.at === undefined && at !== undefined ? { ...problem, at } : problem)
