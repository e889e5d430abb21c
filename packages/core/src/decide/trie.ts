/** Many path patterns against one path at once: a trie of segments, walked by all matching branches together. */
import { matchesWildcard } from '../pattern/wildcard.ts'

interface Node<T> {
  readonly literal: Map<string, Node<T>>
  /** By the segment's pattern, so that patterns which share a segment share the work. */
  readonly wild: Map<string, Node<T>>
  /** Where `**` leads: a node that also stays itself, whatever the segment. */
  deep: Node<T> | undefined
  readonly stays: boolean
  /** Patterns that end here. */
  readonly ends: T[]
  /** Patterns whose last segment is `**`: they take all that lies below. */
  readonly below: T[]
}

const node = <T>(stays = false): Node<T> => ({ literal: new Map(), wild: new Map(), deep: undefined, stays, ends: [], below: [] })

export interface PathTrie<T> {
  /** `alternative`: a pattern without braces (see `pattern/`). */
  add(alternative: string, value: T): void
  /** Values of all patterns that match; one that matches in several ways comes several times. */
  match(path: string): readonly T[]
}

export function pathTrie<T>(): PathTrie<T> {
  const root = node<T>()
  return {
    add: (alternative, value) => {
      insert(root, alternative.split('/'), value)
    },
    match: (path) => walk(root, path.split('/')),
  }
}

function insert<T>(root: Node<T>, segments: readonly string[], value: T): void {
  let at = root
  for (const [index, segment] of segments.entries()) {
    if (segment === '**' && index === segments.length - 1) {
      at.below.push(value)
      return
    }
    if (segment === '**') at = at.deep ??= node<T>(true)
    else if (/[*?]/.test(segment)) at = child(at.wild, segment)
    else at = child(at.literal, segment)
  }
  at.ends.push(value)
}

function child<T>(children: Map<string, Node<T>>, segment: string): Node<T> {
  let next = children.get(segment)
  if (next === undefined) children.set(segment, next = node<T>())
  return next
}

function walk<T>(root: Node<T>, segments: readonly string[]): readonly T[] {
  const found: T[] = []
  let here = new Set<Node<T>>()
  enter(here, root)
  for (const segment of segments) {
    const next = new Set<Node<T>>()
    for (const at of here) {
      if (at.below.length > 0) found.push(...at.below)
      const literal = at.literal.get(segment)
      if (literal !== undefined) enter(next, literal)
      for (const [pattern, to] of at.wild) if (pattern === '*' || matchesWildcard(pattern, segment)) enter(next, to)
      if (at.stays) next.add(at)
    }
    here = next
    if (here.size === 0) return found
  }
  for (const at of here) if (at.ends.length > 0) found.push(...at.ends)
  return found
}

/** A node, and what `**` makes reachable from it without a segment. */
function enter<T>(set: Set<Node<T>>, at: Node<T>): void {
  for (let each: Node<T> | undefined = at; each !== undefined && !set.has(each); each = each.deep) set.add(each)
}
