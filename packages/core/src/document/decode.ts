/** Plain data with positions to documents: total, all problems at once, in the order of the file. */
import type * as z from 'zod'
import { compareProblems } from '../error/order.ts'
import type { Place, Problem } from '../error/problem.ts'
import { nearest } from '../text/nearest.ts'
import { described } from './fault.ts'
import { documentProblem, hazardousKeys, problemsOf } from './issues.ts'
import type { DocumentProblem } from './issues.ts'
import type { DocumentPath, Json, Located } from './located.ts'
import { documentSchemas } from './schema.ts'
import type { DocumentKind, DocumentTypes } from './schema.ts'
import { isMapping, valueAt } from './shape.ts'
import { dnsLabelRule } from './text.ts'

/** A document that is right by itself. `located` gives the place of any part of it. */
export type DecodedDocument<K extends DocumentKind = DocumentKind> = {
  readonly [P in K]: { readonly ok: true; readonly kind: P; readonly document: DocumentTypes[P]; readonly at: Place; readonly located: Located }
}[K]

/**
 * A document that is wrong. Of kind `OptOut` it is refused alone (rule 8); of any other, or of none that could be read
 * (`kind` absent), it refuses the run. `name` is there where it can be trusted to be a name.
 */
export interface RefusedDocument {
  readonly ok: false
  readonly kind?: DocumentKind
  readonly name?: string
  readonly at: Place
  readonly problems: readonly [Problem, ...Problem[]]
}

export type Decoded = DecodedDocument | RefusedDocument

export const documentKinds: readonly DocumentKind[] = ['Aliases', 'OptOut', 'OptOutPolicy', 'OptOutTest', 'Workspace']

/** Decodes one document. Problems are sorted by line, column and code. */
export function decodeDocument(located: Located): Decoded {
  const { value } = located
  if (!isMapping(value)) {
    const message = `is ${value === null ? 'empty' : Array.isArray(value) ? 'a list' : `a ${typeof value}`}, and must be a mapping`
    return refuse(located, undefined, [documentProblem(located, [], 'value', 'DOCUMENT_NOT_A_MAPPING', message, 'begin with `apiVersion: exeat.dev/v1` and `kind:`')])
  }
  const kind = documentKind(value)
  if (kind === undefined) return refuse(located, undefined, [kindProblem(located)])
  const hazards = hazardProblems(located)
  const schema: z.ZodType = documentSchemas[kind]
  const parsed = schema.safeParse(value)
  if (parsed.success && hazards.length === 0) {
    return { ok: true, kind, document: parsed.data, at: located.at([]), located } as DecodedDocument
  }
  return refuse(located, kind, [...hazards, ...(parsed.error?.issues ?? []).flatMap((issue) => problemsOf(issue, { located, schema }))])
}

/** The kind that a mapping names; undefined where it names none that Exeat knows. */
export function documentKind(value: Json): DocumentKind | undefined {
  const kind = valueAt(value, ['kind'])
  return documentKinds.find((known) => known === kind)
}

/** A refusal with its problems in order; the name where it is readable. */
export function refuse(located: Located, kind: DocumentKind | undefined, problems: readonly Problem[]): RefusedDocument {
  const name = valueAt(located.value, ['metadata', 'name'])
  const readable = typeof name === 'string' && dnsLabelRule(name) === undefined
  const [first, ...rest] = [...problems].sort(compareProblems)
  return {
    ok: false,
    ...(kind === undefined ? {} : { kind }),
    ...(readable ? { name } : {}),
    at: located.at([]),
    problems: [first ?? documentProblem(located, [], 'value', 'DOCUMENT_TYPE', 'is wrong'), ...rest],
  }
}

function kindProblem(located: Located): DocumentProblem {
  const kind = valueAt(located.value, ['kind'])
  const kinds = `the kinds are ${documentKinds.map((known) => `\`${known}\``).join(', ')}`
  if (kind === undefined) return documentProblem(located, ['kind'], 'key', 'DOCUMENT_KIND', 'is missing', kinds)
  const meant = typeof kind === 'string' ? nearest(kind, documentKinds) : undefined
  return documentProblem(located, ['kind'], 'value', 'DOCUMENT_KIND', `is ${described(kind)}, which is no kind that Exeat knows`, meant === undefined ? kinds : `did you mean \`${meant}\`?`)
}

interface Visit {
  readonly value: Json
  readonly step?: string | number
  readonly parent?: Visit
}

/** Prototype-polluting keys, at any depth: neither recursion nor a path a member, so that deep data costs no more than flat data. */
function hazardProblems(located: Located): readonly DocumentProblem[] {
  const problems: DocumentProblem[] = []
  const left: Visit[] = [{ value: located.value }]
  for (let parent = left.pop(); parent !== undefined; parent = left.pop()) {
    const { value } = parent
    if (typeof value !== 'object' || value === null) continue
    const list = Array.isArray(value)
    for (const [key, member] of Object.entries(value)) {
      const visit: Visit = { value: member as Json, step: list ? Number(key) : key, parent }
      if (!list && hazardousKeys.has(key)) problems.push(documentProblem(located, pathOf(visit), 'key', 'DOCUMENT_KEY_UNKNOWN', 'is no key that a document may have', 'remove it'))
      left.push(visit)
    }
  }
  return problems
}

function pathOf(visit: Visit): DocumentPath {
  const path: (string | number)[] = []
  for (let at: Visit | undefined = visit; at?.step !== undefined; at = at.parent) path.push(at.step)
  return path.reverse()
}
