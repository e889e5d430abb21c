import type { Problem, TermRefusal } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { StoreCode, Verdict } from '../codes.ts'
import type { UseCode } from './codes.ts'

export type UseProblem = Problem<UseCode>

export function useProblem(code: UseCode, message: string, hint?: string): UseProblem {
  return hint === undefined ? { code, message } : { code, message, hint }
}

export const useError = (code: UseCode, message: string, hint?: string): ExeatError => new ExeatError([useProblem(code, message, hint)])

/** A term that is not met, as a problem under a code of the use cases. */
export const termProblem = (code: UseCode, { message, hint }: TermRefusal): UseProblem => useProblem(code, message, hint)

/** Throws what a store's write answered, where that is no yes: the operation is then undone. */
export function demand(verdict: Verdict<StoreCode>): void {
  if (!verdict.ok) throw new ExeatError([verdict.problem])
}

/** Foreign text for a message: one line, and not endless; of what is no text, only that it is none. */
export function shown(text: unknown): string {
  if (typeof text !== 'string') return typeof text === 'number' ? String(text) : `(${typeof text})`
  const safe = text.replace(/[^\P{C}]|[\u2028\u2029]/gu, '?')
  return safe.length > 200 ? `${safe.slice(0, 200)}…` : safe
}
