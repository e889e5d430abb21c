/** How the documents' own checks report through zod: a code, what was expected, what stood there, and the remedy. */
import * as z from 'zod'
import type { DocumentCode } from '../error/codes.ts'

export interface Fault {
  readonly code: DocumentCode
  /** Finishes "`spec.owner` …": `wants one line of text, got …`. */
  readonly message: string
  readonly hint?: string
}

export type Rule = (value: string) => Fault | undefined

interface Sink {
  readonly issues: z.core.$ZodRawIssue[]
}

export function report(sink: Sink, input: unknown, fault: Fault, path: readonly (string | number)[] = []): void {
  sink.issues.push({ code: 'custom', input, path: [...path], message: fault.message, params: { fault } })
}

/** The fault behind an issue of ours; undefined for an issue of zod's own. */
export function faultOf(issue: z.core.$ZodIssue): Fault | undefined {
  return issue.code === 'custom' ? (issue.params?.['fault'] as Fault | undefined) : undefined
}

/** A string under one rule; what an editor should know of it is given by `meta`. */
export function scalar(rule: Rule): z.ZodString {
  return z.string().check((payload) => {
    const fault = rule(payload.value)
    if (fault !== undefined) report(payload, payload.value, fault)
  })
}

/** Input as a message may quote it: on one line, without characters that rewrite a terminal, 80 characters at most. */
export function quoted(text: string): string {
  const cut = text.length > 80 ? `${text.slice(0, 79)}…` : text
  const shown = cut.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}`]/gu, (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`)
  return `\`${shown}\``
}

/** A value as a message says what stood there. */
export function described(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return quoted(value)
  return typeof value === 'object' ? 'a mapping' : `the ${typeof value} \`${String(value)}\``
}
