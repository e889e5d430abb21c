/** A change of one opt-out's document as a unified diff: the text around it stays as it was written, comments and all. */
import { isMap, isScalar, type Pair, type ParsedNode, type YAMLMap } from 'yaml'
import { parseYaml } from '../yaml/parse.ts'
import { decodeText } from '../yaml/source.ts'

export interface Edits {
  readonly controls?: readonly string[]
  /** The whole of `targets`. */
  readonly targets?: Readonly<Record<string, readonly string[]>>
  /** The whole of `limits`. */
  readonly limits?: Readonly<Record<string, number>>
}

/**
 * A diff that `git apply` takes; undefined where the document is not found, or not written as a block (JSON), where lines say too little.
 * `file`: from the root of the repository.
 */
export function patchOf(bytes: Uint8Array, file: string, name: string, edits: Edits): string | undefined {
  const source = decodeText(bytes, file, 1024 * 1024)
  if ('code' in source || /["\\\u0000-\u001f\u007f]/.test(file) || source.text.includes('\r')) return undefined
  const spec = specOf(source.text, file, name)
  if (spec === undefined || spec.flow === true) return undefined
  let text = source.text
  const blocks = Object.entries({ controls: edits.controls, targets: edits.targets, limits: edits.limits }).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }]))
  for (const { key, value } of blocks) {
    const edited = edit(text, file, name, key, value)
    if (edited === undefined) return undefined
    text = edited
  }
  return text === source.text ? undefined : unifiedDiff(source.text, text, file)
}

type Value = readonly string[] | Readonly<Record<string, readonly string[] | number>>

function specOf(text: string, file: string, name: string): YAMLMap.Parsed | undefined {
  const source = decodeText(new TextEncoder().encode(text), file, 2 * 1024 * 1024)
  if ('code' in source) return undefined
  const documents = parseYaml(source)
  if ('problems' in documents) return undefined
  const found = documents.map((document) => document.contents).filter((root) => isMap(root) && valueIn(root, 'kind') === 'OptOut' && nameIn(root) === name)
  const [only, other] = found
  const spec = isMap(only) && other === undefined ? nodeIn(only, 'spec') : undefined
  return isMap(spec) ? spec as YAMLMap.Parsed : undefined
}

/** Every runtime has it and `lib: ES2024` does not. */
declare const TextEncoder: new () => { encode(text: string): Uint8Array }

const pairOf = (map: YAMLMap, key: string): Pair | undefined => map.items.find((pair) => isScalar(pair.key) && pair.key.value === key)
const nodeIn = (map: YAMLMap, key: string): unknown => pairOf(map, key)?.value
const valueIn = (map: YAMLMap, key: string): unknown => { const node = nodeIn(map, key); return isScalar(node) ? node.value : undefined }
const nameIn = (root: YAMLMap): unknown => { const metadata = nodeIn(root, 'metadata'); return isMap(metadata) ? valueIn(metadata, 'name') : undefined }

/** The pair's lines replaced, or written after `controls` where there is none. */
function edit(text: string, file: string, name: string, key: string, value: Value): string | undefined {
  const spec = specOf(text, file, name)
  const after = spec === undefined ? undefined : pairOf(spec, 'controls')
  if (spec === undefined || after === undefined) return undefined
  const pair = pairOf(spec, key)
  const [start] = rangeOf(pair ?? after) ?? []
  const end = endOf(pair ?? after)
  if (start === undefined || end === undefined) return undefined
  const indent = start - (text.lastIndexOf('\n', start - 1) + 1)
  const written = `${key}:${valueText(value, ' '.repeat(indent))}`
  if (pair !== undefined) return `${text.slice(0, start)}${written}${text.slice(trimmedEnd(text, start, end))}`
  const line = text.indexOf('\n', Math.max(trimmedEnd(text, start, end) - 1, 0))
  const at = line < 0 ? text.length : line + 1
  return `${text.slice(0, at)}${line < 0 ? '\n' : ''}${' '.repeat(indent)}${written}\n${text.slice(at)}`
}

const rangeOf = (pair: Pair): readonly [number, number, number] | undefined => (pair.key as ParsedNode).range
const endOf = (pair: Pair): number | undefined => (pair.value as ParsedNode | null)?.range[1]

/** Without the line feeds and blanks that the parser counts to a block. */
function trimmedEnd(text: string, start: number, end: number): number {
  let at = end
  while (at > start && /\s/.test(text.charAt(at - 1))) at--
  return at
}

/** Words stand as they are, all else as JSON strings, which are YAML's double-quoted ones. */
const listText = (list: readonly string[]): string => `[${list.map((each) => (isWord(each) ? each : JSON.stringify(each))).join(', ')}]`
const isWord = (text: string): boolean => /^[A-Za-z][A-Za-z0-9_./-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text)

function valueText(value: Value, indent: string): string {
  if (Array.isArray(value)) return ` ${listText(value as readonly string[])}`
  return Object.entries(value).map(([key, each]) => `\n${indent}  ${key}: ${Array.isArray(each) ? listText(each as readonly string[]) : String(each)}`).join('')
}

const context = 3

/** One hunk from the first line that differs to the last. */
function unifiedDiff(before: string, after: string, file: string): string {
  const old = linesOf(before)
  const now = linesOf(after)
  let first = 0
  while (first < old.length && first < now.length && old[first] === now[first]) first++
  let last = 0
  while (last < old.length - first && last < now.length - first && old[old.length - 1 - last] === now[now.length - 1 - last]) last++
  const from = Math.max(first - context, 0)
  const tail = Math.min(context, last)
  const body = [
    ...old.slice(from, first).map((line) => ` ${line}`), ...changedLines(old.slice(first, old.length - last), now.slice(first, now.length - last)), ...old.slice(old.length - last, old.length - last + tail).map((line) => ` ${line}`),
  ]
  const span = (length: number): string => `${from + 1},${length - last + tail - from}`
  return `--- a/${file}\n+++ b/${file}\n@@ -${span(old.length)} +${span(now.length)} @@\n${body.map((line) => (line.endsWith('\n') ? line : `${line}\n\\ No newline at end of file\n`)).join('')}`
}

/** By the longest common subsequence. Only one document's lines differ, and what lies between its first and last edit is short. */
function changedLines(old: readonly string[], now: readonly string[]): readonly string[] {
  if (old.length * now.length > 1_000_000) return [...old.map((line) => `-${line}`), ...now.map((line) => `+${line}`)]
  const lengths = Array.from({ length: old.length + 1 }, () => new Uint16Array(now.length + 1))
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0
  for (let i = old.length - 1; i >= 0; i--) {
    const row = lengths[i] ?? new Uint16Array(0)
    for (let j = now.length - 1; j >= 0; j--) row[j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  }
  const lines: string[] = []
  let i = 0
  let j = 0
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) { lines.push(` ${old[i++] ?? ''}`); j++ }
    else if (i < old.length && (j >= now.length || at(i + 1, j) >= at(i, j + 1))) lines.push(`-${old[i++] ?? ''}`)
    else lines.push(`+${now[j++] ?? ''}`)
  }
  return lines
}

/** Each with its line feed, but for a last line that lacks one. */
const linesOf = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? []
