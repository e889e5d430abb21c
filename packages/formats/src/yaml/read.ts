import { compareProblems, decodeDocument, documentKind, refuse } from '@exeat/core'
import type { Decoded, Located, Problem } from '@exeat/core'
import { isMap, isScalar } from 'yaml'
import type { ParsedNode } from 'yaml'
import { parseYaml } from './parse.ts'
import { offsetAt, plainOf } from './plain.ts'
import { decodeText } from './source.ts'
import type { Source, YamlProblem } from './source.ts'

export interface ReadDocumentsOptions {
  /** Largest file in bytes; default 1 MiB. */
  readonly maxBytes?: number
}

export interface ReadDocuments {
  /** In the order of the file, each decoded or refused with its problems. */
  readonly documents: readonly Decoded[]
  /** Why the file as a whole does not parse, sorted; it then gives no documents and refuses the run (rule 8). */
  readonly problems: readonly Problem[]
}

/**
 * Reads a file of YAML 1.2 (core schema) or JSON with any number of documents. `file` is what places are told by.
 * UTF-8, with or without one leading byte order mark; lines end in LF or CRLF. Places are 1-based, columns in characters.
 * Documents with anchors, aliases, merge keys, tags, duplicate keys, floats or keys that are not strings are refused one by one.
 * Documents without content (comments alone) are skipped. Total: nothing is thrown for any bytes.
 */
export function readDocuments(bytes: Uint8Array, file: string, options: ReadDocumentsOptions = {}): ReadDocuments {
  const source = decodeText(bytes, file, options.maxBytes ?? 1024 * 1024)
  if ('code' in source) return { documents: [], problems: [source] }
  const parsed = parseYaml(source)
  if ('problems' in parsed) return { documents: [], problems: [...parsed.problems].sort(compareProblems) }
  const roots = parsed.map((document) => document.contents).filter(isWritten)
  return { documents: roots.map((root) => decodeRoot(root, source)), problems: [] }
}

/** False for a document of comments alone: the parser gives it an empty scalar that nobody wrote. */
const isWritten = (root: ParsedNode | null): root is ParsedNode => root !== null && !('source' in root && root.source === '' && root.range[0] === root.range[1])

function decodeRoot(root: ParsedNode, source: Source): Decoded {
  const problems: YamlProblem[] = []
  const value = plainOf(root, source, problems)
  const located: Located = { value, file: source.file, at: (path, part = 'value') => source.placeOf(offsetAt(root, path, part)) }
  const decoded = decodeDocument(located)
  if (problems.length === 0) return decoded
  // A kind that stands twice is one that cannot be read.
  const kind = isMap(root) && root.items.filter(namesKind).length > 1 ? undefined : documentKind(value)
  const echo = echoOf(problems)
  return refuse(located, kind, [...problems, ...(decoded.ok ? [] : decoded.problems.filter((problem) => !echo(problem)))])
}

const namesKind = ({ key }: { readonly key: unknown }): boolean => isScalar(key) && key.value === 'kind'

/** Tells the decoder's complaints about values that were refused already, or about keys that a merge would have brought. */
function echoOf(refused: readonly YamlProblem[]): (problem: Problem) => boolean {
  const places = new Set(refused.map(placeKey))
  const merged = refused.some(({ code }) => code === 'YAML_MERGE_KEY')
  return (problem) => places.has(placeKey(problem)) || (merged && problem.code === 'DOCUMENT_KEY_MISSING')
}

const placeKey = ({ at }: Problem): string => `${at?.line}:${at?.column}`
