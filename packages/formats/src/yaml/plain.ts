/** YAML nodes to plain data. What YAML offers beyond JSON is refused: it hides from a reviewer what a document says. */
import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { DocumentPath, Json } from '@exeat/core'
import type { Pair, ParsedNode, Scalar, YAMLMap } from 'yaml'
import type { YamlCode } from './codes.ts'
import type { Source, YamlProblem } from './source.ts'

interface Walk {
  readonly source: Source
  readonly problems: YamlProblem[]
}

type Node = ParsedNode | null | undefined

function tell(walk: Walk, offset: number, code: YamlCode, message: string, hint?: string): void {
  walk.problems.push({ code, message, ...(hint === undefined ? {} : { hint }), at: walk.source.placeOf(offset) })
}

/** The data of a node with every refused feature in `problems`. Mappings have no prototype, so no key of theirs means anything. */
export function plainOf(node: Node, source: Source, problems: YamlProblem[]): Json {
  return convert(node, { source, problems })
}

function convert(node: Node, walk: Walk): Json {
  if (node === null || node === undefined) return null
  const [offset] = node.range
  if (isAlias(node)) {
    tell(walk, offset, 'YAML_ALIAS', `the alias \`*${node.source}\` stands for something written elsewhere`, 'write it out')
    return null
  }
  if (node.anchor !== undefined) tell(walk, offset, 'YAML_ANCHOR', `the anchor \`&${node.anchor}\` is refused`, 'remove it, and write its value out where it is used')
  if (node.tag !== undefined) tell(walk, offset, 'YAML_TAG', `the tag \`${node.tag}\` is refused`, 'remove it; put a value in quotes to make it a string')
  if (isSeq(node)) return node.items.map((item) => convert(item as Node, walk))
  if (isMap(node)) return mapping(node as YAMLMap.Parsed, walk)
  return isScalar(node) ? scalar(node as Scalar, offset, walk) : null
}

function mapping(node: YAMLMap.Parsed, walk: Walk): Json {
  const members: Record<string, Json> = Object.create(null) as Record<string, Json>
  for (const pair of node.items) {
    const value = convert(pair.value as Node, walk)
    const key = keyOf(pair, walk)
    if (key === undefined) continue
    if (Object.hasOwn(members, key)) tell(walk, offsetOf(pair), 'YAML_DUPLICATE_KEY', `the key \`${key}\` stands twice in one mapping`, 'keep one of them')
    else members[key] = value
  }
  return members
}

function keyOf(pair: Pair, walk: Walk): string | undefined {
  const key = pair.key as Node
  const offset = offsetOf(pair)
  if (isScalar(key) && typeof key.value === 'string') {
    if (key.value === '<<') {
      tell(walk, offset, 'YAML_MERGE_KEY', 'the merge key `<<` is refused', 'write the keys out')
      return undefined
    }
    convert(key, walk)
    return key.value
  }
  tell(walk, offset, 'YAML_KEY', 'a key is not a string', 'write a word, or put it in quotes')
  return undefined
}

const offsetOf = (pair: Pair): number => ((pair.key as Node) ?? (pair.value as Node))?.range[0] ?? 0

function scalar(node: Scalar, offset: number, walk: Walk): Json {
  const { value, source = '' } = node
  if (typeof value !== 'number') return value as Json
  if (!/^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$/.test(source)) {
    tell(walk, offset, 'YAML_FLOAT', `\`${source}\` is not a whole number`, 'write a whole number, or put it in quotes to make it a string')
    return 0
  }
  if (!Number.isSafeInteger(value)) {
    tell(walk, offset, 'YAML_INTEGER', `\`${source.slice(0, 40)}\` is too large to be exact`, 'put it in quotes if it is a string')
    return 0
  }
  return value === 0 ? 0 : value
}

/** Pairs of a mapping by key, made once a mapping: a hostile one has a hundred thousand, each with a problem. The first of a name counts. */
const pairsOf = new WeakMap<object, ReadonlyMap<string | number, Pair>>()

function pairAt(node: YAMLMap, step: string | number): Pair | undefined {
  let pairs = pairsOf.get(node)
  if (pairs === undefined) {
    const named = node.items.flatMap((pair) => (isScalar(pair.key) && typeof pair.key.value === 'string' ? [[pair.key.value, pair] as const] : []))
    pairs = new Map(named.reverse())
    pairsOf.set(node, pairs)
  }
  return pairs.get(step)
}

/** Offset of the value at the path or of its key; of the nearest existing ancestor's key where the path does not exist. */
export function offsetAt(root: Node, path: DocumentPath, part: 'key' | 'value'): number {
  let node = root
  let key = root?.range[0] ?? 0
  for (const step of path) {
    if (isMap(node)) {
      const pair = pairAt(node, step)
      if (pair === undefined) return key
      key = offsetOf(pair)
      node = pair.value as Node
    } else if (isSeq(node) && typeof step === 'number' && step < node.items.length) {
      node = node.items[step] as Node
      key = node?.range[0] ?? key
    } else return key
  }
  return part === 'key' ? key : node?.range[0] ?? key
}
