/**
 * Many path patterns against one path at once: a trie of segments, walked by all matching branches together. Whole paths and extensions
 * (`**` + `/*.ts`), the most frequent patterns that a walk would have to try everywhere, are looked up instead.
 */
import { isLiteral } from '../pattern/index.ts'
import { matchesWildcard } from '../pattern/wildcard.ts'

/** What most nodes lack is left out: a large set has many nodes. */
interface Node<T> {
  literal: Map<string, Node<T>> | undefined
  /** By the segment's pattern, so that patterns which share a segment share the work. */
  wild: Map<string, Node<T>> | undefined
  /** Where `**` leads: a node that also stays itself, whatever the segment. */
  deep: Node<T> | undefined
  readonly stays: boolean
  /** Patterns that end here. */
  ends: T[] | undefined
  /** Patterns whose last segment is `**`: they take all that lies below. */
  below: T[] | undefined
  /** The last step of a walk that reached it: a node that stays can be reached in two ways at once. */
  reached: number
}

const node = <T>(stays = false): Node<T> => ({ literal: undefined, wild: undefined, deep: undefined, stays, ends: undefined, below: undefined, reached: 0 })

export interface PathTrie<T> {
  /** `alternative`: a pattern without braces (see `pattern/`). */
  add(alternative: string, value: T): void
  /** Calls `each` with the value of every pattern that matches; one that matches in several ways comes several times. */
  match(path: string, each: (value: T) => void): void
}

export function pathTrie<T>(): PathTrie<T> {
  const root = node<T>()
  const whole = new Map<string, T[]>()
  const extensions = new Map<string, T[]>()
  let walked = false
  let steps = 0
  return {
    add: (alternative, value) => {
      const extension = /^\*\*\/\*(\.[^*?./]+)$/u.exec(alternative)?.[1]
      if (isLiteral(alternative)) file(whole, alternative, value)
      else if (extension !== undefined) file(extensions, extension, value)
      else {
        insert(root, alternative.split('/'), value)
        walked = true
      }
    },
    match: (path, each) => {
      for (const value of whole.get(path) ?? []) each(value)
      if (extensions.size > 0) for (const value of extensions.get(extensionOf(path)) ?? []) each(value)
      if (walked) steps = walk(root, path.split('/'), steps, each)
    },
  }
}

function file<T>(table: Map<string, T[]>, key: string, value: T): void {
  const values = table.get(key)
  if (values === undefined) table.set(key, [value])
  else values.push(value)
}

/** From the last dot on; one in a folder's name gives what is no extension of any pattern, for it holds a slash. */
const extensionOf = (path: string): string => path.slice(Math.max(path.lastIndexOf('.'), 0))

function insert<T>(root: Node<T>, segments: readonly string[], value: T): void {
  let at = root
  for (const [index, segment] of segments.entries()) {
    if (segment === '**' && index === segments.length - 1) {
      (at.below ??= []).push(value)
      return
    }
    if (segment === '**') at = at.deep ??= node<T>(true)
    else if (/[*?]/.test(segment)) at = child(at.wild ??= new Map(), segment)
    else at = child(at.literal ??= new Map(), segment)
  }
  (at.ends ??= []).push(value)
}

function child<T>(children: Map<string, Node<T>>, segment: string): Node<T> {
  let next = children.get(segment)
  if (next === undefined) children.set(segment, next = node<T>())
  return next
}

/** `steps`: of all walks so far; answers with those of this one added. */
function walk<T>(root: Node<T>, segments: readonly string[], steps: number, each: (value: T) => void): number {
  let step = steps + 1
  let here: Node<T>[] = []
  enter(here, root, step)
  for (const segment of segments) {
    step++
    const next: Node<T>[] = []
    for (const at of here) {
      if (at.below !== undefined) for (const value of at.below) each(value)
      const literal = at.literal?.get(segment)
      if (literal !== undefined) enter(next, literal, step)
      if (at.wild !== undefined) {
        for (const [pattern, to] of at.wild) if (pattern === '*' || matchesWildcard(pattern, segment)) enter(next, to, step)
      }
      if (at.stays) include(next, at, step)
    }
    here = next
    if (here.length === 0) return step
  }
  for (const at of here) if (at.ends !== undefined) for (const value of at.ends) each(value)
  return step
}

/** A node, and what `**` makes reachable from it without a segment. */
function enter<T>(nodes: Node<T>[], at: Node<T>, step: number): void {
  for (let each: Node<T> | undefined = at; each !== undefined; each = each.deep) include(nodes, each, step)
}

function include<T>(nodes: Node<T>[], at: Node<T>, step: number): void {
  if (at.reached === step) return
  at.reached = step
  nodes.push(at)
}
