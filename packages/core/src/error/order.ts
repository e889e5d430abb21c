import type { Problem } from './problem.ts'

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** By file, line, column, code and message, in code unit order; problems without a place come first. */
export function compareProblems(a: Problem, b: Problem): number {
  return byText(a.at?.file ?? '', b.at?.file ?? '')
    || (a.at?.line ?? 0) - (b.at?.line ?? 0)
    || (a.at?.column ?? 0) - (b.at?.column ?? 0)
    || byText(a.code, b.code)
    || byText(a.message, b.message)
}
