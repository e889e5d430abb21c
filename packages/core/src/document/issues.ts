/** zod's issues as problems: where, what was wanted, what stood there, and what to write instead. */
import type * as z from 'zod'
import type { DocumentCode } from '../error/codes.ts'
import type { Problem } from '../error/problem.ts'
import { nearest } from '../text/nearest.ts'
import { described, faultOf, quoted } from './fault.ts'
import type { DocumentPath, Json, Located } from './located.ts'
import { isMapping, keysAt, valueAt } from './shape.ts'

export type DocumentProblem = Problem<DocumentCode>

interface Context {
  readonly located: Located
  readonly schema: z.core.$ZodType
}

type Issue = z.core.$ZodIssue

/** Keys that no mapping of a document may have, whatever its schema: a careless reader would change an object's prototype by them. */
export const hazardousKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** `spec.controls[0]`. */
export function pathText(path: DocumentPath): string {
  let text = ''
  for (const step of path) text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`
  return text
}

export function documentProblem(located: Located, path: DocumentPath, part: 'key' | 'value', code: DocumentCode, message: string, hint?: string): DocumentProblem {
  const subject = path.length === 0 ? 'the document' : quoted(pathText(path))
  return { code, message: `${subject} ${message}`, ...(hint === undefined ? {} : { hint }), at: located.at(path, part) }
}

/** Everything that one issue says; a union's issue becomes that of the branch that was most likely meant. */
export function problemsOf(issue: Issue, context: Context, prefix: DocumentPath = []): readonly DocumentProblem[] {
  const { located } = context
  const path = [...prefix, ...issue.path] as DocumentPath
  const value = valueAt(located.value, path)
  if (value === undefined) return [missing(path, context)]
  const fault = faultOf(issue)
  if (fault !== undefined) return [documentProblem(located, path, 'value', fault.code, fault.message, fault.hint)]
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.filter((key) => !hazardousKeys.has(key)).map((key) => unknownKey(key, path, context))
    case 'invalid_union':
      return unionProblems(issue, context, path, value)
    case 'invalid_key':
      return issue.issues.map((inner) => {
        const said = faultOf(inner)
        return documentProblem(located, path, 'key', said?.code ?? 'DOCUMENT_FORMAT', said?.message ?? 'is no name', said?.hint)
      })
    case 'invalid_value':
      return [wrongValue(path, value, issue.values.map(String), context)]
    case 'too_small':
    case 'too_big':
      return [outOfRange(issue, path, value, located)]
    case 'invalid_type':
      return [wrongType(path, value, [wordFor(issue.expected)], located)]
    default:
      return [documentProblem(located, path, 'value', 'DOCUMENT_TYPE', `is wrong: ${issue.message}`)]
  }
}

function missing(path: DocumentPath, { located }: Context): DocumentProblem {
  const owner = pathText(path.slice(0, -1))
  return documentProblem(located, path, 'key', 'DOCUMENT_KEY_MISSING', 'is missing', `add \`${String(path.at(-1))}\` to ${owner === '' ? 'the document' : quoted(owner)}`)
}

function unknownKey(key: string, path: DocumentPath, { located, schema }: Context): DocumentProblem {
  const known = keysAt(schema, located.value, path)
  const here = valueAt(located.value, path)
  const free = known.filter((candidate) => !isMapping(here) || !Object.hasOwn(here, candidate))
  const meant = nearest(key, free)
  const hint = meant === undefined ? `known here: ${known.map((candidate) => `\`${candidate}\``).join(', ')}` : `did you mean \`${meant}\`?`
  return documentProblem(located, [...path, key], 'key', 'DOCUMENT_KEY_UNKNOWN', 'is no key that is known here', hint)
}

