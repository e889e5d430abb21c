/** A YAML or JSON file of somebody else as a tree with offsets: anchors and merge keys are followed, depth and size are bounded as for documents. */
import { isAlias, isMap, isScalar, isSeq, visit } from 'yaml'
import type { Document, ParsedNode } from 'yaml'
import { parseYaml } from '../yaml/parse.ts'
import { sourceOf } from '../yaml/source.ts'

export interface Branch {
  readonly node: ParsedNode
  /** UTF-16 offset of where it begins. */
  readonly offset: number
  readonly context: Context
}

interface Context {
  readonly anchors: () => ReadonlyMap<string, ParsedNode>
  /** How many elements may still be reached through aliases: they can multiply without end, and a file is read once. */
  left: number
}

const mostAliased = 100_000

export interface Entry {
  readonly key: string
  readonly offset: number
  readonly value: Branch | undefined
}

/** The documents of a file; undefined where it is no YAML, or too large or too deep to be read. */
export function treesOf(path: string, text: string): readonly Branch[] | undefined {
  const parsed = parseYaml(sourceOf(path, text))
  if ('problems' in parsed) return undefined
  return parsed.flatMap((document) => {
    let known: ReadonlyMap<string, ParsedNode> | undefined
    const context = { anchors: () => known ??= anchorsOf(document), left: mostAliased }
    return document.contents === null ? [] : [branch(document.contents, context)]
  })
}

function anchorsOf(document: Document.Parsed<ParsedNode, true>): ReadonlyMap<string, ParsedNode> {
  const found = new Map<string, ParsedNode>()
  visit(document, { Node: (_, node) => { if (!isAlias(node) && node.anchor !== undefined) found.set(node.anchor, node as ParsedNode) } })
  return found
}

const branch = (node: ParsedNode, context: Context): Branch => ({ node, context, offset: node.range[0] })

/** What an alias stands for, placed where the alias stands. */
function followed(given: Branch): Branch | undefined {
  const { node, context, offset } = given
  if (!isAlias(node)) return given
  const target = context.anchors().get(node.source)
  if (target === undefined || isAlias(target)) return undefined
  context.left -= 1 + (isMap(target) || isSeq(target) ? target.items.length : 0)
  return context.left < 0 ? undefined : { node: target, context, offset }
}

/** Members of a mapping, those of its merge keys after its own; empty for anything else. */
export function entriesOf(given: Branch | undefined): readonly Entry[] {
  const own = given === undefined ? undefined : followed(given)
  if (own === undefined || !isMap(own.node)) return []
  const { context } = own
  const entries = own.node.items.flatMap((pair): readonly Entry[] => {
    const key = pair.key as ParsedNode | null
    const value = pair.value as ParsedNode | null
    if (key === null || !isScalar(key)) return []
    return [{ key: String(key.value), offset: key.range[0], value: value === null ? undefined : branch(value, context) }]
  })
  return entries.flatMap((entry) => (entry.key === '<<' ? merged(entry.value) : [entry]))
}

/** One level of merging: what is merged may itself be a list of aliases, and is looked into no further. */
function merged(value: Branch | undefined): readonly Entry[] {
  const sources = itemsOf(value)
  return (sources.length === 0 && value !== undefined ? [value] : sources).flatMap((source) => {
    const target = followed(source)
    if (target === undefined || !isMap(target.node)) return []
    return target.node.items.flatMap((pair): readonly Entry[] => {
      const [key, of] = [pair.key as ParsedNode | null, pair.value as ParsedNode | null]
      return key === null || !isScalar(key) || key.value === '<<' ? [] : [{ key: String(key.value), offset: key.range[0], value: of === null ? undefined : branch(of, target.context) }]
    })
  })
}

/** The first of that name: own keys come before merged ones. */
export const entryAt = (given: Branch | undefined, key: string): Entry | undefined => entriesOf(given).find((entry) => entry.key === key)
export const at = (given: Branch | undefined, ...keys: readonly string[]): Branch | undefined =>
  keys.reduce<Branch | undefined>((found, key) => entryAt(found, key)?.value, given)

/** Elements of a list; empty for anything else. */
export function itemsOf(given: Branch | undefined): readonly Branch[] {
  const own = given === undefined ? undefined : followed(given)
  return own !== undefined && isSeq(own.node) ? own.node.items.map((item) => branch(item as ParsedNode, own.context)) : []
}

/** Elements of a list, or the one value that stands in its place. */
export function listOf(given: Branch | undefined): readonly Branch[] {
  const own = given === undefined ? undefined : followed(given)
  if (own === undefined) return []
  return isSeq(own.node) ? itemsOf(own) : [own]
}

/** A scalar as text, as it would be written; undefined for anything else. */
export function textOf(given: Branch | undefined): string | undefined {
  const own = given === undefined ? undefined : followed(given)
  return own !== undefined && isScalar(own.node) && own.node.value !== null ? String(own.node.value) : undefined
}

export const textsOf = (given: Branch | undefined): readonly string[] => listOf(given).flatMap((each) => textOf(each) ?? [])
export const isTrue = (given: Branch | undefined): boolean => textOf(given)?.toLowerCase() === 'true'

/** The comment that ends the line of a value. */
export function commentOf({ node }: Branch): string | undefined {
  const comment = node.comment?.split('\n')[0]?.trim()
  return comment === undefined || comment === '' ? undefined : comment.slice(0, 500)
}
