/** What callers send, before anything is made of it. */
import { checkGovernance, decodeDocument, encodeDocument, type HexDigest, type Json, type OptOut, unlocated, type Workspace } from '@exeat/core'
import { evidenceSchema, line } from '@exeat/core/entry'
import { ExeatError } from '@exeat/core/error'
import { identitySchema } from '@exeat/core/envelope'
import { decodeImpact, type Impact, impactDigest } from '@exeat/core/impact'
import * as z from 'zod'
import { sha256 } from '../store/ed25519.ts'
import { shown, useError } from './problem.ts'

/** Bytes of JSON, and how deep and wide it may be: less deep than a recursive reader could take. */
const limits = { document: 64 * 1024, impact: 8 * 1024 * 1024, depth: 24 }

/**
 * The value in the shape that a schema states.
 * @throws {ExeatError} INPUT_INVALID with the first thing that is wrong
 */
export function shaped<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw misshapen(parsed.error)
}

/** Of what was decoded before: instants are integers. @throws {ExeatError} INPUT_INVALID */
export function checkShape<T extends z.ZodType>(schema: T, value: unknown): void {
  const encoded = z.safeEncode(schema, value as z.output<T>)
  if (!encoded.success) throw misshapen(encoded.error)
}

function misshapen({ issues: [issue] }: z.ZodError): ExeatError {
  const where = issue === undefined || issue.path.length === 0 ? 'what was sent' : `\`${shown(issue.path.join('.'))}\``
  return useError('INPUT_INVALID', `${where} is wrong: ${(issue?.message ?? 'invalid').replace(/^[A-Z]/, (letter) => letter.toLowerCase())}`)
}

export const actorSchema = z.strictObject({ identity: identitySchema, evidence: evidenceSchema })

/** @throws {ExeatError} APPEND_KEY */
export function checkKey(key: string): void {
  const right = typeof key === 'string' && line.safeParse(key).success && key.length <= 120 && /^[!-~]+$/.test(key)
  if (!right) throw new ExeatError([{ code: 'APPEND_KEY', message: 'an idempotency key is 1 to 120 printable characters without spaces' }])
}

/**
 * An OptOut that is right by itself and fits the workspace.
 * @throws {ExeatError} with every problem of the document; NOT_AN_OPTOUT
 */
export function decodeOptOut(value: Json, workspace: Workspace): OptOut {
  const decoded = decodeDocument(unlocated(value, 'the document that was sent'))
  if (!decoded.ok) throw new ExeatError(decoded.problems)
  if (decoded.kind !== 'OptOut') throw useError('NOT_AN_OPTOUT', `the document is of kind \`${decoded.kind}\`, and must be an OptOut`)
  const beside = decodeDocument(unlocated(encodeDocument(workspace), 'the workspace'))
  const [checked] = checkGovernance([decoded, beside]).documents
  if (checked?.ok === false) throw new ExeatError(checked.problems)
  return decoded.document
}

/** @throws {ExeatError} IMPACT_INVALID, IMPACT_MISMATCH */
export function decodeSentImpact(value: Json, optOut: HexDigest): { readonly impact: Impact; readonly digest: HexDigest } {
  const answer = decodeImpact(value, 'the impact that was sent')
  if (!answer.ok) throw new ExeatError([answer.problem])
  if (answer.impact.optOut !== optOut) {
    throw useError('IMPACT_MISMATCH', `the impact is of the document \`${answer.impact.optOut}\`, and \`${optOut}\` was sent`, 'record it anew: `exeat impact NAME REPORTS --write`')
  }
  return { impact: answer.impact, digest: impactDigest(answer.impact, sha256) }
}

/**
 * What is asked for, as plain JSON of bounded size and depth, so that nothing behind it can be exhausted.
 * @throws {ExeatError} INPUT_INVALID, INPUT_TOO_LARGE
 */
export function boundedRequest({ document, impact }: { readonly document: unknown; readonly impact?: unknown }): { readonly document: Json; readonly impact: Json } {
  return { document: bounded(document, limits.document, 'the document'), impact: bounded(impact ?? null, limits.impact, 'the impact') }
}

function bounded(value: unknown, most: number, what: string): Json {
  const left: (readonly [value: unknown, depth: number])[] = [[value, 0]]
  let size = 0
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [part, depth] = next
    size += typeof part === 'string' ? part.length + 2 : 4
    if (size > most || depth > limits.depth) throw useError('INPUT_TOO_LARGE', `${what} is larger than ${most} bytes or deeper than ${limits.depth} levels`)
    if (typeof part === 'object' && part !== null) {
      const members = Array.isArray(part) ? part.map((member): readonly [string, unknown] => ['', member]) : Object.entries(part)
      for (const [key, member] of members) {
        size += key.length
        left.push([member, depth + 1])
      }
    } else if (!(part === null || typeof part === 'string' || typeof part === 'boolean' || Number.isFinite(part))) {
      throw useError('INPUT_INVALID', `${what} holds a ${typeof part}, which JSON does not have`)
    }
  }
  return value as Json
}