function wrongValue(path: DocumentPath, value: Json, values: readonly string[], { located }: Context): DocumentProblem {
  const wanted = values.map((each) => `\`${each}\``).join(', ').replace(/, (?=[^,]*$)/, ' or ')
  const code = path.length === 1 && path[0] === 'apiVersion' ? 'DOCUMENT_API_VERSION' : 'DOCUMENT_VALUE'
  const meant = typeof value === 'string' ? nearest(value, values) : undefined
  return documentProblem(located, path, 'value', code, `wants ${wanted}, got ${described(value)}`, meant === undefined ? undefined : `did you mean \`${meant}\`?`)
}

function outOfRange(issue: Issue & { code: 'too_small' | 'too_big' }, path: DocumentPath, value: Json, located: Located): DocumentProblem {
  if (Array.isArray(value)) {
    if (value.length === 0) {
      const hint = 'name at least one, or leave the key out where it is optional: an empty list is never taken for any'
      return documentProblem(located, path, 'value', 'DOCUMENT_LIST_EMPTY', 'is an empty list', hint)
    }
    return documentProblem(located, path, 'value', 'DOCUMENT_LIST_SHORT', `has too few entries: ${value.length}, wanted ${Number((issue as { minimum?: number }).minimum)}`)
  }
  const bound = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`
  return documentProblem(located, path, 'value', 'DOCUMENT_RANGE', `wants ${bound}, got ${described(value)}`)
}

function wrongType(path: DocumentPath, value: Json, wanted: readonly string[], located: Located): DocumentProblem {
  return documentProblem(located, path, 'value', 'DOCUMENT_TYPE', `wants ${wanted.join(' or ')}, got ${described(value)}`, typeHint(value, wanted))
}

function typeHint(value: Json, wanted: readonly string[]): string | undefined {
  if (value === null) return 'write a value, or leave the key out where it is optional'
  if (wanted.includes('a string') && (typeof value === 'number' || typeof value === 'boolean')) return `put it in quotes: \`"${value}"\``
  if (wanted.includes('a list') && typeof value === 'string') return `write a list: ${quoted(`[${value}]`)}`
  if (wanted.includes('true or false') && typeof value === 'string') return 'write `true` or `false`: YAML 1.2 reads any other word as a string'
  return undefined
}

/**
 * A word or a mapping (`anyone`, or `groups: …`): problems inside the mapping where one stands, else what may stand here.
 * Branches that fail at the value itself are of another type and have nothing to say about this one.
 */
function unionProblems(issue: Issue & { code: 'invalid_union' }, context: Context, path: DocumentPath, value: Json): readonly DocumentProblem[] {
  const { discriminator, options } = issue as { readonly discriminator?: string; readonly options?: readonly unknown[] }
  // Its path ends at the discriminator itself.
  if (discriminator !== undefined && options !== undefined) return [wrongValue(path, value, options.map(String), context)]
  const meant = issue.errors.find((branch) => !branch.some((inner) => inner.path.length === 0 && (inner.code === 'invalid_type' || inner.code === 'invalid_value')))
  if (meant !== undefined) return meant.flatMap((inner) => problemsOf(inner, context, path))
  const wanted = issue.errors.flat().map((inner) =>
    inner.code === 'invalid_value' ? `\`${inner.values.map(String).join('`, `')}\`` : inner.code === 'invalid_type' ? wordFor(inner.expected) : 'something else')
  const words = issue.errors.flat().flatMap((inner) => (inner.code === 'invalid_value' ? inner.values.map(String) : []))
  const near = typeof value === 'string' ? nearest(value, words) : undefined
  if (near !== undefined) return [documentProblem(context.located, path, 'value', 'DOCUMENT_VALUE', `wants ${wanted.join(' or ')}, got ${described(value)}`, `did you mean \`${near}\`?`)]
  return [wrongType(path, value, wanted, context.located)]
}

function wordFor(expected: string): string {
  const words: Readonly<Record<string, string>> = {
    string: 'a string', object: 'a mapping', record: 'a mapping', array: 'a list', boolean: 'true or false', number: 'a whole number', int: 'a whole number',
  }
  return words[expected] ?? expected
}
